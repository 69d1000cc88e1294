#!/usr/bin/env python3
"""Confere um dossiê de cancelamento sem rede e sem banco de dados: diz, de cada parte, se um byte mudou.

Uso:  python3 verificar.py [PASTA ou ARQUIVO.zip] [--raiz HASH]

Sem argumento, confere a pasta em que este arquivo está. Com `--raiz`, a raiz do dossiê precisa ser a que foi dita
por outro caminho (por exemplo, a que `cancelamento dossier` mostrou): quem refaz o dossiê inteiro muda a raiz.
Termina com 0 quando tudo confere, 1 quando algo não confere, 2 quando não há dossiê para conferir.

Only the standard library is used, and nothing is imported from the dossier. How it is bound:

* The digest of a part is SHA-256 over its salt (32 bytes, or none) and its bytes. A reserved part has a salt, so that
  whoever gets a dossier without it cannot try out what was in it; where it is left out its salt is null.
* `root` in `manifesto.json` is SHA-256 over the manifest itself as canonical JSON (keys in order, two spaces, UTF-8,
  one line end) without `root` and without the salts. A dossier with parts left out has the root of the whole one.
* `historico.json` holds the trail as the CRM chained it: an entry's hash is over the hash before it, what it says about
  nobody, and its commitment, which is over a salt and the personal text. An entry that was erased has no salt.
* `conferencia.json` holds what the billing watch did after the end, chained in the same way.
"""

import hashlib
import io
import json
import sys
import zipfile
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

FORMAT = "cancelamento-dossie-1"
MANIFEST = "manifesto.json"
TRAIL, DATES, MAILS, WATCH = "historico.json", "prazos.json", "emails.json", "conferencia.json"
WHOLE, LEFT_OUT, CHANGED = "íntegra", "omitida", "ALTERADA"
MISSING, UNKNOWN = "FALTA", "DESCONHECIDA"
GOOD = (WHOLE, LEFT_OUT)
ERASED = "(apagado)"
EPOCH = (1980, 1, 1, 0, 0, 0)
FILE_MODE = 0o100644


class Finding:
    """What was found of one part."""

    def __init__(self, path: str, state: str, why: str = "") -> None:
        self.path = path
        self.state = state
        self.why = why

    def __repr__(self) -> str:
        return f"{self.state:<12} {self.path}" + (f" ({self.why})" if self.why else "")


def canonical(value: object) -> bytes:
    """JSON in the one way in which a dossier writes it."""
    return (json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def digest_of(salt: "str | None", data: bytes) -> str:
    """The digest of a part; the salt is hexadecimal."""
    return hashlib.sha256(bytes.fromhex(salt or "") + data).hexdigest()


def root_of(manifest: "dict[str, Any]") -> str:
    """The root: over everything that the manifest says but itself and the salts."""
    bare = {key: value for key, value in manifest.items() if key != "root"}
    bare["parts"] = [{key: value for key, value in part.items() if key != "salt"} for part in bare["parts"]]
    return hashlib.sha256(canonical(bare)).hexdigest()


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
    """What is to be said of every file of a dossier, and its root as computed anew ("" if there is none).

    Args:
        files: everything that lies in the dossier, by path.
        root: the root as somebody else told it.
    """
    manifest, found = _manifest(files.get(MANIFEST))
    if manifest is None:
        return [*found, *(Finding(path, UNKNOWN) for path in sorted(files) if path != MANIFEST)], ""
    computed = root_of(manifest)
    if manifest["root"] != computed:
        found = [Finding(MANIFEST, CHANGED, "a raiz não é a das partes listadas")]
    elif root is not None and root.strip().lower() != computed:
        found = [Finding(MANIFEST, CHANGED, "a raiz não é a que foi informada")]
    listed = set()
    for part in manifest["parts"]:
        listed.add(part["path"])
        found.append(_part(part, files.get(part["path"])))
    found += [Finding(path, UNKNOWN) for path in sorted(files) if path not in listed and path != MANIFEST]
    for finding in found:
        if finding.state == WHOLE and (why := _contradiction(finding.path, files, manifest)):
            finding.state, finding.why = CHANGED, why
    return found, computed


def check_zip(data: bytes, root: "str | None" = None) -> "tuple[list[Finding], str]":
    """The same of a dossier in one archive, of which every byte counts too."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    except Exception as error:  # whatever a damaged archive brings about
        return [Finding("arquivo zip", CHANGED, f"não pode ser lido: {type(error).__name__}")], ""
    found, computed = check(files, root)
    if zip_of(files) != data:
        found.append(
            Finding(
                "arquivo zip",
                CHANGED,
                "não é o que foi gravado; extraia e confira a pasta para ver as partes",
            )
        )
    return found, computed


def files_of(folder: Path) -> "dict[str, bytes]":
    """Every file of a folder, by its path in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def chain_hash(previous: bytes, case_id: str, entry: "dict[str, Any]") -> bytes:
    """The hash of a trail entry, as the CRM computes it."""
    fields = [case_id, str(entry["seq"]), _instant(entry["at"]), entry["kind"]]
    return _bound(previous, fields, entry["commitment"])


def watch_hash(previous: bytes, case_id: str, act: "dict[str, Any]") -> bytes:
    """The hash of an act of the billing watch, as the CRM computes it."""
    fields = [case_id, str(act["seq"]), str(act["look"]), _instant(act["at"]), act["kind"]]
    return _bound(previous, fields, act["commitment"])


def says_what_was_committed(entry: "dict[str, Any]") -> bool:
    """Whether an entry's personal text is the one of its commitment, or was erased whole."""
    if entry["salt"] is None:
        said = [entry[name] for name in ("actor", "detail", "message_id", "problems")]
        return said == [ERASED, ERASED, None, []]
    fields = [entry["actor"], entry["detail"], entry["message_id"]]
    for problem in entry["problems"]:
        fields += [problem["field"], problem["problem"]]
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


def _bound(previous: bytes, fields: "list[str | None]", commitment: str) -> bytes:
    return hashlib.sha256(previous + b"".join(map(_field, fields)) + bytes.fromhex(commitment)).digest()


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
        if canonical(manifest) != data or manifest["format"] != FORMAT:
            raise ValueError
        for part in manifest["parts"]:
            if set(part) != {"path", "size", "digest", "reserved", "salt"}:
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


def _contradiction(path: str, files: "dict[str, bytes]", manifest: "dict[str, Any]") -> str:
    """What a part of which no byte changed says wrongly about others; "" where all agrees."""
    try:
        if path == TRAIL:
            return _broken_chain(json.loads(files[path]), manifest["trail"])
        if path == WATCH:
            return _broken_watch(json.loads(files[path]), manifest["watch"])
        if path == DATES:
            return _wrong_dates(json.loads(files[path]))
        if path == MAILS:
            return _other_original(json.loads(files[path]), files)
    except Exception as error:  # whatever it holds
        return f"não pode ser entendida: {type(error).__name__}"
    return ""


def _broken_chain(trail: "dict[str, Any]", told: "dict[str, Any]") -> str:
    previous = bytes(32)
    for place, entry in enumerate(trail["entries"], start=1):
        previous = chain_hash(previous, trail["case_id"], entry)
        chained = entry["seq"] == place and entry["hash"] == previous.hex()
        if not chained or not says_what_was_committed(entry):
            return f"a cadeia do histórico se rompe no registro {place}"
    if len(trail["entries"]) != told["entries"] or previous.hex() != told["head"]:
        return "o histórico não termina onde o manifesto diz"
    return ""


def _broken_watch(watch: "dict[str, Any]", told: "dict[str, Any]") -> str:
    previous = bytes(32)
    for place, act in enumerate(watch["acts"], start=1):
        previous = watch_hash(previous, watch["case_id"], act)
        chained = act["seq"] == place and act["hash"] == previous.hex()
        if not chained or not watch_says_what_was_committed(act):
            return f"a cadeia da conferência se rompe no registro {place}"
    if len(watch["acts"]) != told["acts"] or previous.hex() != told["head"]:
        return "a conferência não termina onde o manifesto diz"
    return ""


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
    return ""


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
        found, root = check(files_of(where), told)
    elif where.is_file():
        found, root = check_zip(where.read_bytes(), told)
    else:
        sys.stdout.write(f"não encontrado: {where}\n")
        return 2
    bad = [one for one in found if one.state not in GOOD]
    for one in found:
        sys.stdout.write(f"{one!r}\n")
    sys.stdout.write(f"raiz: {root or 'nenhuma'}\n")
    if bad:
        sys.stdout.write(f"NÃO CONFERE: {len(bad)} de {len(found)} partes\n")
        return 1
    omitted = sum(one.state == LEFT_OUT for one in found)
    sys.stdout.write(f"CONFERE: {len(found) - omitted} partes íntegras, {omitted} omitidas\n")
    return 0


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    sys.exit(main(sys.argv[1:]))
