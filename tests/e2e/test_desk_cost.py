"""What the desk costs with ten thousand cases (X24)."""

from pathlib import Path

import pytest

from benchmarks.desk import MEMORY_MB, PAGE_MS, measure


@pytest.mark.drill
@pytest.mark.timeout(600)
async def test_pages_are_quick_and_memory_is_small_with_ten_thousand_cases_X24(open_folder: Path) -> None:
    folder = open_folder / "desk"
    folder.mkdir(mode=0o711)
    measured = await measure(folder)
    slow = {page.name: round(page.middle) for page in measured.pages if page.middle > PAGE_MS}
    assert not slow
    assert measured.memory <= MEMORY_MB
