"""Domains: whose they are, and which ones only look like another."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache

from publicsuffixlist import PublicSuffixList

# Letters of other alphabets that look like Latin ones, by code point: Cyrillic, Greek, dotless i.
_LOOKS_LIKE = str.maketrans(
    "013 5i|".replace(" ", "")
    + "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456\u0131\u03bf\u03b1\u03bd"
    + "\u0501\u0455\u0458\u04bb\u04cf\u043a\u043c\u0442\u0432\u043d",
    "ole" + "sll" + "aeopcxyllo" + "av" + "dsjhlkmtbh",
)


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def domain_of(address: str) -> str:
    """Return the domain of an address in lower case ASCII (IDNA), "" when there is none."""
    return ascii_domain(address.rpartition("@")[2] if "@" in address else "")


def ascii_domain(domain: str) -> str:
    """Return a domain in lower case ASCII; what IDNA refuses stays as it is."""
    domain = domain.strip().strip(".").lower()[:255]
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except (UnicodeError, ValueError):
        return domain


def organisational_domain(domain: str) -> str | None:
    """Return the domain that was registered (`acme.com.br` for `mail.acme.com.br`); None for a suffix."""
    domain = ascii_domain(domain)
    if not domain or " " in domain:
        return None
    found = _suffixes().privatesuffix(domain)
    return found if isinstance(found, str) and found else None


def aligned(domain: str, other: str) -> bool:
    """Tell whether two domains belong to the same organisation (relaxed alignment of DMARC)."""
    one, two = organisational_domain(domain), organisational_domain(other)
    return one is not None and one == two


def looks_like(domain: str, genuine: Iterable[str]) -> str | None:
    """Return the genuine domain that this one imitates, None when it imitates none or is genuine itself.

    Caught are letters exchanged for similar ones (also of other alphabets), one letter more, less, other or
    swapped,
    another ending, and the genuine name inside a longer one.
    """
    mine = organisational_domain(domain) or ascii_domain(domain)
    names = {name for name in ((organisational_domain(one) or ascii_domain(one)) for one in genuine) if name}
    if not mine or mine in names:
        return None
    for name in sorted(names):
        if _imitates(mine, name):
            return name
    return None


def _imitates(mine: str, genuine: str) -> bool:
    label, ending = _label(mine), mine.partition(".")[2]
    real, real_ending = _label(genuine), genuine.partition(".")[2]
    if _skeleton(label) == _skeleton(real):
        return True
    if len(real) < 4:
        return False
    if len(real) >= 5 and (
        label.startswith(real + "-") or label.endswith("-" + real) or (len(real) >= 6 and real in label)
    ):
        return True
    return (len(real) >= 6 or ending == real_ending) and _one_edit(_skeleton(label), _skeleton(real))


def _label(domain: str) -> str:
    label = domain.partition(".")[0]
    if label.startswith("xn--"):
        try:
            return label.encode("ascii").decode("idna")
        except (UnicodeError, ValueError):
            return label
    return label


def _skeleton(label: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", label.lower()) if not unicodedata.combining(c))
    return plain.translate(_LOOKS_LIKE).replace("rn", "m").replace("vv", "w").replace("-", "")


def _one_edit(one: str, two: str) -> bool:
    if abs(len(one) - len(two)) > 1:
        return False
    start = 0
    while start < min(len(one), len(two)) and one[start] == two[start]:
        start += 1
    a, b = one[start:], two[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (len(a) > 1 and a[:2] == b[1::-1] and a[2:] == b[2:])
