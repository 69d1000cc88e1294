"""What reconciliation has found, in words: the rule, both sides, and what a person may do (X11)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cancellation.domain.findings import Finding, Repair, Rule, Side, System
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.stage import Stage
from cancellation.domain.values import Team
from cancellation.language import vocabulary
from cancellation.language.words import counted, deadline, phone, printable, short_date, short_moment


@dataclass(frozen=True)
class _Words:
    """A rule in words."""

    title: str
    may_do: str


_WORDS: Final[Mapping[Rule, _Words]] = {
    Rule.CASE_WITHOUT_EXECUTION: _Words(
        "Caso aberto no CRM sem execução no Temporal",
        "Ninguém conduz este caso. Registrem o pedido de novo (mesa ou cancelamento open): o que ficou para trás é "
        "desfeito, ou o encerramento já começado é retomado.",
    ),
    Rule.EXECUTION_WITHOUT_CASE: _Words(
        "Execução no Temporal sem caso aberto no CRM",
        "Confiram se o banco foi restaurado de uma cópia. Se a execução é de teste, encerrem-na no Temporal; se é "
        "de um cliente de verdade, chamem quem cuida do sistema antes de mexer.",
    ),
    Rule.EXECUTION_WEDGED: _Words(
        "Execução que não avança",
        "É um defeito do programa, e o caso espera sem perder nada. Vejam o erro no Temporal e instalem a versão "
        "corrigida; não encerrem a execução.",
    ),
    Rule.STAGE_DIFFERS: _Words(
        "Etapa diferente no CRM e no Temporal",
        "Confiram se alguém mudou o caso no CRM à mão ou restaurou uma cópia. O caso vale como está no Temporal; o "
        "próximo registro dele leva a etapa ao CRM.",
    ),
    Rule.TRAIL_BEHIND: _Words(
        "Histórico do CRM mais curto que o do caso",
        "O CRM perdeu registros que já tinha, como depois de restaurar uma cópia. O caso escreve de novo o que ainda "
        "lembra assim que tiver algo a registrar, ou logo, com cancelamento recover --apply; confiram então o "
        "histórico.",
    ),
    Rule.TRAIL_AHEAD: _Words(
        "Histórico do CRM mais longo que o do caso",
        "A execução foi levada a um ponto anterior (Reset). Os registros a mais ficam no CRM e o caso continua depois "
        "deles: confiram se algum fato precisa ser registrado de novo.",
    ),
    Rule.TASK_DIFFERS: _Words(
        "Tarefa D+30 não combina com o fim do aviso prévio",
        "Corrijam a data da tarefa no CRM, ou abram-na de novo. O encerramento segue o Temporal, não a tarefa.",
    ),
    Rule.TIMER_MISSED: _Words(
        "Aviso prévio terminou e o caso não seguiu",
        "Confiram se o worker está no ar e se a execução mostra um erro no Temporal. O caso segue sozinho assim que "
        "puder; não é preciso reiniciar nada.",
    ),
    Rule.TASK_LEFT: _Words(
        "Tarefa aberta de um caso que já terminou",
        "Fechem a tarefa na mesa, dizendo que o caso terminou.",
    ),
    Rule.STATUS_UNEXPLAINED: _Words(
        "Status do cliente que nenhum caso explica",
        "Confiram quem mudou o status no CRM e corrijam-no; se o cliente está mesmo cancelando, registrem o pedido.",
    ),
    Rule.BILLING_END_LEFT: _Words(
        "Fim da cobrança programado sem cancelamento",
        "Se o caso terminou sem encerrar, a cobrança é retomada sozinha. Nos outros, confiram com o Comercial se o "
        "cliente sai e retirem a programação do faturamento.",
    ),
    Rule.LINK_LEFT: _Words(
        "Link de gravações que vale além do aviso prévio",
        "Se o caso terminou sem encerrar, o link é invalidado sozinho. Nos outros, confiram com o Comercial até quando "
        "ele deve valer.",
    ),
    Rule.EXPORT_WITHOUT_CASE: _Words(
        "Gravações exportadas sem caso no CRM",
        "Confiram se o banco foi restaurado de uma cópia, e se alguém recebeu este link. Invalidem-no se ninguém "
        "responde por ele.",
    ),
    Rule.LETTER_NOT_SENT: _Words(
        "Mensagem que não sai da fila",
        "Confiram o servidor de e-mail. A mensagem continua sendo tentada e sai sozinha quando ele a aceitar.",
    ),
    Rule.MAIL_NOT_HANDLED: _Words(
        "E-mail guardado e não tratado",
        "Leiam o original com cancelamento mail e a identificação abaixo. Se é do cliente, levem-no ao caso com "
        "cancelamento formalize; confiram também se o leitor de e-mails está no ar.",
    ),
    Rule.MAIL_UNDECIDED: _Words(
        "E-mail à espera de decisão há dias",
        "Abram a tarefa na mesa e digam o que o e-mail é. Enquanto ninguém decide, o cliente espera.",
    ),
    Rule.NUMBER_WITHOUT_HOLD: _Words(
        "Número em uso depois da liberação, sem portabilidade",
        "Confiram na telefonia por que o número continua em uso, e liberem-no ou registrem a portabilidade dele.",
    ),
}
_SYSTEMS: Final[Mapping[System, str]] = {
    System.ENGINE: "Temporal",
    System.CRM: "Caso",
    System.BILLING: "Faturamento",
    System.RECORDINGS: "Gravações",
    System.MAIL: "E-mail",
    System.TELEPHONY: "Telefonia",
}
_REPAIRS: Final[Mapping[Repair, str]] = {
    Repair.LIFT_BILLING_END: "a cobrança foi retomada",
    Repair.REVOKE_LINKS: "o link foi invalidado",
}
_STATES: Final[Mapping[str, str]] = {
    "closed": "encerrado",
    "registered": "registrado e não tratado",
    "passed_on": "passado adiante e não registrado",
    "active": "em uso",
    "deactivated": "desativado, não liberado",
    "not_running": "não está em andamento",
    "wedged": "as decisões falham seguidamente",
}
_AUDIENCES: Final[Mapping[str, str]] = {
    "customer": "ao cliente",
    **{team.value: f"ao {team.label}" for team in Team},
}
_LAST_DAYS: Final = frozenset({Rule.BILLING_END_LEFT, Rule.TIMER_MISSED})
_ABOUT_MAIL: Final = frozenset({Rule.MAIL_NOT_HANDLED, Rule.MAIL_UNDECIDED})
_OF_NOBODY: Final = "e-mail de cliente não identificado"
_SINCE: Final = "desde"
_UNTIL: Final = "até"
_INSTANTS: Final[Mapping[Rule, tuple[str, str]]] = {
    Rule.EXECUTION_WITHOUT_CASE: (_SINCE, "iniciada em"),
    Rule.EXECUTION_WEDGED: (_SINCE, "iniciada em"),
    Rule.TASK_DIFFERS: (_SINCE, _UNTIL),
    Rule.TIMER_MISSED: (_SINCE, _UNTIL),
    Rule.LINK_LEFT: (_SINCE, _UNTIL),
    Rule.BILLING_END_LEFT: (_SINCE, "programado em"),
    Rule.LETTER_NOT_SENT: ("em", "em"),
    Rule.MAIL_NOT_HANDLED: ("em", "em"),
    Rule.EXPORT_WITHOUT_CASE: ("em", "em"),
    Rule.NUMBER_WITHOUT_HOLD: ("liberação pedida em", _SINCE),
}
"""How an instant belongs to what the CRM and the other side say, where it is not since when that holds."""
_ENDED: Final = frozenset(stage.value for stage in Stage if stage.is_terminal)
_NOTHING: Final = "nada consta"


def title(rule: Rule) -> str:
    """What a rule is about."""
    return _WORDS[rule].title


def may_do(rule: Rule) -> str:
    """What a person may do about it."""
    return _WORDS[rule].may_do


def other_system(finding: Finding) -> str:
    """Whose word stands against the CRM's."""
    return _SYSTEMS[finding.terms.against]


def whose(finding: Finding, company: str | None = None) -> str:
    """`Acme Ltda, cliente 1042, protocolo CAN-…`, as far as that is known; else what it is about."""
    customer = f"cliente {finding.customer_id}" if finding.customer_id else ""
    protocol = f"protocolo {finding.protocol}" if finding.protocol else ""
    known = ", ".join(filter(None, (printable(company or ""), customer, protocol)))
    return known or (_OF_NOBODY if finding.rule in _ABOUT_MAIL else printable(finding.subject))


def crm_says(finding: Finding) -> str:
    """The CRM's side, in a phrase."""
    return _side(finding, finding.crm)


def other_says(finding: Finding) -> str:
    """The other side, in a phrase."""
    return _side(finding, finding.other)


def repaired(repair: Repair) -> str:
    """What was undone without asking."""
    return _REPAIRS[repair]


def _side(finding: Finding, side: Side) -> str:
    if side == Side():
        return _NOTHING
    rule, parts = finding.rule, []
    if side.name:
        parts.append(_name(rule, side.name))
    if side.state:
        parts.append(_state(rule, side.state))
    if side.count is not None:
        parts.append(_count(rule, side.count))
    if side.day is not None:
        parts.append(f"{'último dia' if rule in _LAST_DAYS else 'para'} {short_date(side.day)}")
    if side.at is not None:
        since = _since(finding, side)
        parts.append(f"{since} {deadline(side.at) if since == _UNTIL else short_moment(side.at)}")
    return ", ".join(parts)


def _name(rule: Rule, name: str) -> str:
    if rule is Rule.NUMBER_WITHOUT_HOLD:
        return phone(name)
    if rule is Rule.TASK_DIFFERS and name == "d30":
        return "tarefa D+30"
    if rule is Rule.LETTER_NOT_SENT and name in _AUDIENCES:
        return _AUDIENCES[name]
    return printable(name)


def _state(rule: Rule, state: str) -> str:
    if rule is Rule.LETTER_NOT_SENT:
        return vocabulary.letter(LetterKind(state)) if state in set(LetterKind) else state
    if rule is Rule.TASK_DIFFERS:
        return "fechada"
    if state in set(Stage):
        return vocabulary.stage(Stage(state))
    return _STATES.get(state, state)


def _count(rule: Rule, count: int) -> str:
    match rule:
        case Rule.TRAIL_AHEAD | Rule.TRAIL_BEHIND:
            return counted(count, "registro", "registros")
        case Rule.EXPORT_WITHOUT_CASE:
            return counted(count, "gravação", "gravações")
        case _:
            return counted(count, "tentativa", "tentativas")


def _since(finding: Finding, side: Side) -> str:
    """How an instant belongs to what was said."""
    of_crm, of_other = _INSTANTS.get(finding.rule, (_SINCE, _SINCE))
    if side is finding.crm and finding.rule is Rule.LINK_LEFT and side.state not in _ENDED:
        return _UNTIL
    return of_other if side is finding.other else of_crm
