"""The billing watch's record in memory, over the memory CRM (X10)."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cancellation.adapters.memory.crm import HeldRecord, MemoryCrm
from cancellation.adapters.trailchain import GENESIS, SALT_BYTES
from cancellation.adapters.watch_rules import facts_of, numbered, opened
from cancellation.domain.billing_watch import WatchTerms, watched_since
from cancellation.dossier import verificar
from cancellation.language import words
from cancellation.messages.evidence import WatchActEvidence, WatchEvidence
from cancellation.messages.watch import WatchAct, WatchedCase, WatchedTask, WatchLook

WATCH_TASKS: Final = "watch_"
"""How the keys of the watch's tasks begin."""


@dataclass
class _Watch:
    terms: WatchTerms
    acts: list[WatchAct]
    settled_at: datetime | None = None
    salts: list[str] = field(default_factory=list)
    """Of each act's commitment, hexadecimal."""


@dataclass
class MemoryWatches:
    """Implements `cancellation.ports.watch.WatchRecords`."""

    crm: MemoryCrm
    _watches: dict[str, _Watch] = field(default_factory=dict)

    async def watched(
        self, at: datetime, terms: WatchTerms, after: str | None, most: int
    ) -> Sequence[WatchedCase]:
        """Closed cases whose watch is not over, in the order of their ids."""
        found = [
            self._watched(held, terms)
            for case_id, held in sorted(self.crm.all_cases().items())
            if (after is None or case_id > after) and self._is_watched(held, at, terms)
        ]
        return found[:most]

    async def note(self, look: WatchLook) -> Sequence[WatchAct]:
        """Write what is new of a look, with its tasks, together; answer what was new."""
        held = self.crm.all_cases()[look.case_id]
        watch = self._watches.setdefault(look.case_id, _Watch(held.watch or look.terms, held.watch_acts))
        acts = numbered(look, len(watch.acts), {act.key for act in watch.acts})
        watch.acts += acts
        watch.salts += [secrets.token_hex(SALT_BYTES) for _ in acts]
        for task in opened(look, acts):
            held.order_task(task, look.at)
        if look.settles:
            watch.settled_at = watch.settled_at or look.at
        return acts

    def acts(self, case_id: str) -> list[WatchAct]:
        """Everything recorded of a case, in order."""
        watch = self._watches.get(case_id)
        return list(watch.acts) if watch else []

    def evidence_of(self, case_id: str) -> WatchEvidence | None:
        """The watch as the dossier tells of it (X13); None: the case has none."""
        watch = self._watches.get(case_id)
        if watch is None:
            starts = self.crm.all_cases()[case_id].watch is not None
            return WatchEvidence(head=GENESIS.hex()) if starts else None
        head, told = GENESIS, []
        for act, salt in zip(watch.acts, watch.salts, strict=True):
            one = WatchActEvidence(
                **act.model_dump(exclude={"kind", "found"}),
                kind=act.kind.value,
                facts=facts_of(act),
                salt=salt,
                commitment=verificar.commitment_of(salt, [act.actor, act.key, act.detail, facts_of(act)]),
                hash="",
            )
            head = verificar.watch_hash(head, case_id, one.model_dump(mode="json"))
            told.append(one.model_copy(update={"hash": head.hex()}))
        return WatchEvidence(settled_at=watch.settled_at, head=head.hex(), acts=tuple(told))

    def _is_watched(self, held: HeldRecord, at: datetime, terms: WatchTerms) -> bool:
        summary, formalization = held.summary, held.formalization
        if summary.outcome != "closed" or summary.ended_at is None or formalization is None:
            return False
        if summary.ended_at > at:
            return False
        watch = self._watches.get(summary.case_id)
        own = watch.terms if watch else held.watch
        if own is None:
            since = watched_since(words.days_after(at, 0), terms.cycles)
            return terms.cycles > 0 and formalization.notice.last_day >= since
        return own.cycles > 0 and (watch is None or watch.settled_at is None)

    def _watched(self, held: HeldRecord, terms: WatchTerms) -> WatchedCase:
        summary = held.summary
        assert summary.ended_at is not None
        assert held.formalization is not None
        customer = self.crm.known_customers().get(summary.customer_id)
        watch = self._watches.get(summary.case_id)
        return WatchedCase(
            case_id=summary.case_id,
            customer_id=summary.customer_id,
            protocol=summary.protocol,
            ended_at=summary.ended_at,
            last_day=held.formalization.notice.last_day,
            terms=(watch.terms if watch else held.watch) or terms,
            customer_name=customer.name if customer else None,
            cnpj=customer.cnpj if customer else None,
            contract=customer.contract if customer else None,
            customer_status=customer.status if customer else None,
            contacts=customer.contacts if customer else (),
            acts=tuple(self.acts(summary.case_id)),
            tasks=tuple(
                WatchedTask(key=key, closed_at=task.closed_at)
                for key, task in sorted(held.tasks.items())
                if key.startswith(WATCH_TASKS)
            ),
        )
