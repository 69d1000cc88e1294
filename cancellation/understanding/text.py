"""What a bare text says: subject and body, nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cancellation.understanding import rules
from cancellation.understanding.damage import damage_in
from cancellation.understanding.models import Action, ExplicitRequest, TextUnderstanding
from cancellation.understanding.newest import NewestText, newest_text
from cancellation.understanding.normalise import fold
from cancellation.understanding.reasons import Reason, find_reason
from cancellation.understanding.request import Finding, Verdict, findings
from cancellation.understanding.rules import Force
from cancellation.understanding.sentences import Sentence, sentences
from cancellation.understanding.thing import OTHER_THING_NAMED, WHOLE_NAMED
from cancellation.understanding.vocabulary import MENTION

_ANSWER_PREFIX = re.compile(r"^\s*(?:(?:re|res|resp|aw|rv|sv)\s*(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)
_FORWARD_PREFIX = re.compile(r"^\s*(?:(?:enc|fw|fwd|tr|i)\s*:\s*)+", re.IGNORECASE)
_CANCEL_OR_WHOLE = re.compile(WHOLE_NAMED.pattern + r"|\bcancel|\brescis|\brescind")
_QUIET = frozenset({Verdict.MENTION, Verdict.HEADING})


def understand_text(subject: str, body: str) -> TextUnderstanding:
    """Understand a text without knowing who wrote it to whom.

    Only the newest text of the body counts, and the subject when it is not that of an answer or a forward.

    Args:
        subject: The subject, may be empty.
        body: The plain text body with whatever is quoted in it.

    Returns:
        Whether the cancellation of the contract is plainly asked for (P7), the reason, and why it is read so.
        ``action`` is what could be done if sender, mailboxes and authentication were in order.
    """
    return understand_newest(subject, newest_text(body))


def understand_newest(subject: str, newest: NewestText) -> TextUnderstanding:
    """Understand a text whose quotations have been parted already.

    Args:
        subject: The subject, may be empty.
        newest: The newest text and what it answers or forwards.

    Returns:
        As `understand_text`.
    """
    folded = fold(newest.text)
    said = sentences(folded)
    found = [finding for sentence in said for finding in findings(sentence)]
    titled = _subject_findings(subject)
    automatic = bool(
        rules.AUTOMATIC_TEXT.search(folded.plain) or rules.AUTOMATIC_TEXT.search(fold(subject).plain)
    )
    requests = [f for f in [*titled, *found] if f.verdict in (Verdict.REQUEST, Verdict.UNNAMED)]
    acts = [
        (f.sentence, f.start, f.end)
        for f in found
        if f.verdict in (Verdict.REQUEST, Verdict.UNNAMED, Verdict.DOUBT)
    ]
    asked_for = bool(requests) or any(f.verdict is Verdict.HEADING for f in [*titled, *found])
    reason = find_reason(folded, said, acts, guess=asked_for)
    explicit, why = _judge(subject, newest, said, found, titled, reason)
    if automatic and explicit is not True:
        explicit, why = False, [rules.AUTOMATIC_TEXT]
    if explicit is False and any(f.verdict in (Verdict.CONTRARY, Verdict.NOT) for f in found):
        reason = None
    about = bool(found or titled or re.search(MENTION, fold(subject).plain))
    if (explicit is True or about) and damage_in(f"{subject}\n{newest.text}"):
        # Neither a request nor its opposite: the word that says which of them may be the one that was lost (X14).
        explicit, why, reason = "unsure", [_DAMAGED], None
    return _told(explicit, reason, why, about, automatic, bool(newest.text.strip()))


def _subject_findings(subject: str) -> list[Finding]:
    if _ANSWER_PREFIX.match(subject) or _FORWARD_PREFIX.match(subject):
        return []
    return [finding for sentence in sentences(fold(subject)) for finding in findings(sentence)]


def _judge(
    subject: str,
    newest: NewestText,
    said: Sequence[Sentence],
    found: Sequence[Finding],
    titled: Sequence[Finding],
    reason: Reason | None,
) -> tuple[ExplicitRequest, list[rules.Rule]]:
    by = {verdict: [f for f in found if f.verdict is verdict] for verdict in Verdict}
    by_title = {verdict: [f for f in titled if f.verdict is verdict] for verdict in Verdict}
    asks = [
        *by[Verdict.REQUEST],
        *by[Verdict.UNNAMED],
        *by_title[Verdict.REQUEST],
        *by_title[Verdict.UNNAMED],
    ]
    contrary = [*by[Verdict.CONTRARY], *by_title[Verdict.CONTRARY]]
    if asks and contrary:
        return "unsure", _rules_of([*contrary, *asks])
    if asks:
        return _asked(subject, said, asks, found)
    if contrary:
        return False, _rules_of(contrary)
    if by[Verdict.DOUBT] or by_title[Verdict.DOUBT]:
        return "unsure", _rules_of([*by[Verdict.DOUBT], *by_title[Verdict.DOUBT]])
    return _not_asked(subject, newest, found, titled, reason)


def _asked(
    subject: str, said: Sequence[Sentence], asks: Sequence[Finding], found: Sequence[Finding]
) -> tuple[ExplicitRequest, list[rules.Rule]]:
    everything = " ".join(sentence.text for sentence in said)
    plain_subject = fold(subject).plain
    for hedge in (rules.THE_REST_STAYS, rules.CHANGE_OF_PLAN):
        if hedge.search(everything):
            return "unsure", [hedge, *_rules_of(asks)]
    hesitant = all(f.rule.force is not Force.DEMAND for f in asks)
    doubts = [f for f in found if f.verdict is Verdict.DOUBT]
    if doubts and (hesitant or any(f.rule in (rules.HEARSAY, rules.FOREIGN) for f in doubts)):
        return "unsure", _rules_of([*doubts, *asks])
    if hesitant and any(
        f.verdict is Verdict.NOT and f.rule in (rules.THINKING, rules.CONDITION, rules.OR_ELSE) for f in found
    ):
        return "unsure", _rules_of([*[f for f in found if f.verdict is Verdict.NOT], *asks])
    if hesitant and any(s.asks and rules.PRICE_FIRST.search(s.text) for s in said):
        return "unsure", [*_rules_of(asks), rules.QUESTION]
    if all(f.weak for f in asks) and not _CANCEL_OR_WHOLE.search(everything + " " + plain_subject):
        return "unsure", [_UNCLEAR_THING, *_rules_of(asks)]
    if all(f.verdict is Verdict.UNNAMED for f in asks) and not WHOLE_NAMED.search(
        everything + " " + plain_subject
    ):
        before = (
            plain_subject
            + " "
            + " ".join(s.text for s in said if s.start <= max(f.sentence.start for f in asks))
        )
        if OTHER_THING_NAMED.search(
            re.sub(r"\b(?:pedido|solicitacao) de (?:cancelamento|rescisao|encerramento)\b", "", before)
        ):
            return "unsure", [_UNCLEAR_THING, *_rules_of(asks)]
    return True, _rules_of(asks)


def _not_asked(
    subject: str,
    newest: NewestText,
    found: Sequence[Finding],
    titled: Sequence[Finding],
    reason: Reason | None,
) -> tuple[ExplicitRequest, list[rules.Rule]]:
    against = [f for f in found if f.verdict is Verdict.NOT]
    quiet = [f for f in [*titled, *found] if f.verdict in _QUIET]
    passed_on = newest.forwarded or not newest.text.strip() or bool(_FORWARD_PREFIX.match(subject))
    if passed_on and re.search(MENTION, fold(newest.quoted).plain) and not against:
        return "unsure", [_ONLY_FORWARDED]
    heading = [f for f in quiet if f.verdict is Verdict.HEADING]
    if heading and reason is not None and not against:
        return True, _rules_of(heading)
    if against:
        return False, _rules_of(against)
    if quiet:
        return "unsure", _rules_of(quiet)
    short_answer = rules.YES_TO_OUR_QUESTION.search(fold(newest.text).plain.strip())
    if short_answer and re.search(MENTION + r"|\bformaliz", fold(subject + " " + newest.quoted).plain):
        return "unsure", [rules.YES_TO_OUR_QUESTION]
    if titled:
        return False, _rules_of(titled)
    return False, []


def _rule(name: str, says: str) -> rules.Rule:
    return rules.Rule(name, says, re.compile(r"(?!)"))


_UNCLEAR_THING = _rule(
    "objeto_incerto", "Não se diz o que cancelar, e o texto fala de outra coisa que se cancela."
)
_DAMAGED = _rule(
    "texto_danificado", "O texto perdeu letras ou acentos no caminho: não se pode confiar no que diz."
)
_ONLY_FORWARDED = _rule("encaminhado", "É só um encaminhamento; o pedido está na mensagem encaminhada.")
_SAID_OF = {
    True: "O texto pede o cancelamento do contrato de forma explícita.",
    False: "O texto não pede o cancelamento do contrato.",
    "unsure": "Não se sabe com segurança se o cancelamento do contrato é pedido: uma pessoa deve ler.",
}


def _rules_of(found: Sequence[Finding]) -> list[rules.Rule]:
    return list({f.rule.name: f.rule for f in found}.values())


def _told(
    explicit: ExplicitRequest,
    reason: Reason | None,
    why: list[rules.Rule],
    about: bool,
    automatic: bool,
    has_text: bool,
) -> TextUnderstanding:
    missing = (() if explicit is True else ("explicit_request",)) + (() if reason else ("reason",))
    if automatic:
        action = Action.IGNORE
    elif explicit is True:
        action = Action.ACCEPT if reason else Action.INCOMPLETE
    elif explicit is False and reason is not None and not about:
        action = Action.INCOMPLETE
    elif explicit is False and not about and has_text:
        action = Action.IGNORE
    else:
        action = Action.TRIAGE
    lines = [_SAID_OF[explicit], *(rule.says for rule in why)]
    lines.append(f"{reason.says} ({reason.text})" if reason else "Nenhum motivo foi encontrado.")
    return TextUnderstanding(
        explicit_request=explicit,
        reason=reason.text if reason else None,
        reason_category=reason.category if reason else None,
        action=action,
        missing=() if action is Action.IGNORE else missing,
        why=tuple(lines),
        rules=tuple(rule.name for rule in why),
        about_cancelling=about,
        automatic=automatic,
    )
