"""The command that writes a case's dossier: its evidence in one bundle that proves itself, and one PDF (X13)."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from starters.cli.options import AsJson, CaseReference
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import ExitCode, Failure, as_json, settings_of_command, wait_for, why_not

if TYPE_CHECKING:
    from cancellation.messages.evidence import Evidence
    from cancellation.settings import Settings

_PANEL: Final = "Acompanhar"


def dossier(
    case: CaseReference,
    to: Annotated[
        Path, typer.Option("--to", metavar="PASTA", help="Onde gravar; sem ela, a pasta atual.")
    ] = Path(),
    redact: Annotated[
        bool,
        typer.Option(
            "--redact", help="Sem o que terceiros não podem ver; confere com a mesma raiz do dossiê completo."
        ),
    ] = False,
    folder: Annotated[bool, typer.Option("--folder", help="Grava uma pasta, e não um arquivo zip.")] = False,
    json: AsJson = False,
) -> None:
    """Grava o dossiê de um caso: tudo o que o prova, com o PDF e um verificador que não precisa de rede."""
    settings = settings_of_command()
    evidence = wait_for(_evidence(settings, case))
    if evidence is None:
        raise Failure(f"nenhum caso encontrado: {case}")
    from cancellation.dossier import bundle, parts, verificar

    found = parts.parts_of(evidence)
    manifest = bundle.manifest_of(found, parts.heading_of(evidence))
    stamp, not_stamped = _stamp(settings, verificar.bound_by(manifest))
    files = bundle.files_of(found, manifest, redacted=redact, stamp=stamp)
    name = f"dossie-{evidence.case.protocol}{'-sem-reservas' if redact else ''}"
    written = to / (name if folder else f"{name}.zip")
    pages = to / f"{name}.pdf"
    try:
        to.mkdir(parents=True, exist_ok=True)
        if folder:
            _write_folder(written, files)
        else:
            _write(written, verificar.zip_of(files))
        _write(pages, files[parts.OPEN_SHEET if redact else parts.SHEET])
    except OSError as error:
        raise Failure(f"não foi possível gravar em {to}: {why_not(error)}", ExitCode.USAGE) from None
    stamped = verificar.stamp_of(stamp) if stamp else None
    wrong = [repr(one) for one in verificar.check(files)[0] if one.state not in verificar.GOOD]
    if json:
        typer.echo(
            as_json(
                {
                    "bundle": str(written),
                    "pdf": str(pages),
                    "root": manifest["root"],
                    **parts.heading_of(evidence),
                    "redacted": redact,
                    "stamped_at": stamped["at"] if stamped else None,
                    "stamp_signature": stamped["signature"] if stamped else None,
                    "wrong": wrong,
                }
            )
        )
    else:
        typer.echo(f"Dossiê: {written}\nPDF:    {pages}\nRaiz:   {manifest['root']}")
        if stamped:
            typer.echo(f"Carimbada em {stamped['at']}")
            if stamped["signature"] == verificar.UNCHECKED:
                typer.echo(f"Assinatura do carimbo {verificar.STAMP_UNCHECKED}; openssl ts a confere.")
        typer.echo(
            "Guarde a raiz à parte: com ela, verificar.py --raiz mostra também se o dossiê foi refeito."
        )
    if wrong:
        raise Failure(f"os registros não conferem consigo mesmos: {'; '.join(wrong)}")
    if not_stamped:
        raise Failure(
            f"o dossiê foi gravado sem carimbo de tempo: {not_stamped}; repita o comando para carimbar",
            ExitCode.UNREACHABLE,
        )


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("dossier", cls=PortugueseCommand, rich_help_panel=_PANEL)(dossier)


async def _evidence(settings: "Settings", case: str) -> "Evidence | None":
    from workers.records import open_evidence

    async with open_evidence(settings) as records:
        return await records.of(case)


def _stamp(settings: "Settings", bound: bytes) -> tuple[bytes | None, str]:
    """The authority's answer where one is configured, or why there is none: the dossier is written all the same."""
    if not settings.evidence.stamp_url:
        return None, ""
    from cancellation.adapters.timestamping import NotStamped, stamped

    try:
        return stamped(
            bound,
            settings.evidence.stamp_url,
            seconds=settings.evidence.stamp_seconds,
            ca_file=settings.evidence.stamp_ca_file,
        ), ""
    except NotStamped as error:
        return None, str(error)


def _write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Into a folder of its own: what else lies there would be no part of the dossier."""
    if folder.exists() and any(folder.iterdir()):
        raise Failure(f"{folder} já existe e não está vazia", ExitCode.USAGE)
    for path, data in files.items():
        (folder / path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(folder / path, data)


def _write(path: Path, data: bytes) -> None:
    """For whoever wrote it alone: it holds what customers wrote."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
