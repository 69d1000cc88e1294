"""The newest text of a message: what its writer typed now, without quotations, signatures and disclaimers.

Only this counts as said (P7). The rules know the Portuguese, English and Spanish forms of the mail
programs that people use: Outlook's block of headers, Gmail's and Apple Mail's "escreveu:", separators,
forwards. Of any other language they know the shape: a block of headers with an instant and an address, a line
with both before a colon. Our own letters are known by their words (`ours.py`), however they are quoted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cancellation.understanding.labels import is_label, row_as_line
from cancellation.understanding.normalise import MAX_CHARACTERS
from cancellation.understanding.ours import is_offered, without_ours

_MAX_LINE = 2_000

_ORIGINAL_MESSAGE = re.compile(
    r"^[>\s]*[-_*]{2,}\s*(?:mensagem original|original message|mensaje original|mensagem anterior|"
    r"e-?mail original)\b",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"^[>\s]*(?:[-_*]{2,}\s*(?:forwarded message|mensagem encaminhada|mensaje reenviado|mensagem "
    r"reenviada|encaminhad[oa])\b|"
    r"(?:in[ií]cio da mensagem (?:reenviada|encaminhada)|begin forwarded message)\s*:?)",
    re.IGNORECASE,
)
_WROTE = re.compile(
    r"^[>\s]*(?:(?:em|no dia|on|el|a|at)\b.{4,250}|.{0,120}\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}.{0,120}|"
    r".{0,120}<[^<>\s]{3,120}@[^<>\s]{3,120}>.{0,40}|"
    r"(?:dia|seg|ter|qua|qui|sex|s[aá]b|dom)\b.{4,200})"
    r"(?:escreveu|wrote|escribi[oó]|schrieb)\s*:?\s*$",
    re.IGNORECASE,
)
_WROTE_OPENS = re.compile(
    r"^[>\s]*(?:em|on|el|no dia)\s.{0,80}(?:\d{1,2}[:h]\d{2}|\d{4}|\d{1,2}/\d{1,2}|\b(?:seg|ter|qua|"
    r"qui|sex|s[áa]b|dom|mon|tue|wed|thu|fri|sat|sun))",
    re.IGNORECASE,
)
_WROTE_CLOSES = re.compile(r"(?:escreveu|wrote|escribi[oó])\s*:?\s*$", re.IGNORECASE)
_HEADER = re.compile(
    r"^[>\s*]*(?P<name>de|from|enviad[oa](?: em)?|sent|data|date|fecha|para|to|cc|c/c|assunto|subject|"
    r"asunto|responder a|reply-to)\s*\*?\s*:\s*\*?\s*\S",
    re.IGNORECASE,
)
_FROM = re.compile(r"^[>\s*]*(?:de|from)\s*\*?\s*:", re.IGNORECASE)
_FIELD = re.compile(
    r"^[>\s*]*(?P<label>[^\W\d_][^:\uff1a<>@\n]{0,30}?)[\s\xa0]*\*?[:\uff1a]\*?[\s\xa0]*(?P<value>\S.{0,2000})$"
)
"""A header of whatever language; of no address (`https://`, 10:15) since a label begins with a letter."""
_INSTANT = re.compile(
    r"(?=.{0,80}?(?:\b(?:19|20)\d\d\b|(?:19|20)\d\d\s?[年.년]|\d{1,2}[./-]\d{1,2}[./-]\d{2}\b))"
    r".{0,80}?(?<!\d)\d{1,2}\s?[:.h時时点시]\s?\d{2}(?!\d)"
)
_MAILBOX = re.compile(r"[^\s<>\"'(),:;@\[\]]{1,64}@[^\s<>\"'(),:;@\[\]]{2,255}")
_ANSWERED_SUBJECT = re.compile(r"\s*(?:\[?CAN-\d{8}|[A-Za-z]{1,4}\s?:\s|\S{1,3}\s?\uff1a)")
_ATTRIBUTION_ENDS = re.compile(r"(?:[:\uff1a]|-{2,})\s*$")
_LONGEST_ATTRIBUTION = 300
_PORTUGUESE_PROSE = re.compile(
    r"\b(?:que|para|pel[oa]|conforme|referente|sobre|segue|seguinte|resposta|abaixo|acima|enviei|enviamos|recebi|"
    r"recebemos|conversamos|combinad[oa]|solicit\w+|inform\w+|pe[çd]\w+|venho|vimos)\b",
    re.IGNORECASE,
)
"""Words that no line above a quotation has in any language: it is a sentence that mentions an e-mail."""
_RULE_LINE = re.compile(r"^\s*[_=]{8,}\s*$|^\s*-{20,}\s*$")
_QUOTED = re.compile(r"^\s*(?:>|\|\s)")
_SIGNATURE = re.compile(r"^\s*(?:--|---|__|—|– –|-- )\s*$")
_SENT_FROM = re.compile(
    r"^\s*(?:enviad[oa] (?:d[oe]|a partir d|pel[oa]|via|com)\s?(?:o |a )?(?:meu|minha|iphone|ipad|"
    r"samsung|android|yahoo|outlook|smartphone|celular|gmail|email|correio|dispositivo|aplicativo|mail|"
    r"galaxy|xiaomi)|"
    r"obter o? ?outlook|get outlook|baixe o outlook|sent from|livre de v[íi]rus|virus-free|mensagem "
    r"enviada d|este e-?mail foi (?:escaneado|verificado))",
    re.IGNORECASE,
)
_DISCLAIMER = re.compile(
    r"^\s*(?:\*+\s*)?(?:aviso (?:legal|de confidencialidade|importante)|disclaimer|nota de "
    r"confidencialidade|cl[áa]usula de confidencialidade|termo de confidencialidade|confidencialidade|"
    r"confidencial|confidential|esta mensagem(?:,| e | pode| [ée]|\s\(?incluindo| cont[ée]m)|este "
    r"e-?mail (?:e |[ée] |cont[ée]m|pode|destina)|"
    r"as informa[çc][õo]es contidas n|a informa[çc][ãa]o contida n|o conte[úu]do d(?:este e-?mail|esta "
    r"mensagem)|antes de imprimir|n[ãa]o imprima|pense (?:no meio|antes)|this (?:e-?mail|message)(?: "
    r"and| is| may| contains)|"
    r"caso (?:voc[êe] )?(?:n[ãa]o seja|tenha recebido) (?:o |esta |este |por )|se voc[êe] (?:n[ãa]o "
    r"[ée]|recebeu) (?:o destinat|esta mensagem|este e-?mail)|"
    r"voc[êe] recebeu (?:esta mensagem|este e-?mail) porque|para cancelar (?:o recebimento|a (?:sua "
    r")?inscri[çc][ãa]o|sua inscri)|unsubscribe|descadastr)",
    re.IGNORECASE,
)
_CLOSING_LINE = re.compile(
    r"^\s*(?:att|atte|at\.te|atenciosamente|cordialmente|respeitosamente|abra[çc]os?|abs|saudações|"
    r"saudacoes|sds|com os melhores cumprimentos|um abra[çc]o)\s*[.,;:!]*\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class NewestText:
    """A message's text parted.

    Attributes:
        text: What the writer typed now.
        quoted: Everything earlier: quotations and forwarded messages.
        forwarded: Whether the earlier text is a forward, not an answered message.
        signature: What stands below the newest text: signature and disclaimer. Nothing in it is a request.
        amid: Whether the writer's words may stand in the middle of a letter of ours, and so were not read.
        cut: Whether the newest text is longer than what is read.
    """

    text: str
    quoted: str = ""
    forwarded: bool = False
    signature: str = ""
    amid: bool = False
    cut: bool = False


def newest_text(body: str, known_letters: Sequence[str] = ()) -> NewestText:
    """Part the newest text from what is quoted below or around it.

    Args:
        body: A plain text body, any line ends; more than a bounded length is cut.
        known_letters: Texts of letters of ours that the customer got; the templates are known anyway.

    Returns:
        The newest text without signature and disclaimer, and the rest.
    """
    lines = [line[:_MAX_LINE] for line in _as_lines(body[: MAX_CHARACTERS * 10])]
    shortened = len(body) > MAX_CHARACTERS * 10 or any(len(line) == _MAX_LINE for line in lines)
    kept: list[str] = []
    quoted: list[str] = []
    forwarded = False
    index = 0
    while index < len(lines):
        line = lines[index]
        if _FORWARDED.match(line):
            forwarded = True
            quoted.extend(lines[index:])
            break
        if _ends_the_newest(lines, index):
            quoted.extend(lines[index:])
            forwarded = forwarded or any(_FORWARDED.match(later) for later in lines[index : index + 3])
            break
        wrote = _wrote_lines(lines, index)
        if wrote:
            below = lines[index + wrote :]
            marked = [_QUOTED.match(later) is not None and not is_offered(later) for later in below]
            if any(marked[:6]) or not any(marked):
                interleaved = (
                    [later for later in below if not _QUOTED.match(later)] if _mostly_quoted(below) else []
                )
                quoted.extend(later for later in below if later not in interleaved or _QUOTED.match(later))
                kept.extend(interleaved)
                break
        (quoted if _QUOTED.match(line) else kept).append(line)
        index += 1
    parted = without_ours("\n".join(kept), known_letters)
    if parted.removed:
        kept = parted.text.split("\n")
        quoted.append(parted.removed)
    foot = _signature_at(kept)
    said = "\n".join(row_as_line(line).rstrip() for line in kept[:foot]).strip()
    return NewestText(
        text=said[:MAX_CHARACTERS],
        quoted="\n".join(quoted),
        forwarded=forwarded,
        signature="\n".join(kept[foot:]).strip()[:4_000],
        amid=parted.amid,
        cut=len(said) > MAX_CHARACTERS or (shortened and not quoted),
    )


def _as_lines(body: str) -> list[str]:
    return (
        body.replace("\r\n", "\n")
        .replace("\r", "\n")
        .replace("\u2028", "\n")
        .replace("\xa0", " ")
        .split("\n")
    )


def _mostly_quoted(below: list[str]) -> bool:
    """Tell whether the lines under "escreveu:" carry their own marks: unmarked ones are then answers."""
    first = next((line for line in below if line.strip()), "")
    return bool(_QUOTED.match(first))


def _wrote_lines(lines: list[str], index: int) -> int:
    """Return how many lines an "X escreveu:" takes from here, 0 for none (mail programs break it)."""
    line = lines[index].strip()
    if not line:
        return 0
    if _WROTE.match(line):
        return 1
    if (shaped := _attribution(lines, index)) > 0:
        return shaped
    if _WROTE_OPENS.match(line):
        for more in (1, 2):
            if index + more < len(lines) and _WROTE_CLOSES.search(lines[index + more].strip()[-40:]):
                return more + 1
    return 0


def _attribution(lines: list[str], index: int) -> int:
    """Return how many lines "On Tuesday at 10:15 somebody <address> wrote:" takes in any language, 0 for none."""
    text = ""
    for more, line in enumerate(lines[index : index + 3], 1):
        text = f"{text} {line.strip()}".strip()
        if len(text) > _LONGEST_ATTRIBUTION or not line.strip():
            return 0
        if not _ATTRIBUTION_ENDS.search(text):
            continue
        named = _MAILBOX.search(text)
        if named is None or not _INSTANT.match(text):
            return 0
        brief = (
            len(text) - named.end() <= 25 and len(re.findall(r"[^\W\d_]{2,}", text[: named.start()])) <= 14
        )
        return more if brief and not _PORTUGUESE_PROSE.search(text) else 0
    return 0


def _ends_the_newest(lines: list[str], index: int) -> bool:
    line = lines[index]
    if _ORIGINAL_MESSAGE.match(line):
        return True
    if _header_block(lines, index):
        return True
    return bool(_RULE_LINE.match(line)) and any(
        _header_block(lines, at) for at in range(index + 1, min(index + 4, len(lines)))
    )


def _header_block(lines: list[str], index: int) -> bool:
    if _FROM.match(lines[index]):
        names = {
            match.group("name").lower()[:3]
            for line in lines[index : index + 8]
            if (match := _HEADER.match(line))
        }
        if len(names) >= 3:
            return True
    return _FIELD.match(lines[index]) is not None and _header_shape(lines[index : index + 10])


def _header_shape(lines: list[str]) -> bool:
    """Tell a block of headers of any language from a form that somebody filled in."""
    values: list[str] = []
    for line in lines:
        if not line.strip("> "):
            continue
        header = _FIELD.match(line)
        if header is None:
            break
        if is_label(header["label"]) and not _HEADER.match(line):
            return False
        if len(header["label"].split()) > 3:
            break
        values.append(header["value"])
    dated = any(_INSTANT.match(value) for value in values[:4])
    answered = any(_MAILBOX.search(v) or _ANSWERED_SUBJECT.match(v) for v in values)
    return len(values) >= 3 and dated and answered


def _signature_at(lines: list[str]) -> int:
    """Return the index of the first line that belongs to signature or disclaimer."""
    said = False
    for index, line in enumerate(lines):
        if _DISCLAIMER.match(line) or _SENT_FROM.match(line) or (_SIGNATURE.match(line) and said):
            return index
        if said and _CLOSING_LINE.match(line) and not _asks_later(lines[index + 1 :]):
            return index + 1
        said = said or bool(line.strip())
    return len(lines)


def _asks_later(lines: list[str]) -> bool:
    """Tell whether text goes on after the closing word: a postscript, or a reason written below the name."""
    rest = [line.strip() for line in lines if line.strip()]
    return any(
        re.match(r"(?:p\.? ?s\.?|obs|motivo|em tempo|raz[ãa]o|justificativa)\b", line, re.IGNORECASE)
        for line in rest
    )
