"""The learned judge: lines of weights over features, and the few that put them together, read from one file.

The file is made by `make reader` (see docs/reader.md): one line of JSON, then for each head one signed byte a place,
packed. Reading needs the standard library alone.
"""

from __future__ import annotations

import json
import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import exp, sqrt

from cancellation.understanding.features import PLACES

WEIGHTS = "reader.weights"
HEADS = ("asks", "clause", "text", "doubt", "reason")
"""``asks``: a sentence asks for the cancellation; ``clause``: a clause does; ``text``: the whole text does; ``doubt``:
the whole text does or may do; ``reason``: a clause says why."""


@dataclass(frozen=True)
class Head:
    """One logistic regression.

    Attributes:
        weights: A signed byte a place.
        scale: What one step of a weight is worth.
        bias: Added to every sum.
    """

    weights: Sequence[int]
    scale: float
    bias: float

    def logit(self, places: Sequence[int]) -> float:
        """Return how much speaks for it: above 0 more than against it."""
        if not places:
            return self.bias
        weights = self.weights
        return sum(weights[place] for place in places) * self.scale / sqrt(len(places)) + self.bias

    def probability(self, places: Sequence[int]) -> float:
        """Return the learned probability, 0 to 1."""
        return sigmoid(self.logit(places))


@dataclass(frozen=True)
class Model:
    """Everything learned.

    Attributes:
        heads: By the names of `HEADS`.
        whole: What each named sign of a text (`signs.py`) is worth when it is judged as a whole; "" is the bias.
        doubtful: The same for whether it asks or may ask, so that a person should read it.
        reasoned: The same for a stretch that may be the reason (`reasons.py`).
        thresholds: Chosen on writers that the weights behind each figure had not seen.
        learned_from: SHA-256 over what it was trained on, for telling a stale file.
        figures: How each writer was read by weights and thresholds that had not seen him (`evaluation.Score`).
    """

    heads: dict[str, Head]
    whole: dict[str, float]
    doubtful: dict[str, float]
    reasoned: dict[str, float]
    thresholds: dict[str, float]
    learned_from: str
    figures: dict[str, dict[str, int]]


def sigmoid(logit: float) -> float:
    """Return the probability behind a logit."""
    return 1 / (1 + exp(-max(-30.0, min(30.0, logit))))


@cache
def model() -> Model:
    """Return the shipped weights, read once."""
    return unpacked((files(__package__) / WEIGHTS).read_bytes())


def packed(model: Model) -> bytes:
    """Write a model as the bytes of its file."""
    head = {
        "heads": {name: {"scale": h.scale, "bias": h.bias} for name, h in model.heads.items()},
        "whole": model.whole,
        "doubtful": model.doubtful,
        "reasoned": model.reasoned,
        "thresholds": model.thresholds,
        "learned_from": model.learned_from,
        "figures": model.figures,
    }
    planes = b"".join(array("b", model.heads[name].weights).tobytes() for name in HEADS)
    return json.dumps(head, sort_keys=True).encode() + b"\n" + zlib.compress(planes, 9)


def unpacked(data: bytes) -> Model:
    """Read the bytes of a model's file.

    Raises:
        ValueError: For bytes that are no such file.
    """
    line, _, rest = data.partition(b"\n")
    head = json.loads(line)
    planes = array("b", zlib.decompress(rest))
    if len(planes) != PLACES * len(HEADS):
        raise ValueError(f"the weights have {len(planes)} places, not {PLACES * len(HEADS)}")
    heads = {
        name: Head(planes[at * PLACES : (at + 1) * PLACES], **head["heads"][name])
        for at, name in enumerate(HEADS)
    }
    others = ("whole", "doubtful", "reasoned", "thresholds", "learned_from", "figures")
    return Model(heads, **{name: head[name] for name in others})
