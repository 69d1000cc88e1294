"""Words of the figures, for the page, the table of the command line and CSV (X26)."""

from datetime import date
from typing import Final

from cancellation.domain.stage import Stage
from cancellation.domain.values import Channel, OfferKind, ReasonCategory
from cancellation.language import vocabulary, words
from cancellation.messages.mail_in import MailFate

_NOTHING: Final = {
    "reason": "sem motivo registrado",
    "offer": "sem oferta",
    "person": "sem resultado registrado",
}
_DIMENSIONS: Final = {
    "all": "Todos os casos",
    "reason": "Motivo",
    "offer": "Oferta feita",
    "channel": "Canal",
    "person": "Quem registrou o resultado",
}
_STEPS: Final = {
    "opened": "Pedidos de cancelamento",
    "offered": "Com oferta registrada",
    "decided": "Com resultado registrado",
    "retained": "Ficaram na conversa",
    "declined": "Mantiveram a decisão",
    "formalized": "Formalizaram",
    "withdrawn": "Desistiram no aviso prévio",
    "closed": "Cancelados",
    "lapsed": "Prazo de formalizar vencido",
    "discarded": "Abertos por engano",
    "open": "Em aberto",
}
_STANDINGS: Final = {
    "open": "em aberto",
    "stood": "ficou há 30 dias ou mais",
    "fresh": "ficou há menos de 30 dias",
    "back": "ficou e pediu de novo em 30 dias",
    "closed": "cancelado",
    "lapsed": "prazo vencido",
    "discarded": "aberto por engano",
}


_FATES: Final = {
    MailFate.OPENED: "abriu um caso",
    MailFate.REPORTED: "entrou no caso do cliente",
    MailFate.UNDECIDED: "no caso do cliente, deixado a uma pessoa",
    MailFate.TASK: "sem caso, deixado a uma pessoa",
    MailFate.AUTOMATIC: "resposta automática",
    MailFate.OWN: "escrito por uma das equipes",
    MailFate.RECORDED: "guardado: não pede nada, ou é cópia de outro",
}
_SIDES: Final = {"kept": "mantido", "lost": "perdido", "undecided": "ainda não se sabe"}


def answered(in_time: bool) -> str:
    """Cases with an outcome within seven days, or without."""
    return "Com resultado em até 7 dias" if in_time else "Sem resultado em 7 dias"


def in_stage(code: str) -> str:
    """Cases that have left a stage."""
    return f"Já passaram pela etapa: {vocabulary.short_stage(Stage(code)).lower()}"


def mails(left: bool) -> str:
    """E-mails that arrived, or those of them that were left to a person."""
    return "E-mails deixados a uma pessoa" if left else "E-mails recebidos"


def fate(of: MailFate | None) -> str:
    """What was done about an e-mail when it arrived."""
    return _FATES[of] if of is not None else "ainda não lido"


def worth(first_day: date, side: str) -> str:
    """What the requests of a month were worth: kept, lost, or not known yet."""
    return f"Valor mensal dos pedidos de {month(first_day)}: {_SIDES[side]}"


def dimension(code: str) -> str:
    """What saves are told apart by."""
    return _DIMENSIONS[code]


def step(code: str) -> str:
    """A step of the funnel."""
    return _STEPS[code]


def standing(code: str) -> str:
    """How a case counts."""
    return _STANDINGS[code]


def of_dimension(by: str, code: str) -> str:
    """A code within a dimension, such as the reason `price`; a person's name stays as it is."""
    if code == "—":
        return _NOTHING.get(by, code)
    match by:
        case "reason":
            return vocabulary.reason_category(ReasonCategory(code))
        case "offer":
            return vocabulary.offer_kind(OfferKind(code))
        case "channel":
            return vocabulary.channel(Channel(code))
        case "all":
            return _DIMENSIONS["all"].lower()
        case _:
            return code


def percent(share: float | None) -> str:
    """`42 %`; of nothing, a dash."""
    return "—" if share is None else f"{round(share * 100)} %"


def hours(count: float) -> str:
    """`3,5 horas`, `12 dias`."""
    if count >= 48:
        return words.days(round(count / 24))
    if count >= 1:
        return f"{count:.1f}".rstrip("0").rstrip(".").replace(".", ",") + (
            " hora" if count == 1 else " horas"
        )
    return words.counted(round(count * 60), "minuto", "minutos")


def month(first_day: date) -> str:
    """`11/2026`."""
    return f"{first_day:%m/%Y}"
