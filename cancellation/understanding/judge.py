"""Does a text ask for the cancellation of the contract, and why? Two judges of different kind, and a person (P7, X14).

The learned judge (`model.py`) weighs every sentence and the text as a whole; the rules (`rules.py`) know plain forms
of a request and what takes one back. A request counts only when the weights are high and no rule objects; where no
rule knows the request either, they must be higher. Where the two differ, a person reads.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cancellation.understanding.features import Said, Text, look_at, of_sentence, of_text
from cancellation.understanding.model import Model, model, sigmoid
from cancellation.understanding.models import ExplicitRequest
from cancellation.understanding.normalise import fold
from cancellation.understanding.reasons import Reason, find_reason, is_labelled
from cancellation.understanding.rules import RULES, Effect, Rule, line_of

Support = Literal["plain", "both", "alone"]
"""How well the rules know a request; each has its own threshold."""

MENTION = re.compile(
    r"\b(?:cancel\w*|descancel\w*|rescis\w*|rescind\w*|distrat\w*|resili\w*|encerr(?:ar|amento|em|e|o|ei|ou|amos)\b|"
    r"(?:desativ|deslig)(?:ar|amento|acao|em)\b(?= (?:d?[oa]s? )?(?:\w+ )?(?:contrat|conta|servic|plan))|"
    r"termino do contrato|denuncia\w* (?:d?o )contrato)"
)
"""Words that speak of cancelling, in plain text."""

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
_EXCUSES = {Effect.EXCUSES_CONDITION: Effect.CONDITIONS, Effect.EXCUSES_PART: Effect.PART}
_SHORT_ANSWER = re.compile(
    r"^(?:sim|confirmo|confirmado|de acordo|ok|isso|isso mesmo|pode ser|pode sim|pode|podem|perfeito|concordo|ciente|"
    r"fechado)(?:[, ]+(?:sim|confirmo|confirmado|de acordo|obrigad[oa]|pode ser|pode|podem seguir|pode seguir|"
    r"por favor|isso|mesmo|quero|podem prosseguir|prosseguir))*[.! ]*$"
)
_FORWARD = re.compile(r"^\s*(?:(?:enc|fw|fwd|tr|i)\s*:\s*)+", re.IGNORECASE)
_MAY_ASK = 0.0
"""From this logit on a sentence of the body is one that rules are asked about."""
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
        sure: How surely the learned judge takes the whole for a request, 0 to 1.
        supported: Whether a rule knows the request: "plain" in its simplest form, "both" in another, "alone" not.
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
    weights = sentence_weights(seen, learned)
    at = max(range(len(weights)), key=weights.__getitem__)
    logit = weights[at] + learned.heads["text"].logit(of_text(seen))
    supported, objections, automatic = heard(seen, weights)
    request, extra = _decided(
        seen, subject, logit, supported, objections, automatic, quoted, forwarded, learned
    )
    reason = find_reason(seen, weights[1:], learned)
    about = request is not False or MENTION.search(f"{seen.folded.plain} {fold(subject).plain}") is not None
    if request is False and (about or automatic or reason is None or not reason.labelled):
        # A complaint is no reason for leaving while nobody leaves; "motivo: preço" alone answers our question.
        reason = None
    weighed = tuple(
        Weighed(_words(seen, place, subject), sigmoid(weight)) for place, weight in enumerate(weights, -1)
    )
    carrying = sorted((w for w in weighed if w.asks >= _CARRIES and w.text), key=lambda w: -w.asks)
    if request is True and not carrying:
        carrying = [weighed[at]]
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
        why=tuple(_why(request, carrying, objections or _remarks(seen), extra, reason)),
    )


def sentence_weights(seen: Text, learned: Model) -> list[float]:
    """Return how much each sentence speaks for a request (logits), the subject first."""
    asks = learned.heads["asks"]
    title = -30.0 if seen.answers or not seen.subject.tokens else asks.logit(of_sentence(seen, -1))
    return [
        title,
        *(
            # "Motivo: …" says why, whatever words stand in it.
            -30.0 if is_labelled(said) else asks.logit(of_sentence(seen, index))
            for index, said in enumerate(seen.said)
        ),
    ]


def heard(seen: Text, weights: Sequence[float]) -> tuple[Support, tuple[Rule, ...], bool]:
    """Return what the rules say: how well they know the request, which object, whether it is an automatic reply."""
    # A subject alone is too little to be known by a rule: "fim do contrato" may stand above anything.
    best = max(range(len(weights)), key=weights.__getitem__)
    asking = {place for place, weight in enumerate(weights) if place and weight >= _MAY_ASK} or {best}
    objections: dict[str, Rule] = {}
    supported = plainly = automatic = False
    for place, said in enumerate((seen.subject, *seen.said)):
        fitting = _fitting(said)
        effects = {rule.effect for rule in fitting}
        automatic = automatic or Effect.AUTOMATIC in effects
        supported = supported or (place > 0 and place in asking and Effect.ASKS in effects)
        plainly = plainly or (place > 0 and Effect.ASKS_PLAINLY in effects)
        if Effect.ASKS_PLAINLY in effects:
            asking.add(place)
        against = _OF_ANY_SENTENCE | (_OF_ITS_SENTENCE if place in asking else frozenset())
        objections.update({rule.name: rule for rule in fitting if rule.effect in against})
    return "plain" if plainly else "both" if supported else "alone", tuple(objections.values()), automatic


def _remarks(seen: Text) -> tuple[Rule, ...]:
    """What the rules say of any sentence, for a person who asks why a text is no request."""
    found = {rule.name: rule for said in (seen.subject, *seen.said) for rule in _fitting(said)}
    return tuple(rule for rule in found.values() if rule.effect in _OF_ITS_SENTENCE)


def _fitting(said: Said) -> list[Rule]:
    line = line_of(said)
    fitting = [rule for rule in RULES if rule.fits(line)]
    excused = {_EXCUSES[rule.effect] for rule in fitting if rule.effect in _EXCUSES}
    return [rule for rule in fitting if rule.effect not in excused]


def _decided(
    seen: Text,
    subject: str,
    logit: float,
    supported: Support,
    objections: Sequence[Rule],
    automatic: bool,
    quoted: str,
    forwarded: bool,
    learned: Model,
) -> tuple[ExplicitRequest, list[str]]:
    if not objections and not automatic and logit >= learned.thresholds[supported]:
        return True, []
    if automatic:
        return False, []
    if logit >= learned.thresholds["doubt"] or (supported == "plain" and not objections):
        return "unsure", []
    passed_on = forwarded or not seen.said or bool(_FORWARD.match(subject))
    plain_quoted = fold(quoted).plain
    if passed_on and MENTION.search(plain_quoted):
        return "unsure", ["É só um encaminhamento; o pedido está na mensagem encaminhada."]
    if _SHORT_ANSWER.match(seen.folded.plain.strip()) and re.search(
        MENTION.pattern + r"|\bformaliz", f"{fold(subject).plain} {plain_quoted}"
    ):
        return "unsure", ["É só uma resposta curta a uma mensagem anterior."]
    return False, []


def _words(seen: Text, place: int, subject: str) -> str:
    if place < 0:
        return " ".join(subject.split())
    sentence = seen.said[place].sentence
    assert sentence is not None  # only the subject has none
    return " ".join(sentence.original(seen.folded, 0, len(sentence.text)).split())


def _why(
    request: ExplicitRequest,
    carrying: Sequence[Weighed],
    objections: Sequence[Rule],
    extra: Sequence[str],
    reason: Reason | None,
) -> list[str]:
    lines = [_TOLD[request], *extra]
    lines += [f"“{said.text[:200]}” pesa {said.asks:.0%} como pedido." for said in carrying[:3]]
    lines += [rule.says for rule in objections if request is not True]
    lines.append(f"{reason.says} ({reason.text})" if reason else "Nenhum motivo foi encontrado.")
    return lines
