"""What a ledger of findings must do, whoever keeps it (X11)."""

from datetime import UTC, datetime, timedelta

from cancellation.domain.findings import Finding, Repair, Rule, Side
from cancellation.messages.reconciliation import RepairDone
from cancellation.ports.reconciliation import Findings

FIRST = datetime(2027, 3, 1, 5, tzinfo=UTC)
SECOND, THIRD = FIRST + timedelta(days=1), FIRST + timedelta(days=2)


def finding(
    subject: str = "case-a",
    rule: Rule = Rule.BILLING_END_LEFT,
    state: str = "withdrawn",
    count: int | None = None,
) -> Finding:
    return Finding(
        rule=rule,
        subject=subject,
        customer_id="1042",
        case_id=subject,
        protocol="CAN-20261122-7F3KQ2",
        crm=Side(state=state, at=FIRST),
        other=Side(day=FIRST.date(), count=count),
    )


class FindingsContract:
    """Give it a fixture `ledger`."""

    async def test_a_finding_is_kept_as_it_was_found_X11(self, ledger: Findings) -> None:
        await ledger.keep([finding()], FIRST)
        (held,) = await ledger.open_findings()
        assert Finding.model_validate(held.model_dump(include=set(Finding.model_fields))) == finding()
        assert (held.first_seen, held.last_seen, held.told_at, held.repair) == (FIRST, FIRST, None, None)

    async def test_it_counts_once_however_often_it_is_seen_X11(self, ledger: Findings) -> None:
        await ledger.keep([finding(), finding("case-b")], FIRST)
        await ledger.keep([finding()], FIRST)
        await ledger.keep([finding(count=3)], SECOND)
        again, other = await ledger.open_findings()
        assert (again.first_seen, again.last_seen, again.other.count) == (FIRST, SECOND, 3)
        assert (other.subject, other.last_seen) == ("case-b", FIRST)
        assert await ledger.counts() == {rule: 2 * (rule is Rule.BILLING_END_LEFT) for rule in Rule}

    async def test_the_same_subject_of_two_rules_is_two_X11(self, ledger: Findings) -> None:
        await ledger.keep([finding(), finding(rule=Rule.STAGE_DIFFERS)], FIRST)
        assert len(await ledger.open_findings()) == 2
        assert [one.rule for one in await ledger.open_findings([Rule.STAGE_DIFFERS])] == [Rule.STAGE_DIFFERS]

    async def test_what_a_run_did_not_see_of_a_rule_is_gone_X11(self, ledger: Findings) -> None:
        await ledger.keep([finding(), finding("case-b"), finding(rule=Rule.STAGE_DIFFERS)], FIRST)
        await ledger.keep([finding("case-b")], SECOND)
        assert await ledger.settle(Rule.BILLING_END_LEFT, SECOND) == 1
        assert await ledger.settle(Rule.BILLING_END_LEFT, SECOND) == 0
        assert {one.key for one in await ledger.open_findings()} == {
            (Rule.BILLING_END_LEFT, "case-b"),
            (Rule.STAGE_DIFFERS, "case-a"),
        }

    async def test_what_was_gone_and_is_back_is_new_and_is_told_again_X11(self, ledger: Findings) -> None:
        await ledger.keep([finding()], FIRST)
        assert await ledger.tell([Rule.STAGE_DIFFERS], FIRST) == 0
        assert await ledger.tell([Rule.BILLING_END_LEFT], FIRST) == 1
        assert await ledger.open_findings(untold=True) == []
        assert (await ledger.counts(untold=True))[Rule.BILLING_END_LEFT] == 0
        await ledger.keep([finding()], SECOND)
        assert await ledger.open_findings(untold=True) == []
        await ledger.settle(Rule.BILLING_END_LEFT, THIRD)
        await ledger.keep([finding()], THIRD + timedelta(days=1))
        (back,) = await ledger.open_findings(untold=True)
        assert back.first_seen == THIRD + timedelta(days=1)

    async def test_a_late_attempt_of_an_earlier_run_takes_nothing_back_X11(self, ledger: Findings) -> None:
        await ledger.keep([finding(count=2)], SECOND)
        await ledger.keep([finding(count=1)], FIRST)
        (held,) = await ledger.open_findings()
        assert (held.other.count, held.last_seen) == (2, SECOND)

    async def test_a_repair_is_an_act_of_its_own_X11(self, ledger: Findings) -> None:
        await ledger.keep([finding()], FIRST)
        done = RepairDone(
            rule=Rule.BILLING_END_LEFT,
            subject="case-a",
            repair=Repair.LIFT_BILLING_END,
            case_id="case-a",
            run_at=FIRST,
            at=FIRST + timedelta(minutes=1),
        )
        assert [one.subject for one in await ledger.open_findings(repairable=True)] == ["case-a"]
        await ledger.note_repair(done)
        await ledger.note_repair(done.model_copy(update={"at": SECOND}))
        assert await ledger.open_findings(repairable=True) == []
        (held,) = await ledger.open_findings()
        assert (held.repair, held.repaired_at) == (Repair.LIFT_BILLING_END, done.at)
        await ledger.settle(Rule.BILLING_END_LEFT, SECOND)
        await ledger.keep([finding()], THIRD)
        (back,) = await ledger.open_findings()
        assert back.repair is None

    async def test_what_nobody_may_undo_by_rule_keeps_no_room_from_what_is_undone_X11(
        self, ledger: Findings
    ) -> None:
        await ledger.keep([finding(f"case-{n}", state="closed") for n in range(5)], FIRST)
        await ledger.keep([finding("unknown", state="")], FIRST)
        await ledger.keep([finding("case-z")], SECOND)
        found = await ledger.open_findings(repairable=True, most=2)
        assert [one.subject for one in found] == ["case-z"]

    async def test_no_more_are_read_than_are_asked_for_X11(self, ledger: Findings) -> None:
        await ledger.keep([finding(f"case-{n}") for n in range(5)], FIRST)
        assert [one.subject for one in await ledger.open_findings(most=2)] == ["case-0", "case-1"]
