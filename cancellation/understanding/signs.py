"""What the weights and the rules saw in a text, as a few named numbers: what it is judged by as a whole (P7).

Every sign has a learned weight of its own (`Model.whole`), so a person can be told what spoke for a request and what
against it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from cancellation.understanding.features import Said, Text, clauses, of_clause, of_sentence, of_text
from cancellation.understanding.model import Model
from cancellation.understanding.reasons import is_labelled
from cancellation.understanding.rules import EXCUSES, RULES, Rule, line_of

MENTION = re.compile(
    r"\b(?:cancel\w*|descancel\w*|rescis\w*|rescind\w*|distrat\w*|resili\w*|encerr(?:ar|amento|em|e|o|ei|ou|amos)\b|"
    r"(?:desativ|deslig)(?:ar|amento|acao|em)\b(?= (?:d?[oa]s? )?(?:\w+ )?(?:contrat|conta|servic|plan))|"
    r"termino do contrato|denuncia\w* (?:d?o )contrato)"
)
"""Words that speak of cancelling, in plain text."""

SILENT = -30.0
"""The weight of what cannot ask: the subject of an answer, a line behind "motivo:"."""
_FLOOR = -12.0
_NAMED = frozenset({"contract", "service", "all", "whole"})
"""Kinds of words that name what is to end."""
_NEARLY = -1.5
"""From this logit on a sentence may be the one that asks."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What the learned judge makes of a text's parts, in logits.

    Attributes:
        sentences: Each sentence as a request, the subject first.
        clauses: The most telling clause of each.
        text: The text as a whole, as a request.
        doubt: The text as one that asks or may ask.
    """

    sentences: tuple[float, ...]
    clauses: tuple[float, ...]
    text: float
    doubt: float

    @property
    def best(self) -> int:
        """The sentence that asks, if one does; 0 is the subject."""
        return max(range(len(self.sentences)), key=self.sentences.__getitem__)


def weigh(seen: Text, learned: Model) -> Weights:
    """Weigh every sentence, every clause, and the text."""
    asks, clause = learned.heads["asks"], learned.heads["clause"]
    sentences: list[float] = []
    parts: list[float] = []
    for index, said in enumerate((seen.subject, *seen.said), -1):
        mute = (seen.answers or not said.tokens) if index < 0 else is_labelled(said)
        sentences.append(SILENT if mute else asks.logit(of_sentence(seen, index)))
        each = [] if mute else [clause.logit(of_clause(said, *span)) for span in clauses(said)]
        parts.append(max(each, default=SILENT))
    whole = of_text(seen)
    return Weights(
        tuple(sentences),
        tuple(parts),
        learned.heads["text"].logit(whole),
        learned.heads["doubt"].logit(whole),
    )


def rules_of(said: Said) -> list[Rule]:
    """Return the rules that speak of a sentence, without those that another one excuses."""
    line = line_of(said)
    fitting = [rule for rule in RULES if rule.fits(line)]
    excused = {EXCUSES[rule.effect] for rule in fitting if rule.effect in EXCUSES}
    return [rule for rule in fitting if rule.effect not in excused]


def signs(seen: Text, weights: Weights, heard: Sequence[Sequence[Rule]]) -> dict[str, float]:
    """Return the signs of a text.

    Args:
        seen: The text.
        weights: What the learned judge makes of it.
        heard: The rules that speak of each sentence, the subject first.

    Returns:
        By name; a sign that is absent counts as 0.
    """
    whole = (seen.subject, *seen.said)
    sentences, parts = (sorted(each, reverse=True) for each in (weights.sentences, weights.clauses))
    body = weights.sentences[1:] or (_FLOOR,)
    found = {
        "": 1.0,
        "asks.best": max(sentences[0], _FLOOR),
        "asks.second": max(sentences[1], _FLOOR) if len(sentences) > 1 else _FLOOR,
        "asks.body": max(*body, _FLOOR),
        "asks.subject": max(weights.sentences[0], _FLOOR),
        "clause.best": max(parts[0], _FLOOR),
        "clause.second": max(parts[1], _FLOOR) if len(parts) > 1 else _FLOOR,
        "both": max(min(sentences[0], parts[0]), _FLOOR),
        "text": weights.text,
        "doubt": weights.doubt,
        "sentences": min(len(whole), 20),
        "short": float(len(whole) <= 3),
        "length": log(1 + len(seen.folded.plain)),
        "answers": float(seen.answers),
        "mention": float(MENTION.search(seen.folded.plain) is not None),
        "question": float(any("?" in said.tokens for said in seen.said)),
        "named": float(any(kind in _NAMED for said in whole for kind in said.kinds)),
        "named@best": float(any(kind in _NAMED for kind in whole[weights.best].kinds)),
        "question@best": float("?" in whole[weights.best].tokens),
    }
    for index, rules in enumerate(heard):
        for rule in rules:
            found[f"{rule.name}@any"] = 1.0
            if index == weights.best:
                found[f"{rule.name}@best"] = 1.0
            if weights.sentences[index] > _NEARLY:
                found[f"{rule.name}@asking"] = 1.0
    return found


def together(found: dict[str, float], worth: dict[str, float]) -> float:
    """Return how much all signs together speak for what their worth was learned for (a logit)."""
    return sum(value * worth.get(name, 0.0) for name, value in found.items())
