"""Reception: an e-mail is kept byte for byte and on its way before its sender's server hears that it was taken."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from temporalio.client import Client
from temporalio.common import Priority, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from cancellation.contract import INCOMING_MAIL, INCOMING_MAILS, TASK_TIMEOUT
from cancellation.messages.mail_in import IncomingMail
from cancellation.ports import Originals
from starters.inbox.counts import MailCounts, Result, Way

logger = logging.getLogger(__name__)

_START_WITHIN: Final = timedelta(seconds=15)
_BEHIND_CASES: Final = Priority(priority_key=4)
"""Everything else has 3: a mailbox with thousands of e-mails must not hold up a request by telephone (P2)."""


@dataclass(frozen=True)
class Reception:
    """Takes e-mails from every way in. What it has taken cannot be lost, nor counted twice."""

    originals: Originals
    temporal: Client
    task_queue: str = INCOMING_MAILS
    counts: MailCounts = field(default_factory=MailCounts)

    async def take(
        self,
        raw: bytes,
        received_at: datetime,
        envelope: Sequence[str],
        *,
        source: str,
        whole: bool = True,
    ) -> IncomingMail:
        """Keep an e-mail and start its handling; on return it is safe. Taking it again changes nothing.

        Args:
            raw: the e-mail as it lies on the wire.
            received_at: the receiving server's clock, aware (P8).
            envelope: where it was really delivered.
            source: which way it came in, for operators.
            whole: False when `raw` is its header alone.

        Raises:
            Exception: the database or Temporal cannot be reached: the e-mail was not taken.
        """
        way = Way.MAILBOX if source.startswith("imap:") else Way.LISTENER
        try:
            return await self._take(way, raw, received_at, envelope, source, whole)
        except Exception:
            self.counts.delivered(way, Result.FAILED)
            raise

    async def _take(
        self, way: Way, raw: bytes, received_at: datetime, envelope: Sequence[str], source: str, whole: bool
    ) -> IncomingMail:
        original = await self.originals.keep_original(raw, received_at)
        mail = IncomingMail(
            sha256=original.sha256,
            ref=original.ref,
            received_at=received_at,
            envelope=tuple(dict.fromkeys(address.strip().lower() for address in envelope)),
            source=source,
            whole=whole,
        )
        try:
            await self.temporal.start_workflow(
                INCOMING_MAIL,
                mail,
                id=mail.workflow_id,
                task_queue=self.task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                task_timeout=TASK_TIMEOUT,
                priority=_BEHIND_CASES,
                static_summary="E-mail recebido",
                rpc_timeout=_START_WITHIN,
            )
        except WorkflowAlreadyStartedError:
            self.counts.delivered(way, Result.AGAIN)
            logger.info("mail was here before", extra={"workflow_id": mail.workflow_id})
        else:
            self.counts.delivered(way, Result.TAKEN)
            logger.info("mail taken", extra={"workflow_id": mail.workflow_id, "bytes": len(raw)})
        return mail
