"""The demonstration reaches every outcome, and says so."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from starters.cli.demo.stories import EXPECTED
from tests.e2e.running_up import Said, discard, spawned

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def home(open_folder: Path) -> Iterator[Path]:
    folder = open_folder / "demo-home"
    folder.mkdir()
    folder.chmod(0o711)
    yield folder
    discard(folder / "demo")


@pytest.fixture(scope="module")
def said(home: Path) -> Said:
    with pytest.MonkeyPatch.context() as patch:
        # A real server that somebody's environment points at must never be touched.
        patch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/real")
        patch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
        return spawned(home, "demo")


def test_demo_reaches_every_outcome(said: Said) -> None:
    assert said.code == 0, said
    assert said.err == ""
    table = said.out[said.out.index("Os casos") :]
    assert len({stage.value for stage in EXPECTED.values()}) == 5
    for words in ("Encerrado", "Retido", "Desistiu", "Prazo vencido", "Descartado"):
        assert words in table


def test_demo_shows_a_whole_trail_links_and_mail(said: Said, home: Path) -> None:
    assert "Ponto sem retorno" in said.out
    # Every fact was reported when it happened, by the clock of its case.
    told = " ".join(said.out.split())
    assert "o sistema completou" not in told
    assert not re.search(r"(?<!Link das gravações )\(em \d\d/\d\d", told)
    assert "/namespaces/default/workflows?query=" in said.out
    assert list((home / "demo" / "outbox").glob("*.eml"))
    assert not (home / "demo" / "addresses.json").exists(), "nothing runs any more"


def test_demo_downloads_the_recordings_and_finds_the_link_dead_P10(said: Said) -> None:
    assert "baixou 6 gravações pelo link" in said.out
    assert "o link das gravações não funciona mais" in said.out


def test_demo_finds_what_is_charged_after_the_end_and_clears_the_customer_X10(said: Said) -> None:
    told = " ".join(said.out.split())
    morning = r"conferência diária de \d\d/\d\d/\d{4} 0?5h00: "
    assert re.search(morning + "cobrança indevida achada, anulada e informada ao Financeiro", told)
    assert re.search(
        morning + r"ciclos conferidos até \S+, nada consta, declaração de quitação enviada", told
    )


def test_demo_is_loud_about_its_clock(said: Said) -> None:
    assert "RELÓGIO VIRTUAL" in said.out
