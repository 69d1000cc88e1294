"""Telephones, exchanges and a carrier: SIPp, a real SIP client, one process a call."""

import asyncio
import os
import re
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

from embedded import ProcessServer
from embedded.process import Command

SCENARIOS = Path(__file__).parent / "scenarios"
_FINAL_ANSWER = re.compile(r"\tR\t.*\t(?:CSeq:)?\s*\d+ (REGISTER|INVITE)\tSIP/2\.0 ([2-6]\d\d)")


@dataclass(frozen=True)
class Telephone:
    """Where a telephone listens on loopback; it has a password if it is an extension."""

    account: str
    ip: str
    port: int
    password: str = ""

    @property
    def user(self) -> str:
        return self.account.partition("@")[0]

    @property
    def domain(self) -> str:
        return self.account.partition("@")[2]


@dataclass(frozen=True)
class Sip:
    """What can be done against one registrar; methods answer with the last status code that was seen."""

    port: int
    folder: Path

    async def register(self, telephone: Telephone) -> int:
        """Register the telephone with its password."""
        return await self._run(
            "register", telephone.ip, telephone,
            user=telephone.user, domain=telephone.domain, contact=f"{telephone.ip}:{telephone.port}",
        )  # fmt: skip

    async def call(self, source: str, caller: str, called: str, *, port: int = 0) -> int:
        """Call from an address that needs no password, such as a trunk's or the carrier's."""
        return await self._run("call", source, None, port, caller=caller, called=called)

    async def call_from(self, telephone: Telephone, called: str) -> int:
        """Call from an extension, with its password."""
        return await self._run("call", telephone.ip, telephone, caller=telephone.account, called=called)

    async def talk(self, telephone: Telephone, called: str) -> int:
        """Call from an extension and stay on the line until somebody else hangs up; 0 when nobody does."""
        return await self._run(
            "talk", telephone.ip, telephone, caller=telephone.account, called=called, patience=25
        )

    def answering(self, ip: str, port: int) -> "AnsweringTelephone":
        """Something that answers every call at that address as long as it is entered."""
        return AnsweringTelephone(ip, port, self.folder)

    async def _run(
        self,
        scenario: str,
        source: str,
        telephone: Telephone | None,
        port: int = 0,
        patience: int = 8,
        **keys: str,
    ) -> int:
        folder = Path(tempfile.mkdtemp(prefix=f"{scenario}-", dir=self.folder))
        messages = folder / "messages.csv"
        credentials = ["-au", telephone.user, "-ap", telephone.password] if telephone else []
        process = await asyncio.create_subprocess_exec(
            "sipp", f"127.0.0.1:{self.port}", "-sf", str(SCENARIOS / f"{scenario}.xml"),
            "-i", source, *(["-p", str(port)] if port else []), *credentials,
            "-m", "1", "-nostdin", "-timeout", str(patience), "-timeout_error",
            "-trace_shortmsg", "-shortmessage_file", str(messages),
            "-trace_err", "-error_file", str(folder / "errors.log"),
            *(part for name, value in keys.items() for part in ("-key", name, value)),
            cwd=folder, env={"PATH": os.environ["PATH"], "TERM": "dumb"},
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        if await process.wait() != 0 and scenario == "talk":
            return 0
        return last_status(messages.read_text() if messages.exists() else "")


class AnsweringTelephone(ProcessServer):
    """Answers every call at its address."""

    name = "SIPp"
    log_lines = 60
    """Its reason stands before two screens of figures."""

    def __init__(self, ip: str, port: int, folder: Path) -> None:
        super().__init__(folder / f"answer-{ip}-{port}.log")
        self._ip = ip
        self._port = port
        self._folder = folder

    def _command(self) -> Command:
        scenario = str(SCENARIOS / "answer.xml")
        return Command(
            argv=["sipp", "-sf", scenario, "-i", self._ip, "-p", str(self._port), "-nostdin", "-aa"],
            log=self.log,
            environment={"PATH": os.environ["PATH"], "TERM": "dumb"},
            folder=self._folder,
            stop_seconds=1,
        )

    async def _answers(self) -> bool:
        return listens(self._ip, self._port)


def last_status(messages: str) -> int:
    """The last final answer to a REGISTER or INVITE in SIPp's log; 0 when nobody answered."""
    codes = [int(match[2]) for line in messages.splitlines() if (match := _FINAL_ANSWER.search(line))]
    return codes[-1] if codes else 0


def listens(ip: str, port: int) -> bool:
    """Ask with the keep-alive of RFC 5626; the system refuses it when nobody listens.

    To try and bind the port would tell as well, and take it away from a telephone that comes up at that moment.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        caller.setblocking(False)
        caller.connect((ip, port))
        try:
            caller.send(b"\r\n\r\n")
            caller.recv(1)
        except BlockingIOError:
            return True
        except ConnectionRefusedError:
            return False
        return True
