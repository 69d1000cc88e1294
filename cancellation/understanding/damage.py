"""What a text lost on its way, by the marks that are left in its words (X14).

Portuguese turns on its accents: "não" that lost its own may read as nothing at all. So a text whose words hold
what no writer puts there (a question mark inside a word, a letter of another alphabet, half an encoding) is never
understood by a program, neither as a request nor as its opposite.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

from cancellation.understanding.accents import accents_lost


class Damage(StrEnum):
    """What is wrong with the text of a message, in Portuguese: it is shown to people as it stands."""

    LOST = "caracteres perdidos"
    ACCENTS = "acentos perdidos"
    CHARSET = "codificação desconhecida"
    MIME = "estrutura malformada"
    CUT = "texto cortado"
    COMPLEX = "mensagem complexa demais"
    DIFFERENT = "partes que dizem coisas diferentes"


_GONE = re.compile("[\u202d\u202e\ufffd\x80-\x9f\u25a1\u2400-\u241f]")
"""What stands for a lost character; and marks that show letters in another order than they are read in."""
_TOKEN = re.compile(r"\S+")
_NO_PROSE = re.compile(r"://|www\.|@|\.\w{2,4}[/?]|\.(?:pdf|docx?|xlsx?|jpe?g|png|txt|eml|zip|html?)\b")
"""Addresses and names of files, which hold any character."""

_OURS = "a-záàâãéêíóôõúüçñ"
_THEIRS = "A-ZÁÀÂÃÉÊÍÓÔÕÚÜÇÑ"
_LETTER = _OURS + _THEIRS
_FOREIGN_NAME = re.compile(r"\b[A-Z][a-zéèëïöäüñø]{3,}\b")
_ODD_LETTER = re.compile(rf"(?=[^\W\d_])[^{_LETTER}ªºº°µ]")
_PUNCTUATION = r"\w\s.,;:!?()\[\]'\"\u2018-\u201d/&@\u2010-\u2015-"
_NEVER_BESIDE_A_LETTER = (
    "\xa4\xa6\xac\xb6\u0192\u02c6\u02dc\u2020\u2021\u2030\u2200-\u22ff\u2320\u2321\u2500-\u259f\u25ca"
)
_SIGN_IN_WORD = re.compile(
    # cancelar?Obrigado lacks a blank, N?o lacks a letter.
    rf"[{_LETTER}]\?+[{_OURS}]|[{_THEIRS}]\?+[{_LETTER}]|"
    rf"[{_LETTER}](?:_|[^{_PUNCTUATION}])+[{_LETTER}]|[{_LETTER}][{_NEVER_BESIDE_A_LETTER}]"
)
_FIRST_LETTER_GONE = re.compile(rf"(?:^|(?<=[\s(\"']))\?+[{_OURS}]")
_LAST_LETTER_GONE = re.compile(
    r"\b(?:[Jj]|[Ss]|[Aa]t|[Ee]st|ser|[Vv]oc|[Ll]|[Aa]l|[Hh]|ir|poder|dever|far|ter|amanh|manh|irm|porqu|tr)\?+"
    r"(?=[,;]?\s+[a-z])|(?<=[a-z,]) \?+ (?=[a-z])"
)
_HALF_AN_ENCODING = re.compile(
    rf"&(?:#\d{{2,5}}|#x[0-9a-f]{{2,4}}|[aeioucn](?:acute|grave|circ|tilde|cedil|uml));|"
    rf"=[0-9A-F]{{2}}(?:=[0-9A-F]{{2}})?(?=[{_LETTER}])|%[0-9A-F]{{2}}%[0-9A-F]{{2}}|\\u00[0-9a-f]{{2}}|\\x[0-9a-f]{{2}}|"
    rf"\+A[A-Za-z0-9/]{{2}}-|[{_OURS}][ÀÁÂÃÉÊÍÓÔÕÚÜÇ]|[ÂÃ][\xa0-\xbf\u2018-\u2026](?=[{_OURS}])|"
    rf"(?:^|\s)Ã\s(?=[{_OURS}])"
)
_VERB = (
    r"(?:(?!(?:interesse|repasse|comando|passe|grupo)\b)(?:"
    r"[a-z]{2,}(?:ei|amos|emos|imos|aram|eram|iram|ariam?|eriam?|iriam?|avam?|assem|essem|issem|ando|endo|indo|"
    r"arem|erem|irem|armos|ermos|irmos|arei|erei|irei)|"
    r"est(?:a|ao|ou|eja|ejam)|er(?:a|am)|foi|foram|fosse|fui|haja|havia|houve|tem|tenho|tenha\w*|teve|tinha|tiver|"
    r"vai|vao|vou|vem|veio|sei|sab(?:e|em|emos|ia)|sai|saiu|sou|seja|quer|queira\w*|quis\w*|quero|pod(?:e|em)|poss(?:o|a|am)|"
    r"puder\w*|der|derem|deu|dou|fa[cz]\w*|fiz\w*|dev(?:e|em|o|eria)|precis[ao]|se trata|me lembro|"
    r"solicit(?:o|e)|peco|desej[ao]|pretend[eo]|consig[ao]|consta|entend[eio]|receb[io]|confirm[oe]|"
    r"pens[oe]|aceit[oe]|concord[oe]|autoriz[oe]\w*|conclu[io]|funciona|atende\w*|"
    r"(?:cancel|encerr|deslig|desativ|efetu|finaliz|formaliz|suspend|rescind|mex|interromp|prossig|proced)"
    r"(?:o|e|em|er|ir|ar|a|am|ou|eu|i)))"
)
_NOT_WITHOUT_ITS_ACCENT = re.compile(rf"\b(?:no|n {{1,2}}o) {_VERB}\b|\bn {{1,2}}o\b(?! *\d)", re.IGNORECASE)
"""In Portuguese no verb stands behind the article "no"; the letters that a number (nº) is written with may."""
_LONE_LETTER = re.compile(
    r"(?<![\w/.'-])[jlJL](?=\s|[.?!]*$)|\b(?:pra|para|por) l(?![a-zá]\b)(?!\w{2})", re.MULTILINE
)
"""What is left of "já" and "lá"."""


_MARKS = (
    _SIGN_IN_WORD,
    _FIRST_LETTER_GONE,
    _LAST_LETTER_GONE,
    _HALF_AN_ENCODING,
    _NOT_WITHOUT_ITS_ACCENT,
    _LONE_LETTER,
)


def damage_in(text: str) -> tuple[Damage, ...]:
    """Tell what a text lost, as far as its words still show it.

    Args:
        text: What a person wrote, decoded.

    Returns:
        `Damage.LOST` and `Damage.ACCENTS`, or nothing for a sound text.
    """
    text = unicodedata.normalize("NFC", text)
    prose = _TOKEN.sub(lambda token: " " if _NO_PROSE.search(token.group()) else token.group(), text)
    found = []
    if _GONE.search(text):
        found.append(Damage.LOST)
    marked = any(mark.search(prose) for mark in _MARKS)
    if marked or _ODD_LETTER.search(_FOREIGN_NAME.sub(" ", prose)) or accents_lost(prose):
        found.append(Damage.ACCENTS)
    return tuple(found)
