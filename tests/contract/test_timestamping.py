"""The root of a dossier is stamped by an authority, and the offline verifier reads the stamp (X13, RFC 3161)."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cancellation.adapters.timestamping import NotStamped, stamped
from cancellation.dossier import bundle, parts, verificar
from tests.contract.time_authority import Authority, answering
from tests.unit.dossier.evidence import evidence
from tests.unit.dossier.test_dossier import MOST_TRIED, wrong

DATA = b"what is bound"


@pytest.fixture(scope="module")
def authority() -> Iterator[tuple[Authority, str]]:
    """One that does what it should, and where it is."""
    one = Authority()
    with answering(one) as url:
        yield one, url


@pytest.fixture(scope="module")
def whole(authority: tuple[Authority, str]) -> dict[str, bytes]:
    """A dossier with its stamp."""
    return dossier(authority[1])


def dossier(url: str, *, redacted: bool = False) -> dict[str, bytes]:
    found = evidence()
    made = parts.parts_of(found)
    manifest = bundle.manifest_of(made, parts.heading_of(found))
    stamp = stamped(verificar.bound_by(manifest), url, seconds=5)
    return bundle.files_of(made, manifest, redacted=redacted, stamp=stamp)


def why(given: dict[str, bytes]) -> dict[str, str]:
    return {one.path: one.why for one in verificar.check(given)[0] if one.state not in verificar.GOOD}


def with_stamp(given: dict[str, bytes], stamp: bytes) -> dict[str, bytes]:
    """Another stamp, and the manifest rewritten by whoever put it there."""
    manifest = json.loads(given[verificar.MANIFEST])
    manifest["stamp"] = verificar.listed_stamp(stamp)
    return {**given, verificar.STAMP: stamp, verificar.MANIFEST: verificar.canonical(manifest)}


def test_the_root_is_stamped_and_the_verifier_says_when_and_by_whom_X13(
    whole: dict[str, bytes], authority: tuple[Authority, str]
) -> None:
    found, root = verificar.check(whole)
    assert {one.state for one in found} == {verificar.WHOLE}
    stamp = verificar.stamp_of(whole[verificar.STAMP])
    certificate = authority[0].certificate.public_bytes(Encoding.DER)
    assert stamp == {
        "imprint": root,
        "at": "26/11/2026 13:05:09 UTC",
        "signature": verificar.VALID,
        "certificate": hashlib.sha256(certificate).hexdigest(),
    }
    assert any("26/11/2026 13:05:09 UTC" in said for said in verificar.told_beside(whole, found))
    # The same dossier has the same root with a stamp and without one, whole and redacted.
    bare = {path: data for path, data in whole.items() if path != verificar.STAMP}
    assert why(bare) == {verificar.STAMP: ""}
    redacted = dossier(authority[1], redacted=True)
    assert (wrong(redacted), verificar.check(redacted)[1]) == ([], root)


def test_any_byte_of_a_stamp_or_of_what_lists_it_changed_is_refused_X13(whole: dict[str, bytes]) -> None:
    for path in (verificar.STAMP, verificar.MANIFEST):
        data = whole[path]
        for place in range(0, len(data), max(1, len(data) // MOST_TRIED)):
            changed = bytearray(data)
            changed[place] ^= 1
            assert wrong({**whole, path: bytes(changed)}), (path, place)


def test_what_a_stamp_says_changed_and_listed_anew_does_not_hold_X13(
    whole: dict[str, bytes], authority: tuple[Authority, str]
) -> None:
    stamp = whole[verificar.STAMP]
    later = stamp.replace(b"20261126130509Z", b"20261126130508Z")
    assert why(with_stamp(whole, later)) == {verificar.STAMP: "a assinatura da autoridade não confere"}
    other = stamped(DATA, authority[1], seconds=5)
    assert why(with_stamp(whole, other)) == {verificar.STAMP: "não carimba a raiz deste dossiê"}
    (said,) = why(with_stamp(whole, b"\x30\x03\x02\x01\x00")).values()
    assert "não pode ser entendido" in said
    # Only bytes that neither the stamp nor its signature covers may differ: the signature's own never.
    seal = stamp[-60:]
    (said,) = why(with_stamp(whole, stamp.replace(seal, bytes(len(seal))))).values()
    assert said == "a assinatura da autoridade não confere"


@pytest.mark.parametrize("hash_name", ["sha256", "sha512"])
@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1()], ids=lambda one: one.name)
def test_a_stamp_signed_with_an_elliptic_curve_holds_and_changed_does_not_X13(
    curve: ec.EllipticCurve, hash_name: str
) -> None:
    with answering(Authority(key=ec.generate_private_key(curve), hash_name=hash_name)) as url:
        held = dossier(url)
    found, root = verificar.check(held)
    assert (wrong(held), verificar.stamp_of(held[verificar.STAMP])["imprint"]) == ([], root)
    assert any("assinatura confere" in said for said in verificar.told_beside(held, found))
    stamp = held[verificar.STAMP]
    # The instant; the signature's r and s, which end it; the key, whose point the certificate holds.
    point = stamp.index(b"\x00\x04", stamp.index(bytes.fromhex("2a8648ce3d0201"))) + 10
    for place in (stamp.index(b"20261126130509Z") + 13, len(stamp) - 1, len(stamp) - 60, point):
        changed = bytearray(stamp)
        changed[place] ^= 1
        assert why(with_stamp(held, bytes(changed)))[verificar.STAMP], place


@pytest.mark.parametrize(
    ("curve", "oid", "algorithm"),
    [
        (ec.SECP256R1(), "2a8648ce3d030107", SHA256()),
        (ec.SECP256R1(), "2a8648ce3d030107", SHA512()),  # longer than the curve's order
        (ec.SECP384R1(), "2b81040022", SHA256()),
        (ec.SECP384R1(), "2b81040022", SHA384()),
    ],
)
def test_a_signature_of_an_elliptic_curve_holds_with_its_own_key_and_words_alone_X13(
    curve: ec.EllipticCurve, oid: str, algorithm: HashAlgorithm
) -> None:
    def holds(point: bytes, seal: bytes, data: bytes = DATA) -> bool:
        return verificar._ecdsa_holds(bytes.fromhex(oid), point, algorithm.name, data, seal)

    def point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
        return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    key, generator = ec.generate_private_key(curve), ec.derive_private_key(1, curve)
    seal = key.sign(DATA, ec.ECDSA(algorithm))
    assert holds(point_of(key), seal)
    assert holds(point_of(generator), generator.sign(DATA, ec.ECDSA(algorithm)))
    assert not holds(point_of(key), seal, DATA + b".")
    assert not holds(point_of(generator), seal)
    assert not holds(b"\x02" + point_of(key)[1:], seal)
    for r, s in ((0, 1), (1, 0), (2**400, 1), (1, 2**400), (1, 1)):
        assert not holds(point_of(key), encode_dss_signature(r, s))


def test_a_stamp_of_another_kind_of_key_is_taken_for_what_it_stamps_and_said_not_to_be_checked_X13(
    tmp_path: Path,
) -> None:
    one = Authority(key=ec.generate_private_key(ec.SECP521R1()))
    with answering(one) as url:
        assert stamped(DATA, url, seconds=5, ca_file=one.root_file(tmp_path))
        held = dossier(url)
    found, root = verificar.check(held)
    stamp = verificar.stamp_of(held[verificar.STAMP])
    assert (stamp["imprint"], stamp["signature"], wrong(held)) == (root, verificar.UNCHECKED, [])
    assert any("assinatura NÃO CONFERIDA" in said for said in verificar.told_beside(held, found))


def test_a_stamp_with_a_longer_hash_in_its_signature_holds_X13(authority: tuple[Authority, str]) -> None:
    one = Authority(key=authority[0].key, hash_name="sha512")
    with answering(one) as url:
        assert verificar.stamp_of(stamped(DATA, url, seconds=5))["signature"] == verificar.VALID


def test_only_a_certificate_of_the_authorities_that_are_named_will_do_X13(
    authority: tuple[Authority, str], tmp_path: Path
) -> None:
    one, url = authority
    assert stamped(DATA, url, seconds=5, ca_file=one.root_file(tmp_path))
    other = Authority(key=one.key)
    with pytest.raises(NotStamped, match="não confere"):
        stamped(DATA, url, seconds=5, ca_file=other.root_file(tmp_path))
    with pytest.raises(NotStamped, match=r"nada\.pem"):
        stamped(DATA, url, seconds=5, ca_file=tmp_path / "nada.pem")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"refuses": True}, "recusou"),
        ({"stamps_instead": b"x"}, "outra coisa"),
        ({"answers_anything": b"<html>"}, "não confere"),
        ({"answers_anything": b""}, "não confere"),
    ],
)
def test_an_authority_that_gives_no_good_stamp_gives_none_X13(
    authority: tuple[Authority, str], fault: dict[str, object], said: str
) -> None:
    one = Authority(key=authority[0].key)
    for name, value in fault.items():
        setattr(one, name, value)
    with answering(one) as url, pytest.raises(NotStamped, match=said):
        stamped(DATA, url, seconds=5)


def test_an_answer_to_another_request_is_no_stamp_X13(authority: tuple[Authority, str]) -> None:
    # As somebody between would give it who has kept an older answer about the same bytes.
    older = stamped(DATA, authority[1], seconds=5)
    one = Authority(key=authority[0].key, answers_anything=older)
    with answering(one) as url, pytest.raises(NotStamped, match="outra coisa"):
        stamped(DATA, url, seconds=5)


def test_an_authority_that_cannot_be_reached_gives_no_stamp_X13() -> None:
    with pytest.raises(NotStamped, match="não respondeu"):
        stamped(DATA, "http://127.0.0.1:9/", seconds=1)
    with pytest.raises(NotStamped, match="nem https"):
        stamped(DATA, "file:///etc/passwd", seconds=1)
