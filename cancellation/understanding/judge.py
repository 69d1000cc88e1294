"""Does a text ask for the cancellation of the contract, and why? Two judges of different kind, and a person (P7, X14).

The learned judge weighs every sentence, every clause and the text (`signs.py`); the rules (`rules.py`) know what takes
a request back. A request counts only when the weights are high and no rule objects; where the two differ, a person
reads.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cancellation.understanding.features import Text, look_at
from cancellation.understanding.model import Model, model, sigmoid
from cancellation.understanding.models import ExplicitRequest
from cancellation.understanding.normalise import fold
from cancellation.understanding.reasons import Reason, find_reason
from cancellation.understanding.rules import Effect, Rule
from cancellation.understanding.signs import MENTION, Weights, rules_of, signs, together, weigh

Support = Literal["plain", "both", "alone"]
"""How well the rules know a request: in its simplest form, in another (each has its threshold), or not at all."""

_OF_ITS_SENTENCE = frozenset(
    {
        Effect.DENIES,
        Effect.CONDITIONS,
        Effect.QUESTIONS,
        Effect.PART,
        Effect.OTHER,
        Effect.QUOTES,
        Effect.THINKS,
        Effect.REPORTS,
    }
)
_OF_ANY_SENTENCE = frozenset({Effect.KEEPS, Effect.TAKES_BACK, Effect.SWAPS})
_SHORT_ANSWER = re.compile(
    r"^(?:sim|confirmo|confirmado|de acordo|ok|isso|isso mesmo|pode ser|pode sim|pode|podem|perfeito|concordo|ciente|"
    r"fechado)(?:[, ]+(?:sim|confirmo|confirmado|de acordo|obrigad[oa]|pode ser|pode|podem seguir|pode seguir|"
    r"por favor|isso|mesmo|quero|podem prosseguir|prosseguir))*[.! ]*$"
)
_FORWARD = re.compile(r"^\s*(?:(?:enc|fw|fwd|tr|i)\s*:\s*)+", re.IGNORECASE)
DOUBTED = 1.5
"""From this logit on the weights of the whole text are enough for a person to read it."""
_MAY_ASK = 0.0
"""From this logit on a sentence is one that rules are asked about."""
_ANSWER = 3
"""Sentences of a text that does nothing but answer what the reason is."""
_CARRIES = 0.3
"""From this weight on a sentence is said to carry the request."""
_TOLD = {
    True: "O texto pede o cancelamento do contrato de forma explícita.",
    False: "O texto não pede o cancelamento do contrato.",
    "unsure": "Não se sabe com segurança se o cancelamento do contrato é pedido: uma pessoa deve ler.",
}


@dataclass(frozen=True, slots=True)
class Weighed:
    """One sentence and what the learned judge makes of it.

    Attributes:
        text: The customer's own words.
        asks: How surely it asks for the cancellation, 0 to 1.
    """

    text: str
    asks: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """What both judges make of a text.

    Attributes:
        request: Whether the cancellation is plainly asked for; "unsure" where the judges differ or doubt (P7).
        sentences: The sentences that carry the request, in the customer's words, the most telling first.
        reason: Why the customer leaves, None when it is not surely said.
        weighed: Every sentence with its weight, the subject first.
        sure: How surely the whole is taken for a request, 0 to 1.
        supported: How well the rules know the request.
        objections: The rules that speak against it.
        about: Whether the text speaks of cancelling at all.
        automatic: Whether it says of itself that it is an automatic reply.
        why: Portuguese sentences for an operator, the most telling first.
    """

    request: ExplicitRequest
    sentences: tuple[str, ...]
    reason: Reason | None
    weighed: tuple[Weighed, ...]
    sure: float
    supported: Support
    objections: tuple[Rule, ...]
    about: bool
    automatic: bool
    why: tuple[str, ...]


def judge(
    subject: str, text: str, *, quoted: str = "", forwarded: bool = False, learned: Model | None = None
) -> Judgement:
    """Judge a newest text.

    Args:
        subject: The subject, may be empty; that of an answer or a forward is nobody's request.
        text: The newest text, without quotation and signature.
        quoted: What it answers or forwards; never a request, but "sim" below a question goes to a person.
        forwarded: Whether the quoted text was forwarded.
        learned: Other weights than the shipped ones.

    Returns:
        The judgement; never raises, whatever the text.
    """
    learned = learned or model()
    seen = look_at(subject, text)
    weights = weigh(seen, learned)
    heard = [rules_of(said) for said in (seen.subject, *seen.said)]
    found = signs(seen, weights, heard)
    logit = together(found, learned.whole)
    supported, objections = heard_of(weights, heard)
    effects = {rule.effect for rules in heard for rule in rules}
    request, extra = _decided(seen, subject, logit, found, supported, objections, quoted, forwarded, learned)
    # A machine's report is no request, whatever it repeats; words of absence take nothing from what may be one (X15).
    automatic = Effect.AUTOMATIC in effects or (Effect.ABSENT in effects and request is False)
    if automatic:
        request, extra = False, None
    reason = find_reason(seen, weights.sentences[1:], learned)
    about = request is not False or MENTION.search(f"{seen.folded.plain} {fold(subject).plain}") is not None
    answers = reason is not None and reason.labelled and len(seen.said) <= _ANSWER
    if request is False and (about or automatic or not answers):
        # A complaint is no reason for leaving while nobody leaves; "motivo: preço" alone answers our question.
        reason = None
    weighed = tuple(
        Weighed(_words(seen, place, subject), sigmoid(weight))
        for place, weight in enumerate(weights.sentences, -1)
    )
    carrying = sorted((w for w in weighed if w.asks >= _CARRIES and w.text), key=lambda w: -w.asks)
    if request is True and not carrying:
        carrying = [weighed[weights.best]]
    remarks = [] if request is True else objections or _remarks(heard)
    return Judgement(
        request=request,
        sentences=tuple(w.text for w in carrying) if request is not False else (),
        reason=reason,
        weighed=weighed,
        sure=sigmoid(logit),
        supported=supported,
        objections=objections,
        about=about,
        automatic=automatic,
        why=tuple(_why(request, carrying, remarks, extra, reason)),
    )


def heard_of(weights: Weights, heard: Sequence[Sequence[Rule]]) -> tuple[Support, tuple[Rule, ...]]:
    """Return how well the rules know a request, and which object.

    Only those of a sentence that may ask count, but for what keeps the contract or takes a request back anywhere.
    """
    asking = {place for place, weight in enumerate(weights.sentences) if weight >= _MAY_ASK} | {weights.best}
    objections: dict[str, Rule] = {}
    supported: Support = "alone"
    for place, rules in enumerate(heard):
        for rule in rules:
            # A subject alone is too little to be known by a rule: "fim do contrato" may stand above anything.
            if place and rule.effect is Effect.ASKS_PLAINLY and weights.sentences[place] >= _MAY_ASK:
                supported = "plain"
            elif place in asking and rule.effect is Effect.ASKS and supported == "alone":
                supported = "both"
            elif rule.effect in _OF_ANY_SENTENCE or (place in asking and rule.effect in _OF_ITS_SENTENCE):
                objections[rule.name] = rule
    return supported, tuple(objections.values())


def _remarks(heard: Sequence[Sequence[Rule]]) -> tuple[Rule, ...]:
    """What the rules say of any sentence, for a person who asks why a text is no request."""
    found = {rule.name: rule for rules in heard for rule in rules if rule.effect in _OF_ITS_SENTENCE}
    return tuple(found.values())


def _decided(
    seen: Text,
    subject: str,
    logit: float,
    found: dict[str, float],
    supported: Support,
    objections: Sequence[Rule],
    quoted: str,
    forwarded: bool,
    learned: Model,
) -> tuple[ExplicitRequest, str | None]:
    # What only the weights take for a request is none yet: both judges must (X14).
    if supported != "alone" and logit >= learned.thresholds[supported]:
        return (True if not objections else "unsure"), None
    plain_quoted = fold(quoted).plain
    passed_on = forwarded or not seen.said or bool(_FORWARD.match(subject))
    if supported == "alone" and passed_on and MENTION.search(plain_quoted):
        return "unsure", "É só um encaminhamento; o pedido está na mensagem encaminhada."
    if found["doubt"] >= DOUBTED or together(found, learned.doubtful) >= learned.thresholds["doubt"]:
        return "unsure", None
    if _SHORT_ANSWER.match(seen.folded.plain.strip()) and re.search(
        MENTION.pattern + r"|\bformaliz", f"{fold(subject).plain} {plain_quoted}"
    ):
        return "unsure", "É só uma resposta curta a uma mensagem anterior."
    return False, None


def _words(seen: Text, place: int, subject: str) -> str:
    if place < 0:
        return " ".join(subject.split())
    sentence = seen.said[place].sentence
    assert sentence is not None  # only the subject has none
    return " ".join(sentence.original(seen.folded, 0, len(sentence.text)).split())


def _why(
    request: ExplicitRequest,
    carrying: Sequence[Weighed],
    remarks: Sequence[Rule],
    extra: str | None,
    reason: Reason | None,
) -> list[str]:
    lines = [_TOLD[request], *([extra] if extra else [])]
    lines += [f"“{said.text[:200]}” pesa {said.asks:.0%} como pedido." for said in carrying[:3]]
    lines += [rule.says for rule in remarks]
    lines.append(f"{reason.says} ({reason.text})" if reason else "Nenhum motivo foi encontrado.")
    return lines
