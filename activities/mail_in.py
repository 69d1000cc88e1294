"""What is done about incoming e-mail."""

from dataclasses import dataclass
from typing import Final

from temporalio import activity

from activities.beating import alive
from cancellation.mail_keys import MailKeys
from cancellation.mail_tasks import MailReminders
from cancellation.mailroom import Mailroom
from cancellation.messages.mail_in import IncomingMail, MailOutcome, MailReminder, ToldAgain

_PATIENT_ATTEMPTS: Final = 8
"""About four minutes of attempts; what still fails then is not a system that was down for a moment."""


@dataclass(frozen=True)
class MailInActivities:
    """The mail room's part."""

    mailroom: Mailroom
    reminders: MailReminders
    keys: MailKeys | None = None
    """Where the keys of signatures are looked up; None: they are not."""

    @activity.defn
    async def handle_mail(self, mail: IncomingMail) -> MailOutcome:
        """Read an e-mail and report it to its case, or give it to a person (P7, X9)."""
        async with alive():
            outcome = await self.mailroom.handle(mail, patient=activity.info().attempt < _PATIENT_ATTEMPTS)
            if self.keys is not None:
                # Afterwards: by now the case has heard of it, and nothing waits for the DNS.
                await self.keys.keep(mail.sha256)
            return outcome

    @activity.defn
    async def tell_of_mail(self, order: MailReminder) -> ToldAgain:
        """Write to Commercial about an e-mail of no case, unless somebody has decided (X15)."""
        return await self.reminders.tell(order)
