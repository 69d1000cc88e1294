"""Copies of the whole server, as docs/backup.md has them made."""

import asyncio
import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import Final

import asyncpg

from embedded import EmbeddedPostgres
from tests.durable.versions import CHECKOUT

_ARCHIVING: Final = (
    "alter system set archive_mode = 'on'",
    'alter system set archive_command = \'BACKUP_FOLDER={folder} {script} archive "%p" "%f"\'',
)


class Copies:
    """Copies of an embedded PostgreSQL, made by the script that production uses."""

    def __init__(self, postgres: EmbeddedPostgres) -> None:
        self._postgres = postgres
        self._place = postgres._place
        self._folder = self._place.base / "copies"
        self._folder.mkdir()
        self._script = self._folder / "backup.sh"
        shutil.copy(CHECKOUT / "deploy/postgres/backup.sh", self._script)
        self._give(self._folder)

    async def begin(self) -> None:
        """Have the log archived from now on."""
        connection = await asyncpg.connect(self._postgres.database_url)
        for statement in _ARCHIVING:
            await connection.execute(statement.format(folder=self._folder, script=self._script))
        await connection.close()
        await self._postgres.stop()
        await self._postgres.start()

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return self._folder

    async def whole(self) -> None:
        """A new whole copy, while everything works."""
        await self._run("base")

    async def prune(self, days: int) -> None:
        """Remove what is older, and the log that only it needs; never the newest copy."""
        await self._run("prune", str(days))

    async def bring_back(self, to: datetime) -> None:
        """Stop the server, and start it on what was at that instant."""
        await self._postgres.stop()
        await self._run("restore", str(self._place.data), to.isoformat())
        self._give(self._place.data)
        await self._postgres.start()

    async def _run(self, *typed: str) -> None:
        process = await asyncio.create_subprocess_exec(
            *(str(self._script), *typed),
            env={
                "PATH": f"{self._place.installation / 'bin'}:{os.environ['PATH']}",
                "BACKUP_FOLDER": str(self._folder),
                "PGHOST": str(self._place.sockets),
                "PGUSER": "postgres",
            },
        )
        assert await process.wait() == 0

    def _give(self, folder: Path) -> None:
        """The server's user has all of it."""
        for found in (folder, *folder.rglob("*")):
            os.chown(found, self._place.user.uid, self._place.user.gid)
