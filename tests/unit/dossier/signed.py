"""E-mails with DKIM signatures (RFC 6376), made by other means than the verifier checks them with."""

import base64
import hashlib
from functools import cache

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

DOMAIN, SELECTOR = "acme.com.br", "s2026"
MAIL = (
    b"From: Rita Souza <rita@acme.com.br>\r\n"
    b"To: financeiro@nuvemjti.com.br,\r\n\tcomercial@nuvemjti.com.br\r\n"
    b"Subject:   Cancelamento  do contrato \r\n"
    b"Message-ID: <pedido@acme.com.br>\r\n"
    b"X-Note: not signed\r\n"
    b"\r\n"
    b"Quero cancelar \t o contrato.  \r\n"
    b"\r\n"
    b"Motivo: custo.\r\n"
    b"\r\n\r\n"
)
NAMES = (b"from", b"to", b"subject", b"message-id")


@cache
def key(bits: int = 2048) -> RSAPrivateKey:
    """One key a run."""
    return generate_private_key(65537, bits)


def record(of: RSAPrivateKey | None = None, *, bare: bool = False) -> str:
    """What its domain publishes; `bare` in the older form without the algorithm."""
    kind = PublicFormat.PKCS1 if bare else PublicFormat.SubjectPublicKeyInfo
    public = (of or key()).public_key().public_bytes(Encoding.DER, kind)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"


def signed(
    raw: bytes = MAIL,
    canonical: tuple[bytes, bytes] = (b"relaxed", b"relaxed"),
    *,
    of: RSAPrivateKey | None = None,
    names: tuple[bytes, ...] = NAMES,
    length: bool = False,
    domain: str = DOMAIN,
    selector: str = SELECTOR,
) -> bytes:
    """The e-mail on the wire with a signature before it, as its server would write one."""
    raw = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    head, _, body = raw.partition(b"\r\n\r\n")
    text = _body(body, canonical[1])
    bh = base64.b64encode(hashlib.sha256(text).digest())
    value = b" v=1; a=rsa-sha256; c=%b/%b; d=%b; i=@%b;\r\n s=%b; h=%b;\r\n%b bh=%b; b=" % (
        *canonical,
        domain.encode(),
        domain.encode(),
        selector.encode(),
        b" : ".join(names),
        b" l=%d;" % len(text) if length else b"",
        bh,
    )
    fields = [(name, said) for name, _, said in (one.partition(b":") for one in _folded(head))]
    signing = b""
    for name in names:
        place = next((n for n in reversed(range(len(fields))) if fields[n][0].lower() == name), None)
        if place is not None:
            signing += _field(*fields.pop(place), canonical[0]) + b"\r\n"
    signing += _field(b"DKIM-Signature", value, canonical[0])
    seal = (of or key()).sign(signing, PKCS1v15(), SHA256())
    return b"DKIM-Signature:" + value + base64.b64encode(seal) + b"\r\n" + raw


def _folded(head: bytes) -> list[bytes]:
    fields: list[bytes] = []
    for line in head.split(b"\r\n"):
        if line[:1] in (b" ", b"\t"):
            fields[-1] += b"\r\n" + line
        else:
            fields.append(line)
    return fields


def _field(name: bytes, value: bytes, how: bytes) -> bytes:
    if how == b"simple":
        return name + b":" + value
    return name.lower() + b":" + b" ".join(value.replace(b"\t", b" ").split())


def _body(body: bytes, how: bytes) -> bytes:
    lines = body.split(b"\r\n")
    if how == b"relaxed":
        lines = [_squeezed(line) for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    text = b"".join(line + b"\r\n" for line in lines)
    return text if text or how == b"relaxed" else b"\r\n"


def _squeezed(line: bytes) -> bytes:
    line = line.replace(b"\t", b" ").rstrip(b" ")
    while b"  " in line:
        line = line.replace(b"  ", b" ")
    return line
