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
from math import log

from cancellation.understanding.features import Said, Text, hashed, of_piece
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
_PRAISE = re.compile(_DATA["praise"])
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
    r"^(?:nao )?aceit\w+$|^motivo\b|\bsatisfacao com"
)
_CLAUSE_END = re.compile(
    r", (?:e |entao |por isso |portanto |assim |logo |mas )?|; | - |: | e (?=(?:quer|solicit|pec|ped|desej|por isso|"
    r"gostar|vou|vamos|precis|favor|cancel|encerr|rescind)\w*)| entao (?=quer|solicit|vou|pec|cancel|encerr)|"
    r" (?=(?:ta|esta|fica|ficou) (?:mt|muito|mto|tao) )"
)
_DENIED = re.compile(
    r"^(?:nao|nem) (?:e|foi|se trata|tem|ha|eh) (?:\w+ ){0,4}?(?:por|pel[oa]|de|nada|causa|culpa)\b|"
    r"^(?:nada contra|pouco importa|nao importa|independente)|^nao (?:e|foi|eh) [^,]{3,30}, (?:nem|nao)\b|"
    r"^[^,]{3,30} nem (?:d[oa]s?|pel[oa]s?|por) |^o servico e (?:otimo|bom|excelente)"
)
_DENIED_BEFORE = re.compile(r"\b(?:nao|nem) (?:e|foi|eh|se trata|tem nada) (?:\w+ ){0,3}$")
_NO_SENTENCE = re.compile(
    r"^(?:car[oa]s?|prezad[oa]s?|ola|oi|senhor(?:es|a|as)?|(?:sub)?secretaria|departamento|depto|diretoria|setor|"
    r"gerencia|coordenacao) [^,]{0,40}$"
)
_REQUEST = re.compile(
    r"\b(?:cancel|rescis|rescind|distrat)\w*|\b(?:encerr|finaliz|termin|deslig)\w* "
    r"(?:(?:d?[oa]s?|meu|nosso|minha|nossa) )*(?:contrato|plano|servico|conta|assinatura)"
)
_NEXT_FIELD = re.compile(r"\w+ ?:")
_SHORTEST = 4
_MOST_CLAUSES = 12
_RANKED = 5
_CONNECTED = 1.0
"""What it is worth (logit) to stand behind the connector of the sentence that asks."""
_WIDER = 2.0
"""A longer stretch around the best one is taken if its logit is at most this much less: reasons are told whole."""
_FLOOR = -8.0
_SURE = 2.0
"""From this logit on a sentence asks surely; how much more tells nothing about a reason."""


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


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stretch of a sentence that may be the reason.

    Attributes:
        index: The sentence.
        start: Where the stretch begins in it.
        end: Where it ends.
        places: Its features.
        connected: Whether it stands behind a connector in a sentence that asks.
    """

    index: int
    start: int
    end: int
    places: list[int]
    connected: bool


def _cues(piece: str) -> Iterator[str]:
    """What a stretch speaks of, by the cues that reasons are sorted by."""
    for kind, cues in zip(("strong", "weak"), _CUES, strict=True):
        found = {category.value for category, cue in cues if cue.search(piece)}
        yield from (f"cue:{category}" for category in found)
        yield f"cues:{kind}:{min(2, len(found))}"


def candidates(text: Text, asking: Sequence[float]) -> list[Candidate]:
    """Return every stretch that may say why: behind a connector, clauses in a row, whole sentences.

    Args:
        text: The newest text.
        asking: How much each of its sentences speaks for a request (logits).
    """
    best = max(range(len(asking)), key=asking.__getitem__, default=0)
    found: list[Candidate] = []
    for index, said in enumerate(text.said):
        sentence = _sentence(said).text
        for start, end, how in _stretches(sentence):
            around = (
                f"how:{how}",
                f"far:{max(-3, min(3, index - best))}",
                f"asks:{max(-4, min(4, round(asking[index] / 2)))}",
                f"mark:{_sentence(said).asks}",
                f"first:{index == 0}",
                f"last:{index == len(text.said) - 1}",
                f"whole:{end - start > 0.8 * len(sentence)}",
                f"long:{min(8, (end - start) // 15)}",
                *_cues(sentence[start:end]),
                *(f"before:{word}" for word in sentence[:start].split()[-2:]),
                *(f"behind:{word}" for word in sentence[end:].split()[:2]),
                *(f"past:{kind}" for kind in _kinds(text, index - 1)),
                *(f"next:{kind}" for kind in _kinds(text, index + 1)),
            )
            places = sorted({*of_piece(sentence[start:end]), *hashed(around)})
            connected = how == "connected" and asking[index] >= 0
            found.append(Candidate(index, start, end, places, connected))
    return found


def _kinds(text: Text, index: int) -> set[str]:
    if not 0 <= index < len(text.said):
        return set()
    return {kind.partition(".")[0] for kind in text.said[index].kinds if kind}


def _stretches(sentence: str) -> Iterator[tuple[int, int, str]]:
    """Yield begin, end and kind of each stretch, trimmed, none twice."""
    connectors = [match.end() for match in _CONNECTOR.finditer(sentence)]
    breaks = [(match.start(), match.end()) for match in _CLAUSE_END.finditer(sentence)]
    starts = sorted({0, *connectors, *(end for _, end in breaks)})
    stops = sorted(
        {len(sentence), *(m.start() for m in _CONNECTOR.finditer(sentence)), *(at for at, _ in breaks)}
    )
    seen: set[tuple[int, int]] = set()
    for start in starts[:_MOST_CLAUSES]:
        opening = _CONNECTOR.match(sentence, max(0, start - 1))
        start = opening.end() if opening else start
        how = "connected" if start in connectors else "clause"
        for stop in [*[stop for stop in stops if stop > start + _SHORTEST][:4], len(sentence)]:
            span = None if _DENIED_BEFORE.search(sentence, 0, start) else _trimmed(sentence, start, stop)
            if span is not None and span not in seen:
                seen.add(span)
                yield *span, how


def labelled_reason(text: Text) -> Reason | None:
    """Find what stands behind "motivo:"."""
    return next((found for index in range(len(text.said)) if (found := _labelled(text, index))), None)


def find_reason(text: Text, asking: Sequence[float], learned: Model) -> Reason | None:
    """Find why the customer leaves.

    Args:
        text: The newest text.
        asking: How much each of its sentences speaks for a request (logits).
        learned: The weights.

    Returns:
        The reason, None when none is surely given.
    """
    found = labelled_reason(text)
    if found is not None:
        return found
    best = best_candidate(text, asking, learned)
    if best is None:
        return None
    one, signs = best
    weight = sum(value * learned.reasoned.get(name, 0.0) for name, value in signs.items())
    if weight < learned.thresholds[reason_support(signs)]:
        return None
    says = "Uma frase diz por que o cliente sai."
    return _reason(text, _sentence(text.said[one.index]), one.start, one.end, says, sigmoid(weight))


def best_candidate(
    text: Text, asking: Sequence[float], learned: Model
) -> tuple[Candidate, dict[str, float]] | None:
    """Return the stretch that is most likely the reason; one that asks is none.

    Returns:
        It, and the named signs that tell how surely it is one (`Model.reasoned` has what each is worth).
    """
    head = learned.heads["reason"]
    ranked = sorted(
        ((head.logit(one.places) + one.connected * _CONNECTED, one) for one in candidates(text, asking)),
        key=lambda pair: -pair[0],
    )
    for weight, one in ranked[:_RANKED]:
        if not _asks(_piece(text, one), one, learned):
            around = [
                wider
                for logit, wider in ranked
                if wider.index == one.index
                and logit >= weight - _WIDER
                and wider.start <= one.start
                and wider.end >= one.end
                and not _asks(_piece(text, wider), wider, learned)
            ]
            widest = max(around, key=lambda wider: wider.end - wider.start)
            others = [logit for logit, other in ranked if other.index != one.index]
            return widest, _signs(text, widest, weight, max([*others, _FLOOR]), asking)
    return None


def reason_support(signs: dict[str, float]) -> str:
    """Return what speaks for a reason beside its weight; each has a threshold of its own (`Model.thresholds`)."""
    return "reason.connected" if signs["connected"] else "reason.other"


def _signs(
    text: Text, one: Candidate, weight: float, second: float, asking: Sequence[float]
) -> dict[str, float]:
    piece = _piece(text, one)
    strong, weak = (float(any(cue.search(piece) for _, cue in cues)) for cues in _CUES)
    return {
        "": 1.0,
        "weight": weight,
        "ahead": weight - second,
        "connected": float(one.connected),
        "strong": strong,
        "weak": weak,
        "asks": max(-_SURE, min(_SURE, asking[one.index])),
        "asked": max(-_SURE, min(_SURE, max(asking))),
        "long": log(1 + len(piece.split())),
        "sentences": float(min(len(text.said), 20)),
        "first": float(one.index == 0),
        "place": one.index / len(text.said),
    }


def _piece(text: Text, one: Candidate) -> str:
    return _sentence(text.said[one.index]).text[one.start : one.end]


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
        if _NEXT_FIELD.match(following.text):
            return None
        span = _trimmed(following.text, 0, len(following.text))
        return _reason(text, following, *span, says, 1.0, labelled=True) if span else None
    return None


def _asks(piece: str, one: Candidate, learned: Model) -> bool:
    """Whether a stretch asks, rather than says why."""
    likely = 0.0
    if not _REQUEST.search(piece):
        # "Porque vou fechar a loja" and "pois não uso mais" sound like requests and are none.
        if one.connected:
            return False
        likely = max(0.0, learned.heads["reason"].logit(one.places))
    return learned.heads["clause"].logit(of_piece(piece)) >= likely


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
        or _PRAISE.search(words)
        or _DENIED.match(words)
        or _NO_SENTENCE.match(words)
    ):
        return None
    return start, end


def _reason(
    text: Text, sentence: Sentence, start: int, end: int, says: str, weight: float, *, labelled: bool = False
) -> Reason:
    words = " ".join(sentence.original(text.folded, start, end).split())
    whole = " ".join(sentence.original(text.folded, 0, len(sentence.text)).split())
    return Reason(words, category_of(words), says, whole, weight, labelled)
