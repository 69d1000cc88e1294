#!/usr/bin/env python3
"""Confere um dossiê de cancelamento sem rede e sem banco de dados: diz, de cada parte, se um byte mudou.

Uso:  python3 verificar.py [PASTA ou ARQUIVO.zip] [--raiz HASH]

Sem argumento, confere a pasta em que este arquivo está. Com `--raiz`, a raiz do dossiê precisa ser a que foi dita
por outro caminho (por exemplo, a que `cancelamento dossier` mostrou): quem refaz o dossiê inteiro muda a raiz.
Termina com 0 quando tudo confere, 1 quando algo não confere, 2 quando não há dossiê para conferir.

Diz também, de cada e-mail, se a assinatura DKIM confere com a chave pública guardada quando ele chegou, e de uma raiz
carimbada (RFC 3161), por quem e a que hora. Quem confia nos certificados de uma autoridade confere a cadeia dela com:
openssl ts -verify -in carimbo.tsr -digest RAIZ -CAfile autoridades.pem

Only the standard library is used, and nothing is imported from the dossier. How it is bound:

* The digest of a part is SHA-256 over its salt (32 bytes, or none) and its bytes. A reserved part has a salt, so that
  whoever gets a dossier without it cannot try out what was in it; where it is left out its salt is null.
* `root` in `manifesto.json` is SHA-256 over the manifest itself as canonical JSON (keys in order, two spaces, UTF-8,
  one line end) without `root` and without the salts. A dossier with parts left out has the root of the whole one.
* `carimbo.tsr` is what a time-stamping authority answered (RFC 3161): it stamps the root, which cannot hold it, so the
  manifest lists it beside. What it stamps must be the root, and its signature (RSA, ECDSA) must hold.
* `emails.json` holds the DKIM keys as they were published when each e-mail arrived; a signature (RFC 6376, RSA with
  SHA-256) is checked anew, and must give what the dossier says of it. It need not hold: that is evidence too.
* `historico.json` holds the trail as the CRM chained it: an entry's hash is over the hash before it, what it says about
  nobody, and its commitment, which is over a salt and the personal text. An entry that was erased has no salt.
* `conferencia.json` holds what the billing watch did after the end, chained in the same way.
"""

import base64
import hashlib
import io
import json
import re
import sys
import zipfile
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

FORMAT, MANIFEST = "cancelamento-dossie-1", "manifesto.json"
TRAIL, DATES, MAILS, WATCH = "historico.json", "prazos.json", "emails.json", "conferencia.json"
STAMP = "carimbo.tsr"
WHOLE, LEFT_OUT, CHANGED = "íntegra", "omitida", "ALTERADA"
MISSING, UNKNOWN = "FALTA", "DESCONHECIDA"
GOOD = (WHOLE, LEFT_OUT)
ERASED = "(apagado)"
EPOCH, FILE_MODE = (1980, 1, 1, 0, 0, 0), 0o100644
VALID, PARTLY, INVALID, NO_KEY, UNCHECKED = "valid", "partly_signed", "invalid", "no_key", "unchecked"
SIGNATURES = {
    VALID: "confere com a chave guardada",
    PARTLY: "confere com a chave guardada, mas não cobre o texto inteiro",
    INVALID: "NÃO confere com a chave guardada",
    NO_KEY: "sem chave guardada com que conferir",
    UNCHECKED: "de um tipo que não se confere aqui",
}
STAMP_UNCHECKED = "NÃO CONFERIDA: de um tipo que não se confere aqui, ou sem certificado"
HASHES = {bytes.fromhex(f"60864801650304020{n}"): f"sha{size}" for n, size in ((1, 256), (2, 384), (3, 512))}
RSA_ALONE_OR_WITH_SHA2 = {bytes.fromhex("2a864886f70d0101") + bytes([one]) for one in (1, 11, 12, 13)}
ECDSA_WITH_SHA2 = {bytes.fromhex("2a8648ce3d0403") + bytes([one]) for one in (2, 3, 4)}
CURVES = {  # P-256 and P-384 of FIPS 186-4: the prime, the order, and the base point
    bytes.fromhex("2a8648ce3d030107"): (
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    ),
    bytes.fromhex("2b81040022"): (
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
        0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
        0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
    ),
}
SIGNED_DATA, STAMPED = bytes.fromhex("2a864886f70d010702"), bytes.fromhex("2a864886f70d0109100104")
MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
SMALLEST_RSA, LARGEST_RSA, MOST_SIGNATURES = 1024, 8192, 10


class Finding:
    """What was found of one part."""

    def __init__(self, path: str, state: str, why: str = "") -> None:
        self.path, self.state, self.why = path, state, why

    def __repr__(self) -> str:
        return f"{self.state:<12} {self.path}" + (f" ({self.why})" if self.why else "")


def canonical(value: object) -> bytes:
    """JSON in the one way in which a dossier writes it."""
    return (json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def digest_of(salt: "str | None", data: bytes) -> str:
    """The digest of a part; the salt is hexadecimal."""
    return hashlib.sha256(bytes.fromhex(salt or "") + data).hexdigest()


def bound_by(manifest: "dict[str, Any]") -> bytes:
    """What the root is the hash of: everything that the manifest says but the root, its stamp and the salts."""
    bare = {key: value for key, value in manifest.items() if key not in ("root", "stamp")}
    bare["parts"] = [{key: value for key, value in part.items() if key != "salt"} for part in bare["parts"]]
    return canonical(bare)


def root_of(manifest: "dict[str, Any]") -> str:
    """The root of a dossier."""
    return hashlib.sha256(bound_by(manifest)).hexdigest()


def zip_of(files: "dict[str, bytes]") -> bytes:
    """The one archive that a dossier's files make; whatever wrote another one changed it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, EPOCH)
            entry.create_system = 3
            entry.external_attr = FILE_MODE << 16
            archive.writestr(entry, files[path])
    return out.getvalue()


def check(files: "dict[str, bytes]", root: "str | None" = None) -> "tuple[list[Finding], str]":
    """What is to be said of every file, and the root as computed anew, "" for none; `root` is what somebody told."""
    manifest, found = _manifest(files.get(MANIFEST))
    if manifest is None:
        return [*found, *(Finding(path, UNKNOWN) for path in sorted(files) if path != MANIFEST)], ""
    computed = root_of(manifest)
    if manifest["root"] != computed:
        found = [Finding(MANIFEST, CHANGED, "a raiz não é a das partes listadas")]
    elif root is not None and root.strip().lower() != computed:
        found = [Finding(MANIFEST, CHANGED, "a raiz não é a que foi informada")]
    found += [_part(part, files.get(part["path"])) for part in manifest["parts"]]
    if manifest.get("stamp"):
        found.append(_stamp(manifest["stamp"], files.get(STAMP), computed))
    found += [Finding(path, UNKNOWN) for path in sorted(files.keys() - {one.path for one in found})]
    for finding in found:
        if finding.state == WHOLE and (why := _contradiction(finding.path, files, manifest)):
            finding.state, finding.why = CHANGED, why
    return found, computed


def check_zip(data: bytes, root: "str | None" = None) -> "tuple[list[Finding], str]":
    """The same of a dossier in one archive, of which every byte counts too."""
    try:
        files = unpacked(data)
    except Exception as error:  # whatever a damaged archive brings about
        return [Finding("arquivo zip", CHANGED, f"não pode ser lido: {type(error).__name__}")], ""
    found, computed = check(files, root)
    if zip_of(files) != data:
        why = "não é o que foi gravado; extraia e confira a pasta para ver as partes"
        found.append(Finding("arquivo zip", CHANGED, why))
    return found, computed


def unpacked(data: bytes) -> "dict[str, bytes]":
    """Every file of an archive, by its path in it."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}


def files_of(folder: Path) -> "dict[str, bytes]":
    """Every file of a folder, by its path in it."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def chain_hash(previous: bytes, case_id: str, entry: "dict[str, Any]", *between: str) -> bytes:
    """The hash of a trail entry, as the CRM computes it."""
    said = map(_field, [case_id, str(entry["seq"]), *between, _instant(entry["at"]), entry["kind"]])
    return hashlib.sha256(previous + b"".join(said) + bytes.fromhex(entry["commitment"])).digest()


def watch_hash(previous: bytes, case_id: str, act: "dict[str, Any]") -> bytes:
    """The hash of an act of the billing watch, as the CRM computes it."""
    return chain_hash(previous, case_id, act, str(act["look"]))


def says_what_was_committed(entry: "dict[str, Any]") -> bool:
    """Whether an entry's personal text is the one of its commitment, or was erased whole."""
    if entry["salt"] is None:
        said = [entry[name] for name in ("actor", "detail", "message_id", "problems")]
        return said == [ERASED, ERASED, None, []]
    fields = [entry["actor"], entry["detail"], entry["message_id"]]
    fields += [problem[name] for problem in entry["problems"] for name in ("field", "problem")]
    return bool(commitment_of(entry["salt"], fields) == entry["commitment"])


def watch_says_what_was_committed(act: "dict[str, Any]") -> bool:
    """Whether the text of an act of the billing watch is the one of its commitment, or was erased whole."""
    said = [act[name] for name in ("actor", "key", "detail", "facts")]
    if act["salt"] is None:
        return said == [ERASED, f"apagado-{act['seq']}", ERASED, "{}"]
    return bool(commitment_of(act["salt"], said) == act["commitment"])


def commitment_of(salt: str, fields: "list[str | None]") -> str:
    """What a hash holds in the place of personal text; salt and commitment are hexadecimal."""
    return hashlib.sha256(bytes.fromhex(salt) + b"".join(map(_field, fields))).hexdigest()


def _instant(told: object) -> str:
    at = datetime.fromisoformat(str(told).replace("Z", "+00:00")).astimezone(timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _field(text: "str | None") -> bytes:
    if text is None:
        return b"-"
    data = text.encode()
    return b"%d:%b" % (len(data), data)


def _manifest(data: "bytes | None") -> "tuple[dict[str, Any] | None, list[Finding]]":
    if data is None:
        return None, [Finding(MANIFEST, MISSING)]
    try:
        manifest = json.loads(data)
        named = {"path", "size", "digest", "reserved", "salt"}
        odd = [part for part in manifest["parts"] if set(part) != named]
        if canonical(manifest) != data or manifest["format"] != FORMAT or odd:
            raise ValueError
        _ = manifest["root"], manifest["trail"]["head"], manifest["trail"]["entries"]
    except Exception:  # whatever was made of it
        return None, [Finding(MANIFEST, CHANGED, "não é um manifesto como foi gravado")]
    return manifest, [Finding(MANIFEST, WHOLE)]


def _part(part: "dict[str, Any]", data: "bytes | None") -> Finding:
    path, salt = part["path"], part["salt"]
    if data is None:
        if part["reserved"] and salt is None:
            return Finding(path, LEFT_OUT, "reservada: tem dados que esta cópia não mostra")
        return Finding(path, MISSING)
    try:
        good = len(data) == part["size"] and digest_of(salt, data) == part["digest"]
        good = good and part["reserved"] is (salt is not None)
    except (TypeError, ValueError):
        good = False
    return Finding(path, WHOLE if good else CHANGED)


def listed_stamp(data: bytes) -> "dict[str, Any]":
    """How the manifest lists the stamp of its own root."""
    return {"path": STAMP, "size": len(data), "digest": digest_of(None, data)}


def _stamp(told: "dict[str, Any]", data: "bytes | None", root: str) -> Finding:
    if data is None:
        return Finding(STAMP, MISSING)
    if told != listed_stamp(data):
        return Finding(STAMP, CHANGED)
    try:
        stamp = stamp_of(data)
    except Exception as error:  # whatever it holds
        return Finding(STAMP, CHANGED, f"não pode ser entendido: {type(error).__name__}")
    if stamp["imprint"] != root:
        return Finding(STAMP, CHANGED, "não carimba a raiz deste dossiê")
    if stamp["signature"] == INVALID:
        return Finding(STAMP, CHANGED, "a assinatura da autoridade não confere")
    return Finding(STAMP, WHOLE)


def _contradiction(path: str, files: "dict[str, bytes]", manifest: "dict[str, Any]") -> str:
    """What a part of which no byte changed says wrongly about others; "" where all agrees."""
    try:
        if path in CHAINS:
            head = manifest["trail" if path == TRAIL else "watch"]
            return _broken_chain(path, json.loads(files[path]), head)
        if path == DATES:
            return _wrong_dates(json.loads(files[path]))
        if path == MAILS:
            return _other_original(json.loads(files[path]), files)
    except Exception as error:  # whatever it holds
        return f"não pode ser entendida: {type(error).__name__}"
    return ""


def _broken_chain(path: str, part: "dict[str, Any]", told: "dict[str, Any]") -> str:
    of, one_by_one, what, hash_of, holds = CHAINS[path]
    previous = bytes(32)
    for place, entry in enumerate(part[one_by_one], start=1):
        previous = hash_of(previous, part["case_id"], entry)
        if entry["seq"] != place or entry["hash"] != previous.hex() or not holds(entry):
            return f"a cadeia {of} se rompe no registro {place}"
    if len(part[one_by_one]) != told[one_by_one] or previous.hex() != told["head"]:
        return f"{what} não termina onde o manifesto diz"
    return ""


CHAINS: "dict[str, tuple[str, str, str, Any, Any]]" = {
    TRAIL: ("do histórico", "entries", "o histórico", chain_hash, says_what_was_committed),
    WATCH: ("da conferência", "acts", "a conferência", watch_hash, watch_says_what_was_committed),
}


def _wrong_dates(dates: "dict[str, Any]") -> str:
    notice = dates["notice"]
    if notice is None:
        return ""
    day, last = date.fromisoformat(notice["received_on"]), date.fromisoformat(notice["last_day"])
    if day + timedelta(days=notice["notice_days"]) != last:
        return "o último dia não é o do recebimento mais os dias do aviso"
    midnight = datetime.fromisoformat((last + timedelta(days=1)).isoformat()).replace(tzinfo=timezone.utc)
    ends = datetime.fromisoformat(notice["notice_ends_at"].replace("Z", "+00:00"))
    if midnight - timedelta(minutes=notice["end_offset_minutes"]) != ends:
        return "o aviso não termina no fim do último dia"
    return ""


def _other_original(mails: "list[dict[str, Any]]", files: "dict[str, bytes]") -> str:
    for mail in mails:
        if mail["file"] and hashlib.sha256(files[mail["file"]]).hexdigest() != mail["sha256"]:
            return f"{mail['file']} não é o original que se guardou"
        told = [{name: one[name] for name in ("domain", "selector", "result")} for one in mail["dkim"]]
        if told != checked(files[mail["file"]], [one["key"] for one in mail["dkim"]]):
            return f"o que se diz das assinaturas de {mail['file']} não é o que se confere"
    return ""


def signatures_of(raw: bytes) -> "list[dict[str, str]]":
    """The tags of every DKIM signature of an e-mail, in the order of its header."""
    return [_tags(value) for _, value in _signing(_fields(raw)[0])]


def checked(raw: bytes, keys: "list[str | None]") -> "list[dict[str, str]]":
    """Every signature of an e-mail: who signed, and whether that holds with the key record kept of it, or None."""
    signed = signatures_of(raw)
    records = [*keys, *[None] * len(signed)]
    return [
        {**signer_of(tags), "result": dkim_result(raw, place, records[place])}
        for place, tags in enumerate(signed)
    ]


def signer_of(tags: "dict[str, str]") -> "dict[str, str]":
    """By which domain and selector the key of a signature is published."""
    domain, selector = (re.sub(r"[^!-~]", "?", tags.get(tag, "")).lower().rstrip(".") for tag in "ds")
    return {"domain": domain, "selector": selector}


def dkim_result(raw: bytes, place: int, record: "str | None") -> str:
    """Whether a signature of an e-mail holds with a key record; none of this asks when it would expire."""
    fields, body = _fields(raw)
    signing = _signing(fields)[place]
    tags = _tags(signing[1])
    try:
        published = _tags(record.encode()) if record else {}
        if not published.get("p"):
            return NO_KEY
        if tags["a"].lower() != "rsa-sha256" or published.get("k", "rsa").lower() != "rsa":
            return UNCHECKED
        identity = "." + tags.get("i", "@" + tags["d"]).rpartition("@")[2].lower()
        if "from" not in tags["h"].lower().split(":") or not identity.endswith("." + tags["d"].lower()):
            return INVALID
        header, _, of_body = tags.get("c", "simple/simple").lower().partition("/")
        text = _body(body, relaxed=of_body == "relaxed")
        length = int(tags.get("l", len(text)))
        if length > len(text) or base64.b64decode(tags["bh"]) != hashlib.sha256(text[:length]).digest():
            return INVALID
        signed = _signed_fields(fields, signing, tags["h"], relaxed=header == "relaxed")
        key = _rsa_key(base64.b64decode(published["p"]))
        if not _rsa_holds(key, "sha256", signed, base64.b64decode(tags["b"])):
            return INVALID
    except Exception:  # whatever somebody wrote into it
        return INVALID
    return VALID if length == len(text) else PARTLY


def _fields(raw: bytes) -> "tuple[list[tuple[bytes, bytes]], bytes]":
    """The fields of the header, folded as they are, and the body; line ends as they are on the wire."""
    head, _, body = (b"\r\n" + re.sub(rb"\r?\n", b"\r\n", raw)).partition(b"\r\n\r\n")
    pairs = [line.partition(b":") for line in re.split(rb"\r\n(?![ \t])", head[2:])]
    return [(name, value) for name, colon, value in pairs if colon], body


def _signing(fields: "list[tuple[bytes, bytes]]") -> "list[tuple[bytes, bytes]]":
    return [one for one in fields if one[0].strip().lower() == b"dkim-signature"][:MOST_SIGNATURES]


def _tags(value: bytes) -> "dict[str, str]":
    found: "dict[str, str]" = {}
    for one in value.decode("ascii", "replace").split(";"):
        name, equals, said = one.partition("=")
        if equals:
            found.setdefault(name.strip(), re.sub(r"\s+", "", said))
    return found


def _canonical_field(field: "tuple[bytes, bytes]", *, relaxed: bool) -> bytes:
    name, value = field
    if not relaxed:
        return name + b":" + value
    unfolded = re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b""))
    return name.strip().lower() + b":" + unfolded.strip(b" ")


def _body(body: bytes, *, relaxed: bool) -> bytes:
    if relaxed:
        body = re.sub(rb"[ \t]+(?=\r\n|\Z)", b"", re.sub(rb"[ \t]+", b" ", body))
    if body and not body.endswith(b"\r\n"):
        body += b"\r\n"
    end = len(body)
    while body[max(end - 4, 0) : end] == b"\r\n\r\n":
        end -= 2
    empty = b"" if relaxed else b"\r\n"
    return empty if body[:end] in (b"", b"\r\n") else body[:end]


def _signed_fields(
    fields: "list[tuple[bytes, bytes]]", signing: "tuple[bytes, bytes]", named: str, *, relaxed: bool
) -> bytes:
    """What was signed: the named fields, of several of one name the last first, and the signature's own without it."""
    left: "dict[bytes, list[tuple[bytes, bytes]]]" = {}
    for field in fields:
        left.setdefault(field[0].strip().lower(), []).append(field)
    signed = []
    for name in named.lower().split(":"):
        of_that_name = left.get(name.strip().encode(), [])
        if of_that_name:
            signed.append(_canonical_field(of_that_name.pop(), relaxed=relaxed) + b"\r\n")
    bare = re.sub(rb"((?:^|;)\s*b\s*=)[^;]*", rb"\1", signing[1], count=1)
    return b"".join(signed) + _canonical_field((signing[0], bare), relaxed=relaxed)


def _rsa_key(der: bytes) -> "tuple[int, int]":
    """Modulus and exponent of an RSA public key, bare or with its algorithm before it."""
    parts = _inside(_only(der))
    if parts[0][0] == 0x30:
        parts = _inside(_only(parts[1][1][1:]))
    return int.from_bytes(parts[0][1], "big"), int.from_bytes(parts[1][1], "big")


def _rsa_holds(key: "tuple[int, int]", name: str, signed: bytes, signature: bytes) -> bool:
    """Whether an RSA signature (PKCS #1 v1.5) over these bytes holds."""
    modulus, exponent = key
    size = (modulus.bit_length() + 7) // 8
    if not SMALLEST_RSA <= modulus.bit_length() <= LARGEST_RSA or exponent >> 32 or len(signature) != size:
        return False
    oid = next(one for one, known in HASHES.items() if known == name)
    digest = hashlib.new(name, signed).digest()
    info = bytes([0x30, len(digest) + 17, 0x30, 13, 6, 9]) + oid + bytes([5, 0, 4, len(digest)]) + digest
    padded = b"\x00\x01" + b"\xff" * (size - len(info) - 3) + b"\x00" + info
    return pow(int.from_bytes(signature, "big"), exponent, modulus) == int.from_bytes(padded, "big")


def _ecdsa_holds(curve: bytes, point: bytes, name: str, signed: bytes, signature: bytes) -> bool:
    """Whether an ECDSA signature over these bytes holds (FIPS 186-4), with a public key that is written whole."""
    prime, order, *base = CURVES[curve]
    size = prime.bit_length() // 8
    r, s = (int.from_bytes(one[1], "big") for one in _inside(_only(signature)))
    if point[:1] != b"\x04" or len(point) != 1 + 2 * size or not (0 < r < order and 0 < s < order):
        return False
    key = [int.from_bytes(part, "big") for part in (point[1 : 1 + size], point[1 + size :])]
    digest = hashlib.new(name, signed).digest()
    hashed = int.from_bytes(digest, "big") >> max(0, 8 * len(digest) - order.bit_length())
    of_base, of_key = (one * pow(s, -1, order) % order for one in (hashed, r))
    found = _sum(_times(base, of_base, prime), _times(key, of_key, prime), prime)
    return found is not None and found[0] % order == r


def _times(point: "list[int] | None", factor: int, prime: int) -> "list[int] | None":
    if factor == 0:
        return None
    even = _times(_sum(point, point, prime), factor // 2, prime)
    return _sum(even, point, prime) if factor % 2 else even


def _sum(one: "list[int] | None", other: "list[int] | None", prime: int) -> "list[int] | None":
    """Two points of a curve whose `a` is -3 added; None is the point at infinity."""
    if one is None or other is None:
        return other if one is None else one
    (x, y), (to_x, to_y) = one, other
    if x == to_x and (y + to_y) % prime == 0:
        return None
    rise, run = (3 * (x * x - 1), 2 * y) if x == to_x else (to_y - y, to_x - x)
    slope = rise * pow(run, -1, prime) % prime
    third = (slope * slope - x - to_x) % prime
    return [third, (slope * (x - third) - y) % prime]


def _values(data: bytes) -> "list[tuple[int, bytes, bytes]]":
    """The values that stand one after the other: tag, content, and the bytes as they stand."""
    found, place = [], 0
    while place < len(data):
        tag, length, start = data[place], data[place + 1], place + 2
        if length & 0x80:
            start += length & 0x7F
            length = int.from_bytes(data[place + 2 : start], "big")
        if start + length > len(data):
            raise ValueError("cut")
        found.append((tag, data[start : start + length], data[place : start + length]))
        place = start + length
    return found


def _only(data: bytes) -> "tuple[int, bytes, bytes]":
    (one,) = _values(data)
    return one


def _inside(value: "tuple[int, bytes, bytes]") -> "list[tuple[int, bytes, bytes]]":
    return _values(value[1])


def stamp_of(response: bytes) -> "dict[str, str]":
    """What an authority stamped, when, whether its signature holds, and SHA-256 of the certificate that came along."""
    status, token = _inside(_only(response))
    kind, wrapped = _inside(token)
    _, _, content, *more = _inside(_inside(wrapped)[0])
    what, inner = _inside(content)
    info = _inside(inner)[0][1]
    _, _, imprint, _, at, *_ = _inside(_only(info))
    algorithm, hashed = _inside(imprint)
    kinds = kind[1], what[1], HASHES.get(_inside(algorithm)[0][1])
    if _inside(status)[0][1] not in (b"\x00", b"\x01") or kinds != (SIGNED_DATA, STAMPED, "sha256"):
        raise ValueError("no time stamp of that hash that was granted")
    certificates = [one[2] for tag, value, _ in more if tag == 0xA0 for one in _values(value)]
    signature, certificate = _stamp_signature(_inside(_inside(more[-1])[0]), info, certificates)
    when = re.sub(r"(....)(..)(..)(..)(..)(..).*", r"\3/\2/\1 \4:\5:\6 UTC", at[1].decode("ascii"))
    return {"imprint": hashed[1].hex(), "at": when, "signature": signature, "certificate": certificate}


def _stamp_signature(
    signer: "list[tuple[int, bytes, bytes]]", info: bytes, certificates: "list[bytes]"
) -> "tuple[str, str]":
    _, who, algorithm, attributes, method, signature, *_ = signer
    for certificate in certificates:
        fields = [one for one in _inside(_inside(_only(certificate))[0]) if one[0] != 0xA0]
        if who[0] == 0x30 and fields[0][1] == _inside(who)[-1][1]:
            break
    else:
        return UNCHECKED, ""
    shown = hashlib.sha256(certificate).hexdigest()
    name, (key_kind, key) = HASHES.get(_inside(algorithm)[0][1]), _inside(fields[5])
    kinds = [_inside(method)[0][1], *(one[1] for one in _inside(key_kind))]
    told = {_inside(one)[0][1]: _inside(one)[1][1] for one in _inside(attributes)}
    # A set, as it was signed, and not the tagged field as which it stands here.
    signed = b"\x31" + attributes[2][1:]
    if name and _only(told[MESSAGE_DIGEST])[1] != hashlib.new(name, info).digest():
        good = False
    elif name and set(kinds[:2]) <= RSA_ALONE_OR_WITH_SHA2:
        good = _rsa_holds(_rsa_key(fields[5][2]), name, signed, signature[1])
    elif name and kinds[0] in ECDSA_WITH_SHA2 and kinds[-1] in CURVES:
        good = _ecdsa_holds(kinds[-1], key[1][1:], name, signed, signature[1])
    else:
        return UNCHECKED, shown
    return (VALID if good else INVALID), shown


def told_beside(files: "dict[str, bytes]", found: "list[Finding]") -> "list[str]":
    """What else is to be said of parts in which nothing changed: signatures of e-mails, and the root's stamp."""
    whole = {one.path for one in found if one.state == WHOLE}
    said = [
        f"assinatura DKIM de {mail['file']}, {one['domain']} ({one['selector']}): {SIGNATURES[one['result']]}"
        for mail in (json.loads(files[MAILS]) if MAILS in whole else [])
        for one in mail["dkim"]
    ]
    if STAMP in whole:
        stamp = stamp_of(files[STAMP])
        held = "confere" if stamp["signature"] == VALID else STAMP_UNCHECKED
        by = stamp["certificate"] or "não veio"
        said.append(f"raiz carimbada em {stamp['at']}; assinatura {held}; certificado {by}")
    return said


def main(arguments: "list[str]") -> int:
    """Check what is named, and say what was found."""
    told = None
    if "--raiz" in arguments:
        place = arguments.index("--raiz")
        told = arguments[place + 1] if place + 1 < len(arguments) else ""
        del arguments[place : place + 2]
    if len(arguments) > 1 or any(one.startswith("-") for one in arguments):
        sys.stdout.write(__doc__ or "")
        return 2
    where = Path(arguments[0]) if arguments else Path(__file__).resolve().parent
    if where.is_dir():
        found, root = check(files := files_of(where), told)
    elif where.is_file():
        found, root = check_zip(data := where.read_bytes(), told)
        files = unpacked(data) if root else {}
    else:
        sys.stdout.write(f"não encontrado: {where}\n")
        return 2
    bad = [one for one in found if one.state not in GOOD]
    sys.stdout.writelines(f"{said}\n" for said in (*map(repr, found), *told_beside(files, found)))
    sys.stdout.write(f"raiz: {root or 'nenhuma'}\n")
    if bad:
        sys.stdout.write(f"NÃO CONFERE: {len(bad)} de {len(found)} partes\n")
        return 1
    omitted = sum(one.state == LEFT_OUT for one in found)
    sys.stdout.write(f"CONFERE: {len(found) - omitted} partes íntegras, {omitted} omitidas\n")
    return 0


if __name__ == "__main__":
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    sys.exit(main(sys.argv[1:]))
