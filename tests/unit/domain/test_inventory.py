from hypothesis import given
from hypothesis import strategies as st

from cancellation.domain.inventory import MOST_LABEL, Resource, ResourceKind


def labelled(label: str) -> str:
    return Resource(kind=ResourceKind.TRUNK, resource_id="t", label=label, active=True).label


@given(st.text())
def test_a_label_is_one_short_line_that_can_be_read_P13(label: str) -> None:
    shown = labelled(label)
    assert shown.isprintable()
    assert len(shown) <= MOST_LABEL
    assert labelled(shown) == shown


def test_an_ordinary_label_stays_and_an_endless_one_is_cut_P13() -> None:
    assert labelled("Tronco SIP 30 canais") == "Tronco SIP 30 canais"
    assert labelled("sala\x07 de\nreunião\x00") == "sala de reunião"
    assert labelled("x" * 1_000_000) == "x" * (MOST_LABEL - 1) + "…"
