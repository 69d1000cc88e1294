"""The command that writes the contract for other programs: JSON Schemas, and TypeScript types made from them."""

import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import BaseModel

from cancellation.domain.trail import TrailEntry
from cancellation.messages.facts import SIGNALS, CaseStart
from cancellation.messages.status import Answer, CaseResult, CaseStatus
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import Failure
from starters.cli.typescript import FILE, typescript

CONTRACT_FOLDER: Final = Path(__file__).resolve().parents[2] / "docs" / "contract"

_PAYLOADS: Final[dict[str, type[BaseModel]]] = {
    "start": CaseStart,
    **{f"signal.{name}": model for name, model in SIGNALS.items()},
}
"""What others send."""
_ANSWERS: Final[dict[str, type[BaseModel]]] = {
    "answer": Answer,
    "query.status": CaseStatus,
    "query.trail.entry": TrailEntry,
    "result": CaseResult,
}
"""What they get back."""


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("schema", cls=PortugueseCommand, rich_help_panel="Integração")(schema)


def schema(
    out: Annotated[
        Path, typer.Option(help="Pasta onde gravar.", show_default="docs/contract")
    ] = CONTRACT_FOLDER,
    check: Annotated[
        bool, typer.Option("--check", help="Não grava: só verifica se os arquivos estão em dia.")
    ] = False,
) -> None:
    """Grava os JSON Schemas do contrato e os tipos TypeScript: argumento inicial, sinais, respostas, consultas."""
    wanted = contract_files()
    if check:
        differing = [name for name, text in wanted.items() if _read(out / name) != text]
        stray = [path.name for path in out.glob("*.*") if path.name not in wanted]
        if differing or stray:
            raise Failure(f"fora de dia em {out}: {', '.join(sorted([*differing, *stray]))}")
        typer.echo(f"{len(wanted)} arquivos do contrato em dia em {out}")
        return
    out.mkdir(parents=True, exist_ok=True)
    for name, text in wanted.items():
        (out / name).write_text(text, encoding="utf-8")
    typer.echo(f"{len(wanted)} arquivos do contrato gravados em {out}")


def contract_files() -> dict[str, str]:
    """File name to content of every file of the contract."""
    whole = schemas()
    return {**{f"{name}.json": _written(content) for name, content in whole.items()}, FILE: typescript(whole)}


def schemas() -> dict[str, dict[str, Any]]:
    """Every schema of the contract, by its name."""
    sent = {name: model.model_json_schema(mode="validation") for name, model in _PAYLOADS.items()}
    got = {name: model.model_json_schema(mode="serialization") for name, model in _ANSWERS.items()}
    return {
        name: {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{name}.json", **content}
        for name, content in {**sent, **got}.items()
    }


def _written(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
