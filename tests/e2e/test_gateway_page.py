"""The download pages as a person sees them, on a phone and on a desktop (P10)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from obstore.store import MemoryStore
from playwright.async_api import Browser, Page, async_playwright

from cancellation.adapters.memory.recordings import MemoryLedger
from tests.contract.formalized import MemoryFormalizations
from tests.e2e.gateway_rig import ENDS_AT, GatewayRig

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = [(1280, 900), (390, 844), (320, 640)]
CONTENT = b"PK" + bytes(2_000_000)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium"),
]


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield running
        await running.close()


@pytest.fixture
async def rig() -> AsyncIterator[GatewayRig]:
    stopped = GatewayRig(MemoryStore(), MemoryLedger(MemoryFormalizations().of))
    async with stopped.running() as running:
        yield running


async def opened(browser: Browser, url: str, width: int = 390, height: int = 844) -> tuple[Page, list[str]]:
    """The page, and what the browser complains about."""
    page = await browser.new_page(viewport={"width": width, "height": height}, locale="pt-BR")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    await page.goto(url)
    return page, complaints


@pytest.mark.parametrize(("width", "height"), WIDTHS)
async def test_page_fits_and_shows_its_button_P10(
    rig: GatewayRig, browser: Browser, width: int, height: int
) -> None:
    link = await rig.link(CONTENT, files=1234)
    page, complaints = await opened(browser, rig.url + rig.page_of(link), width, height)
    overflow = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow == 0
    box = await page.get_by_role("link", name="Baixar as gravações").bounding_box()
    assert box is not None
    assert box["height"] >= 44
    assert box["y"] + box["height"] <= height
    assert await page.get_attribute("html", "lang") == "pt-BR"
    assert await page.title() == "Gravações para download · NuvemJTI"
    assert await page.get_by_role("heading", level=1).count() == 1
    # The style is really there: the policy of the headers lets it through.
    assert await page.evaluate("getComputedStyle(document.querySelector('.button')).backgroundColor") == (
        "rgb(11, 92, 173)"
    )
    assert complaints == []
    await page.close()


async def test_the_button_is_reached_by_keyboard_and_downloads_the_archive_P10(
    rig: GatewayRig, browser: Browser, tmp_path: Path
) -> None:
    link = await rig.link(CONTENT)
    page, _ = await opened(browser, rig.url + rig.page_of(link))
    await page.keyboard.press("Tab")
    assert "Baixar" in await page.evaluate("document.activeElement.textContent")
    async with page.expect_download() as coming:
        await page.keyboard.press("Enter")
    download = await coming.value
    assert download.suggested_filename == "gravacoes-1042-2026-11-22.zip"
    target = tmp_path / "saved.zip"
    await download.save_as(target)
    assert await asyncio.to_thread(target.read_bytes) == CONTENT
    await page.close()


async def test_the_checksum_is_one_tap_away_P10(rig: GatewayRig, browser: Browser) -> None:
    link = await rig.link(CONTENT)
    page, _ = await opened(browser, rig.url + rig.page_of(link), 320, 640)
    assert not await page.get_by_text(link.sha256).is_visible()
    await page.get_by_text("Conferir se o arquivo chegou inteiro").click()
    assert await page.get_by_text(link.sha256).is_visible()
    overflow = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow == 0
    await page.close()


async def test_a_dead_link_says_so_kindly_P10(rig: GatewayRig, browser: Browser) -> None:
    link = await rig.link(CONTENT)
    rig.now = ENDS_AT + timedelta(days=1)
    page, _ = await opened(browser, rig.url + rig.page_of(link))
    assert await page.get_by_role("heading", name="Este link não está mais disponível").is_visible()
    assert await page.get_by_text("22 de dezembro de 2026").is_visible()
    assert await page.get_by_role("link", name="Baixar").count() == 0
    await page.close()
