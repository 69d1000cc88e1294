"""What in a message names its customer."""

import pytest

from cancellation.understanding import clues_in, valid_cnpj
from cancellation.understanding.domains import aligned, looks_like, organisational_domain


@pytest.mark.parametrize("written", ["CAN-20261122-7F3KQ2", "can-20261122-7f3kq2", "CAN 20261122 7F3KQ2"])
def test_protocol_is_found_as_customers_write_it_X12(written: str) -> None:
    assert clues_in([], f"Re: [{written}] Cancelamento", "").protocols == ("CAN-20261122-7F3KQ2",)
    assert clues_in([], "", "", "> protocolo " + written).protocols == ("CAN-20261122-7F3KQ2",)


def test_cnpj_counts_only_with_right_check_digits() -> None:
    found = clues_in([], "", "CNPJ 11.222.333/0001-81 e 11.222.333/0001-82, também 12ABC34501DE35")
    assert found.cnpjs == ("11222333000181", "12ABC34501DE35")
    assert valid_cnpj("00000000000000") is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("cliente nº 1042", "1042"),
        ("Código do cliente: 77", "77"),
        ("sou o cliente 1042", "1042"),
        ("ID do cliente 9", "9"),
        ("o contrato da Acme Ferragens, cliente\n1042. Motivo: custo", "1042"),
    ],
)
def test_customer_number_is_found(text: str, number: str) -> None:
    assert clues_in([], "", text).customer_numbers == (number,)


def test_other_numbers_are_not_customer_numbers() -> None:
    assert clues_in([], "NF 3321", "boleto 8812 de 10/01, ramal 205, 11 4000-1000").customer_numbers == ()
    assert clues_in([], "Somos cliente", "2 meses atrás\n\nAtt, cliente\n\n1042 vezes").customer_numbers == ()


def test_organisation_is_what_was_registered() -> None:
    assert organisational_domain("mail.acme.com.br") == "acme.com.br"
    assert organisational_domain("com.br") is None
    assert aligned("a.acme.com.br", "b.acme.com.br")
    assert not aligned("acme.com.br", "outra.com.br")
    assert not aligned("com.br", "com.br")


@pytest.mark.parametrize(
    "imitation",
    ["acrne.com.br", "acmme.com.br", "acme.co", "\u0430cme.com.br", "acme.com", "amce.com.br"],
)
def test_look_alike_domain_is_seen_X9(imitation: str) -> None:
    assert looks_like(imitation, ["acme.com.br"]) == "acme.com.br"


@pytest.mark.parametrize("honest", ["mail.acme.com.br", "gmail.com", "padarialima.com.br"])
def test_honest_domain_is_no_look_alike(honest: str) -> None:
    assert looks_like(honest, ["acme.com.br", "hotmail.com"]) is None
