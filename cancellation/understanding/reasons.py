"""Why the customer leaves, in the customer's own words, and sorted (P3, P7).

A reason is a clause that the learned judge takes for one, cut at its connector, or what stands behind "motivo:".
The request itself, placeholders, refusals, closings and denied reasons are none; nothing is ever made up.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files

from cancellation.understanding.features import Said, Text, of_piece, of_sentence
from cancellation.understanding.model import Model, sigmoid
from cancellation.understanding.models import ReasonCategory
from cancellation.understanding.normalise import fold
from cancellation.understanding.sentences import Sentence

MAX_REASON = 500
"""Characters of a reason; more is cut."""

_DATA = tomllib.loads((files(__package__) / "reasons.toml").read_text("utf-8"))
_LABEL = re.compile(_DATA["label"])
_CONNECTOR = re.compile(_DATA["connector"])
_ARTICLE = re.compile(_DATA["article"])
_STOP = re.compile(_DATA["stop"])
_NO_REASON = re.compile(_DATA["no_reason"])
_CLOSING = re.compile(_DATA["closing"])
_CUES = tuple(
    tuple(
        (ReasonCategory(row["category"]), re.compile(rf"(?:\b|^)(?:{'|'.join(row['cues'])})"))
        for row in _DATA[kind]
    )
    for kind in ("strong", "weak")
)
_PLACEHOLDER = re.compile(
    r"^[\W_x]*$|^[\[(<{_]|x{4,}|\b(?:a combinar|preencher|nao se aplica|nao informad[oa]|a definir|em branco|"
    r"nao declarad[oa])\b|^(?:n/?a|-+)$|"
    r"\bja (?:expliquei|explicamos|falei|falamos|informei|informamos|disse|dissemos|esta)\b|"
    r"^(?:assunto|problema|coisa) (?:meu|minha|nosso|nossa)|^sigilos\w*|^idem\b|^data\b|\bnao (?:devo|sou obrigad)|"
    r"^(?:nao )?aceit\w+$|^motivo\b|satisfacao com"
)
_CLAUSE_END = re.compile(
    r", (?:e |entao |por isso |portanto |assim |logo |mas )?|; | - |: | e (?=(?:quer|solicit|pec|ped|desej|por isso|"
    r"gostar|vou|vamos|precis|favor|cancel|encerr|rescind)\w*)| entao (?=quer|solicit|vou|pec|cancel|encerr)"
)
_DENIED = re.compile(
    r"^(?:nao|nem) (?:e|foi|se trata|tem|ha|eh) (?:\w+ ){0,4}?(?:por|pel[oa]|de|nada|causa|culpa)\b"
)
_ASKING_CLAUSE = 0.5
_SHORTEST = 4


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason found.

    Attributes:
        text: The customer's own words.
        category: Sorted.
        says: How it was found, in Portuguese.
        sentence: The whole sentence it stands in.
        weight: How sure the judge is, 0 to 1.
        labelled: Whether it stands behind "motivo:".
    """

    text: str
    category: ReasonCategory
    says: str
    sentence: str
    weight: float
    labelled: bool = False


def is_labelled(said: Said) -> bool:
    """Tell whether a sentence begins with the label of a reason ("motivo: …")."""
    label = _LABEL.match(" ".join(said.tokens[:12]).replace(" :", ":"))
    return label is not None and label.start() == 0


def category_of(reason: str) -> ReasonCategory:
    """Sort a reason by what it names first.

    Args:
        reason: Any text.

    Returns:
        The category; OTHER when no cue is found.
    """
    plain = fold(reason).plain
    for cues in _CUES:
        hits = [
            (match.start(), order, category)
            for order, (category, cue) in enumerate(cues)
            if (match := cue.search(plain))
        ]
        if hits:
            return min(hits)[2]
    return ReasonCategory.OTHER


def find_reason(text: Text, asking: Sequence[float], learned: Model) -> Reason | None:
    """Find why the customer leaves.

    Args:
        text: The newest text.
        asking: How much each of its sentences speaks for a request (logits).
        learned: The weights.

    Returns:
        The reason, None when none is surely given.
    """
    for index in range(len(text.said)):
        found = _labelled(text, index)
        if found is not None:
            return found
    for index in sorted(range(len(text.said)), key=lambda place: -asking[place]):
        if asking[index] >= 0 and (found := _connected(text, index, learned)) is not None:
            return found
    best: tuple[float, Sentence, int, int] | None = None
    for index, said in enumerate(text.said):
        around = learned.heads["reason"].logit(of_sentence(text, index))
        if around < learned.thresholds["reason_sentence"]:
            continue
        for start, end in _pieces(said, learned):
            piece = _sentence(said).text[start:end]
            weight = (around + learned.heads["reason"].logit(of_piece(piece))) / 2
            if best is None or weight > best[0]:
                best = (weight, _sentence(said), start, end)
    if best is None or best[0] < learned.thresholds["reason"]:
        return None
    weight, sentence, start, end = best
    return _reason(text, sentence, start, end, "Uma frase diz por que o cliente sai.", sigmoid(weight))


def _sentence(said: Said) -> Sentence:
    assert said.sentence is not None  # only the subject has none
    return said.sentence


def _labelled(text: Text, index: int) -> Reason | None:
    sentence = _sentence(text.said[index])
    match = _LABEL.search(sentence.text)
    if (
        match is None
        or sentence.asks
        or re.search(r"\bpor (?:esse|este|tal|algum) $|\bpelo $", sentence.text[: match.start() + 1])
    ):
        return None
    says = "O motivo vem indicado como tal."
    if sentence.text[match.end() :].strip(" -:."):
        span = _trimmed(sentence.text, match.end(), len(sentence.text))
        return _reason(text, sentence, *span, says, 1.0, labelled=True) if span else None
    if index + 1 < len(text.said):
        following = _sentence(text.said[index + 1])
        span = _trimmed(following.text, 0, len(following.text))
        return _reason(text, following, *span, says, 1.0, labelled=True) if span else None
    return None


def _connected(text: Text, index: int, learned: Model) -> Reason | None:
    """Find what the sentence that asks says behind its connector (porque, devido a, por causa de…)."""
    sentence = _sentence(text.said[index])
    for match in _CONNECTOR.finditer(sentence.text):
        span = _trimmed(sentence.text, match.end(), len(sentence.text))
        if span is None:
            continue
        piece = of_piece(sentence.text[slice(*span)])
        weight = learned.heads["reason"].logit(piece)
        if weight >= learned.thresholds["reason_connected"] and not _asks(
            sentence.text[slice(*span)], learned
        ):
            return _reason(
                text, sentence, *span, "O motivo vem ligado ao pedido (porque, devido a…).", sigmoid(weight)
            )
    return None


def _pieces(said: Said, learned: Model) -> Iterator[tuple[int, int]]:
    """Yield the spans of a sentence that may be a reason: clauses in a row that neither ask nor close."""
    sentence = _sentence(said).text
    starts = sorted(
        {
            0,
            *(m.end() for m in _CLAUSE_END.finditer(sentence)),
            *(m.end() for m in _CONNECTOR.finditer(sentence)),
        }
    )
    stops = sorted(
        {
            *(m.start() for m in _CLAUSE_END.finditer(sentence)),
            *(m.start() for m in _CONNECTOR.finditer(sentence)),
            len(sentence),
        }
    )
    clauses = [
        (start, next(stop for stop in stops if stop > start))
        for start in starts
        if any(stop > start for stop in stops)
    ]
    kept = [span for span in clauses if not _asks(sentence[span[0] : span[1]], learned)]
    run: list[tuple[int, int]] = []
    for span in kept:
        if run and (
            clauses.index(span) != clauses.index(run[-1]) + 1
            or _CONNECTOR.search(sentence, max(0, run[-1][1] - 1), span[0] + 1)
        ):
            yield from _as_one(sentence, run)
            run = []
        run.append(span)
    yield from _as_one(sentence, run)


def _as_one(sentence: str, run: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    if run:
        span = _trimmed(sentence, run[0][0], run[-1][1])
        if span is not None:
            yield span


def _asks(clause: str, learned: Model) -> bool:
    return learned.heads["asks"].probability(of_piece(clause)) >= _ASKING_CLAUSE


def _trimmed(sentence: str, start: int, end: int) -> tuple[int, int] | None:
    """Cut connector, article and what begins a request; None when nothing is left that could be a reason."""
    article = _ARTICLE.match(sentence[start:end])
    start += article.end() if article else 0
    while start < end and sentence[start] in " ,:;=-":
        start += 1
    stop = _STOP.search(sentence, start, end)
    if stop is not None:
        if stop.start() <= start:
            return None
        end = stop.start()
    end = min(end, start + MAX_REASON)
    end = start + len(
        re.sub(r"(?:[ ,.;:-]|[ ,](?:e|entao|portanto|assim|por isso|logo))+$", "", sentence[start:end])
    )
    words = sentence[start:end]
    if (
        len(words) < _SHORTEST
        or _NO_REASON.match(words)
        or _CLOSING.match(words)
        or _PLACEHOLDER.search(words)
        or _DENIED.match(words)
    ):
        return None
    return start, end


def _reason(
    text: Text, sentence: Sentence, start: int, end: int, says: str, weight: float, *, labelled: bool = False
) -> Reason:
    words = " ".join(sentence.original(text.folded, start, end).split())
    whole = " ".join(sentence.original(text.folded, 0, len(sentence.text)).split())
    return Reason(words, category_of(words), says, whole, weight, labelled)
