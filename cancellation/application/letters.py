"""Which letter a case owes to whom, filled with the facts of the case. Words are in the templates."""

from datetime import datetime, timedelta
from typing import Any

from cancellation.domain.case import Case
from cancellation.domain.notice import last_safe_port_day
from cancellation.domain.values import OfferStatus, Team
from cancellation.messages.letters import Letter, LetterFacts, LetterKind


def letter(
    case: Case,
    kind: LetterKind,
    now: datetime,
    *,
    team: Team | None = None,
    ordinal: int | str = 0,
    in_reply_to: str | None = None,
    **more: Any,
) -> Letter:
    """One letter of the case, to a team or (without team) to the customer's authorised contacts.

    `ordinal` tells letters of one kind to one audience apart: the key makes each go out once. `in_reply_to`
    is the Message-ID of the customer's e-mail that this answers; `more` are further fields of `LetterFacts`.
    """
    audience = team.value if team else "customer"
    root = case.threads.get(audience)
    return Letter(
        key=f"{case.case_id}:{kind.value}:{audience}:{ordinal}",
        case_id=case.case_id,
        kind=kind,
        team=team,
        to=() if team else tuple(case.authorised),
        in_reply_to=in_reply_to or root,
        references=(root,) if root else (),
        facts=_facts(case, now).model_copy(update=more),
    )


def _facts(case: Case, now: datetime) -> LetterFacts:
    first = case.contacts[0]
    policy = case.policy
    until = case.lapses_at
    port_until = last_safe_port_day(case.notice, policy, policy.holidays or ()) if case.notice else None
    return LetterFacts(
        customer_id=case.customer_id,
        customer_name=case.customer_name or case.customer_id,
        protocol=case.protocol,
        at=now,
        channel=case.channel,
        request_text=first.text[:2000],
        contact=first.contact,
        reason=case.reason,
        words=case.ending,
        clause=policy.clause,
        notice_days=policy.notice_days,
        mailboxes=policy.mailboxes,
        formalization_until=policy.local_date(until - timedelta(days=1)) if until else None,
        notice=case.notice,
        numbers=tuple(case.numbers),
        port_until=port_until,
        held=tuple(case.held),
        recordings=case.recordings is not None,
        archive=case.archive,
        offers=tuple(offer for offer in case.offers if offer.status is OfferStatus.ACCEPTED),
    )
