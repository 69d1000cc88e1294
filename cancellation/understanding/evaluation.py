"""The reader against labelled texts: what people decided about e-mails, or a corpus, one JSON object a line."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from math import comb

from cancellation.understanding.features import Text, look_at
from cancellation.understanding.model import Model
from cancellation.understanding.models import Action, ExplicitRequest
from cancellation.understanding.newest import NewestText, newest_text
from cancellation.understanding.normalise import plain_text
from cancellation.understanding.text import understand_text

_ARTICLE = re.compile(r"^(?:[oa]s?|uma?) ")


@dataclass(frozen=True)
class Labelled:
    """One labelled e-mail.

    Attributes:
        id: Writer and number.
        subject: As written.
        body: As written, with what is quoted.
        request: What a careful reader would have of it.
        asking: The words that ask, plain; empty where they are not labelled.
        reason: The words that say why, None where there are none.
        category: The reason sorted.
    """

    id: str
    subject: str
    body: str
    request: ExplicitRequest
    asking: tuple[str, ...]
    reason: str | None
    category: str | None

    @property
    def newest(self) -> NewestText:
        """The body without what it quotes."""
        return newest_text(self.body)

    def look(self) -> Text:
        """What the judges look at."""
        return look_at(self.subject, self.newest.text)


def read(lines: Iterable[str]) -> list[Labelled]:
    """Read labelled e-mails, one JSON object a line.

    Args:
        lines: ``id``, ``subject``, ``body`` and ``explicit_request`` (true, false, "unsure") are needed; ``request``
            (the words that ask), ``reason`` and ``reason_category`` may be left out.

    Raises:
        ValueError: For a line that is no such object; says which.
    """
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                found.append(_labelled(json.loads(line)))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise ValueError(f"line {number}: {error!r}") from None
    return found


def _labelled(row: dict[str, object]) -> Labelled:
    request = row["explicit_request"]
    if not (isinstance(request, bool) or request == "unsure"):
        raise ValueError("explicit_request")
    reason = row.get("reason")
    category = row.get("reason_category")
    asking = row.get("request") or ()
    return Labelled(
        id=str(row["id"]),
        subject=str(row.get("subject") or ""),
        body=str(row["body"]),
        request=request if isinstance(request, bool) else "unsure",
        asking=tuple(plain_text(str(piece)) for piece in asking) if isinstance(asking, list) else (),
        reason=str(reason) if reason else None,
        category=str(category) if category else None,
    )


@dataclass(frozen=True)
class Score:
    """How a set of labelled texts was read.

    Attributes:
        texts: How many.
        asked: Of these, clear requests.
        found: Clear requests read as such.
        denied: Clear requests read as none.
        false: Other texts read as a request.
        complete: Texts taken for complete that lack the request or the reason.
        left: Texts left to a person ("unsure").
        reasons: Clear requests with a reason.
        reasons_found: Of these, the ones whose reason was read.
        unreasoned: Texts without a reason.
        invented: Texts without a reason that were given one, or words that touch none of the labelled ones.
        milliseconds: Of a processor, per text.
    """

    texts: int
    asked: int
    found: int
    denied: int
    false: int
    complete: int
    left: int
    reasons: int
    reasons_found: int
    unreasoned: int
    invented: int
    milliseconds: float

    @property
    def others(self) -> int:
        """Texts that are no clear request."""
        return self.texts - self.asked

    @property
    def bound(self) -> float:
        """The upper 95 % bound of the share of false requests."""
        return upper_bound(self.false, self.others)


def score(rows: Sequence[Labelled], learned: Model | None = None) -> Score:
    """Read texts, with the shipped weights or others, and compare with their labels."""
    start = time.process_time()
    read = [understand_text(row.subject, row.body, learned=learned) for row in rows]
    spent = time.process_time() - start
    pairs = list(zip(rows, read, strict=True))
    asked = [(row, got) for row, got in pairs if row.request is True]
    return Score(
        texts=len(rows),
        asked=len(asked),
        found=sum(got.explicit_request is True for _, got in asked),
        denied=sum(got.explicit_request is False for _, got in asked),
        false=sum(row.request is not True and got.explicit_request is True for row, got in pairs),
        complete=sum(
            got.action is Action.ACCEPT and (row.request is not True or not touches(row.reason, got.reason))
            for row, got in pairs
        ),
        left=sum(got.explicit_request == "unsure" for _, got in pairs),
        reasons=sum(row.reason is not None for row, _ in asked),
        reasons_found=sum(row.reason is not None and touches(row.reason, got.reason) for row, got in asked),
        unreasoned=sum(row.reason is None for row, _ in pairs),
        invented=sum(got.reason is not None and not touches(row.reason, got.reason) for row, got in pairs),
        milliseconds=1_000 * spent / max(1, len(rows)),
    )


def summed(scores: Iterable[Score]) -> Score:
    """Return the figures of several sets as of one; the time per text is that of the slowest."""
    each = [asdict(one) for one in scores]
    total = {name: sum(one[name] for one in each) for name in each[0]}
    return Score(**{**total, "milliseconds": max(one["milliseconds"] for one in each)})


def touches(labelled: str | None, read: str | None) -> bool:
    """Tell whether a reason read is the labelled one: one holds the other, or they share half of their words."""
    if not labelled or not read:
        return False
    one, other = (_ARTICLE.sub("", plain_text(text)) for text in (labelled, read))
    if one in other or other in one:
        return True
    words, others = set(one.split()), set(other.split())
    return 2 * len(words & others) / (len(words) + len(others)) >= 0.5


def upper_bound(false: int, of: int) -> float:
    """Return the upper 95 % bound (one-sided, Clopper-Pearson) of a share."""
    low, high = 0.0, 1.0
    for _ in range(40):
        share = (low + high) / 2
        likely = sum(comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(false + 1))
        low, high = (share, high) if likely > 0.05 else (low, share)
    return high
