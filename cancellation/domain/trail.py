"""The ordered record of everything that happened in a case (P20)."""

from bisect import bisect_right
from itertools import accumulate

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from cancellation.domain.refusal import Problem

SYSTEM = "sistema"
"""The actor of what the case does by itself."""


class TrailEntry(BaseModel):
    """One thing that happened: when, who, what kind, and a sentence in Portuguese."""

    model_config = ConfigDict(frozen=True)

    seq: int
    at: AwareDatetime
    actor: str
    kind: str
    detail: str
    problems: tuple[Problem, ...] = ()
    message_id: str | None = None
    """The message that caused it; null where none did (contract.md)."""


class Trail(BaseModel):
    """Entries in order, and how many of them the CRM already holds."""

    entries: list[TrailEntry] = Field(default_factory=list)
    """The newest entries, without a gap; those before are in the CRM."""
    last_seq: int = 0
    recorded_seq: int = 0
    """Up to which entry the CRM has confirmed the record."""
    urgent_seq: int = 0
    """Up to which entry the CRM should hear now; what is newer can go along with the next record."""

    _KEPT = 1000
    _KEPT_SIZE = 1_600_000
    _MOVED_SIZE = 600_000
    _BATCH = 200
    _BATCH_SIZE = 300_000

    def add(
        self,
        at: AwareDatetime,
        actor: str,
        kind: str,
        detail: str,
        *,
        problems: tuple[Problem, ...] = (),
        message_id: str | None = None,
        urgent: bool = True,
    ) -> None:
        """Append an entry; text is cleaned of control characters and cut to a readable length.

        No entry is earlier than the one before: an answer that was taken later tells of an instant that has passed.
        """
        self.last_seq += 1
        self.entries.append(
            TrailEntry(
                seq=self.last_seq,
                at=max(at, self.entries[-1].at) if self.entries else at,
                actor=_clean(actor, 200),
                kind=kind,
                detail=_clean(detail, 2000),
                problems=problems,
                message_id=None if message_id is None else _clean(message_id, 200),
            )
        )
        if urgent:
            self.urgent_seq = self.last_seq

    def unrecorded(self) -> list[TrailEntry]:
        """The oldest entries that the CRM does not hold yet, as many as one record may carry."""
        first = self._place_after(self.recorded_seq)
        waiting = self.entries[first : first + self._BATCH]
        sizes = list(accumulate(map(_size, waiting)))
        return waiting[: max(1, bisect_right(sizes, self._BATCH_SIZE))]

    def latest(self) -> list[TrailEntry]:
        """The newest entries, as many as an answer may hold; those before are in the CRM."""
        return self.entries[-self._count_within(self._KEPT_SIZE) :]

    def confirm(self, seq: int) -> None:
        """The CRM holds every entry up to `seq`; old ones beyond a bound are let go of here."""
        self.recorded_seq = max(self.recorded_seq, seq)
        if len(self.entries) > self._KEPT:
            self._keep(min(self._KEPT, self._count_within(self._KEPT_SIZE)))

    def go_on_after(self, held: int) -> None:
        """The CRM holds entries up to `held` that are not these: what is unrecorded gets the numbers after them."""
        ours = self.entries[self._place_after(self.recorded_seq) :]
        self.entries = [
            entry.model_copy(update={"seq": held + place}) for place, entry in enumerate(ours, start=1)
        ]
        self.recorded_seq, self.last_seq = held, held + len(ours)
        self.urgent_seq = self.last_seq

    def go_back_to(self, held: int) -> int:
        """The CRM holds entries up to `held`, and is given what follows again.

        Returns:
            How many of those are not remembered here: what is left gets their numbers.
        """
        first = self.entries[0].seq if self.entries else self.last_seq + 1
        gap = max(0, first - held - 1)
        if gap:
            self.entries = [entry.model_copy(update={"seq": entry.seq - gap}) for entry in self.entries]
            self.last_seq -= gap
        self.recorded_seq = held
        self.urgent_seq = self.last_seq
        return gap

    def shorten(self) -> None:
        """Let go of what the CRM holds, but for the newest part, before the case moves to a new execution."""
        self._keep(self._count_within(self._MOVED_SIZE))

    @property
    def is_recorded(self) -> bool:
        """Whether the CRM holds everything."""
        return self.recorded_seq >= self.last_seq

    @property
    def is_urgent(self) -> bool:
        """Whether the CRM should hear now."""
        return self.urgent_seq > self.recorded_seq

    def _place_after(self, seq: int) -> int:
        """The place of the first entry after number `seq`."""
        return max(0, seq + 1 - self.entries[0].seq) if self.entries else 0

    def _count_within(self, size: int) -> int:
        """How many of the newest entries fit into `size` bytes; one at least."""
        sizes = list(accumulate(map(_size, reversed(self.entries))))
        return max(1, bisect_right(sizes, size))

    def _keep(self, newest: int) -> None:
        """Only entries that the CRM holds are let go of."""
        surplus = min(len(self.entries) - newest, self._place_after(self.recorded_seq))
        if surplus > 0:
            del self.entries[:surplus]


def _size(entry: TrailEntry) -> int:
    """About how many bytes an entry takes, at the most."""
    words = len(entry.detail) + sum(len(p.field) + len(p.problem) + 30 for p in entry.problems)
    return 4 * words + 300


def _clean(text: str, longest: int) -> str:
    readable = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    return readable if len(readable) <= longest else readable[: longest - 1] + "…"
