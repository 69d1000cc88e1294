"""The mail server as a process of its own, so that its CPU is known: `… benchmarks.beside.mail_sink FOLDER PORT`."""

import asyncio
import sys
from pathlib import Path

from embedded import MailSink


async def serve(folder: Path, port: int) -> None:
    """Serve until the process is ended."""
    async with MailSink(folder, port=port) as sink:
        await sink.wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
