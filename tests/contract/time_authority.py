"""A small time-stamping authority on loopback (RFC 3161): its own root, its own certificate, HTTP."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import count
from pathlib import Path
from typing import Any

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

POLICY = "1.2.3.4.5"
Key = RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass
class Authority:
    """Stamps what it is asked to, at the instant that it is told."""

    now: datetime = datetime(2026, 11, 26, 13, 5, 9, tzinfo=UTC)
    key: Key = field(default_factory=lambda: generate_private_key(65537, 2048))
    hash_name: str = "sha256"
    refuses: bool = False
    answers_anything: bytes | None = None
    """What it says instead."""
    stamps_instead: bytes | None = None
    """Of what it stamps the hash instead."""
    asked: list[bytes] = field(default_factory=list)
    _serials: Iterator[int] = field(default_factory=lambda: count(1))

    @cached_property
    def root(self) -> x509.Certificate:
        """Its root, to be trusted."""
        return self._certificate("Raiz", self._root_key, "Raiz", self._root_key, is_root=True)

    @cached_property
    def certificate(self) -> x509.Certificate:
        """What it signs with."""
        return self._certificate("Carimbo do Tempo", self.key, "Raiz", self._root_key)

    @cached_property
    def _root_key(self) -> ec.EllipticCurvePrivateKey:
        return ec.generate_private_key(ec.SECP256R1())

    def root_file(self, folder: Path) -> Path:
        """The root as a PEM file."""
        path = folder / "autoridades.pem"
        path.write_bytes(self.root.public_bytes(Encoding.PEM))
        return path

    def answer(self, query: bytes) -> bytes:
        """To a request."""
        self.asked.append(query)
        if self.answers_anything is not None:
            return self.answers_anything
        if self.refuses:
            return bytes.fromhex("30053003020102")  # a status alone: rejection
        request = tsp.TimeStampReq.load(query)
        imprint = request["message_imprint"]
        if self.stamps_instead is not None:
            imprint = {
                "hash_algorithm": {"algorithm": "sha256"},
                "hashed_message": hashlib.sha256(self.stamps_instead).digest(),
            }
        info = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": POLICY,
                "message_imprint": imprint,
                "serial_number": next(self._serials),
                "gen_time": self.now,
                "nonce": request["nonce"],
            }
        )
        token = cms.ContentInfo({"content_type": "signed_data", "content": self._signed(info)})
        response = tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token})
        return bytes(response.dump())

    def _signed(self, info: Any) -> Any:
        certificate = asn1_x509.Certificate.load(self.certificate.public_bytes(Encoding.DER))
        digest = {"algorithm": self.hash_name}
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": ["tst_info"]},
                {"type": "message_digest", "values": [hashlib.new(self.hash_name, info.dump()).digest()]},
                {
                    "type": "signing_certificate_v2",
                    "values": [{"certs": [{"cert_hash": hashlib.sha256(certificate.dump()).digest()}]}],
                },
            ]
        )
        used = {"sha256": hashes.SHA256(), "sha512": hashes.SHA512()}[self.hash_name]
        if isinstance(self.key, RSAPrivateKey):
            method, seal = "rsassa_pkcs1v15", self.key.sign(attributes.dump(), PKCS1v15(), used)
        else:
            method, seal = f"{self.hash_name}_ecdsa", self.key.sign(attributes.dump(), ec.ECDSA(used))
        signer = {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                "issuer_and_serial_number",
                {"issuer": certificate.issuer, "serial_number": certificate.serial_number},
            ),
            "digest_algorithm": algos.DigestAlgorithm(digest),
            "signed_attrs": attributes,
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": method}),
            "signature": seal,
        }
        return cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [digest],
                "encap_content_info": {
                    "content_type": "tst_info",
                    "content": core.ParsableOctetString(info.dump()),
                },
                "certificates": [certificate],
                "signer_infos": [signer],
            }
        )

    def _certificate(
        self, name: str, key: Key, issuer: str, issuer_key: Key, *, is_root: bool = False
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now - timedelta(days=1))
            .not_valid_after(self.now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        )
        if not is_root:
            usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            builder = builder.add_extension(usage, critical=True)
        return builder.sign(issuer_key, hashes.SHA256())


@contextmanager
def answering(authority: Authority) -> Iterator[str]:
    """The URL where it is asked, meanwhile."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/timestamp-query"
            answer = authority.answer(query)
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/tsa"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
