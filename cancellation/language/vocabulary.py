"""The codes of the process as people say them, one wording a code, wherever it is read.

Letters, CRM tasks, the trail, the Web UI and the terminal all take their words from here.
"""

from typing import Final, NamedTuple

from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.stage import Stage
from cancellation.domain.values import (
    Authentication,
    Channel,
    OfferKind,
    OfferStatus,
    PortStatus,
    ReasonCategory,
    Released,
    Team,
)
from cancellation.language.words import counted

_RECIPIENT: Final = "recipient:"


class _Place(NamedTuple):
    """A stage: in full, and for a column."""

    whole: str
    short: str


class _Way(NamedTuple):
    """A channel: its name, and how a request came through it."""

    name: str
    by: str


class _Lack(NamedTuple):
    """What an e-mail lacks: by name, as the customer is told, and as the doubt that it leaves."""

    name: str
    to_customer: str
    doubt: str


_STAGES: Final = {
    Stage.RETENTION: _Place("Em retenção com o Comercial", "Retenção"),
    Stage.AWAITING_FORMALIZATION: _Place("Aguardando formalização por e-mail", "Formalização"),
    Stage.NOTICE: _Place("Aviso prévio em curso", "Aviso prévio"),
    Stage.CLOSING: _Place("Encerramento em curso", "Encerramento"),
    Stage.CLOSED: _Place("Encerrado", "Encerrado"),
    Stage.RETAINED: _Place("Cliente retido", "Retido"),
    Stage.WITHDRAWN: _Place("Cliente desistiu do cancelamento", "Desistiu"),
    Stage.LAPSED: _Place("Prazo de formalização encerrado", "Prazo vencido"),
    Stage.DISCARDED: _Place("Descartado", "Descartado"),
}
_CHANNELS: Final = {
    Channel.WHATSAPP: _Way("WhatsApp", "pelo WhatsApp"),
    Channel.PHONE: _Way("telefone", "por telefone"),
    Channel.EMAIL: _Way("e-mail", "por e-mail"),
    Channel.CHATBOT: _Way("chatbot", "pelo chatbot"),
    Channel.OTHER: _Way("outro canal", "por outro canal"),
}
_OFFERS: Final = {
    OfferKind.PLAN_ADJUSTMENT: "ajuste de plano",
    OfferKind.TECHNICAL_FIX: "correção técnica",
    OfferKind.COMMERCIAL_TERMS: "condições comerciais",
    OfferKind.TRAINING: "treinamento ou reconfiguração",
}
_OFFER_STATUSES: Final = {
    OfferStatus.MADE: "apresentada",
    OfferStatus.ACCEPTED: "aceita",
    OfferStatus.REFUSED: "recusada",
}
_REASONS: Final = {
    ReasonCategory.PRICE: "preço",
    ReasonCategory.TECHNICAL: "problemas técnicos",
    ReasonCategory.COMPETITOR: "mudança para outra operadora",
    ReasonCategory.BUSINESS_CLOSED: "encerramento das atividades da empresa",
    ReasonCategory.SUPPORT: "atendimento",
    ReasonCategory.FEATURES: "falta de recursos",
    ReasonCategory.OTHER: "outro motivo",
}
_PORTS: Final = {
    PortStatus.REQUESTED: "solicitada",
    PortStatus.COMPLETED: "concluída",
    PortStatus.REJECTED: "rejeitada",
    PortStatus.CANCELLED: "cancelada",
}
_HOLD_ENDS: Final = {
    "completed": "portado depois do aviso",
    "expired": "liberado sem portabilidade",
}
_LACKS: Final = {
    "explicit_request": _Lack(
        "o pedido explícito de cancelamento",
        "o pedido explícito de cancelamento (como “Solicito o cancelamento dos serviços”)",
        "não está claro se há um pedido explícito de cancelamento",
    ),
    "reason": _Lack(
        "o motivo do cancelamento",
        "o motivo do cancelamento (uma frase já basta)",
        "o motivo do cancelamento não aparece",
    ),
    "sender": _Lack(
        "o envio por um contato autorizado do cliente no CRM",
        "o envio a partir do endereço de um contato autorizado em nosso cadastro",
        "o remetente não é um contato autorizado do cliente no CRM",
    ),
    "reading": _Lack(
        "a leitura do e-mail por uma pessoa",
        "a leitura da mensagem pelo nosso time Comercial",
        "a leitura automática não é segura: uma pessoa precisa ler",
    ),
    "authentication": _Lack(
        "a autenticidade do remetente (SPF, DKIM ou DMARC)",
        "a confirmação de que a mensagem partiu mesmo do seu servidor de e-mail",
        "o nosso servidor não confirmou a autenticidade do remetente (SPF, DKIM ou DMARC)",
    ),
}
_UNKNOWN_LACK: Final = _Lack(
    "uma informação que uma pessoa precisa conferir",
    "uma informação que o nosso time Comercial vai explicar",
    "há algo na mensagem que uma pessoa precisa conferir",
)
_ASKED: Final[dict[bool | str, str]] = {True: "sim", False: "não", "unsure": "em dúvida"}
_VERDICTS: Final = {
    Authentication.PASS: "passou",
    Authentication.FAIL: "reprovada",
    Authentication.NONE: "sem veredito",
}
_DUES: Final = {
    "lapse": "Fim do prazo para formalizar",
    "notice_end": "Fim do aviso prévio",
    "hold_end": "Fim da retenção do número",
    "remind_commercial": "Lembrete ao Comercial",
    "decision": "Fim da espera pela decisão sobre um e-mail",
    "remind_mail": "Lembrete da decisão sobre um e-mail",
    "remind_formalization": "Lembrete da formalização",
    "remind_portability": "Lembrete da portabilidade",
    "remind_link": "Lembrete do link das gravações",
    "retry": "Nova tentativa de uma etapa recusada",
    "give_up": "Fim das tentativas de entregar uma mensagem",
}
_STEPS: Final = {
    "open_case": "Registrar o caso e a tarefa do Comercial no CRM",
    "record_case": "Registrar no CRM",
    "restore_records": "Registrar de novo o que o CRM perdeu",
    "read_inventory": "Ler os recursos do cliente na telefonia",
    "record_port": "Registrar a portabilidade na telefonia",
    "plan_billing_end": "Programar o fim da cobrança",
    "lift_billing_end": "Retomar a cobrança normal",
    "deactivate_services": "Desativar os serviços",
    "release_resources": "Liberar ramais, troncos, licenças e números",
    "close_billing": "Encerrar e conferir o faturamento",
    "export_recordings": "Exportar as gravações",
    "revoke_links": "Invalidar os links de download",
    "purge_recordings": "Remover as gravações",
    "send_letters": "Enviar mensagens",
    "mail": "Decidir sobre um e-mail do cliente",
    "waiting": "Registrar o resultado da conversa com o cliente",
}
_UNDELIVERED: Final = {
    "no_contact": "o cliente não tem contato autorizado com e-mail",
    "put_off": "o servidor de destino adiou a entrega até o fim das tentativas",
}
_TASKS: Final = {
    "commercial": "falar com o cliente",
    "formalization": "aguardar a formalização",
    "d30": "término do aviso prévio",
    "final_billing": "faturamento final",
    "shutdown_plan": "planejar o desligamento",
    "mail": "decidir sobre um e-mail",
    "confirm_notice": "conferir o e-mail que começou o aviso prévio",
    "offer": "cumprir a oferta aceita",
    "attention": "etapa parada",
    "silence": "registrar o resultado",
    "undelivered": "mensagem não entregue",
    "reason_of_stop": "informar o motivo da interrupção",
    "not_delivered": "gravações fora do arquivo entregue",
    "odd_numbers": "números a corrigir na telefonia",
    "doubtful_amounts": "valores a conferir no faturamento",
    "refund": "crédito a devolver",
    "not_removed": "gravações a remover à mão",
    "nothing_to_close": "responder a quem já está cancelado",
    "watch_voided": "causa de cobrança indevida anulada",
    "watch_repay": "cobrança indevida a devolver",
    "watch_review": "cobrança indevida a conferir",
    "watch_revived": "recurso em uso depois do encerramento",
    "watch_overdue": "declaração de quitação parada",
    "watch_statement": "declaração de quitação a entregar",
}
_SYSTEMS: Final = {
    "open_case": "no CRM",
    "record_case": "no CRM",
    "restore_records": "no CRM e no Temporal",
    "read_inventory": "na telefonia",
    "record_port": "na telefonia",
    "plan_billing_end": "no faturamento",
    "lift_billing_end": "no faturamento",
    "deactivate_services": "na telefonia",
    "release_resources": "na telefonia",
    "close_billing": "no faturamento",
    "export_recordings": "no armazenamento das gravações",
    "revoke_links": "no armazenamento das gravações",
    "purge_recordings": "no armazenamento das gravações",
    "send_letters": "no servidor de e-mail",
}
_LETTERS: Final = {
    LetterKind.REQUEST_TO_COMMERCIAL: "aviso do pedido ao Comercial",
    LetterKind.REQUEST_RECEIVED: "confirmação do pedido, com o protocolo",
    LetterKind.SCRIPT: "orientações para formalizar o cancelamento",
    LetterKind.WHAT_IS_MISSING: "aviso do que falta na formalização",
    LetterKind.MAIL_TO_DECIDE: "e-mail a conferir pelo Comercial",
    LetterKind.REMIND_MAIL: "lembrete de e-mail à espera de decisão",
    LetterKind.NOTICE_TO_CONFIRM: "aviso prévio a conferir pelo Comercial",
    LetterKind.MAIL_WITHOUT_CASE: "e-mail sem caso, a ler pelo Comercial",
    LetterKind.FINDINGS: "resultado da conferência dos registros",
    LetterKind.FORMALIZED_EARLY: "confirmação de formalização recebida antes da decisão",
    LetterKind.FORMALIZED_EARLY_TO_COMMERCIAL: "aviso ao Comercial de formalização recebida antes da decisão",
    LetterKind.EARLY_UNDONE: "aviso de que a formalização recebida não conta mais",
    LetterKind.EARLY_UNDONE_TO_COMMERCIAL: "aviso ao Comercial de que a formalização recebida não conta mais",
    LetterKind.NOTICE_STARTED: "confirmação da formalização, com as datas do aviso prévio",
    LetterKind.PORT_NOTED: "recibo da portabilidade de um número",
    LetterKind.FINAL_BILLING: "aviso de faturamento final ao Financeiro",
    LetterKind.SHUTDOWN_PLAN: "planejamento de desligamento ao Suporte",
    LetterKind.RECORDINGS_READY: "link para baixar as gravações",
    LetterKind.NO_RECORDINGS: "aviso de que não há gravações a entregar",
    LetterKind.RETAINED: "confirmação de que o cliente permanece",
    LetterKind.WITHDRAWN: "confirmação da desistência do cancelamento",
    LetterKind.WITHDRAWN_TO_TEAM: "aviso interno de que o cancelamento foi desfeito",
    LetterKind.LAPSED: "aviso de fim do prazo para formalizar",
    LetterKind.LAPSED_TO_COMMERCIAL: "aviso ao Comercial de fim do prazo para formalizar",
    LetterKind.DISCARDED: "aviso de que o cancelamento foi interrompido",
    LetterKind.DISCARDED_TO_TEAM: "aviso interno de que o cancelamento foi interrompido",
    LetterKind.DISCARDED_TO_COMMERCIAL: "aviso ao Comercial de caso descartado",
    LetterKind.NOTHING_TO_CLOSE: "aviso ao Comercial de pedido de quem já está cancelado",
    LetterKind.CLOSED: "confirmação de encerramento",
    LetterKind.CLOSED_TO_TEAM: "aviso interno de encerramento",
    LetterKind.HOLD_ENDED: "aviso sobre número mantido para portabilidade",
    LetterKind.HOLD_ENDED_TO_TEAM: "aviso interno sobre número mantido para portabilidade",
    LetterKind.ATTENTION: "pedido de atenção",
    LetterKind.REMIND_COMMERCIAL: "lembrete ao Comercial",
    LetterKind.REMIND_FORMALIZATION: "lembrete da formalização",
    LetterKind.REMIND_PORTABILITY: "lembrete do prazo de portabilidade",
    LetterKind.REMIND_LINK: "lembrete do link das gravações",
    LetterKind.UNDELIVERED: "aviso de mensagem não entregue",
    LetterKind.BOUNCED: "aviso de mensagem devolvida",
    LetterKind.UNDUE_FOUND: "aviso ao Financeiro de cobrança indevida depois do encerramento",
    LetterKind.REVIVED: "aviso ao Suporte de recurso em uso depois do encerramento",
    LetterKind.NO_DEBT: "declaração de quitação",
}
_WATCH_ACTS: Final = {
    "voided": "cobrança indevida anulada",
    "repay": "devolução de cobrança indevida pedida ao Financeiro",
    "review": "cobrança indevida a conferir pelo Financeiro",
    "revived": "recurso em uso a conferir pelo Suporte",
    "overdue": "declaração de quitação parada por pendência",
    "no_debt": "nada consta em aberto",
    "told": "mensagem enviada",
    "not_told": "mensagem não entregue",
}
_ACCESSES: Final = {
    "page": "página aberta",
    "file": "arquivo baixado",
    "redirect": "arquivo baixado direto do armazenamento",
    "dead": "recusado, o link já não valia",
}
_MESSAGES: Final = {
    "request": "pedido do cliente",
    "retention_offer": "oferta de retenção",
    "retention_outcome": "resultado da retenção",
    "formalization": "e-mail de formalização",
    "portability": "portabilidade de um número",
    "recordings_request": "pedido das gravações",
    "withdrawal": "desistência do cancelamento",
    "discard": "descarte do caso",
    "bounce": "devolução de uma mensagem nossa",
    "resend": "novo envio de uma mensagem ao cliente",
}
_ENVELOPE: Final = {
    "message_id": "identificação",
    "occurred_at": "data e hora",
    "actor": "autor",
}
_RESOURCES: Final = {
    "extension": ("ramal", "ramais"),
    "trunk": ("tronco", "troncos"),
    "licence": ("licença", "licenças"),
    "number": ("número", "números"),
}


def stage(value: Stage) -> str:
    """Where a case stands."""
    return _STAGES[value].whole


def short_stage(value: Stage) -> str:
    """The same for a column of a table."""
    return _STAGES[value].short


def channel(value: Channel) -> str:
    """`whatsapp` as `WhatsApp`, `phone` as `telefone`."""
    return _CHANNELS[value].name


def by_channel(value: Channel) -> str:
    """`pelo WhatsApp`, `por telefone`."""
    return _CHANNELS[value].by


def offer_kind(value: OfferKind) -> str:
    """The kind of a retention offer, as the procedure calls it."""
    return _OFFERS[value]


def offer_status(value: OfferStatus) -> str:
    """What became of an offer."""
    return _OFFER_STATUSES[value]


def reason_category(value: ReasonCategory) -> str:
    """Why a customer leaves, as people say it."""
    return _REASONS[value]


def port_status(value: PortStatus) -> str:
    """How a number's portability stands."""
    return _PORTS[value]


def hold_end(ended: str | None) -> str:
    """How the keeping of a number ended."""
    return _HOLD_ENDS.get(ended or "", "ainda mantido")


def missing(code: str) -> str:
    """What a formalization still lacks, by name, with its article."""
    return f"o envio para {_mailbox(code)}" if _mailbox(code) else _lack(code).name


def missing_for_customer(code: str) -> str:
    """What a formalization still lacks, explained to the customer (P7)."""
    return f"o envio para {_mailbox(code)}" if _mailbox(code) else _lack(code).to_customer


def doubt(code: str) -> str:
    """Why an e-mail cannot count by itself, for Commercial (X9)."""
    return f"não chegou a {_mailbox(code)}" if _mailbox(code) else _lack(code).doubt


def is_mailbox(code: str) -> bool:
    """Whether what is missing is only that a mailbox was reached."""
    return bool(_mailbox(code))


def asked(explicit: bool | str) -> str:
    """Whether an e-mail holds an explicit request; `unsure` where a person has to read it."""
    return _ASKED[explicit]


def verdict(value: Authentication) -> str:
    """What the receiving server said of an e-mail's authentication (X9)."""
    return _VERDICTS[value]


def due(what: str) -> str:
    """What will happen at a due instant."""
    return _DUES.get(what.partition(":")[0], what)


def step(name: str) -> str:
    """What an activity does, by the name of the activity."""
    return _STEPS.get(name, name)


def in_system(step_name: str) -> str:
    """Where a step is done, `na telefonia`; of an unknown one, `no sistema dessa etapa`."""
    return _SYSTEMS.get(step_name, "no sistema dessa etapa")


def letter(kind: LetterKind) -> str:
    """What a message is, for the trail and for people."""
    return _LETTERS[kind]


def audience(team: Team | None) -> str:
    """Whom a message is for: `cliente`, `Financeiro`."""
    return team.label if team else "cliente"


def undelivered(why: str) -> str:
    """Why a letter did not arrive: our own codes in words, a mail server's words as they are."""
    return _UNDELIVERED.get(why, why)


def task(key: str) -> str:
    """What a CRM task is about, by its key."""
    return _TASKS.get(key.partition(":")[0], key)


def watch_act(kind: str) -> str:
    """What the billing watch recorded, without saying of whom."""
    return _WATCH_ACTS.get(kind, kind)


def access(kind: str) -> str:
    """What somebody got who came with a download link."""
    return _ACCESSES.get(kind, kind)


def message_name(name: str) -> str:
    """The kind of a message; a name that is none is quoted."""
    return _MESSAGES.get(name, f"“{name}”")


def envelope_field(name: str) -> str:
    """What a field is about that every message may carry."""
    return _ENVELOPE[name]


def resource(kind: str) -> str:
    """One extension, trunk, licence or number, by kind."""
    return _RESOURCES[kind][0]


def resources(kind: str, count: int) -> str:
    """`1 ramal`, `3 ramais`, by kind."""
    return counted(count, *_RESOURCES[kind])


def released(what: Released) -> list[str]:
    """What closing released, kind by kind; kinds without any are left out (P17)."""
    counts = {
        "extension": what.extensions,
        "trunk": what.trunks,
        "licence": what.licences,
        "number": what.numbers,
    }
    return [resources(kind, count) for kind, count in counts.items() if count]


def _mailbox(code: str) -> str:
    return code.removeprefix(_RECIPIENT) if code.startswith(_RECIPIENT) else ""


def _lack(code: str) -> _Lack:
    return _LACKS.get(code, _UNKNOWN_LACK)
