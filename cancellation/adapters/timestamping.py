"""A time-stamping authority that stamps data with the time (RFC 3161), asked over HTTP (X13)."""

import hashlib
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

_MOST_BYTES: Final = 1_000_000
_QUERY: Final = "application/timestamp-query"
_GRANTED: Final = (0, 1)


class NotStamped(Exception):
    """The authority gave no stamp that holds; says why, in Portuguese."""


def stamped(data: bytes, url: str, *, seconds: float, ca_file: Path | None = None) -> bytes:
    """What the authority answers about the SHA-256 of some data, once it has been checked.

    Args:
        data: what is stamped; the authority sees its hash alone.
        url: where it takes requests.
        seconds: how long it may take.
        ca_file: PEM file of the authorities under which its certificate must be; None: any certificate will do, and
            whoever reads the stamp has to judge it.

    Raises:
        NotStamped: it could not be reached, refused, or its answer does not hold.
    """
    request = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
    answer = _asked(url, request.as_bytes(), seconds)
    try:
        response = decode_timestamp_response(answer)
        if response.status not in _GRANTED:
            raise NotStamped(f"a autoridade recusou (situação {response.status})")
        stamp = response.tst_info
        if stamp.message_imprint.message != hashlib.sha256(data).digest() or stamp.nonce != request.nonce:
            raise NotStamped("a autoridade carimbou outra coisa")
        if ca_file is not None:
            verifier = VerifierBuilder.from_request(request)
            for certificate in x509.load_pem_x509_certificates(ca_file.read_bytes()):
                verifier = verifier.add_root_certificate(certificate)
            verifier.build().verify_message(response, data)
    except OSError as error:
        raise NotStamped(f"{ca_file}: {error.strerror}") from error
    except (ValueError, VerificationError) as error:
        raise NotStamped(f"a resposta da autoridade não confere: {error}") from error
    return answer


def _asked(url: str, query: bytes, seconds: float) -> bytes:
    if urlsplit(url).scheme not in ("http", "https"):
        raise NotStamped("o endereço da autoridade não é http nem https")
    request = Request(url, data=query, headers={"Content-Type": _QUERY}, method="POST")  # noqa: S310
    try:
        with urlopen(request, timeout=seconds) as reply:  # noqa: S310
            answer = bytes(reply.read(_MOST_BYTES))
    except (URLError, OSError) as error:
        raise NotStamped(f"a autoridade não respondeu: {getattr(error, 'reason', error)}") from error
    return answer
