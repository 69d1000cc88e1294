"""What makes the customer's e-mails a complete formalization, and what is still missing (P7, X9)."""

from collections.abc import Collection, Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.values import Authentication, FormalizationMail


class Formalization(BaseModel):
    """The complete formalization: what the trusted e-mails up to the completing one say together."""

    model_config = ConfigDict(frozen=True)

    received_at: datetime
    """Receipt of the completing e-mail: the instant from which the notice counts (P8)."""
    completing: FormalizationMail
    mails: tuple[FormalizationMail, ...]
    reason: str

    @property
    def recipients(self) -> tuple[str, ...]:
        """Every mailbox that the e-mails reached together."""
        return tuple(dict.fromkeys(address for mail in self.mails for address in mail.recipients))


def distrust(mail: FormalizationMail, authorised: Collection[str]) -> list[str]:
    """Why an e-mail cannot count by itself: codes `sender`, `authentication`, `reading`; empty when it can (X9, X14).

    A Commercial person who vouches for it (`confirmed_by`) stands in for both.
    """
    if mail.confirmed_by:
        return []
    problems = []
    if mail.sender not in authorised:
        problems.append("sender")
    if mail.authentication is not Authentication.PASS:
        problems.append("authentication")
    if mail.doubts:
        problems.append("reading")
    return problems


def not_refused(mails: Sequence[FormalizationMail]) -> list[FormalizationMail]:
    """E-mails without those of which a person said last that they are no request (X14)."""
    last = {mail.message_id: mail.refused_by for mail in mails if mail.refused_by or mail.confirmed_by}
    return [mail for mail in mails if not last.get(mail.message_id)]


def undecided(mails: Sequence[FormalizationMail], authorised: Collection[str]) -> list[FormalizationMail]:
    """E-mails that cannot count by themselves and that nobody at Commercial has vouched for since (X9, X15)."""
    vouched = {mail.message_id for mail in mails if mail.confirmed_by}
    return [mail for mail in mails if mail.message_id not in vouched and distrust(mail, authorised)]


def content_missing(mails: Sequence[FormalizationMail], policy: CancellationPolicy) -> list[str]:
    """What these e-mails together lack, as codes of contract.md, in a fixed order (P7)."""
    reached = {address for mail in mails for address in mail.recipients}
    missing = [f"recipient:{mailbox}" for mailbox in policy.mailboxes if mailbox not in reached]
    if not any(mail.explicit_request for mail in mails):
        missing.append("explicit_request")
    if not any(mail.reason and mail.reason.strip() for mail in mails):
        missing.append("reason")
    return missing


def assess(
    mails: Sequence[FormalizationMail], authorised: Collection[str], policy: CancellationPolicy
) -> Formalization | None:
    """Return the complete formalization that the e-mails make, or None.

    Only trusted e-mails count. They are taken in the order in which they were received, whatever the order in
    which they were reported: the notice counts from the one that completes the set (P7, P8).
    """
    trusted = sorted(
        (mail for mail in mails if not distrust(mail, authorised)),
        key=lambda mail: (mail.received_at, mail.message_id),
    )
    for count in range(1, len(trusted) + 1):
        together = trusted[:count]
        if not content_missing(together, policy):
            reasons = [mail.reason.strip() for mail in together if mail.reason and mail.reason.strip()]
            return Formalization(
                received_at=together[-1].received_at,
                completing=together[-1],
                mails=tuple(together),
                reason=reasons[-1],
            )
    return None


def still_missing(
    mails: Sequence[FormalizationMail], authorised: Collection[str], policy: CancellationPolicy
) -> list[str]:
    """What the formalization still lacks, as codes of contract.md; empty when it is complete.

    E-mails that cannot count by themselves are looked at as if they could, and what they need for that
    (`sender`, `authentication`) is named: a forged e-mail changes what is reported here, never the case.
    """
    if assess(mails, authorised, policy) is not None:
        return []
    # What a person has to read may be anything: nobody is told that it lacks something.
    doubtful = [mail for mail in undecided(mails, authorised) if not mail.doubts]
    trusted = [mail for mail in mails if not distrust(mail, authorised)]
    missing = content_missing([*trusted, *doubtful], policy)
    doubts = {problem for mail in doubtful for problem in distrust(mail, authorised)}
    return [*missing, *(code for code in ("authentication", "sender") if code in doubts)]
