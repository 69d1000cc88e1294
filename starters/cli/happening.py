"""What happens to cases, one line each, for whoever watches `cancelamento up`."""

import asyncio
import re
from collections.abc import Callable
from typing import Final

import asyncpg

from cancellation.adapters.postgres.happenings import Happening, happenings
from cancellation.domain.events import CrmUpdated
from cancellation.language.words import short_moment

_AGAIN_SECONDS: Final = 1.0
_LONGEST: Final = 100
_ADDRESS: Final = re.compile(r"\S*@\S+")
_NUMBER: Final = re.compile(r"\+\d[\d ()-]{6,}\d")


async def tell_happenings(database_url: str, say: Callable[[str], None]) -> None:
    """Say each of them until cancelled; a database that restarts is listened to again."""
    while True:
        try:
            async for one in happenings(database_url):
                say(line_of(one))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            pass  # The supervisor says that the database is gone.
        await asyncio.sleep(_AGAIN_SECONDS)


def line_of(happening: Happening) -> str:
    """When, which case, and what, without what people wrote and without their addresses: the output may be kept."""
    what = "CRM atualizado" if happening.kind == CrmUpdated.kind else _discreet(happening.detail)
    return f"{short_moment(happening.at)}  cliente {happening.customer_id}  {happening.protocol}  {what}"


def _discreet(detail: str) -> str:
    told, cut, _ = " ".join(detail.split()).partition(": ")
    if cut and ". " in told:
        told = told.rpartition(". ")[0]
    told = _NUMBER.sub("…", _ADDRESS.sub("…", told)).rstrip(" .")
    return told if len(told) <= _LONGEST else f"{told[: _LONGEST - 1]}…"
