"""Names that Windows cannot unpack, and who may look at recordings in a folder."""

from pathlib import Path

import pytest

from cancellation.adapters.objectstore.layout import name_in_archive
from cancellation.adapters.objectstore.opening import open_store


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("con.wav", "con_.wav"),
        ("NUL", "NUL_"),
        ("Lpt1 .tar.gz", "Lpt1_.tar.gz"),
        ("com¹.wav", "com¹_.wav"),
        ("CONOUT$", "CONOUT$_"),
        ("consulta.wav", "consulta.wav"),
        ("com10.wav", "com10.wav"),
        ("fim. .", "fim_"),
        ("a:b?.wav", "a_b_.wav"),
    ],
)
def test_no_name_in_an_archive_is_one_that_windows_keeps_for_itself_P10(name: str, inside: str) -> None:
    assert name_in_archive(f"recordings/1/2026-11-01/{name}") == f"gravacoes/2026-11-01/{inside}"


def test_nobody_else_on_the_machine_gets_as_far_as_the_recordings(tmp_path: Path) -> None:
    folder = tmp_path / "gravações"
    open_store(folder.as_uri()).put("recordings/1/a.wav", b"...")
    assert folder.stat().st_mode & 0o777 == 0o700
