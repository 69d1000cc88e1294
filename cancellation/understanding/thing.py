"""What is to be cancelled: the contract as a whole, a part of it, something else, or nothing is named."""

from __future__ import annotations

import re
from enum import StrEnum

from cancellation.understanding import vocabulary as words
from cancellation.understanding.vocabulary import any_of


class Thing(StrEnum):
    """The object of a request."""

    WHOLE = "whole"
    UNNAMED = "unnamed"
    PART = "part"
    PERHAPS_WHOLE = "perhaps_whole"
    OTHER = "other"
    UNKNOWN = "unknown"


_THING = re.compile(
    rf"(?P<before>(?:[ ]+{any_of(words.BEFORE_THING)}(?!\w))*)(?:[ ](?:"
    rf"(?P<whole>{any_of(words.WHOLE)})|(?P<other>{any_of(words.OTHER_THING)})|"
    rf"(?P<part>{any_of(words.PART)})|"
    rf"(?P<perhaps_whole>{any_of(words.PERHAPS_WHOLE)})|(?P<unnamed>{any_of(words.NO_THING)})|"
    rf"(?P<unknown>\w+))(?!\w))?"
)
_ASIDE = re.compile(
    r"^,? (?:por favor|por gentileza|se possivel|imediatamente|desde ja|a partir de [^ ,]+|com "
    r"urgencia),(?= )|^, (?:por favor|por gentileza)(?= [oa]s? )"
)
_FROM_US = re.compile(r" (?:de voces|da nuvem)\b")
_ONE_OF = re.compile(r"\bum[a]? (?:d[oa]s|de)\b")
_ONLY_OF = re.compile(
    r"(?: \w+){0,2},? (?:somente|apenas|so|exclusivamente) (?:d?[oa]s?|n[oa]s?|para|referente)\b"
)
# "plano de" something: only what we sell is the contract, all else (saude, trabalho, acao) is another matter.
_OF_SOMETHING = re.compile(
    r"(?: d[oe]s? (?:(?:meu|nosso|um|uma|minha|seu) )?(?:client|amig|vizinh|marido|esposa|mae|pai|soci|"
    r"filh)\w*\b|"
    r" (?:d[oa]s? )?(?:usuari[oa]s?|funcionari[oa]s?|colaborador\w*|e-?mail|trabalho|predio|imovel|"
    r"sala|galpao|aluguel|seguro|carro|veiculo|condominio|energia|luz|agua|gas|escritorio|"
    r"eletronic[oa]|digital)\b|"
    r" (?:antig|velh|anterior)\w*\b|"
    r" de (?!(?:telefon\w*|pabx|pbx|voip|prestac\w+|servicos?|licenc\w+|nuvem|numero|n|no|nº|"
    r"telecom\w*|comunicac\w+|assinatura|"
    r"central|ip|voz|ramais|ramal|fornecimento|adesao|sip|troncos?|voces|dados|todos|toda|minha|nossa|"
    r"imediato|forma|vez|modo|uso|"
    r"ligac\w+|cloud|software|sistema|pessoa|contratac\w+|acordo|fato|tecnologia|call|plano|maneira|"
    r"hoje|agora|novembro|"
    r"dezembro|janeiro|fevereiro|marco|abril|maio|junho|julho|agosto|setembro|outubro|\d[\d./-]*)\b))"
)
_ONLY = re.compile(r"\b(?:apenas|somente|so|exclusivamente|unicamente)\b")
_ALL_OF_THEM = re.compile(r"\b(?:tod[oa]s|ambas|ambos)\b")
_NOT_WHOLE_AFTER = re.compile(
    r"(?: adicional| extra| opcional|(?: \w+)? de (?:gravacao|ura|fax|sms|0800|portabilidade|bloqueio|"
    r"siga-me|internet|link|e-?mail|hospedagem|"
    r"celular|manutencao|locacao|aluguel|comodato|backup|discador|chip|linha|instalacao|visita|suporte "
    r"premium))\b"
)
_PLACE_AFTER = re.compile(
    r"(?: (?:de|do|da|dos|das) \w+)? ?(?:d[oa]s?|n[oa]s?|para [oa]|(?:d|n)?ess[ea]|d?est[ea]|da nossa|"
    r"na nossa|da minha)"
    r" (?:filial|filiais|unidade|unidades|loja|lojas|sede|linha|numero|ramal|ramais \d)\b"
)
_OPERATOR_AFTER = re.compile(
    rf"(?: (?:de|do|da) \w+)?(?: que \w+(?: \w+)?)?(?: (?:com|d|n|junto) ?(?:a|o|e|as|os)?(?: (?:a|ao|"
    rf"empresa|operadora))*| "
    rf"(?:da|do|na|no)| com)"
    rf" (?:{any_of(words.OPERATORS)})\b"
)
_AND_THE_CONTRACT = re.compile(
    r"[^.;]{0,60}?(?: e|,)(?: d?[oa]s?| de| todo| toda| meu| nosso| tambem| com| inclusive)* "
    r"(?:contratos?|planos?|servicos?|conta|assinatura|tudo)\b"
)


def thing_after(text: str) -> Thing:
    """Tell what the words after an act of ending name; see `named_after`."""
    return named_after(text)[0]


def named_after(text: str) -> tuple[Thing, str]:
    """Tell what the words after an act of ending name.

    Args:
        text: The plain sentence from the end of the act on.

    Returns:
        What is to be ended, and the word itself. `Thing.UNKNOWN` for a word that no list holds: a person
        looks.
    """
    text = _ASIDE.sub("", text)
    match = _THING.match(text)
    if match is None or match.lastgroup in (None, "before"):
        return Thing.UNNAMED, ""
    kind, before, rest = Thing(match.lastgroup), match.group("before"), text[match.end() :]
    word = match.group(match.lastgroup)
    if kind is Thing.WHOLE:
        return (Thing.PERHAPS_WHOLE if _ONE_OF.search(before) else _narrowed(rest)), word
    if kind in (Thing.PART, Thing.PERHAPS_WHOLE):
        if _ALL_OF_THEM.search(before) or _AND_THE_CONTRACT.match(rest) or _FROM_US.match(rest):
            return Thing.WHOLE, word
        if _ONLY.search(before):
            return Thing.PART, word
    elif kind is Thing.OTHER and _AND_THE_CONTRACT.match(rest):
        return Thing.UNKNOWN, word
    return kind, word


def _narrowed(rest: str) -> Thing:
    if _OPERATOR_AFTER.match(rest):
        return Thing.OTHER
    if _PLACE_AFTER.match(rest) and not re.match(
        r"(?: (?:de|do|da) \w+)? d[ae]s? (?:minha|nossa)s? lojas?\b", rest
    ):
        return Thing.PERHAPS_WHOLE
    if _NOT_WHOLE_AFTER.match(rest):
        return Thing.PART
    if _ONLY_OF.match(rest):
        return Thing.PERHAPS_WHOLE
    return Thing.UNKNOWN if _OF_SOMETHING.match(rest) else Thing.WHOLE


# Said without "contrato" anywhere, "quero cancelar" may mean one of these.
OTHER_THING_NAMED = re.compile(
    rf"\b(?:boletos?|faturas?|cobrancas?|notas? fisca(?:l|is)|nfs?e?|pedidos?|visitas?|reuni(?:ao|oes)|"
    rf"agendamentos?|chamados?|"
    rf"tickets?|ordem|compras?|treinamentos?|eventos?|inscric(?:ao|oes)|newsletter|portabilidade|"
    rf"instalacao|call|pagamentos?|"
    rf"parcelas?|viagem|voo|consulta|entrega|curso|{any_of(words.PART)})\b"
)
WHOLE_NAMED = re.compile(
    r"\b(?:contratos?|planos?|assinatura|servicos?|pabx|central|telefonia|voip|conta|sistema|"
    r"plataforma|parceria|nuvem)\b"
)
