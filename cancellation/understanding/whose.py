"""Companies that a text names: a request for somebody else's contract is none of the sender's (X9)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

_CAPITAL = "A-ZÁÀÂÃÉÊÍÓÔÕÚÇ"
_WORD = rf"(?:[{_CAPITAL}]\w{{0,3}}\.|[{_CAPITAL}0-9][\w&'’-]*(?:\.[\w&'’-]+)*)"
_JOINS = r"(?:e|de|da|do|das|dos|&)"
_NAME = rf"{_WORD}(?:[ \t]+(?:{_JOINS}[ \t]+)?{_WORD}){{0,7}}"
"""On one line: what stands on the next one is another label, a greeting, a signature."""
_SUFFIX = re.compile(
    r"[,\s-]\s*(?P<suffix>(?i:ltda|eireli)\b|S[./]\s?A\b|SA\b(?=[\s.,;)])|(?:ME|MEI|EPP|SLU)\b(?=[\s.,;)]|$))"
)
_NAME_BEFORE = re.compile(rf"(?:{_NAME})$")
_LOWER_BEFORE = re.compile(r"((?:[\w&'’.-]+[ \t]+){0,3}[\w&'’.-]+)$")
_OWNER = re.compile(
    r"(?i:\b(?:empresa|firma|grupo|raz[ãa]o social|contratante|titular|em nome d[aeo]|cl[íi]nica|loja|hotel|"
    r"restaurante|escola|padaria|farm[áa]cia|cliente)\b)"
    rf"(?:[ \t]*:[ \t]*|[ \t]+(?:d[aeo][ \t]+)?)[\"“]?(?P<name>{_NAME})"
)
_CONTRACT_OF = re.compile(
    r"(?i:\b(?:contrato|conta|assinatura|cadastro|linhas|ramais|servi[çc]os?)[ \t]+(?:da|do|em nome d[aeo])[ \t]+)"
    rf"[\"“]?(?P<name>{_NAME})"
)
_STOP = frozenset(
    re.findall(
        r"\w+",
        """
    a o as os e de da do das dos em no na nos nas com para por pela pelo um uma que se ltda eireli me mei epp
    sa slu cia companhia empresa firma grupo filial matriz loja comercio comercial industria servico servicos
    solucoes sistemas tecnologia consultoria assessoria representacoes distribuidora importacao exportacao
    brasil brasileira nacional participacoes empreendimentos associados associacao instituto fundacao
    sociedade sociedades contrato contratos conta cliente razao social nome titular contratante cancelamento
    rescisao prezados prezado senhores bom boa dia tarde noite ola att atenciosamente motivo pedido solicito
    favor nuvem telefonia pabx pbx voip sip ip plano pacote internet central virtual ramal ramais linha
    linhas numero cnpj cpf rg cep tel fone obs nf os rua av avenida
    """,
    )
)
"""Words that are in the names of many companies, and words that stand beside a name."""
_MOST = 20


def companies_in(text: str) -> tuple[str, ...]:
    """Return the names of companies in a text, as they are written.

    Found are names with a legal form (Ltda, S.A., ME), names behind a word such as "empresa", and what a contract
    is said to be of.
    """
    found = dict.fromkeys(name.strip(' .,;-"“”') for name in _named(text))
    return tuple(name for name in found if _telling(name))[:_MOST]


def names_agree(name: str, own: Iterable[str]) -> bool:
    """Tell whether a company's name may be one of these: a telling word of it is in one of them.

    Args:
        name: As a text has it.
        own: Names in the CRM, and domains of e-mail addresses.
    """
    words = _telling(name)
    if not words:
        return True
    for other in own:
        if words & _telling(other):
            return True
        label = _folded(other).partition(".")[0]
        if "." in other and any(len(word) >= 3 and word in label for word in words):
            return True
    return False


def other_contracts(text: str, own: str) -> tuple[str, ...]:
    """Return the contract numbers in a text that are of the form of the sender's own, and are not it."""
    shape = re.sub(r"\d+", r"\\d+", re.escape(own.strip()))
    if not re.search(r"\d{3}", own):
        return ()
    found = (
        match.group().upper() for match in re.finditer(rf"(?<![\w-]){shape}(?![\w-])", text, re.IGNORECASE)
    )
    return tuple(dict.fromkeys(number for number in found if number != own.strip().upper()))[:_MOST]


def _named(text: str) -> Iterator[str]:
    for suffix in _SUFFIX.finditer(text):
        before = text[max(0, suffix.start() - 120) : suffix.start()]
        name = _NAME_BEFORE.search(before)
        if name is None and suffix["suffix"].lower() in ("ltda", "eireli"):
            name = _LOWER_BEFORE.search(before)
        if name is not None:
            yield name.group()
    for line in text.split("\n"):
        if line.isupper():  # capitals say nothing there
            continue
        for pattern in (_OWNER, _CONTRACT_OF):
            yield from (found["name"] for found in pattern.finditer(line))


def _telling(name: str) -> frozenset[str]:
    words = re.findall(r"[^\W_]+", _folded(name))
    return frozenset(word for word in words if len(word) >= 2 and word not in _STOP and not word.isdigit())


def _folded(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
