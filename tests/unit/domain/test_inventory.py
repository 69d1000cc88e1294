"""What other systems say of a customer's things: readable, and never more than a case can carry."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cancellation.domain.inventory import MOST_TOLD, Inventory, Number, Resource, ResourceKind
from cancellation.domain.values import MOST_LABEL, Released, is_e164


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


def extension(number: int, name: str = "") -> Resource:
    return Resource(
        kind=ResourceKind.EXTENSION, resource_id=f"{name}{number}", label=f"{name}{number}", active=True
    )


def test_what_a_case_is_told_of_an_ordinary_inventory_is_all_of_it_P13() -> None:
    whole = Inventory(
        customer_id="1042",
        extensions=tuple(extension(n) for n in range(MOST_TOLD)),
        numbers=(Number(number="+551130000001", customer_owned=True, routes_to=("1", "2")),),
    )
    assert whole.told() == whole


def test_of_very_many_things_the_first_are_told_and_the_rest_counted_own_numbers_first_P9_P13() -> None:
    ours = [Number(number=f"+5511{n:08d}", customer_owned=False) for n in range(10_000_000, 10_000_700)]
    own = Number(number="+551130000001", customer_owned=True)
    whole = Inventory(
        customer_id="1042", extensions=tuple(extension(n) for n in range(1200)), numbers=(*ours, own)
    )
    told = whole.told()
    assert told.extensions == whole.extensions[:MOST_TOLD]
    assert told.numbers[0] == own
    assert told.more == Released(extensions=700, numbers=201)


@pytest.mark.rest
@given(st.characters())
@settings(max_examples=20, deadline=None)
def test_what_a_case_is_told_is_far_below_what_the_engine_carries_whatever_the_names_P13(char: str) -> None:
    many = tuple(extension(n, char * 1000) for n in range(600))
    target = (char * 1000,) * 50
    number = Number(number=char * 1000, customer_owned=True, routes_to=target)
    whole = Inventory(
        customer_id="1042", extensions=many, trunks=many, licences=many, numbers=(number,) * 600
    )
    assert len(whole.told().model_dump_json().encode()) < 1_300_000


@pytest.mark.parametrize(
    ("number", "is_one"),
    [
        ("+551130000001", True),
        ("+5511999990000", True),
        ("551130000001", False),
        ("+55 11 3000-0001", False),
        ("+551130000001 ", False),
        ("+0551130000001", False),
        ("+٥٥١١٣٠٠٠٠٠٠١", False),
        ("", False),
    ],
)
def test_a_number_is_kept_as_it_is_and_known_for_what_it_is_P9(number: str, is_one: bool) -> None:
    assert Number(number=number, customer_owned=True).number == number
    assert is_e164(number) is is_one
