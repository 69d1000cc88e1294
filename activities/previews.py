"""The end in figures, for whoever asks through the engine; no case takes part in it."""

from dataclasses import dataclass
from typing import Final

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.failures import refusals_are_final
from cancellation.application.letter_facts import previewed_day
from cancellation.contract import PREVIEW_END
from cancellation.messages.billing import BillingPreview
from cancellation.messages.previews import EndToPreview
from cancellation.ports.letter_facts import LetterFacts

MOST_LINES: Final = 200
"""How many lines, and how many debts, an answer carries; the totals are of all of them."""


@dataclass(frozen=True)
class PreviewActivities:
    """Reads for clients that have no database of ours (X25)."""

    facts: LetterFacts

    @activity.defn(name=PREVIEW_END)
    async def preview_end(self, asked: EndToPreview) -> BillingPreview:
        """What the final invoice would be for that last day; nothing is written.

        Raises:
            ApplicationError: type `NoEnd`, when nothing says which day that is.
        """
        last_day = asked.last_day or (previewed_day(asked.script) if asked.script else None)
        if last_day is None:
            raise ApplicationError("nothing says which day the last one is", type="NoEnd", non_retryable=True)
        with refusals_are_final():
            preview = await self.facts.preview(asked.customer_id, last_day)
        return preview.model_copy(
            update={"lines": preview.lines[:MOST_LINES], "debts": preview.debts[:MOST_LINES]}
        )
