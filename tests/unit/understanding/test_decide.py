"""The decision table: what is done with a message (P7, X9, X12)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cancellation.understanding import (
    Action,
    Customer,
    Provider,
    ResolvedDirectory,
    Understanding,
    clues_of,
    read_message,
    understand,
)
from tests.unit.understanding.letters import MAILBOXES, REQUEST, TRUSTED, message

ACME = Customer(customer_id="1042", authorised_emails=("Rita@acme.com.br",))
OTHER = Customer(customer_id="77", authorised_emails=("ana@outra.com.br",))
DIRECTORY = ResolvedDirectory(
    emails={
        "rita@acme.com.br": (ACME,),
        "ana@outra.com.br": (OTHER,),
        "agencia@gestao.com.br": (ACME, OTHER),
    },
    protocols={"CAN-20261122-7F3KQ2": (ACME,)},
    cnpjs={"11222333000181": (ACME,)},
    customer_numbers={"77": (OTHER,), "1042": (ACME,)},
)
NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


def decided(raw: bytes) -> Understanding:
    return understand(read_message(raw), DIRECTORY, MAILBOXES, TRUSTED, now=NOW)


def test_complete_formalization_is_accepted_P7() -> None:
    got = decided(message())
    assert got.action is Action.ACCEPT
    assert (got.customer_id, got.mailboxes, got.authentication) == ("1042", MAILBOXES, "pass")
    assert got.explicit_request is True
    assert (got.reason, got.reason_category) == ("preço alto", "price")
    assert got.missing == ()


def test_missing_mailbox_and_reason_are_told_P7() -> None:
    got = decided(message("Solicito o cancelamento do contrato.", to=MAILBOXES[0]))
    assert got.action is Action.INCOMPLETE
    assert got.missing == (f"recipient:{MAILBOXES[1]}", "reason")


def test_answer_with_only_the_reason_is_incomplete_P7() -> None:
    got = decided(message("Motivo: preço alto.", subject="Re: [CAN-20261122-7F3KQ2] O que falta"))
    assert got.action is Action.INCOMPLETE
    assert got.missing == ("explicit_request",)
    assert got.reason == "preço alto"


@pytest.mark.parametrize(
    ("raw", "missing"),
    [
        (message(results=None), "authentication"),
        (message(results="mx.nuvemjti.com.br; dmarc=fail header.from=acme.com.br"), "authentication"),
        (message(sender="eva@acme.com.br", subject="CAN-20261122-7F3KQ2"), "sender"),
        (message(sender="estranho@gmail.com"), "sender"),
        (message("Quero cancelar se não derem desconto."), "explicit_request"),
        (message("Desisto do cancelamento."), "explicit_request"),
        (message("Quanto custa cancelar o contrato?"), "explicit_request"),
    ],
)
def test_doubtful_message_goes_to_a_person_X9(raw: bytes, missing: str) -> None:
    got = decided(raw)
    assert got.action is Action.TRIAGE
    assert missing in got.missing


def test_unknown_authorised_sender_still_names_the_customer_for_the_person_X12() -> None:
    assert decided(message(sender="eva@gmail.com", subject="CAN-20261122-7F3KQ2")).customer_id == "1042"


def test_look_alike_domain_goes_to_a_person_X9() -> None:
    got = decided(message(f"{REQUEST}\nCNPJ 11.222.333/0001-81", sender="rita@acrne.com.br"))
    assert got.action is Action.TRIAGE
    assert any("imita acme.com.br" in line for line in got.why)


def test_display_name_trick_goes_to_a_person_X9() -> None:
    assert decided(message(sender='"rita@acme.com.br" <eva@outra.com>')).action is Action.TRIAGE


def test_text_that_names_another_customer_goes_to_a_person() -> None:
    got = decided(message("Solicito o cancelamento do contrato. Motivo: preço. Cliente nº 77"))
    assert got.action is Action.TRIAGE
    assert got.customer_id is None


KNOWN = ACME.model_copy(
    update={
        "names": ("Acme Comércio de Ferragens Ltda", "Rita Souza"),
        "cnpj": "11222333000181",
        "contract": "CT-2021-1042",
    }
)
KNOWN_DIRECTORY = DIRECTORY.model_copy(
    update={
        "emails": {"rita@acme.com.br": (KNOWN,)},
        "cnpjs": {},
        "protocols": {"CAN-20261122-7F3KQ2": (KNOWN,)},
    }
)


def of_acme(text: str, subject: str = "Contrato", **more: Any) -> Understanding:
    reading = read_message(message(f"{text} Motivo: preço alto.", subject=subject))
    return understand(reading, KNOWN_DIRECTORY, MAILBOXES, TRUSTED, now=NOW, **more)


@pytest.mark.parametrize(
    "text",
    [
        "Solicito o cancelamento do contrato da empresa Beta Ltda.",
        "Solicito o cancelamento do contrato da Beta Alimentos.",
        "A Beta Comércio de Alimentos S.A., vem solicitar o cancelamento do contrato.",
        "Solicito o cancelamento do contrato da empresa beta ltda.",
        "Solicito o cancelamento do contrato.\nEmpresa: Beta Alimentos\n",
        "Solicito o cancelamento do contrato do CNPJ 11.444.777/0001-61.",
        "Solicito o cancelamento do contrato CT-2019-1045.",
        "Solicito o cancelamento do contrato. Protocolo CAN-20261101-ABCDEF.",
        "Solicito o cancelamento do contrato. Cliente nº 4711.",
    ],
)
def test_text_that_names_what_is_not_the_customers_goes_to_a_person_X9(text: str) -> None:
    got = of_acme(text)
    assert (got.action, got.explicit_request, got.customer_id) == (Action.TRIAGE, "unsure", "1042")
    assert any("não é deste cliente" in line for line in got.why)


@pytest.mark.parametrize(
    "text",
    [
        "Solicito o cancelamento do contrato da empresa Acme Ferragens Ltda.",
        "A ACME COMÉRCIO DE FERRAGENS LTDA., CNPJ 11.222.333/0001-81, solicita o cancelamento do contrato.",
        "Solicito o cancelamento do contrato CT-2021-1042 que temos com a NuvemJTI.",
        "Solicito o cancelamento do contrato da NuvemJTI. Protocolo CAN-20261122-7F3KQ2.",
        "Solicito o cancelamento do contrato da empresa. Migramos para a Vozel.",
        "Solicito o cancelamento do contrato em nome de Rita Souza.",
    ],
)
def test_text_that_names_the_customer_and_us_counts_P7(text: str) -> None:
    assert of_acme(text).action is Action.ACCEPT


def test_our_own_cnpj_and_the_signature_of_an_accountant_are_no_other_customer_P7() -> None:
    ours = Provider(cnpjs=("11444777000161",))
    text = "À NuvemJTI, CNPJ 11.444.777/0001-61: solicito o cancelamento do contrato."
    assert of_acme(text).action is Action.TRIAGE
    assert of_acme(text, provider=ours).action is Action.ACCEPT
    signed = "Solicito o cancelamento do contrato. Motivo: custo.\n\nAtt,\nRita\nBeta Contabilidade Ltda"
    got = understand(read_message(message(signed)), KNOWN_DIRECTORY, MAILBOXES, TRUSTED, now=NOW)
    assert got.action is Action.ACCEPT


@pytest.mark.parametrize(
    ("date", "action"),
    [
        ("Sun, 22 Nov 2026 10:14:50 -0300", Action.ACCEPT),
        ("Wed, 18 Nov 2026 10:14:50 -0300", Action.ACCEPT),
        ("Thu, 26 Nov 2026 10:14:50 -0300", Action.ACCEPT),
        ("Mon, 16 Nov 2026 10:14:50 -0300", Action.TRIAGE),
        ("Fri, 22 Nov 2024 10:14:50 -0300", Action.TRIAGE),
        ("Sat, 05 Dec 2026 10:14:50 -0300", Action.TRIAGE),
        ("ontem", Action.TRIAGE),
        (None, Action.TRIAGE),
    ],
)
def test_old_mail_sent_again_and_mail_without_a_date_go_to_a_person_X9(
    date: str | None, action: Action
) -> None:
    written = f"Date: {date}\n" if date else ""
    raw = message().replace(b"Date: Sun, 22 Nov 2026 10:14:50 -0300\n", written.encode())
    reading = read_message(raw)
    got = understand(reading, DIRECTORY, MAILBOXES, TRUSTED, now=NOW)
    assert got.action is action
    assert (got.explicit_request is True) == (action is Action.ACCEPT)
    by_hand = understand(reading, DIRECTORY, MAILBOXES, TRUSTED, now=NOW, mail_age_days=None)
    assert by_hand.action is Action.ACCEPT
    patient = understand(reading, DIRECTORY, MAILBOXES, TRUSTED, now=NOW, mail_age_days=365 * 3)
    assert (patient.action is Action.ACCEPT) == (date not in (None, "ontem"))


def test_agent_of_several_customers_needs_to_name_one() -> None:
    results = "mx.nuvemjti.com.br; dmarc=pass header.from=gestao.com.br"
    assert decided(message(sender="agencia@gestao.com.br", results=results)).action is Action.TRIAGE
    directory = DIRECTORY.model_copy(
        update={
            "customer_numbers": {
                "77": (OTHER.model_copy(update={"authorised_emails": ("agencia@gestao.com.br",)}),)
            }
        }
    )
    raw = message(f"Cliente nº 77. {REQUEST}", sender="agencia@gestao.com.br", results=results)
    got = understand(read_message(raw), directory, MAILBOXES, TRUSTED)
    assert (got.customer_id, got.action) == ("77", Action.ACCEPT)


@pytest.mark.parametrize(
    "raw",
    [
        message(
            "Estou de férias até 20/01.",
            subject="Resposta automática: Cancelamento",
            extra=(("Auto-Submitted", "auto-replied"),),
        ),
        message(sender=MAILBOXES[1]),
        message("Segue o comprovante de pagamento.", subject="Comprovante"),
    ],
)
def test_automatic_own_and_unrelated_mail_is_left_alone(raw: bytes) -> None:
    got = decided(raw)
    assert got.action is Action.IGNORE
    assert got.missing == ()


def test_own_mailbox_kept_as_a_group_does_not_hide_the_customer() -> None:
    group = (("List-Id", "<comercial.nuvemjti.com.br>"), ("Precedence", "list"))
    assert decided(message(extra=group)).action is Action.ACCEPT
    rewritten = (*group, ("X-Original-From", "rita@acme.com.br"))
    assert (
        decided(message(sender=f"'Rita' via Comercial <{MAILBOXES[1]}>", extra=rewritten)).action
        is Action.TRIAGE
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"From: rita@acme.com.br\n\n",
        b"From: rita@acme.com.br\nSubject: x\nContent-Type: application/pkcs7-mime\n\nAAAA",
        message("-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----"),
    ],
)
def test_what_cannot_be_read_goes_to_a_person_X8(raw: bytes) -> None:
    assert decided(raw).action is Action.TRIAGE


def test_request_in_an_attachment_alone_goes_to_a_person() -> None:
    assert decided(message("Segue em anexo a carta assinada.")).action is Action.TRIAGE


def test_receipt_in_the_future_is_refused_P8() -> None:
    reading = read_message(message(), delivered_at=NOW + timedelta(hours=1))
    assert understand(reading, DIRECTORY, MAILBOXES, TRUSTED, now=NOW).action is Action.REFUSE
    soon = read_message(message(), delivered_at=NOW + timedelta(minutes=1))
    assert understand(soon, DIRECTORY, MAILBOXES, TRUSTED, now=NOW).action is Action.ACCEPT


def test_circling_message_is_refused() -> None:
    hops = tuple(("Received", "by mx.nuvemjti.com.br; Sun, 22 Nov 2026 10:15:00 -0300") for _ in range(60))
    assert decided(message(top=hops)).action is Action.REFUSE


def test_clues_are_what_the_caller_must_look_up() -> None:
    clues = clues_of(
        read_message(
            message(f"{REQUEST}\nCNPJ 11.222.333/0001-81, cliente nº 1042", subject="CAN-20261122-7F3KQ2")
        )
    )
    assert clues.addresses == ("rita@acme.com.br",)
    assert clues.protocols == ("CAN-20261122-7F3KQ2",)
    assert clues.cnpjs == ("11222333000181",)


def test_why_is_portuguese_and_names_the_mailboxes_nowhere_else() -> None:
    got = decided(message())
    assert got.why[0] == "O texto pede o cancelamento do contrato de forma explícita."
    assert all(line.endswith((".", ")")) for line in got.why)


@pytest.mark.parametrize(
    ("header", "action"),
    [
        (("Auto-Submitted", "auto-replied"), Action.TRIAGE),
        (("Return-Path", "<>"), Action.TRIAGE),
        (("X-Autoreply", "yes"), Action.TRIAGE),
        (("List-Id", "<novidades.loja.com.br>"), Action.ACCEPT),
        (("Feedback-ID", "1:2:x"), Action.ACCEPT),
        (("Precedence", "bulk"), Action.ACCEPT),
    ],
)
def test_signs_of_how_a_mail_was_sent_do_not_say_whether_it_counts_X15(
    header: tuple[str, str], action: Action
) -> None:
    got = decided(message(extra=(header,)))
    assert (got.action, got.explicit_request, got.automatic) == (action, True, False)


def test_what_may_not_be_answered_is_not_asked_for_what_is_missing_X15() -> None:
    text = "Solicito o cancelamento do contrato."
    assert decided(message(text)).action is Action.INCOMPLETE
    assert decided(message(text, extra=(("Precedence", "bulk"),))).action is Action.TRIAGE


@pytest.mark.parametrize("sign", [(), (("Auto-Submitted", "auto-replied"),)])
@pytest.mark.parametrize(
    "words",
    ["Estou de férias até 20/01.", "Estou de férias até 20/01. Podem cancelar o contrato.", "Até logo."],
)
def test_a_mail_is_proven_automatic_by_sign_and_words_together_X15(
    sign: tuple[tuple[str, str], ...], words: str
) -> None:
    got = decided(message(words, subject="Re: Cancelamento", extra=sign))
    assert got.automatic == (bool(sign) and words == "Estou de férias até 20/01.")


def test_the_sentences_that_were_taken_for_the_request_are_told_X14() -> None:
    text = "Boa tarde, tudo bem? Solicito o cancelamento do contrato. Motivo: preço alto. Obrigada!"
    assert decided(message(text)).request_words == ("Solicito o cancelamento do contrato.",)
    assert decided(message("Motivo: preço alto.")).request_words == ()
