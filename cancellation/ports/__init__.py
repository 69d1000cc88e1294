"""What the process needs from the outside, as small Protocols by role.

Adapters implement them, and contract suites prove it.

Every write can run twice and counts once: its order carries a key that does not depend on the attempt.
A system that cannot be reached raises whatever its library raises, and the caller tries again. A request that
will never succeed raises `PermanentRefusal`. One adapter may have several roles; a caller takes the smallest.
"""

from cancellation.ports.billing import Billing, BillingAfterwards
from cancellation.ports.crm import CaseRecords, Crm, CustomerDirectory, Formalizations, Originals
from cancellation.ports.errors import DestructionForbidden, PermanentRefusal
from cancellation.ports.mail import Mailer, MailLedger, SentLetters
from cancellation.ports.recordings import Heartbeat, RecordingStore
from cancellation.ports.telephony import Licences, Telephony

__all__ = [
    "Billing",
    "BillingAfterwards",
    "CaseRecords",
    "Crm",
    "CustomerDirectory",
    "DestructionForbidden",
    "Formalizations",
    "Heartbeat",
    "Licences",
    "MailLedger",
    "Mailer",
    "Originals",
    "PermanentRefusal",
    "RecordingStore",
    "SentLetters",
    "Telephony",
]
