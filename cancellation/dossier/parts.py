"""What files a dossier consists of, and which of them are reserved (X13)."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from cancellation.dossier import bundle, dates, sheet
from cancellation.dossier.bundle import Part
from cancellation.dossier.mails import headers_of, mail_path, signatures_of
from cancellation.dossier.verificar import DATES, MAILS, TRAIL, WATCH, canonical, digest_of
from cancellation.messages.evidence import Evidence

SHEET: Final = "dossie.pdf"
OPEN_SHEET: Final = "dossie-sem-reservas.pdf"
READ_ME: Final = """\
Dossiê do cancelamento {protocol}

Para conferir que nenhum byte mudou, sem rede e sem banco de dados (basta o Python 3):

    python3 verificar.py

Ele diz, de cada parte, se está íntegra, e mostra a raiz: um número que resume todas. Quem guardou a raiz confere
também que o dossiê não foi refeito por inteiro:

    python3 verificar.py --raiz RAIZ

Se há carimbo.tsr, uma autoridade carimbou a raiz com a hora (RFC 3161), e o verificador diz quando.

Um dossiê sem as partes reservadas (dados de pessoas, valores, mensagens) tem a mesma raiz do completo.

dossie.pdf               tudo, para ler             (reservada)
dossie-sem-reservas.pdf  o que terceiros podem ver
historico.json           o histórico com a cadeia de hashes do CRM   (reservada)
resumo.json, prazos.json etapas, e os prazos com a sua conta
emails.json, emails/     os originais, byte a byte, com cabeçalhos, vereditos e chaves DKIM   (reservadas)
cartas.json, cartas/     o que foi enviado, a quem, e a entrega   (reservadas)
caso.json, downloads.json, encerramento.json   o caso, os acessos ao link, o que se encerrou e cobrou   (reservadas)
conferencia.json         o que se conferiu e fez no faturamento depois do encerramento   (reservada)
manifesto.json           a lista das partes, com os hashes
"""
_LETTER_NAME: Final = re.compile(r"[^a-z0-9_]")


def parts_of(evidence: Evidence) -> dict[str, Part]:
    """Every part of the dossier, by path; the same evidence gives the same bytes."""
    case = evidence.case
    parts = {
        "LEIA-ME.txt": Part(READ_ME.format(protocol=case.protocol).encode()),
        bundle.VERIFIER: Part(bundle.verifier()),
        "resumo.json": Part(canonical(summary(evidence))),
        DATES: Part(canonical({"notice": dates.facts(evidence), "explained": dates.explained(evidence)})),
        TRAIL: Part(_json({"case_id": case.case_id, "entries": evidence.trail}), reserved=True),
        MAILS: Part(canonical(list(_mails(evidence))), reserved=True),
        "caso.json": Part(
            _chosen(evidence, "case", "stages", "offers", "formalization", "decisions", "tasks", "notes"),
            reserved=True,
        ),
        "cartas.json": Part(canonical(list(_letters(evidence))), reserved=True),
        "downloads.json": Part(_chosen(evidence, "links", "accesses", "removed_recordings"), reserved=True),
        "encerramento.json": Part(
            _chosen(
                evidence, "acts", "resources", "ports", "read_back", "subscriptions", "invoice", "voided"
            ),
            reserved=True,
        ),
    }
    if evidence.watch is not None:
        watched = {"case_id": case.case_id, **dict(evidence.watch)}
        parts[WATCH] = Part(_json(watched), reserved=True)
    for place, original in enumerate(evidence.originals, start=1):
        parts[mail_path(place, original)] = Part(original.raw, reserved=True)
    for place, letter in enumerate(evidence.letters, start=1):
        parts[letter_path(place, letter.kind)] = Part(letter.content, reserved=True)
    hashes = {path: digest_of(None, part.data) for path, part in sorted(parts.items())}
    parts[SHEET] = Part(sheet.pdf(evidence, hashes), reserved=True)
    shown = {path: hashed for path, hashed in hashes.items() if not parts[path].reserved}
    parts[OPEN_SHEET] = Part(sheet.pdf(evidence, shown, redacted=True))
    return parts


def heading_of(evidence: Evidence) -> dict[str, Any]:
    """What the root binds beside the parts: whose dossier it is, until when, and where the trail's chain stands."""
    return {
        "protocol": evidence.case.protocol,
        "records_until": _json_value(records_until(evidence)),
        "trail": {"entries": evidence.case.trail_seq, "head": evidence.case.trail_head},
        **(
            {"watch": {"acts": len(evidence.watch.acts), "head": evidence.watch.head}}
            if evidence.watch
            else {}
        ),
    }


def records_until(evidence: Evidence) -> datetime:
    """The latest instant of anything in it: the dossier says nothing of what came later."""
    return max(_instants(evidence))


def summary(evidence: Evidence) -> dict[str, Any]:
    """The case as a third party may see it: when what happened, and nothing about anybody."""
    case = evidence.case
    described: dict[str, Any] = {
        "protocol": case.protocol,
        "channel": case.request.channel,
        "opened_at": case.opened_at,
        "stage": case.stage,
        "outcome": case.outcome,
        "ended_at": case.ended_at,
        "stages": evidence.stages,
        "trail": [{"seq": one.seq, "at": one.at, "kind": one.kind} for one in evidence.trail],
        "mails": [
            {
                "sha256": one.sha256,
                "received_at": one.received_at,
                "authentication": one.authentication,
                "signatures": [signature["result"] for signature in signatures_of(one)],
            }
            for one in evidence.originals
        ],
        "letters": [
            {
                "kind": one.kind,
                "audience": one.audience,
                "written_at": one.written_at,
                "addresses": dict(sorted(Counter(to.status for to in one.deliveries).items())),
            }
            for one in evidence.letters
        ],
        "downloads": len([one for one in evidence.accesses if one.kind in ("file", "redirect")]),
        "acts": evidence.acts,
        "released": dict(sorted(Counter(one.kind for one in evidence.resources if one.released_at).items())),
        "read_back": evidence.read_back,
        "watch": {
            "settled_at": evidence.watch.settled_at,
            "acts": [{"seq": one.seq, "at": one.at, "kind": one.kind} for one in evidence.watch.acts],
        }
        if evidence.watch
        else None,
        "dkim_keys_kept": any(key.record for one in evidence.originals for key in one.keys),
    }
    return {key: _json_value(value) for key, value in described.items()}


def letter_path(place: int, kind: str) -> str:
    """Where a letter lies."""
    return f"cartas/{place:03}-{_LETTER_NAME.sub('_', kind)}.eml"


def _mails(evidence: Evidence) -> Iterator[dict[str, Any]]:
    for place, original in enumerate(evidence.originals, start=1):
        yield {
            **_json_value(original),
            "file": mail_path(place, original),
            "size": len(original.raw),
            "headers": [list(pair) for pair in headers_of(original.raw)],
            "dkim": signatures_of(original),
        }


def _letters(evidence: Evidence) -> Iterator[dict[str, Any]]:
    for place, letter in enumerate(evidence.letters, start=1):
        yield {**_json_value(letter), "file": letter_path(place, letter.kind)}


def _chosen(evidence: Evidence, *names: str) -> bytes:
    return _json({name: getattr(evidence, name) for name in names})


def _json(value: Mapping[str, Any]) -> bytes:
    return canonical(_json_value(value))


def _json_value(value: Any) -> Any:
    return to_jsonable_python(value)


def _instants(value: Any) -> Iterator[datetime]:
    match value:
        case datetime():
            yield value
        case BaseModel():
            for name in type(value).model_fields:
                if name not in ("expires_at", "notice_ends_at"):  # what is still to come is no record
                    yield from _instants(getattr(value, name))
        case tuple():
            for one in value:
                yield from _instants(one)
