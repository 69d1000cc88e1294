"""Starts an embedded PostgreSQL in a folder, uses it, prints what it is, stops it; run as another user."""

import asyncio
import json
import sys
from pathlib import Path

import asyncpg
import psutil

from embedded.postgres import EmbeddedPostgres


async def run(folder: Path) -> dict[str, object]:
    """What was found."""
    async with EmbeddedPostgres(folder, durable=False) as server:
        connection = await asyncpg.connect(server.database_url)
        await connection.execute("CREATE TABLE IF NOT EXISTS visits (n int)")
        await connection.execute("INSERT INTO visits VALUES (1)")
        visits = await connection.fetchval("SELECT count(*) FROM visits")
        await connection.close()
        return {
            "visits": visits,
            "user": psutil.Process(server.pid).username(),
            "kept_in": str(server.kept_in),
        }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(run(Path(sys.argv[1])))))
