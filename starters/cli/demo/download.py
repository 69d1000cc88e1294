"""What a customer does with the link: opens the page, downloads the file, and finds it dead afterwards (P10)."""

import asyncio
import io
import re
import zipfile
from dataclasses import dataclass
from email import message_from_bytes, policy
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.error import HTTPError
from urllib.parse import urljoin
from urllib.request import urlopen

_PATIENCE: Final = 30.0


@dataclass(frozen=True)
class Download:
    """What came out of the link."""

    files: int
    size: int
    """Bytes."""


async def link_in_outbox(outbox: Path, gateway: str) -> str:
    """Wait for the e-mail that brings a download link, and take the link out of it.

    Raises:
        TimeoutError: no such e-mail was sent.
    """
    pattern = re.compile(rf"{re.escape(gateway)}/d/[\w-]+")
    async with asyncio.timeout(_PATIENCE):
        # The outbox is a folder: whether an e-mail has come can only be looked up.
        while (link := await asyncio.to_thread(_link, outbox, pattern)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return link


async def download(link: str) -> Download:
    """Open the page, follow its button, and check that the file is whole."""
    return await asyncio.to_thread(_download, link)


async def is_dead(link: str) -> bool:
    """Whether the page says that the link is gone."""
    return await asyncio.to_thread(_answer, link) is HTTPStatus.GONE


def _download(link: str) -> Download:
    with urlopen(link) as page:  # noqa: S310 - our own gateway
        button = re.search(r'href="(/d/[^"]+)"', page.read().decode())
    if button is None:
        raise LookupError("the page of the link has no button")
    with urlopen(urljoin(link, button[1])) as file:  # noqa: S310 - the same
        content = file.read()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        broken = archive.testzip()
        if broken is not None:
            raise ValueError(f"broken file in the archive: {broken}")
        recordings = [name for name in archive.namelist() if name.endswith(".wav")]
    return Download(files=len(recordings), size=len(content))


def _answer(link: str) -> HTTPStatus:
    try:
        with urlopen(link) as page:  # noqa: S310 - our own gateway
            return HTTPStatus(page.status)
    except HTTPError as error:
        return HTTPStatus(error.code)


def _link(outbox: Path, pattern: re.Pattern[str]) -> str | None:
    found = (pattern.search(_text(path)) for path in sorted(outbox.glob("[!.]*.eml"), reverse=True))
    return next((one[0] for one in found if one), None)


def _text(path: Path) -> str:
    body = message_from_bytes(path.read_bytes(), policy=policy.default).get_body(("plain",))
    return str(body.get_content()) if body is not None else ""
