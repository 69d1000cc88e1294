"""How long a web server of ours waits for a visitor: nobody holds a connection by saying or reading nothing."""

import asyncio
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle


@dataclass(frozen=True)
class Patience:
    """Seconds after which a connection is cut."""

    request: float = 20.0
    """From the connection, or from the first byte of a later request, until the whole request is there."""
    reading: float = 60.0
    """While the visitor takes nothing of what was sent, and more waits."""


def patient(patience: Patience) -> type[H11Protocol]:
    """The server's protocol with these limits; between two requests its own limit for idle connections holds."""

    class Patient(H11Protocol):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._asking: asyncio.TimerHandle | None = None
            self._stalled: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            """Wait for the first request."""
            super().connection_made(transport)
            self._await_request()

        def data_received(self, data: bytes) -> None:
            """Stop waiting once the whole request is there."""
            super().data_received(data)
            cycle: RequestResponseCycle | None = self.cycle
            if cycle is not None and not cycle.more_body and not cycle.response_complete:
                self._stop_waiting()
            else:
                self._await_request()

        def pause_writing(self) -> None:
            """More is written than the visitor takes."""
            super().pause_writing()
            self._stalled = self.loop.call_later(patience.reading, self.transport.abort)

        def resume_writing(self) -> None:
            """The visitor has taken some."""
            super().resume_writing()
            if self._stalled is not None:
                self._stalled.cancel()
                self._stalled = None

        def connection_lost(self, exc: Exception | None) -> None:
            """Nobody is waited for any more."""
            self._stop_waiting()
            if self._stalled is not None:
                self._stalled.cancel()
            super().connection_lost(exc)

        def _await_request(self) -> None:
            if self._asking is None:
                self._asking = self.loop.call_later(patience.request, self.transport.abort)

        def _stop_waiting(self) -> None:
            if self._asking is not None:
                self._asking.cancel()
                self._asking = None

    return Patient
