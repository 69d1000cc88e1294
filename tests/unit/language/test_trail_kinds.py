"""Whoever may not read a trail's entries reads in Portuguese what they are about (X13)."""

from cancellation.domain.events import Event, OfferChanged, PortChanged
from cancellation.domain.values import OfferStatus, PortStatus
from cancellation.language.trail_kinds import trail_kind
from tests.unit.domain.codes import codes_in


def test_every_kind_of_entry_is_told_in_words_that_name_nobody_X13() -> None:
    kinds = {event.kind for event in Event.__subclasses__()} - {OfferChanged.kind, PortChanged.kind}
    kinds |= {f"offer_{status.value}" for status in OfferStatus}
    kinds |= {f"port_{status.value}" for status in PortStatus}
    told = {kind: trail_kind(kind) for kind in kinds}
    assert [kind for kind, words in told.items() if words == kind or codes_in(words)] == []
    assert len(set(told.values())) == len(told)
