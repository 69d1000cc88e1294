"""The command that brings a new version of the workers into service, and takes it back (docs/implantacao.md)."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from starters.cli.options import AsJson
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import ExitCode, Failure, as_json, settings_of_command, wait_for

if TYPE_CHECKING:
    from temporalio.client import Client

    from workers.deployment import Deployment

_WORKERS_WITHIN: Final = 60.0


class Act(StrEnum):
    """What is done with a version."""

    SHOW = "show"
    SERVE = "serve"
    BACK = "back"
    MEND = "mend"


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("deploy", cls=PortugueseCommand, rich_help_panel="Servidores")(deploy)


def deploy(
    act: Annotated[
        Act,
        typer.Argument(
            metavar="[AÇÃO]",
            help=(
                "show: as versões; serve: põe a VERSÃO em serviço, depois de reproduzir os casos com este código; "
                "back: volta à VERSÃO; mend: reinicia os casos que a VERSÃO estragou."
            ),
        ),
    ] = Act.SHOW,
    build_id: Annotated[
        str | None, typer.Argument(metavar="[VERSÃO]", help="O CANCELAMENTO_BUILD_ID dos workers.")
    ] = None,
    percentage: Annotated[
        float,
        typer.Option("--ramp", min=0, max=100, metavar="%", help="Com serve: só esta parte dos casos."),
    ] = 100.0,
    watch: Annotated[
        float,
        typer.Option(
            min=0,
            metavar="SEGUNDOS",
            help="Com serve: quanto tempo observa os casos; se algum falhar, volta atrás.",
        ),
    ] = 60.0,
    verify: Annotated[
        bool, typer.Option("--verify/--no-verify", help="Com serve: reproduz antes os casos com este código.")
    ] = True,
    json: AsJson = False,
) -> None:
    """Põe uma versão nova dos workers em serviço ao lado da antiga, observa os casos, e volta atrás."""
    if act is not Act.SHOW and not build_id:
        raise Failure(f"deploy {act.value}: falta a VERSÃO", ExitCode.USAGE)
    wait_for(_deploy(act, build_id or "", percentage, watch, verify, json))


async def _deploy(act: Act, build_id: str, percentage: float, watch: float, verify: bool, json: bool) -> None:
    from workers import deployment
    from workers.connecting import connect

    settings = settings_of_command()
    client, name = await connect(settings), settings.deployment_name
    try:
        match act:
            case Act.SERVE:
                await _serve(client, name, build_id, percentage, watch, verify)
            case Act.BACK:
                await deployment.put_in_service(client, name, build_id)
            case Act.MEND:
                await _mend(client, build_id)
            case Act.SHOW:
                pass
    except deployment.NotDeployable as error:
        raise Failure(str(error)) from None
    _show(await deployment.deployment_of(client, name), json)


async def _serve(
    client: "Client", name: str, build_id: str, percentage: float, watch: float, verify: bool
) -> None:
    """Verify, bring into service, watch; and take it back if a case begins to fail.

    Raises:
        Failure: a case does not replay, or began to fail.
        NotDeployable: there are no workers of that version.
    """
    from workers import deployment
    from workers.verify import replayed_cases

    await deployment.wait_for_workers(client, name, build_id, _WORKERS_WITHIN)
    if verify:
        failing = [case async for case in replayed_cases(client, 0) if case.problem]
        for case in failing:
            typer.echo(f"{case.workflow_id}: {case.problem}", err=True)
        if failing:
            raise Failure(f"{len(failing)} casos abertos não se reproduzem com este código; nada foi mudado")
    before, ailing = await deployment.deployment_of(client, name), await deployment.troubled(client)
    if percentage < 100:
        await deployment.ramp(client, name, build_id, percentage)
    else:
        await deployment.put_in_service(client, name, build_id)
    fresh = await deployment.watched(client, ailing, watch)
    if fresh:
        if percentage < 100:
            await deployment.ramp(client, name, build_id, 0)
        else:
            await deployment.put_in_service(client, name, before.current)
        raise Failure(
            f"casos que começaram a falhar com a versão {build_id}: {', '.join(sorted(fresh))}; "
            "a versão de antes está de novo em serviço"
        )


async def _mend(client: "Client", build_id: str) -> None:
    from workers import deployment

    async for execution, event_id in deployment.broken_by(client, build_id):
        await deployment.go_back_before(client, execution, event_id, f"desfazer a versão {build_id}")
        typer.echo(f"{execution.id}: reiniciado antes do evento {event_id}")


def _show(deployment: "Deployment", json: bool) -> None:
    if json:
        typer.echo(as_json(deployment))
        return
    for version in deployment.versions:
        part = f", {deployment.percentage:g}% dos casos" if version.build_id == deployment.ramping else ""
        typer.echo(f"{version.build_id}: {version.status}{part}")
    if deployment.current is None:
        typer.echo("Em serviço: workers sem versão (CANCELAMENTO_BUILD_ID)")
