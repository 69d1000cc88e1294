"""What every billing adapter decides alike about what is found after a customer has left (X10)."""

from typing import Final

from cancellation.domain.billing_watch import Paid, Remedy, UndueCharge
from cancellation.messages.billing import TakeBack
from cancellation.ports import PermanentRefusal

DOCUMENT_ENDS: Final = {
    Remedy.CANCEL_DOCUMENT: "cancelled",
    Remedy.SUBSTITUTE_DOCUMENT: "substituted",
    Remedy.CREDIT_DOCUMENT: "credited",
}
"""How a fiscal document ends by a remedy."""


def may_take_back(charge: UndueCharge | None, order: TakeBack) -> bool:
    """Whether a charge is undue and not paid, as billing holds it when the order comes.

    Raises:
        PermanentRefusal: the order says nothing of its fiscal document, or names what only people do.
    """
    if charge is None or charge.paid is not Paid.NO:
        return False
    if not order.remedy.is_done_by_itself:
        raise PermanentRefusal("people do that, no program")
    if charge.document is not None and order.remedy not in DOCUMENT_ENDS:
        raise PermanentRefusal("the charge has a fiscal document in force")
    return True
