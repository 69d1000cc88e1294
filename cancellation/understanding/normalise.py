"""Text brought to one plain form, with the way back to the original characters.

Rules are written once, in lower case and without accents; what a customer reads back must be the
customer's own words. So every character of the plain form remembers which original characters it came
from.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

MAX_CHARACTERS = 20_000
"""Longer texts are cut: nobody asks for a cancellation on page ten, and time must stay bounded."""

_SAME_AS = str.maketrans(
    {
        "“": '"',
        "”": '"',
        "„": '"',
        "«": '"',
        "»": '"',
        "‘": "'",
        "’": "'",
        "–": "-",
        "—": "-",
        "\u2212": "-",
        "…": ".",
    }
)
_INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u202a\u202b\u202c\u202d\u202e")

_WRITTEN_SHORT = {
    "q": "que",
    "d": "de",
    "qe": "que",
    "pq": "porque",
    "pqe": "porque",
    "porq": "porque",
    "poq": "porque",
    "pois": "pois",
    "vc": "voce",
    "vcs": "voces",
    "ceis": "voces",
    "pf": "por favor",
    "pfv": "por favor",
    "pfvr": "por favor",
    "pls": "por favor",
    "plz": "por favor",
    "tbm": "tambem",
    "tb": "tambem",
    "qro": "quero",
    "kero": "quero",
    "kro": "quero",
    "qero": "quero",
    "queor": "quero",
    "naum": "nao",
    "nn": "nao",
    "ñ": "nao",
    "hj": "hoje",
    "qdo": "quando",
    "qto": "quanto",
    "qnto": "quanto",
    "msg": "mensagem",
    "cmg": "comigo",
    "mto": "muito",
    "mt": "muito",
    "oq": "o que",
    "sr": "senhor",
    "sra": "senhora",
    "cancelamto": "cancelamento",
    "cancelacao": "cancelamento",
    "cto": "contrato",
    "contr": "contrato",
    "nois": "nos",
    "favo": "favor",
    "canc": "cancelamento",
    "svc": "servico",
    "servc": "servico",
    "porfavor": "por favor",
    "porfa": "por favor",
    "atravez": "atraves",
    "atravs": "atraves",
}

_VERB_FOLLOWS = re.compile(
    r" (?:tenho|quero|vou|consigo|preciso|uso|temos|esta|da|to|tem|vamos|foi|queremos|precis|utiliz|"
    r"atend|funcion)"
)
_OFTEN_MISSPELT = (
    "cancelamento",
    "cancelar",
    "cancelem",
    "cancele",
    "contrato",
    "solicito",
    "solicitar",
    "solicitamos",
    "rescisao",
    "rescindir",
    "encerramento",
    "encerrar",
    "servico",
    "servicos",
    "motivo",
    "assinatura",
    "operadora",
    "gostaria",
    "gostariamos",
    "atendimento",
    "suporte",
    "formalizo",
    "formalizar",
    "desligamento",
    "distrato",
    "atenciosamente",
    "desisto",
    "providenciar",
    "desativacao",
    "queremos",
    "problemas",
)

_CONJUGATED = tuple(
    ["cancel", "encerr", "solicit", "contrat", "desativ", "deslig", "finaliz", "formaliz", "gost", "suport"]
)
_AR_ENDINGS = (
    "o|a|as|am|amos|ei|ou|aste|aram|ava|avam|avamos|ara|arao|arei|aremos|aria|ariam|ariamos|e|es|em|"
    "emos|ar|ares|arem|"
    "armos|ando|ado|ada|ados|adas|amento|amentos|acao|acoes|avel|ante|antes|asse|assem|assemos|ante|aveis"
)
_REAL_WORD = re.compile(
    rf"(?:(?:{'|'.join(_CONJUGATED)})(?:{_AR_ENDINGS})(?:-\w+)?|contat\w*|contrari\w*|contratual|"
    rf"contratuais|contratos|"
    r"cancel|servir\w*|servimo\w*|serviu|servid\w*|motiv\w*|suport\w*|operador|operadores|operadoras|"
    r"assinatur\w*|rescind\w*|"
    r"rescisori\w*|desist\w*|quer\w*|quier\w*|concilia\w*|cancion\w*|cancer\w*|resid\w*|problematic\w*|"
    r"solicitud|servici\w*|contract\w*|cancell\w*|encerad\w*|encarar|gostari\w*|distrat\w*|distrit\w*|"
    r"distrai\w*|"
    r"desativ\w*|deslig\w*|formali\w*|providenci\w*|queriamos|queremos|decisao|revisao|recisivo|"
    r"previsao|incisao|"
    r"solicitant\w*|contralto|atendiment\w*|entendimento|cancelaveis)"
)


@dataclass(frozen=True, slots=True)
class Folded:
    """A text in its plain form.

    Attributes:
        original: The text as it was given (NFC, invisible characters dropped).
        plain: Lower case, no accents, common short and misspelt words written out, one blank between words
            and none
            before punctuation; line ends are kept.
        origin: For each character of ``plain`` the index of the character of ``original`` it stands for, and
            one more
            for the end.
    """

    original: str
    plain: str
    origin: tuple[int, ...]

    def original_of(self, start: int, end: int) -> str:
        """Return the original words behind ``plain[start:end]``."""
        if end <= start:
            return ""
        return self.original[self.origin[start] : self._end_of(end)]

    def _end_of(self, end: int) -> int:
        last = self.origin[end - 1]
        following = self.origin[end]
        return max(last + 1, following) if following > last else last + 1


def fold(text: str) -> Folded:
    """Bring a text to the plain form that rules are written in.

    Args:
        text: Any text; more than `MAX_CHARACTERS` are cut.

    Returns:
        The plain form with the way back to the original.
    """
    original = "".join(c for c in unicodedata.normalize("NFC", text[:MAX_CHARACTERS]) if c not in _INVISIBLE)
    letters = [_plain_letter(c) for c in original]
    plain: list[str] = []
    origin: list[int] = []
    spelt = "".join(letters)
    for token in re.finditer(r"\w+|\W", spelt):
        word, start = token.group(), token.start()
        if word == " " and (not plain or plain[-1] in " \n"):
            continue
        if word in ",;:.!?\n" and plain and plain[-1] == " ":
            plain.pop()
            origin.pop()
        right = "nao" if word == "n" and _VERB_FOLLOWS.match(spelt, token.end()) else _rightly_written(word)
        for position, letter in enumerate(right):
            plain.append(letter)
            origin.append(start + min(position, len(word) - 1))
    origin.append(len(original))
    return Folded(original, "".join(plain), tuple(origin))


def plain_text(text: str) -> str:
    """Return only the plain form, blanks run together: for comparing two texts."""
    return " ".join(fold(text).plain.split())


def _plain_letter(letter: str) -> str:
    if letter in "\t\r\v\f":
        return " "
    if letter < "\x80":
        return letter.lower()
    letter = letter.translate(_SAME_AS)
    base = unicodedata.normalize("NFKD", letter)[0].lower()
    if base == "\xa0" or base.isspace():
        return " "
    return base[0]


@lru_cache(maxsize=20_000)
def _rightly_written(word: str) -> str:
    if word in _OFTEN_MISSPELT:
        return word
    if word in _WRITTEN_SHORT:
        return _WRITTEN_SHORT[word]
    if len(word) < 6 or len(word) > 20 or not word.isalpha() or _REAL_WORD.fullmatch(word):
        return word
    for right in _OFTEN_MISSPELT:
        allowed = 1 if len(right) < 10 else 2
        if (
            word[0] in (right[0], "k")
            and abs(len(word) - len(right)) <= allowed
            and _edits(word, right, allowed)
        ):
            return right
    return word


def _edits(word: str, right: str, allowed: int) -> bool:
    """Tell whether at most ``allowed`` letters are missing, added, wrong or swapped with their neighbour."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(word, 1):
        previous, row, before_last = row, [i], before
        for j, b in enumerate(right, 1):
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and word[i - 2] == b:
                cost = min(cost, before_last[j - 2] + 1)
            row.append(cost)
        before = previous
        if min(row) > allowed:
            return False
    return row[-1] <= allowed
