"""Download links: random to everybody else, the same again for whoever knows the key (P10).

The token is the only thing that opens a download. It is derived when a letter is written or a link is
shown, and kept nowhere: the database holds its SHA-256 alone.
"""

import hashlib
import hmac
from base64 import b32encode, urlsafe_b64encode

TOKEN_LENGTH = 43
"""256 bits as base64url without padding."""


def link_id(secret: bytes, case_id: str, ordinal: int) -> str:
    """The id of a case's export: the same for every attempt, and not to be guessed from the case."""
    digest = _keyed(secret, "link-id", f"{case_id}:{ordinal}")
    return b32encode(digest[:15]).decode("ascii").lower()


def link_token(secret: bytes, link_id: str) -> str:
    """The token that opens the link: 256 bits, safe in a URL."""
    return urlsafe_b64encode(_keyed(secret, "token", link_id)).rstrip(b"=").decode("ascii")


def token_hash(token: str) -> str:
    """What is stored of a token: SHA-256, hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


def link_url(public_url: str, secret: bytes, link_id: str) -> str:
    """What the customer gets: the address of the download page.

    Args:
        public_url: what the gateway is called from outside, such as `https://gravacoes.nuvemjti.com.br`.
        secret: the key of the links.
        link_id: the link, as `Archive.link_id`.
    """
    return f"{public_url.rstrip('/')}/d/{link_token(secret, link_id)}"


def _keyed(secret: bytes, purpose: str, text: str) -> bytes:
    return hmac.digest(secret, f"{purpose}\0{text}".encode(), "sha256")
