"""Writes every letter into a folder, to look at: `python -m tests.unit.letters.preview FOLDER`.

Each letter becomes `<kind>.txt`, `<kind>.html` and `<kind>.eml`. With `--pictures` Chromium photographs the
HTML on a phone and a desktop, light and dark.
"""

import sys
from pathlib import Path

from cancellation.domain.letter_kinds import LetterKind
from cancellation.letters import render
from tests.unit.letters.examples import HOUSE, example, link_url

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def write_all(folder: Path) -> list[Path]:
    """Write text, HTML and raw message of every kind; returns the HTML files."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = []
    for kind in LetterKind:
        message = render(example(kind), HOUSE, link_url)
        plain, html = message.iter_parts()
        head = "".join(f"{name}: {value}\n" for name, value in message.items())
        (folder / f"{kind.value}.txt").write_text(f"{head}\n{plain.get_content()}")
        (folder / f"{kind.value}.eml").write_bytes(message.as_bytes())
        page = folder / f"{kind.value}.html"
        page.write_text(html.get_content())
        pages.append(page)
    return pages


def photograph(pages: list[Path]) -> None:
    """Photograph pages on a phone and a desktop, light and dark."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for name, width, scheme in (("phone-dark", 375, "dark"), ("desktop", 900, "light")):
            view = browser.new_page(
                viewport={"width": width, "height": 700},
                color_scheme="dark" if scheme == "dark" else "light",
            )
            for page in pages:
                view.goto(page.as_uri())
                view.screenshot(path=page.with_name(f"{page.stem}-{name}.png"), full_page=True)
        browser.close()


if __name__ == "__main__":
    written = write_all(Path(sys.argv[1]))
    if "--pictures" in sys.argv:
        photograph(written)
