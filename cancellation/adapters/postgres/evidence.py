"""A case's evidence, read from PostgreSQL in one snapshot (X13)."""

from typing import Final, TypeVar

from pydantic import BaseModel

from cancellation.adapters.postgres.pool import Connection, Pool, storable
from cancellation.adapters.postgres.queries import queries
from cancellation.domain.values import Offer
from cancellation.messages import evidence as told

SQL: Final = queries("evidence")
READ_BACK: Final = queries("billing")["read_back"]

V = TypeVar("V", bound=BaseModel)


class PostgresEvidence:
    """Implements `cancellation.ports.evidence.EvidenceRecords`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of(self, reference: str) -> told.Evidence | None:
        """What the records hold of a case, all of it as it stood in one instant."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            row = await connection.fetchrow(SQL["case"], storable(reference.strip()))
            if row is None:
                return None
            case = told.CaseHead.model_validate(dict(row))

            async def every(query: str, kind: type[V]) -> tuple[V, ...]:
                rows = await connection.fetch(query, case.case_id)
                return tuple(kind.model_validate(dict(row)) for row in rows)

            formalization = await connection.fetchrow(SQL["formalization"], case.case_id)
            invoice = await connection.fetchrow(SQL["invoice"], case.case_id)
            watch = await connection.fetchrow(SQL["watch"], case.case_id)
            found = told.Evidence(
                case=case,
                trail=await every(SQL["trail"], told.ChainedRecord),
                formalization=told.FormalizationEvidence.model_validate(dict(formalization))
                if formalization
                else None,
                invoice=told.InvoiceEvidence.model_validate(dict(invoice)) if invoice else None,
                removed_recordings=await connection.fetchval(SQL["removed_recordings"], case.case_id),
                stages=await every(SQL["stages"], told.StageChange),
                offers=await every(SQL["offers"], Offer),
                decisions=await every(SQL["decisions"], told.MailDecisionEvidence),
                originals=await every(SQL["originals"], told.KeptOriginal),
                letters=await every(SQL["letters"], told.LetterEvidence),
                links=await every(SQL["links"], told.LinkEvidence),
                accesses=await every(SQL["accesses"], told.AccessEvidence),
                acts=await every(SQL["acts"], told.ActEvidence),
                resources=await every(SQL["resources"], told.ResourceEvidence),
                ports=await every(SQL["ports"], told.PortEvidence),
                subscriptions=await every(SQL["subscriptions"], told.SubscriptionEvidence),
                voided=await every(SQL["voided"], told.VoidedCharge),
                tasks=await every(SQL["tasks"], told.TaskEvidence),
                notes=await every(SQL["notes"], told.NoteEvidence),
                watch=told.WatchEvidence(
                    **dict(watch), acts=await every(SQL["watch_acts"], told.WatchActEvidence)
                )
                if watch
                else None,
            )
            if found.formalization is None or not found.acts:
                return found
            return found.model_copy(update={"read_back": await _read_back(connection, found)})


async def _read_back(connection: Connection, found: told.Evidence) -> told.ReadBack:
    """What is in use now, and what billing covers up to the notice's last day."""
    assert found.formalization is not None
    in_use = await connection.fetchrow(SQL["in_use"], found.case.customer_id)
    billed = await connection.fetchrow(READ_BACK, found.case.customer_id, found.formalization.last_day)
    assert in_use is not None
    assert billed is not None
    return told.ReadBack(
        resources_in_use=in_use["resources_in_use"],
        numbers_in_use=in_use["numbers_in_use"],
        recurring_active=len(billed["recurring_active"]),
        charges_after_end=len(billed["charges_after_end"]),
        days_due=billed["days_due"],
        days_invoiced=billed["days_invoiced"],
    )
