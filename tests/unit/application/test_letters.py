"""Letters are written from the case as it stands when they are sent."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cancellation.application.letters import write
from cancellation.domain.case import Case
from cancellation.domain.letter_kinds import LetterKind, LetterOrder
from cancellation.domain.notice import notice_from
from cancellation.domain.stage import Stage
from cancellation.domain.values import Archive, Channel, Contact, OfferStatus, Outcome, PortStatus, Team
from cancellation.letters import Letterhead, render
from cancellation.messages import letter_contents as say
from cancellation.messages.letters import Letter, LetterBatch
from tests.unit.domain.build import (
    COMMERCIAL,
    FINANCE,
    OPENED,
    OTHER_NUMBER,
    OWN_NUMBER,
    POLICY,
    REASON,
    RITA,
    at_stage,
    declined,
    in_closing,
    in_notice,
    known,
    mail,
    offer,
    opened,
    port,
    recordings,
    request,
)
from tests.unit.letters.examples import INVENTORY
from tests.unit.letters.reading import plain

NOW = OPENED + timedelta(hours=5)
ARCHIVE = Archive(link_id="c0ffee", files=3, size=99, sha256="ab", expires_at=NOW + timedelta(days=30))
TOTAL = Decimal("1234.56")
LAST_DAY = date(2026, 12, 16)


def early() -> Case:
    """A case in retention with a complete formalization."""
    case = known()
    case.receive_formalization(mail(), "inbox", NOW)
    return case


def doubted() -> Case:
    """A case with an e-mail that Commercial has to decide about."""
    case = declined()
    case.receive_formalization(mail("<2@x>", sender="x@y.z"), "inbox", NOW)
    return case


def with_archive(case: Case) -> Case:
    """The case with its recordings delivered."""
    case.recordings = recordings()
    case.archive = ARCHIVE
    return case


def ported() -> Case:
    """A case in notice with a portability that was asked for."""
    case = in_notice()
    case.record_port(port(), NOW)
    return case


def holding() -> Case:
    """A closed down case with a number that is held for its portability."""
    case = in_notice()
    case.record_port(port(), NOW)
    assert case.notice is not None
    case.end_notice(case.notice.ends_at)
    return case


def unseen() -> Case:
    """A case whose notice started without a person."""
    case = declined()
    words = ("Solicito o cancelamento do contrato.",)
    case.receive_formalization(mail(unseen=True, request_words=words), "inbox", NOW)
    case.announce_notice(NOW)
    return case


OWED: dict[LetterKind, tuple[Callable[[], Case], dict[str, Any]]] = {
    LetterKind.REQUEST_TO_COMMERCIAL: (opened, {}),
    LetterKind.REQUEST_RECEIVED: (known, {}),
    LetterKind.SCRIPT: (declined, {}),
    LetterKind.WHAT_IS_MISSING: (declined, {"codes": ("reason",)}),
    LetterKind.MAIL_TO_DECIDE: (doubted, {"codes": ("sender",), "mail_id": "<2@x>"}),
    LetterKind.REMIND_MAIL: (doubted, {}),
    LetterKind.NOTICE_TO_CONFIRM: (unseen, {}),
    LetterKind.FORMALIZED_EARLY: (early, {}),
    LetterKind.FORMALIZED_EARLY_TO_COMMERCIAL: (early, {}),
    LetterKind.EARLY_UNDONE: (known, {"day": date(2026, 12, 16)}),
    LetterKind.EARLY_UNDONE_TO_COMMERCIAL: (known, {"day": date(2026, 12, 16)}),
    LetterKind.NOTICE_STARTED: (in_notice, {}),
    LetterKind.PORT_NOTED: (ported, {"number": port().number}),
    LetterKind.FINAL_BILLING: (in_notice, {}),
    LetterKind.SHUTDOWN_PLAN: (in_notice, {}),
    LetterKind.RECORDINGS_READY: (lambda: with_archive(in_notice()), {}),
    LetterKind.NO_RECORDINGS: (in_notice, {}),
    LetterKind.RETAINED: (lambda: at_stage(Stage.RETAINED), {}),
    LetterKind.WITHDRAWN: (lambda: at_stage(Stage.WITHDRAWN), {}),
    LetterKind.WITHDRAWN_TO_TEAM: (lambda: at_stage(Stage.WITHDRAWN), {}),
    LetterKind.LAPSED: (lambda: at_stage(Stage.LAPSED), {}),
    LetterKind.LAPSED_TO_COMMERCIAL: (lambda: at_stage(Stage.LAPSED), {}),
    LetterKind.DISCARDED: (lambda: at_stage(Stage.DISCARDED), {}),
    LetterKind.DISCARDED_TO_TEAM: (lambda: stopped(in_notice()), {}),
    LetterKind.DISCARDED_TO_COMMERCIAL: (lambda: at_stage(Stage.DISCARDED), {}),
    LetterKind.NOTHING_TO_CLOSE: (opened, {}),
    LetterKind.CLOSED: (lambda: at_stage(Stage.CLOSED), {}),
    LetterKind.CLOSED_TO_TEAM: (lambda: at_stage(Stage.CLOSED), {}),
    LetterKind.HOLD_ENDED: (holding, {}),
    LetterKind.HOLD_ENDED_TO_TEAM: (holding, {}),
    LetterKind.ATTENTION: (known, {"step": "read_inventory", "since": OPENED}),
    LetterKind.REMIND_COMMERCIAL: (known, {}),
    LetterKind.REMIND_FORMALIZATION: (declined, {}),
    LetterKind.REMIND_PORTABILITY: (in_notice, {}),
    LetterKind.REMIND_LINK: (lambda: with_archive(in_notice()), {}),
    LetterKind.UNDELIVERED: (known, {"about": LetterKind.SCRIPT, "words": "550"}),
    LetterKind.BOUNCED: (known, {"about": LetterKind.SCRIPT, "words": "550"}),
}


def stopped(case: Case) -> Case:
    """The case after somebody used the Web UI's button."""
    case.stop("operador (Temporal)", NOW)
    return case


def ordered(kind: LetterKind, team: Team | None = None, **more: Any) -> LetterOrder:
    return LetterOrder(kind=kind, team=team or kind.audiences[0], **more)


def written(kind: LetterKind, case: Case | None = None, at: datetime = NOW, **more: Any) -> Letter:
    """A letter of a case that owes it."""
    make, order = OWED[kind]
    return write(case or make(), ordered(kind, **order | more), at, inventory=INVENTORY, invoice_total=TOTAL)


@pytest.mark.parametrize("kind", OWED)
def test_every_letter_is_written_from_a_case_that_owes_it(kind: LetterKind) -> None:
    for team in kind.audiences:
        letter = written(kind, team=team, ordinal="7")
        audience = team.value if team else "customer"
        assert letter.key == f"run-1:{kind.value}:{audience}:7"
        assert (letter.kind, letter.team, letter.case_id, letter.at) == (kind, team, "run-1", NOW)
        assert letter.mailboxes == (FINANCE, COMMERCIAL)
        kinds = ("multipart/alternative", "multipart/mixed")  # mixed: a file goes along
        assert render(letter, Letterhead()).get_content_type() in kinds


@pytest.mark.parametrize("kind", [k for k in OWED if k.audiences == (None,)])
def test_letters_to_the_customer_go_to_the_authorised_contacts_X9(kind: LetterKind) -> None:
    assert written(kind).to == (RITA,)


def test_link_goes_to_whom_the_customer_named_for_it_P10() -> None:
    case = with_archive(in_notice())
    case.authorised.append("ti@acme.com.br")
    case.recordings = recordings(deliver_to="ti@acme.com.br")
    assert written(LetterKind.RECORDINGS_READY, case).to == ("ti@acme.com.br",)
    assert written(LetterKind.NOTICE_STARTED, case).to == (RITA, "ti@acme.com.br")


def test_letters_stand_in_the_thread_of_their_audience_X12() -> None:
    case = in_notice()
    case.threads = {"customer": "<1@nuvemjti.com.br>", "finance": "<2@nuvemjti.com.br>"}
    told = write(case, ordered(LetterKind.NOTICE_STARTED, in_reply_to="<1@acme.com.br>"), NOW)
    assert (told.in_reply_to, told.references) == ("<1@acme.com.br>", ("<1@nuvemjti.com.br>",))
    assert write(case, ordered(LetterKind.FINAL_BILLING), NOW).in_reply_to == "<2@nuvemjti.com.br>"
    assert write(case, ordered(LetterKind.SHUTDOWN_PLAN), NOW).in_reply_to is None


def test_request_is_told_with_the_instant_of_its_receipt_however_late_it_goes_out_X18() -> None:
    late = NOW + timedelta(days=2)
    for kind in (LetterKind.REQUEST_TO_COMMERCIAL, LetterKind.REQUEST_RECEIVED):
        assert "16/11/2026 às 10h15" in plain(written(kind, at=late))


@pytest.mark.parametrize("case", [early, in_notice])
def test_nobody_who_has_formalised_is_told_that_an_e_mail_is_still_needed_X18(
    case: Callable[[], Case],
) -> None:
    needed = "só acontece depois de formalizado por e-mail"
    assert needed in plain(written(LetterKind.REQUEST_RECEIVED, known()))
    told = plain(written(LetterKind.REQUEST_RECEIVED, case()))
    assert needed not in told
    # Who has asked by e-mail may have formalised by that very e-mail: it is read after this letter.
    by_mail = plain(written(LetterKind.REQUEST_RECEIVED, known(channel=Channel.EMAIL)))
    assert "se o que você enviou já é a formalização completa, confirmaremos" in by_mail
    assert "passo a passo" not in by_mail
    assert "a formalização por e-mail também já chegou e está completa" in told.lower()


def test_customers_text_is_bounded_P2() -> None:
    case = opened()
    case.contacts = [request(text="x" * 20_000, contact=Contact(name="Rita"))]
    content = written(LetterKind.REQUEST_TO_COMMERCIAL, case).content
    assert isinstance(content, say.RequestToCommercial)
    assert len(content.request_text) == 2000
    assert content.contact.name == "Rita"


def test_script_tells_the_term_and_an_example_of_the_last_safe_day_P6_X5() -> None:
    content = written(LetterKind.SCRIPT).content
    assert isinstance(content, say.Script)
    assert content.formalization_until == date(2026, 12, 16)
    assert content.port_until == date(2026, 12, 11)
    assert content.numbers == (OWN_NUMBER, OTHER_NUMBER)


def test_script_gives_no_example_where_a_port_could_not_finish_X18() -> None:
    case = declined(policy=POLICY.model_copy(update={"notice_days": 2}))
    content = written(LetterKind.SCRIPT, case).content
    assert isinstance(content, say.Script)
    assert content.port_until is None


def test_what_is_missing_while_commercial_talks_has_no_term_P7() -> None:
    content = written(LetterKind.WHAT_IS_MISSING, known()).content
    assert content == say.WhatIsMissing(missing=("reason",))


def test_mail_that_the_case_has_let_go_of_is_still_named_X9() -> None:
    content = written(LetterKind.MAIL_TO_DECIDE, declined()).content
    assert content == say.MailToDecide(doubts=("sender",), message_id="<2@x>")


def test_early_formalization_tells_the_dates_of_its_own_receipt_X18() -> None:
    content = written(LetterKind.FORMALIZED_EARLY).content
    assert content == say.FormalizedEarly(notice=notice_from(mail().received_at, POLICY), notice_days=30)
    to_commercial = written(LetterKind.FORMALIZED_EARLY_TO_COMMERCIAL).content
    assert isinstance(to_commercial, say.FormalizedEarlyToCommercial)
    assert (to_commercial.sender, to_commercial.words) == (RITA, "Ficou caro demais")


def test_early_formalization_is_told_as_well_when_the_outcome_came_meanwhile_X18() -> None:
    case = early()
    case.record_outcome(Outcome.DECLINED, REASON, None, "ana", NOW)
    assert written(LetterKind.FORMALIZED_EARLY, case).content == written(LetterKind.FORMALIZED_EARLY).content


def test_retained_customer_reads_what_was_accepted_and_the_day_that_no_longer_holds_P5_X18() -> None:
    case = early()
    case.record_offer(offer("o1", status=OfferStatus.ACCEPTED), NOW)
    case.record_offer(offer("o2", status=OfferStatus.REFUSED), NOW)
    case.record_outcome(Outcome.RETAINED, REASON, None, "ana", NOW)
    content = written(LetterKind.RETAINED, case).content
    assert isinstance(content, say.Retained)
    assert [one.offer_id for one in content.accepted] == ["o1"]
    assert content.last_day == LAST_DAY
    assert written(LetterKind.RETAINED).content == say.Retained(accepted=())


@pytest.mark.parametrize(
    ("case", "last_day", "until", "link"),
    [
        (known(), None, None, False),
        (early(), LAST_DAY, None, False),
        (declined(), None, date(2026, 12, 16), False),
        (in_notice(), LAST_DAY, date(2026, 12, 16), False),
        (with_archive(in_notice()), LAST_DAY, date(2026, 12, 16), True),
    ],
)
def test_stopped_case_takes_back_what_the_customer_was_told_X18(
    case: Case, last_day: date | None, until: date | None, link: bool
) -> None:
    content = written(LetterKind.DISCARDED, stopped(case.model_copy(deep=True))).content
    assert content == say.Discarded(last_day=last_day, formalization_until=until, link_was_sent=link)


def test_reminder_names_the_numbers_that_nobody_has_asked_for_X4() -> None:
    case = in_notice()
    case.record_port(port(OWN_NUMBER, PortStatus.REQUESTED), NOW)
    content = written(LetterKind.REMIND_PORTABILITY, case).content
    assert content == say.RemindPortability(
        last_day=LAST_DAY, port_until=date(2026, 12, 11), numbers=(OTHER_NUMBER,)
    )


def test_reminder_to_commercial_shows_every_offer_X4() -> None:
    case = known()
    case.record_offer(offer(), NOW)
    content = written(LetterKind.REMIND_COMMERCIAL, case).content
    assert isinstance(content, say.RemindCommercial)
    assert content.received_at == OPENED
    assert [one.offer_id for one in content.offers] == ["o1"]


def test_closure_tells_the_invoice_and_what_is_held_P18() -> None:
    content = written(LetterKind.CLOSED, holding()).content
    assert isinstance(content, say.Closed)
    assert content.invoice_total == TOTAL
    assert [one.number for one in content.held] == [OWN_NUMBER]


def test_lost_letter_is_told_with_whom_it_was_for_X16() -> None:
    lost, team = LetterKind.CLOSED_TO_TEAM, Team.FINANCE
    content = written(LetterKind.BOUNCED, about=lost, about_team=team).content
    assert isinstance(content, say.Bounced)
    assert (content.about, content.about_team, content.words) == (lost, team, "550")


@pytest.mark.parametrize(
    ("kind", "case"),
    [
        (LetterKind.NOTICE_STARTED, declined()),
        (LetterKind.FORMALIZED_EARLY, known()),
        (LetterKind.SCRIPT, known()),
        (LetterKind.RECORDINGS_READY, in_notice()),
        (LetterKind.CLOSED, in_closing()),
    ],
)
def test_letter_that_a_case_cannot_owe_is_not_written(kind: LetterKind, case: Case) -> None:
    with pytest.raises(ValueError, match="the case has no"):
        write(case, ordered(kind), NOW)


# ---------------------------------------------------------------------- size


def test_letters_of_an_ordinary_case_stay_small() -> None:
    case = opened()
    contact = Contact(name="Rita Souza", email=RITA, phone="+5511999990000")
    case.contacts = [request(contact=contact)]
    sizes: dict[str, int] = {}

    def send(at: datetime, *orders: LetterOrder) -> None:
        letters = (write(case, one, at, inventory=INVENTORY, invoice_total=TOTAL) for one in orders)
        batch = LetterBatch(letters=tuple(letters))
        sizes[orders[0].kind.value] = len(batch.model_dump_json().encode())

    at = NOW.astimezone(UTC)
    send(at, ordered(LetterKind.REQUEST_TO_COMMERCIAL))
    case.threads["commercial"] = f"<{'0' * 32}@nuvemjti.com.br>"
    case.learn_customer("Acme Comércio de Ferragens Ltda", [RITA], NOW)
    case.learn_numbers([OWN_NUMBER, OTHER_NUMBER])
    send(at, ordered(LetterKind.REQUEST_RECEIVED))
    case.threads["customer"] = f"<{'1' * 32}@nuvemjti.com.br>"
    case.record_outcome(Outcome.DECLINED, REASON, None, "ana", NOW)
    send(at, ordered(LetterKind.SCRIPT))
    case.request_recordings(recordings(), NOW)
    case.receive_formalization(mail(), "inbox", NOW)
    send(
        at,
        ordered(LetterKind.NOTICE_STARTED, in_reply_to="<1@acme.com.br>"),
        ordered(LetterKind.FINAL_BILLING),
        ordered(LetterKind.SHUTDOWN_PLAN),
    )
    case.archive = ARCHIVE.model_copy(update={"sha256": "9" * 64, "files": 1248, "size": 3_456_789_012})
    send(at, ordered(LetterKind.RECORDINGS_READY))
    send(at, ordered(LetterKind.REMIND_PORTABILITY, ordinal="remind_portability"))
    send(at, ordered(LetterKind.REMIND_LINK, ordinal="remind_link"))
    assert case.notice is not None
    case.end_notice(case.notice.ends_at)
    send(
        at,
        ordered(LetterKind.CLOSED),
        *(ordered(LetterKind.CLOSED_TO_TEAM, team) for team in (Team.FINANCE, Team.SUPPORT)),
    )
    assert sum(sizes.values()) <= 6_310, sizes


def test_all_letters_but_those_of_no_case_and_of_the_watch_are_owed_by_cases() -> None:
    others = {
        LetterKind.MAIL_WITHOUT_CASE,
        LetterKind.FINDINGS,
        LetterKind.UNDUE_FOUND,
        LetterKind.REVIVED,
        LetterKind.NO_DEBT,
    }
    assert set(LetterKind) - set(OWED) == others
    for kind in others:
        with pytest.raises(ValueError, match="no case"):
            write(known(), ordered(kind, kind.audiences[0]), NOW)
