"""Why the process says no, in words for whoever sent the message (X8)."""

from collections.abc import Callable
from typing import Any, Final

from cancellation.domain.refusal import Problem, RuleBroken
from cancellation.language import vocabulary

_MESSAGES: Final = {
    "retention_offer": "oferta",
    "recordings_request": "pedido de gravações",
}

_RULES: Final[dict[str, Callable[[Any], str]]] = {
    "not_in_this_stage": lambda d: f"não se aplica a um caso na etapa {_stage(d)}",
    "ended": lambda d: f"o caso já terminou ({_stage(d)}) e não muda mais",
    "message_not_in_this_stage": lambda d: (
        f"{_MESSAGES[d['message']]} não se aplica a um caso na etapa {_stage(d)}"
    ),
    "id_of_another_message": lambda _: "já usado por outra mensagem com outro conteúdo",
    "too_many_offers": lambda d: f"o caso já tem {d['most']} ofertas",
    "offer_of_another_kind": lambda d: (
        f"a oferta {d['offer_id']} foi registrada como {vocabulary.offer_kind(d['kind'])}"
    ),
    "offer_answered": lambda d: f"a oferta {d['offer_id']} já foi {vocabulary.offer_status(d['status'])}",
    "in_the_future": lambda _: "está no futuro",
    "after_the_term": lambda _: "o e-mail chegou depois do prazo para formalizar",
    "not_the_customers_number": lambda _: "o número não é de propriedade deste cliente",
    "not_held": lambda _: "o aviso prévio terminou e o número não está retido para portabilidade",
    "port_asked_for_too_late": lambda _: "o prazo para pedir a portabilidade terminou com o aviso prévio",
    "ported_already": lambda _: "a portabilidade deste número já foi concluída",
    "before_from_date": lambda _: "é anterior ao primeiro dia pedido",
    "not_an_authorised_contact": lambda _: "não é o endereço de um contato autorizado do cliente",
    "unknown_customer": lambda d: (
        f"o CRM não conhece o cliente {d['customer_id']}; o Comercial recebeu o "
        f"{'contato' if d['has_contact'] else 'pedido, sem um contato de quem o fez'}"
    ),
    "unknown_letter": lambda _: "nenhuma mensagem deste caso tem essa identificação",
    "not_sent_again": lambda d: (
        f"esta mensagem não foi devida ao cliente, ou já não vale, na etapa {_stage(d)}"
    ),
    "both_addresses": lambda _: "para corrigir um contato informe o endereço errado e o certo",
    "already_a_contact": lambda _: "já é o endereço de um contato autorizado do cliente",
    "too_late_to_undo": lambda _: "o encerramento já começou por este e-mail e não pode ser desfeito",
    "notice_runs": lambda _: "o aviso prévio ainda não terminou",
    "nothing_destructive_yet": lambda _: (
        "nenhum ato destrutivo sem formalização completa e aviso prévio encerrado"
    ),
}

CODES: Final = frozenset(_RULES)


def worded(broken: RuleBroken) -> Problem:
    """What is wrong, for whoever sent it."""
    return Problem(field=broken.field, problem=_RULES[broken.rule](broken.data))


def _stage(data: Any) -> str:
    return f"“{vocabulary.stage(data['stage'])}”"
