"""The newest text of a message: what its writer typed now, without quotations, signatures and disclaimers.

Only this counts as said (P7). The rules know the Portuguese, English and Spanish forms of the mail
programs that people use: Outlook's block of headers, Gmail's and Apple Mail's "escreveu:", separators,
forwards.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cancellation.understanding.normalise import MAX_CHARACTERS

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
    """

    text: str
    quoted: str = ""
    forwarded: bool = False
    signature: str = ""


def newest_text(body: str) -> NewestText:
    """Part the newest text from what is quoted below or around it.

    Args:
        body: A plain text body, any line ends; more than a bounded length is cut.

    Returns:
        The newest text without signature and disclaimer, and the rest.
    """
    lines = [line[:_MAX_LINE] for line in _as_lines(body[: MAX_CHARACTERS * 10])]
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
        if _ends_the_newest(lines, index, bool("".join(kept).strip())):
            quoted.extend(lines[index:])
            forwarded = forwarded or any(_FORWARDED.match(later) for later in lines[index : index + 3])
            break
        wrote = _wrote_lines(lines, index)
        if wrote:
            below = lines[index + wrote :]
            if any(_QUOTED.match(later) for later in below[:6]) or not any(
                _QUOTED.match(later) for later in below
            ):
                interleaved = (
                    [later for later in below if not _QUOTED.match(later)] if _mostly_quoted(below) else []
                )
                quoted.extend(later for later in below if later not in interleaved or _QUOTED.match(later))
                kept.extend(interleaved)
                break
        (quoted if _QUOTED.match(line) else kept).append(line)
        index += 1
    cut = _signature_at(kept)
    said = "\n".join(line.rstrip() for line in kept[:cut]).strip()
    return NewestText(said, "\n".join(quoted), forwarded, "\n".join(kept[cut:]).strip()[:4_000])


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
    if _WROTE_OPENS.match(line):
        for more in (1, 2):
            if index + more < len(lines) and _WROTE_CLOSES.search(lines[index + more].strip()[-40:]):
                return more + 1
    return 0


def _ends_the_newest(lines: list[str], index: int, something_before: bool) -> bool:
    line = lines[index]
    if _ORIGINAL_MESSAGE.match(line):
        return True
    if _FROM.match(line) and _header_block(lines, index):
        return True
    return bool(_RULE_LINE.match(line)) and any(
        _FROM.match(later) and _header_block(lines, at)
        for at, later in enumerate(lines[index + 1 : index + 4], index + 1)
    )


def _header_block(lines: list[str], index: int) -> bool:
    names = set()
    for line in lines[index : index + 8]:
        match = _HEADER.match(line)
        if match:
            names.add(match.group("name").lower()[:3])
    return len(names) >= 3


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
