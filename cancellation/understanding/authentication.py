"""The receiving server's verdict on who sent a message (X9, RFC 8601).

Whoever sends a message can write `Authentication-Results` into it. What counts comes from a configured
server alone and from where that server writes: at the top, down to the first `Received` that it did not
write itself. The receiving server must remove incoming headers that carry its own name (RFC 8601, section
5); with that, nothing forged remains.

Above the receiving server's own `Received` may stand those of our machines behind it, under names that no
setting knows: `localhost`, a bare address, and the mailbox server that took it by LMTP and calls itself by
its bare host name. Each server writes above what it got, so no sender can write there: what came from
outside stands below the receiving server's own line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal

from cancellation.understanding.domains import aligned, ascii_domain, domain_of, organisational_domain
from cancellation.understanding.mail import MailReading
from cancellation.understanding.models import Frozen

Verdict = Literal["pass", "fail", "none"]

_METHOD = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9-]*)(?:\s*/\s*\d+)?\s*=\s*([A-Za-z]+)(?![\w])")
_PROPERTY = re.compile(
    r"([A-Za-z]+)\s*\.\s*([A-Za-z][A-Za-z0-9-]*)\s*=\s*(\"(?:[^\"\\]|\\.)*\"@?[^\s;]*|[^\s;]+)"
)
_BY = re.compile(r"\bby\s+(\[?[^\s;()]+)", re.IGNORECASE)
_LOCALHOST = ("localhost", "localhost.localdomain")
_HOST_NAME = re.compile(r"[a-z0-9_-]+", re.IGNORECASE)
_BY_LMTP = re.compile(r"\bwith\s+LMTPS?A?\b", re.IGNORECASE)


class Authentication(Frozen):
    """The verdict and what it rests on.

    Attributes:
        verdict: ``pass`` only when an aligned mechanism passed at a trusted server.
        why: Portuguese sentences.
    """

    verdict: Verdict
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Result:
    method: str
    result: str
    properties: tuple[tuple[str, str], ...]

    def values(self, *names: str) -> list[str]:
        return [value for name, value in self.properties if name in names]


def verdict(message: MailReading, trusted_authserv_ids: Sequence[str]) -> Authentication:
    """Tell whether the receiving server vouches for the From address.

    Args:
        message: The message read.
        trusted_authserv_ids: Names under which our own receiving servers write `Authentication-Results`.

    Returns:
        ``pass`` when DMARC passed, or DKIM or SPF passed for the From domain's organisation; ``fail`` when
        it failed,
        passed only for another domain, or there is not exactly one From address; ``none`` when no trusted
        server spoke.
    """
    if len(message.from_addresses) != 1 or message.from_headers != 1:
        return _because("fail", "A mensagem não tem exatamente um remetente (From).")
    domain = domain_of(message.from_addresses[0])
    results = _trusted_results(
        message, {identity.strip().lower() for identity in trusted_authserv_ids if identity.strip()}
    )
    if not results:
        return _because(
            "none", "Nenhum servidor de recebimento de confiança registrou a autenticação desta mensagem."
        )
    dmarc = next((result for result in results if result.method == "dmarc"), None)
    if dmarc is not None and dmarc.result == "pass":
        named = dmarc.values("header.from")
        if all(
            ascii_domain(name.rpartition("@")[2]) == domain or aligned(name.rpartition("@")[2], domain)
            for name in named
        ):
            return _because("pass", f"O servidor de recebimento confirmou o DMARC de {domain}.")
        return _because("fail", "O DMARC confirmado é de outro domínio, não do remetente.")
    if dmarc is not None and dmarc.result in ("fail", "reject", "quarantine"):
        return _because("fail", f"O servidor de recebimento reprovou o DMARC de {domain}.")
    for result in results:
        passed = result.result == "pass" and any(_same(name, domain) for name in _names(result))
        if passed:
            return _because(
                "pass", f"O servidor de recebimento confirmou {result.method.upper()} do domínio {domain}."
            )
    if any(result.result == "pass" and result.method in ("dkim", "spf") for result in results):
        return _because("fail", f"SPF ou DKIM só foram confirmados para outro domínio, não para {domain}.")
    if any(result.result in ("fail", "softfail", "hardfail", "policy") for result in results):
        return _because("fail", f"O servidor de recebimento reprovou SPF ou DKIM de {domain}.")
    return _because("none", f"O servidor de recebimento não encontrou autenticação para {domain}.")


def _because(found: Verdict, sentence: str) -> Authentication:
    return Authentication(verdict=found, why=(sentence,))


def _names(result: _Result) -> list[str]:
    if result.method == "dkim":
        return result.values("header.d") or result.values("header.i")
    if result.method == "spf":
        return result.values("smtp.mailfrom")
    return []


def _same(name: str, domain: str) -> bool:
    host = name.strip('"').rpartition("@")[2]
    return bool(host) and aligned(host, domain)


def _trusted_results(message: MailReading, trusted: set[str]) -> list[_Result]:
    """Gather the results of trusted servers from the top; of each method the topmost header counts."""
    found: list[_Result] = []
    own = {organisational_domain(identity) or identity for identity in trusted}
    border_seen = False
    for name, value in message.trace:
        if name == "received":
            ours = _received_by(value, trusted, own)
            if not ours and (border_seen or not _passed_on_inside(value)):
                break
            border_seen = border_seen or ours
            continue
        identity, results = parse_authentication_results(value)
        if identity in trusted:
            known = {result.method for result in found}
            found.extend(result for result in results if result.method not in known)
    return found


def _received_by(value: str, trusted: set[str], own: set[str]) -> bool:
    by = _BY.search(_without_comments(value))
    host = by.group(1).strip("[]").lower() if by else ""
    return bool(host) and (host in trusted or (organisational_domain(host) or host) in own)


def _passed_on_inside(value: str) -> bool:
    """Tell whether a machine behind the receiving server wrote it; to be asked above that server's alone."""
    plain = _without_comments(value)
    by = _BY.search(plain)
    if by is None:
        return False
    host = by.group(1).lower()
    if host in _LOCALHOST or _is_ip_address(host):
        return True
    # LMTP never crosses the border (RFC 2033, section 5); a bare name that took mail by SMTP may be the border.
    return _HOST_NAME.fullmatch(host) is not None and _BY_LMTP.search(plain, by.end()) is not None


def _is_ip_address(host: str) -> bool:
    try:
        ip_address(host.strip("[]").removeprefix("ipv6:"))
    except ValueError:
        return False
    return True


def parse_authentication_results(value: str) -> tuple[str | None, list[_Result]]:
    """Read one header value as RFC 8601 says; parts that cannot be read are left out, never guessed.

    Returns:
        The authserv-id in lower case (None when there is none) and the results.
    """
    parts = _split(_without_comments(value))
    words = parts[0].split()
    if not words or len(words) > 2 or "=" in parts[0]:
        return None, []
    results = []
    for part in parts[1:]:
        method = _METHOD.match(part)
        if method is None:
            continue
        properties = tuple(
            (f"{p.group(1)}.{p.group(2)}".lower(), p.group(3).strip('"'))
            for p in _PROPERTY.finditer(part, method.end())
        )
        results.append(_Result(method.group(1).lower(), method.group(2).lower(), properties))
    return words[0].strip('"').lower(), results


def _without_comments(value: str) -> str:
    """Leave out comments, which nest; quoted strings are kept whole."""
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for character in value[:8_000]:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif quoted:
            quoted = character != '"'
        elif character == '"' and depth == 0:
            quoted = True
        elif character == "(":
            depth += 1
            continue
        elif character == ")" and depth:
            depth -= 1
            kept.append(" ")
            continue
        if depth == 0:
            kept.append(character)
    return "".join(kept)


def _split(value: str) -> list[str]:
    quoted = False
    pieces: list[list[str]] = [[]]
    for character in value:
        if character == '"':
            quoted = not quoted
        if character == ";" and not quoted:
            pieces.append([])
        else:
            pieces[-1].append(character)
    return ["".join(piece) for piece in pieces]
