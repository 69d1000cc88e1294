"""What cases send by e-mail."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from temporalio import activity

from activities.failures import refusals_are_final
from cancellation.application.letter_facts import (
    needs_account,
    needs_invoice,
    previewed_day,
    told_to_compare,
    with_account,
    with_changes,
    with_invoice,
    with_preview,
)
from cancellation.domain.values import Team
from cancellation.messages.letters import Delivery, DeliveryReport, Letter, LetterBatch
from cancellation.ports import Mailer
from cancellation.ports.letter_facts import LetterFacts

logger = logging.getLogger(__name__)

_FACTS_WITHIN: Final = 2.0
"""Seconds that a letter waits for what the records add."""


@dataclass(frozen=True)
class MailActivities:
    """Outgoing e-mail of a case."""

    mailer: Mailer
    facts: LetterFacts | None = None
    """What letters say beside the case's own knowledge; None, or where it does not answer: they say less."""

    @activity.defn
    async def send_letters(self, batch: LetterBatch) -> DeliveryReport:
        """Send every letter of a batch, in order for each audience.

        Of several letters one that cannot go now holds up only its own audience, and is answered as put off; a
        single one fails, and is tried again.

        Raises:
            Exception: the passing failure of a single letter.
        """
        if len(batch.letters) == 1:
            return DeliveryReport(deliveries=(await self._send(batch.letters[0]),))
        put_off: set[Team | None] = set()
        deliveries = []
        for letter in batch.letters:
            delivery = _put_off(letter) if letter.team in put_off else await self._try_to_send(letter)
            if delivery.put_off:
                put_off.add(letter.team)
            deliveries.append(delivery)
        return DeliveryReport(deliveries=tuple(deliveries))

    async def _send(self, letter: Letter) -> Delivery:
        told = await self._with_facts(letter)
        with refusals_are_final():
            return await self.mailer.send(told)

    async def _with_facts(self, letter: Letter) -> Letter:
        """The letter with what the records add; nothing waits for them (P2, X17)."""
        if self.facts is None:
            return letter
        try:
            async with asyncio.timeout(_FACTS_WITHIN):
                if needs_account(letter):
                    return with_account(letter, await self.facts.account(letter.customer_id))
                if (last_day := previewed_day(letter)) is not None:
                    return with_preview(letter, await self.facts.preview(letter.customer_id, last_day))
                if needs_invoice(letter):
                    letter = with_invoice(letter, await self.facts.issued_invoice(letter.case_id))
                    if sha256 := told_to_compare(letter):
                        return with_changes(letter, await self.facts.told_end(letter.case_id, sha256))
        except Exception as error:
            logger.warning(
                "letter says less: the records do not answer",
                extra={"case_id": letter.case_id, "letter": letter.kind.value, "error": type(error).__name__},
            )
        return letter

    async def _try_to_send(self, letter: Letter) -> Delivery:
        try:
            return await self._send(letter)
        except Exception as error:
            logger.warning(
                "letter put off",
                extra={"case_id": letter.case_id, "letter": letter.kind.value, "error": type(error).__name__},
            )
            return _put_off(letter)


def _put_off(letter: Letter) -> Delivery:
    return Delivery(key=letter.key, kind=letter.kind, message_id="", put_off=True)
