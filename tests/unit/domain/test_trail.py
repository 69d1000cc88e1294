import json

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
