"""The dossier proves itself: whatever was changed shows, and what is left out does not hinder it (X13)."""

import hashlib
import io
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from cancellation.dossier import bundle, mails, parts, verificar
from tests.unit.dossier import signed
from tests.unit.dossier.evidence import ENDS, PRIVATE, chained, entries, evidence, watched

MOST_TRIED = 150
"""Places tried in one file; a shorter one is tried at every byte."""


@pytest.fixture(scope="module")
def whole() -> dict[str, bytes]:
    return files()


def files(*, redacted: bool = False, **changes: Any) -> dict[str, bytes]:
    found = evidence(**changes)
    made = parts.parts_of(found)
    return bundle.files_of(made, bundle.manifest_of(made, parts.heading_of(found)), redacted=redacted)


def wrong(given: dict[str, bytes], root: str | None = None) -> list[str]:
    return [one.path for one in verificar.check(given, root)[0] if one.state not in verificar.GOOD]


def rebound(given: dict[str, bytes], path: str, data: bytes) -> dict[str, bytes]:
    """A part changed, and everything that binds it computed anew by whoever changed it."""
    manifest = json.loads(given[verificar.MANIFEST])
    for part in manifest["parts"]:
        if part["path"] == path:
            part |= {"size": len(data), "digest": verificar.digest_of(part["salt"], data)}
    manifest["root"] = verificar.root_of(manifest)
    return {**given, path: data, verificar.MANIFEST: verificar.canonical(manifest)}


def test_an_unchanged_dossier_holds_X13(whole: dict[str, bytes]) -> None:
    found, root = verificar.check(whole)
    assert {one.state for one in found} == {verificar.WHOLE}
    assert {one.path for one in found} == set(whole)
    assert wrong(whole, root) == []
    assert verificar.check_zip(verificar.zip_of(whole))[1] == root


@pytest.mark.some(1)
@pytest.mark.parametrize("redacted", [False, True])
def test_any_byte_changed_in_any_file_is_refused_X13(redacted: bool) -> None:
    held = files(redacted=redacted)
    assert len(held) > 5
    for path, data in held.items():
        for place in range(0, len(data), max(1, len(data) // MOST_TRIED)):
            changed = bytearray(data)
            changed[place] ^= 1
            refused = wrong({**held, path: bytes(changed)})
            # A salt in the manifest is refused with the part that it belongs to.
            assert path in refused or (path == verificar.MANIFEST and refused), (path, place)


def test_a_file_that_is_gone_cut_longer_or_foreign_is_refused_X13(whole: dict[str, bytes]) -> None:
    for path, data in whole.items():
        assert path in wrong({key: value for key, value in whole.items() if key != path})
        assert path in wrong({**whole, path: data[:-1]})
        assert path in wrong({**whole, path: data + b"\n"})
    assert wrong({**whole, "emails/999.eml": b""}) == ["emails/999.eml"]


def test_any_byte_changed_in_the_archive_is_refused_X13(whole: dict[str, bytes]) -> None:
    data = verificar.zip_of(whole)
    for place in range(0, len(data), max(1, len(data) // MOST_TRIED)):
        changed = bytearray(data)
        changed[place] ^= 1
        found, _ = verificar.check_zip(bytes(changed))
        assert any(one.state not in verificar.GOOD for one in found), place


def test_without_the_reserved_parts_it_holds_with_the_same_root_and_says_what_is_left_out_X13(
    whole: dict[str, bytes],
) -> None:
    redacted = files(redacted=True)
    found, root = verificar.check(redacted)
    assert root == verificar.check(whole)[1]
    left_out = {one.path for one in found if one.state == verificar.LEFT_OUT}
    assert left_out == set(whole) - set(redacted)
    assert {"historico.json", "emails.json", "cartas.json", "dossie.pdf"} <= left_out
    assert wrong(redacted) == []


def test_a_third_party_sees_nobody_and_nothing_that_was_said_X13(whole: dict[str, bytes]) -> None:
    # What happened is told in words, and what was said of whom is not.
    assert "solicitação recebida" in pages_of(whole["dossie-sem-reservas.pdf"])
    for path, data in files(redacted=True).items():
        text = pages_of(data) if path.endswith(".pdf") else data.decode()
        found = [word for word in PRIVATE if word in text]
        assert not found, path


def test_whoever_lacks_a_reserved_part_has_nothing_to_try_contents_out_with_X13(
    whole: dict[str, bytes],
) -> None:
    redacted = files(redacted=True)
    manifest = json.loads(redacted[verificar.MANIFEST])
    assert {part["salt"] for part in manifest["parts"]} == {None}
    # An original may be recognised by whoever holds it: nobody guesses a whole e-mail as it came.
    guessable = [path for path in set(whole) - set(redacted) if not path.startswith("emails/")]
    shown = "".join(
        pages_of(data) if path.endswith(".pdf") else data.decode() for path, data in redacted.items()
    )
    assert not [path for path in guessable if verificar.digest_of(None, whole[path]) in shown]


def test_the_same_records_make_the_same_bytes_X13(whole: dict[str, bytes]) -> None:
    assert files() == whole


def test_a_trail_that_was_rewritten_and_bound_anew_breaks_its_chain_X13(whole: dict[str, bytes]) -> None:
    for field, value in (("detail", "outra coisa"), ("actor", "ninguém"), ("at", "2026-11-22T13:00:00Z")):
        trail = json.loads(whole["historico.json"])
        trail["entries"][1][field] = value
        assert wrong(rebound(whole, "historico.json", verificar.canonical(trail))) == ["historico.json"]
    trail = json.loads(whole["historico.json"])
    trail["entries"].pop()
    assert wrong(rebound(whole, "historico.json", verificar.canonical(trail))) == ["historico.json"]


def test_a_trail_holds_without_the_personal_text_that_was_erased_X13(whole: dict[str, bytes]) -> None:
    erased: dict[str, Any] = {
        "actor": verificar.ERASED,
        "detail": verificar.ERASED,
        "message_id": None,
        "problems": [],
    }
    trail = json.loads(whole["historico.json"])
    for entry in trail["entries"]:
        entry.update(erased, salt=None)
    assert wrong(rebound(whole, "historico.json", verificar.canonical(trail))) == []
    for spoilt in (
        {"detail": "outra coisa"},
        {"salt": "ab" * 32},
        {"commitment": "ab" * 32},
        {"kind": "other"},
    ):
        changed = json.loads(json.dumps(trail))
        changed["entries"][1].update(spoilt)
        assert wrong(rebound(whole, "historico.json", verificar.canonical(changed))) == ["historico.json"]


def test_what_the_watch_did_rewritten_and_bound_anew_breaks_its_chain_X10_X13(
    whole: dict[str, bytes],
) -> None:
    watch = json.loads(whole[verificar.WATCH])
    assert [one["kind"] for one in watch["acts"]] == ["voided", "told"]
    for changed in (
        {**watch, "acts": watch["acts"][:1]},
        {**watch, "acts": [{**watch["acts"][0], "facts": "{}"}, watch["acts"][1]]},
        {**watch, "acts": [{**watch["acts"][0], "detail": "Nada."}, watch["acts"][1]]},
    ):
        data = verificar.canonical(changed)
        assert wrong(rebound(whole, verificar.WATCH, data)) == [verificar.WATCH]


def test_what_the_watch_did_holds_without_the_text_that_was_erased_X10_X13(whole: dict[str, bytes]) -> None:
    watch = json.loads(whole[verificar.WATCH])
    for act in watch["acts"]:
        gone = verificar.ERASED
        act.update(actor=gone, key=f"apagado-{act['seq']}", detail=gone, facts="{}", salt=None)
    assert wrong(rebound(whole, verificar.WATCH, verificar.canonical(watch))) == []
    for spoilt in (
        {"detail": "Nada."},
        {"facts": '{"reference":"c1"}'},
        {"key": "apagado-7"},
        {"salt": "ab" * 32},
        {"commitment": "ab" * 32},
        {"kind": "settled"},
        {"look": 2},
    ):
        changed = json.loads(json.dumps(watch))
        changed["acts"][0].update(spoilt)
        assert wrong(rebound(whole, verificar.WATCH, verificar.canonical(changed))) == [verificar.WATCH]


def test_the_pages_tell_what_the_watch_did_and_third_parties_no_amount_X10_X13(
    whole: dict[str, bytes],
) -> None:
    def words_of(path: str, given: dict[str, bytes] = whole) -> str:
        pages = PdfReader(io.BytesIO(given[path])).pages
        return " ".join(" ".join(page.extract_text() for page in pages).split())

    assert "Indevida e não paga, anulada: cobrança c1, R$ 310,00." in words_of(parts.SHEET)
    assert "cobrança indevida anulada" in words_of(parts.OPEN_SHEET)
    assert "A conferência continua" in words_of(parts.OPEN_SHEET)
    settled = files(watch=watched().model_copy(update={"settled_at": ENDS}))
    assert wrong(settled) == []
    assert "nada constava em aberto" in words_of(parts.OPEN_SHEET, settled)


def test_dates_that_do_not_follow_from_each_other_are_refused_X13(whole: dict[str, bytes]) -> None:
    for field, value in (
        ("last_day", "2026-12-21"),
        ("notice_days", 29),
        ("notice_ends_at", "2026-12-22T03:00:00Z"),
    ):
        dates = json.loads(whole["prazos.json"])
        dates["notice"][field] = value
        assert wrong(rebound(whole, "prazos.json", verificar.canonical(dates))) == ["prazos.json"]


def test_an_original_exchanged_and_bound_anew_is_not_the_one_of_its_hash_X13(whole: dict[str, bytes]) -> None:
    (path,) = (path for path in whole if path.startswith("emails/"))
    assert "emails.json" in wrong(rebound(whole, path, whole[path] + b"mais"))


def test_a_dossier_made_anew_has_another_root_than_was_told_X13(whole: dict[str, bytes]) -> None:
    _, root = verificar.check(whole)
    forged = rebound(whole, "LEIA-ME.txt", b"nada")
    assert wrong(forged) == []
    assert wrong(forged, root) == [verificar.MANIFEST]


def test_the_original_is_there_byte_for_byte_with_its_header_and_the_keys_of_its_signatures_X13(
    whole: dict[str, bytes],
) -> None:
    (mail,) = json.loads(whole["emails.json"])
    assert whole[mail["file"]] == evidence().originals[0].raw
    assert mail["authentication"] == "pass"
    own, service = mail["dkim"]
    assert (own["domain"], own["selector"]) == (signed.DOMAIN, signed.SELECTOR)
    assert (own["key"], own["result"]) == (signed.record(), verificar.VALID)
    assert own["looked_up_at"].startswith("2026-11-23T02:30:02")
    assert (service["key"], service["looked_up_at"], service["result"]) == (None, None, verificar.NO_KEY)
    names = [name.lower() for name, _ in mail["headers"]]
    assert {"from", "to", "authentication-results", "received"} <= set(names)
    text = pages_of(whole["dossie.pdf"])
    assert "acme.com.br (s2026) guardada 22/11/2026 23h30 confere com a chave guardada" in text
    assert "sem chave guardada com que conferir" in text
    assert json.loads(whole["resumo.json"])["mails"][0]["signatures"] == [verificar.VALID, verificar.NO_KEY]


def test_a_key_or_a_verdict_about_a_signature_exchanged_and_bound_anew_is_refused_X13(
    whole: dict[str, bytes],
) -> None:
    (mail,) = json.loads(whole["emails.json"])
    own, service = mail["dkim"]
    for changed in (
        [{**own, "key": signed.record(signed.key(1024))}, service],
        [{**own, "key": None}, service],
        [{**own, "result": verificar.INVALID}, service],
        [own, {**service, "key": signed.record(), "result": verificar.VALID}],
        [{**own, "domain": "outra.com.br"}, service],
        [own],
        [own, service, service],
    ):
        data = verificar.canonical([{**mail, "dkim": changed}])
        assert wrong(rebound(whole, "emails.json", data)) == ["emails.json"]


def test_an_original_that_did_not_count_is_there_with_why_X13() -> None:
    (original,) = evidence().originals
    why = ("O nosso servidor não confirmou o remetente.", "Uma pessoa deve ler.")
    held = files(originals=(original.model_copy(update={"authentication": None, "why": why}),))
    assert f"O e-mail 1 não contou: {' '.join(why)}" in pages_of(held["dossie.pdf"])
    assert why[0] not in pages_of(held["dossie-sem-reservas.pdf"])


def test_an_original_whose_signature_does_not_hold_is_evidence_too_X13() -> None:
    (original,) = evidence().originals
    raw = original.raw + b"Mais uma linha\r\n"
    changed = original.model_copy(update={"raw": raw, "sha256": hashlib.sha256(raw).hexdigest()})
    held = files(originals=(changed,))
    assert wrong(held) == []
    assert "NÃO confere com a chave guardada" in pages_of(held["dossie.pdf"])


@pytest.mark.parametrize(
    ("raw", "headers"),
    [
        (b"", []),
        (b"\xff\xfe", []),
        (b"A: 1\r\n folded\r\nB:2\r\n\r\nC: 3", [("A", "1 folded"), ("B", "2")]),
        (b"A: \xe9\n\nx", [("A", "\\xe9")]),
    ],
)
def test_a_header_is_read_whatever_it_holds_X13(raw: bytes, headers: list[tuple[str, str]]) -> None:
    assert mails.headers_of(raw) == headers


def test_an_open_case_without_anything_has_a_dossier_too_X13() -> None:
    bare: dict[str, Any] = dict.fromkeys(
        ("offers", "originals", "letters", "links", "accesses", "acts", "resources", "ports", "voided"), ()
    )
    held = files(formalization=None, invoice=None, read_back=None, removed_recordings=0, **bare)
    assert wrong(held) == []
    assert "Não há formalização completa" in pages_of(held["dossie.pdf"])


# ---------------------------------------------------------------------------------------- the pages


def pages_of(data: bytes) -> str:
    """The text of a PDF, in reading order, without its breaks of lines."""
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages))


def test_the_pages_say_in_portuguese_how_the_dates_follow_X13(whole: dict[str, bytes]) -> None:
    text = pages_of(whole["dossie.pdf"])
    for said in (
        "23/11/2026 02:30:00 UTC (22/11/2026 23h30 em Brasília)",
        "o último é 22/11/2026 + 30 = terça-feira, 22 de dezembro de 2026",
        "Cláusula 8.2",
        "3 segundos depois do fim do aviso",
        "11.222.333/0001-81",
        "mantém o cancelamento, por Rita do Comercial, 22/11/2026 às",
        "Quero cancelar <já> & logo",
        "recusada 22/11/2026 12h15: 550 sem essa caixa",
        "indevida, achada depois do encerramento",
        "desativar ramais, troncos, licenças e números",
        "R$ 310,00",
    ):
        assert said in text
    assert b"/Lang (pt-BR)" in whole["dossie.pdf"]


def test_an_ordinary_case_is_written_within_two_seconds_of_work_X13() -> None:
    started = time.process_time()
    parts.parts_of(evidence())
    assert time.process_time() - started < 2


@pytest.mark.long
def test_a_thousand_long_entries_find_room_on_the_pages_X13() -> None:
    trail = chained(
        *(one.model_copy(update={"detail": f"{one.detail} {'longo ' * 300}"[:2000]}) for one in entries(1000))
    )
    case = evidence().case.model_copy(update={"trail_seq": 1000, "trail_head": trail[-1].hash})
    found = evidence(case=case, trail=trail)
    made = parts.parts_of(found)
    assert (
        wrong(bundle.files_of(made, bundle.manifest_of(made, parts.heading_of(found)), redacted=False)) == []
    )
    assert "Solicitação 999 recebida" in pages_of(made["dossie.pdf"].data)


# ---------------------------------------------------------------------------------------- the verifier by itself


def ask(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The verifier that travels along, with nothing installed and nothing of ours to be found."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(folder / bundle.VERIFIER), *arguments],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


def laid_out(folder: Path, held: dict[str, bytes]) -> Path:
    for path, data in held.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def test_the_verifier_needs_nothing_but_python_X13(tmp_path: Path, whole: dict[str, bytes]) -> None:
    folder = laid_out(tmp_path / "dossie", whole)
    archive = tmp_path / "dossie.zip"
    archive.write_bytes(verificar.zip_of(whole))
    _, root = verificar.check(whole)
    for arguments in ((), (str(folder),), (str(archive),), ("--raiz", root)):
        said = ask(folder, *arguments)
        assert (said.returncode, said.stderr) == (0, "")
        assert f"raiz: {root}" in said.stdout
        assert "CONFERE: " in said.stdout
        assert "acme.com.br (s2026): confere com a chave guardada" in said.stdout
    assert ask(folder, "--raiz", "ab" * 32).returncode == 1
    assert ask(folder, str(tmp_path / "nada")).returncode == 2
    assert ask(folder, "--x").returncode == 2
    (folder / "LEIA-ME.txt").write_bytes(whole["LEIA-ME.txt"][:-1])
    said = ask(folder)
    assert said.returncode == 1
    assert "ALTERADA     LEIA-ME.txt" in said.stdout
    assert "NÃO CONFERE: 1 de " in said.stdout
