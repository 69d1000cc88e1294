"""The receiving server's verdict on who sent a message (X9, RFC 8601, RFC 9989).

Whoever sends a message can write `Authentication-Results` into it. What counts comes from a configured
server alone and from where that server writes: at the top, down to the first `Received` that it did not
write itself. The receiving server must remove incoming headers that carry its own name (RFC 8601, section
5); with that, nothing forged remains. A failed DMARC counts wherever it stands: it can only harm who forged it.

Above the receiving server's own `Received` may stand those of our machines behind it, under names that no
setting knows: `localhost`, a bare address, and the mailbox server that took it by LMTP and calls itself by
its bare host name. Each server writes above what it got, so no sender can write there: what came from
outside stands below the receiving server's own line.

Servers that leave out their name (Exchange Online) are trusted only where a setting names the machines that
write their `Received`, and then only the topmost of their headers: others of the same service may be forged.

Which domains belong together is the server's knowledge (RFC 9989 asks the DNS for it); ours is a list of public
suffixes that ages. So its `dmarc=` is preferred, and where there is none a mechanism counts for the very domain
in From; one that passed for another host of the same registered domain is left to a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address

from cancellation.understanding.authres import (
    AuthenticationResults,
    MalformedResults,
    Result,
    named_server,
    parse,
)
from cancellation.understanding.domains import aligned, ascii_domain, domain_of, organisational_domain
from cancellation.understanding.mail import MailReading
from cancellation.understanding.models import Frozen, Verdict

_BY = re.compile(r"\bby\s+(\[?[^\s;()]+)", re.IGNORECASE)
_LOCALHOST = ("localhost", "localhost.localdomain")
_HOST_NAME = re.compile(r"[a-z0-9_-]+", re.IGNORECASE)
_BY_LMTP = re.compile(r"\bwith\s+LMTPS?A?\b", re.IGNORECASE)
_FAILED = frozenset({"fail", "softfail", "hardfail", "policy"})
_DMARC_FAILED = frozenset({"fail", "reject", "quarantine"})
_NO_DMARC = frozenset({"none", "bestguesspass"})
"""The domain has no policy: the server cannot say more than SPF and DKIM do."""
_LONGEST_RECEIVED = 8_000


class Authentication(Frozen):
    """The verdict and what it rests on.

    Attributes:
        verdict: ``pass`` only when an aligned mechanism passed at a trusted server.
        why: Portuguese sentences.
    """

    verdict: Verdict
    why: tuple[str, ...]


def verdict(
    message: MailReading, trusted_authserv_ids: Sequence[str], *, nameless_servers: Sequence[str] = ()
) -> Authentication:
    """Tell whether the receiving server vouches for the From address.

    Args:
        message: The message read.
        trusted_authserv_ids: Names under which our own receiving servers write `Authentication-Results`.
        nameless_servers: Domains of receiving servers of ours that write it without any name.

    Returns:
        ``pass`` when DMARC passed, or where no policy is known DKIM or SPF passed for the very domain in From;
        ``fail`` when it failed, passed only for another domain, or there is not exactly one From address;
        ``none`` when no trusted server spoke, or not plainly.
    """
    if len(message.from_addresses) != 1 or message.from_headers != 1:
        return _because("fail", "A mensagem não tem exatamente um remetente (From).")
    domain = domain_of(message.from_addresses[0])
    found = _Found(message, _names(trusted_authserv_ids), _names(nameless_servers))
    if found.dmarc_failed:
        return _because("fail", f"O servidor de recebimento reprovou o DMARC de {domain}.")
    if found.unclear:
        return _because(
            "none", "O registro de autenticação do servidor de recebimento não pôde ser lido com segurança."
        )
    if not found.results:
        return _because(
            "none", "Nenhum servidor de recebimento de confiança registrou a autenticação desta mensagem."
        )
    dmarc = [result for result in found.results if result.method == "dmarc"]
    if dmarc and {result.result for result in dmarc} - _NO_DMARC:
        return _by_dmarc(dmarc, domain)
    return _by_mechanism(found.results, domain)


class _Found:
    """What trusted servers wrote: headers are read from the top, down to where a sender may have written."""

    def __init__(self, message: MailReading, trusted: frozenset[str], nameless: frozenset[str]) -> None:
        self.results: list[Result] = []
        self.unclear = False
        self.dmarc_failed = False
        self._trusted = trusted
        self._nameless = nameless
        self._own = {organisational_domain(identity) or identity for identity in trusted}
        self._nameless_seen = not nameless
        for within, value in self._in_order(message.trace):
            try:
                self._take(parse(value), within)
            except MalformedResults:
                # One of ours that cannot be read may say anything; one of nobody's says nothing.
                self.unclear = self.unclear or (within and self._is_ours(named_server(value)))

    def _in_order(self, trace: Iterable[tuple[str, str]]) -> Iterator[tuple[bool, str]]:
        """Values from the top; false for those that a sender can have written."""
        within, border_seen = True, False
        for name, value in trace:
            if name != "received":
                yield within, value
                continue
            ours = self._received_by(value)
            within = within and (ours or (not border_seen and _passed_on_inside(value)))
            border_seen = border_seen or ours

    def _take(self, read: AuthenticationResults, within: bool) -> None:
        if not self._is_ours(read.server) or (read.server is None and not within):
            return
        self._nameless_seen = self._nameless_seen or read.server is None
        self.dmarc_failed = self.dmarc_failed or any(
            result.method == "dmarc" and result.result in _DMARC_FAILED for result in read.results
        )
        if within:
            self.unclear = self.unclear or read.looks_written
            self.results.extend(read.results)

    def _is_ours(self, server: str | None) -> bool:
        return not self._nameless_seen if server is None else server in self._trusted

    def _received_by(self, value: str) -> bool:
        by = _BY.search(_without_comments(value))
        host = by.group(1).strip("[]").rstrip(".").lower() if by else ""
        if not host:
            return False
        if any(host == name or host.endswith("." + name) for name in self._nameless):
            return True
        return host in self._trusted or (organisational_domain(host) or host) in self._own


def _names(given: Sequence[str]) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in given if name.strip())


def _because(found: Verdict, sentence: str) -> Authentication:
    return Authentication(verdict=found, why=(sentence,))


def _by_dmarc(dmarc: Sequence[Result], domain: str) -> Authentication:
    if any(result.result != "pass" for result in dmarc):
        return _because("none", f"O servidor de recebimento não chegou a um resultado do DMARC de {domain}.")
    named = [ascii_domain(name) for result in dmarc for name in result.domains("header.from")]
    if all(name == domain for name in named):
        return _because("pass", f"O servidor de recebimento confirmou o DMARC de {domain}.")
    if all(name == domain or aligned(name, domain) for name in named):
        return _because(
            "none", f"O DMARC foi confirmado para outro nome do mesmo domínio, não para {domain}."
        )
    return _because("fail", "O DMARC confirmado é de outro domínio, não do remetente.")


def _by_mechanism(results: Sequence[Result], domain: str) -> Authentication:
    """What SPF and DKIM say where no DMARC policy is known; one that contradicts itself says nothing."""
    related: str | None = None
    passed_elsewhere = failed = contradicted = False
    for method in ("dkim", "spf"):
        of_method = [result for result in results if result.method == method]
        verdicts = {result.result for result in of_method}
        if len(verdicts) > 1:
            contradicted = True
            continue
        failed = failed or bool(verdicts & _FAILED)
        if verdicts != {"pass"}:
            continue
        named = [ascii_domain(name) for result in of_method for name in _identities(result) if name]
        if domain and domain in named:
            return _because(
                "pass", f"O servidor de recebimento confirmou {method.upper()} do domínio {domain}."
            )
        related = related or next((name for name in named if aligned(name, domain)), None)
        passed_elsewhere = True
    if related is not None:
        return _because(
            "none",
            f"SPF ou DKIM foram confirmados para {related}, e não para {domain}: uma pessoa deve decidir.",
        )
    if contradicted:
        return _because("none", f"O servidor de recebimento registrou resultados contrários para {domain}.")
    if passed_elsewhere:
        return _because("fail", f"SPF ou DKIM só foram confirmados para outro domínio, não para {domain}.")
    if failed:
        return _because("fail", f"O servidor de recebimento reprovou SPF ou DKIM de {domain}.")
    return _because("none", f"O servidor de recebimento não encontrou autenticação para {domain}.")


def _identities(result: Result) -> list[str]:
    if result.method == "dkim":
        return result.domains("header.d") or result.domains("header.i")
    return result.domains("smtp.mailfrom")


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


def _without_comments(value: str) -> str:
    """Leave out the comments of a `Received`, which nest; quoted strings are kept whole."""
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for character in value[:_LONGEST_RECEIVED]:
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
