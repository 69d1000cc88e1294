"""Nobody speaks to the set's PostgreSQL in clear, nor to one that only says that it is it: every service tries."""

import asyncio
import re
from collections.abc import Mapping
from typing import Final

import trustme

from tests.production.findings import Findings
from tests.production.processes import ANOTHER_NAME
from tests.production.production_set import ProductionSet

_OFF: Final[Mapping[str, str]] = {
    "CANCELAMENTO_DATABASE_SSL": "disable",
    "SQL_TLS": "false",
    "SQL_TLS_ENABLED": "false",
}
"""By the variable that switches TLS on."""
_TRUSTS: Final[tuple[str, ...]] = ("CANCELAMENTO_DATABASE_CA_FILE", "SQL_TLS_CA_FILE", "SQL_CA")
_ENDS_WITHIN: Final = 120.0
"""Seconds for whoever is refused, on a busy machine."""
_FINDS: Final[tuple[str, ...]] = ("CANCELAMENTO_DATABASE_HOST", "POSTGRES_SEEDS")
_NOT_IN_CLEAR: Final = re.compile("no encryption|não deixa este usuário entrar sem TLS")
_NOT_TRUSTED: Final = re.compile("unknown authority|não é de quem se confia.*local issuer")
_NOT_ITS_NAME: Final = re.compile(
    "certificate is valid for .*, not 127|não é de quem se confia.*not valid for '127"
)


async def look_at_encryption(production: ProductionSet, findings: Findings) -> None:
    """Have every service try in clear, with another authority and under another name; what gets in is wrong."""
    findings.wrong += [f"a session in clear in the database: {who}" for who in sorted(findings.in_clear)]
    other = production.folder / "other-authority.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    other.chmod(0o444)
    clients: dict[str, str] = {}
    users = set()
    for name, container in production.containers.items():
        if (
            container.environment.keys() & _OFF.keys()
            and "profiles" not in production.services[container.service]
        ):
            clients.setdefault(container.service, name)
            if container.restarts:
                users.add(container.environment.get("CANCELAMENTO_DATABASE_USER", "temporal"))
    findings.wrong += [
        f"no session in the database was seen of {user}" for user in users - findings.encrypted
    ]
    for name in clients.values():
        environment = production.containers[name].environment
        for otherwise, words in (
            (_OFF, _NOT_IN_CLEAR),
            (dict.fromkeys(_TRUSTS, str(other)), _NOT_TRUSTED),
            (dict.fromkeys(_FINDS, ANOTHER_NAME), _NOT_ITS_NAME),
        ):
            more = {one: value for one, value in otherwise.items() if one in environment}
            findings.wrong += await _tried(production, name, more, words)
    findings.told.append(
        f"sessions in the database of {', '.join(sorted(findings.encrypted))}, none in clear; in clear, with another "
        f"authority, under another name none came about of {', '.join(clients)}"
    )


async def _tried(
    production: ProductionSet, name: str, more: Mapping[str, str], words: re.Pattern[str]
) -> list[str]:
    """What is wrong with how a container's client ended that was told otherwise."""
    running = production.processes.get(name)
    ours = running is not None and "CANCELAMENTO_DATABASE_USER" in running.container.environment
    order = ("check", production.containers[name].service) if ours else ()
    try:
        async with asyncio.timeout(_ENDS_WITHIN):
            code, out, err = await production.run_with(name, *order, **more)
    except TimeoutError:
        return [f"{name} with {more} went on"]
    return (
        []
        if code and words.search(out + err)
        else [f"{name} with {more} ended with {code}: {(out + err)[-500:]}"]
    )
