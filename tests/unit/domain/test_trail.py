import json
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from cancellation.domain.trail import Trail
from tests.unit.domain.build import OPENED


def filled(count: int) -> Trail:
    trail = Trail()
    for number in range(1, count + 1):
        trail.add(OPENED, "ana", "note", f"entrada {number}")
    return trail


def test_entries_are_numbered_without_gaps_P20() -> None:
    assert [entry.seq for entry in filled(5).entries] == [1, 2, 3, 4, 5]


def test_what_the_crm_does_not_hold_yet_goes_out_in_order_and_in_portions_P20() -> None:
    trail = filled(450)
    sent: list[int] = []
    while not trail.is_recorded:
        portion = trail.unrecorded()
        assert 0 < len(portion) <= 200
        sent += [entry.seq for entry in portion]
        trail.confirm(portion[-1].seq)
    assert sent == list(range(1, 451))


def test_a_receipt_that_comes_late_takes_nothing_back_P20() -> None:
    trail = filled(10)
    trail.confirm(8)
    trail.confirm(3)
    assert [entry.seq for entry in trail.unrecorded()] == [9, 10]


def test_old_entries_are_let_go_of_only_when_the_crm_holds_them_P20() -> None:
    trail = filled(1500)
    trail.confirm(200)
    assert trail.entries[0].seq == 201
    trail.confirm(1500)
    assert len(trail.entries) == 1000
    assert trail.last_seq == 1500
    trail.add(OPENED, "ana", "note", "weiter")
    assert trail.entries[-1].seq == 1501


@given(st.text(max_size=3000), st.text(max_size=500))
def test_any_text_is_readable_in_the_trail_and_bounded_X8(detail: str, actor: str) -> None:
    trail = Trail()
    trail.add(OPENED, actor, "note", detail)
    entry = trail.entries[0]
    assert len(entry.detail) <= 2000
    assert len(entry.actor) <= 200
    assert all(c.isprintable() for c in entry.detail + entry.actor)
    assert json.loads(trail.model_dump_json())["entries"][0]["detail"] == entry.detail


def test_control_characters_line_breaks_and_lone_surrogates_do_not_reach_the_trail_X8() -> None:
    trail = Trail()
    trail.add(OPENED, "a\x00b", "note", "um\ndois\r\x1b[31m\ud800\u202efim")
    assert trail.entries[0].actor == "a b"
    assert trail.entries[0].detail == "um dois  [31m  fim"


def test_a_trail_survives_being_written_down_P20() -> None:
    trail = filled(1200)
    trail.confirm(1100)
    again = Trail.model_validate_json(trail.model_dump_json())
    assert again == trail
    again.confirm(1200)
    assert again.is_recorded


# ---------------------------------------------------------------- a CRM that holds something else (P20)


def test_after_a_branch_what_is_unrecorded_goes_on_after_what_the_crm_holds_P20() -> None:
    trail = filled(5)
    trail.confirm(3)
    trail.go_on_after(40)
    assert [(entry.seq, entry.detail) for entry in trail.entries] == [(41, "entrada 4"), (42, "entrada 5")]
    assert (trail.recorded_seq, trail.last_seq) == (40, 42)
    assert trail.is_urgent
    assert [entry.seq for entry in trail.unrecorded()] == [41, 42]
    trail.add(OPENED, "ana", "note", "nova")
    assert trail.entries[-1].seq == 43


def test_a_branch_without_anything_new_only_moves_the_count_P20() -> None:
    trail = filled(3)
    trail.confirm(3)
    trail.go_on_after(7)
    assert trail.is_recorded
    assert not trail.is_urgent
    trail.add(OPENED, "ana", "note", "nova")
    assert [entry.seq for entry in trail.unrecorded()] == [8]


def test_what_the_crm_has_lost_is_given_again_from_where_it_stands_P20() -> None:
    trail = filled(10)
    trail.confirm(8)
    assert trail.go_back_to(4) == 0
    assert [entry.seq for entry in trail.unrecorded()] == [5, 6, 7, 8, 9, 10]
    assert trail.is_urgent
    trail.confirm(10)
    assert trail.is_recorded


def test_even_what_could_wait_is_given_again_at_once_P20() -> None:
    trail = filled(3)
    trail.add(OPENED, "ana", "note", "calma", urgent=False)
    trail.confirm(4)
    assert trail.go_back_to(3) == 0
    assert trail.is_urgent


def test_what_the_crm_has_lost_and_nobody_remembers_leaves_no_gap_P20() -> None:
    trail = filled(1500)
    trail.confirm(1500)
    kept = [entry.detail for entry in trail.entries]
    assert trail.entries[0].seq == 501
    assert trail.go_back_to(400) == 100
    assert (trail.recorded_seq, trail.last_seq) == (400, 1400)
    assert [entry.seq for entry in trail.entries] == list(range(401, 1401))
    assert [entry.detail for entry in trail.entries] == kept


def test_a_trail_that_remembers_nothing_goes_on_where_the_crm_stands_P20() -> None:
    trail = filled(3)
    trail.confirm(3)
    trail.go_on_after(7)
    assert trail.entries == []
    assert trail.go_back_to(5) == 2
    assert trail.is_recorded
    trail.add(OPENED, "ana", "note", "nova")
    assert [entry.seq for entry in trail.unrecorded()] == [6]


def test_what_may_wait_goes_along_with_the_next_urgent_entry_P20() -> None:
    trail = Trail()
    trail.add(OPENED, "ana", "note", "calma", urgent=False)
    assert not trail.is_urgent
    assert not trail.is_recorded
    trail.add(OPENED, "ana", "note", "agora")
    assert trail.is_urgent
    assert [entry.detail for entry in trail.unrecorded()] == ["calma", "agora"]


def test_before_it_moves_a_trail_is_shortened_to_what_the_crm_does_not_hold_P20() -> None:
    trail = Trail()
    for _ in range(1000):
        trail.add(OPENED, "ana", "note", "x" * 2000)
    trail.confirm(900)
    trail.shorten()
    assert trail.entries[0].seq <= 901
    assert trail.entries[-1].seq == 1000
    assert len(trail.unrecorded()) > 0
    trail.confirm(1000)
    trail.shorten()
    assert len(trail.model_dump_json()) < 600_000


@given(st.text(max_size=300))
def test_any_message_id_is_readable_in_the_trail_and_bounded_X8(message_id: str) -> None:
    trail = Trail()
    trail.add(OPENED, "ana", "note", "x", message_id=message_id)
    found = trail.entries[0].message_id
    assert found is not None
    assert len(found) <= 200
    assert found.isprintable()


def test_the_instants_of_entries_never_go_back_P20() -> None:
    trail = Trail()
    for second in (5, 3, 7):
        trail.add(OPENED + timedelta(seconds=second), "sistema", "note", "x")
    assert [entry.at - OPENED for entry in trail.entries] == [timedelta(seconds=s) for s in (5, 5, 7)]
