"""The ports of an embedded home."""

from pathlib import Path

import pytest

from embedded import ports
from embedded.ports import Ports, free_port

_NAMES = ("temporal", "web_ui", "gateway", "desk")


def test_who_asks_for_two_ports_gets_two(monkeypatch: pytest.MonkeyPatch) -> None:
    few = free_port()
    monkeypatch.setattr(ports, "_BELOW_EPHEMERAL", range(few + 1, few + 9))
    assert len({free_port() for _ in range(3)}) == 3


def test_two_homes_that_start_at_once_never_choose_the_same_port(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    few = free_port()
    monkeypatch.setattr(ports, "_BELOW_EPHEMERAL", range(few, few + 2 * len(_NAMES) + 8))
    one, other = (Ports(tmp_path / name) for name in ("one", "other"))
    chosen = [home.take(name) for name in _NAMES for home in (one, other)]
    one.release()
    other.release()
    assert len(set(chosen)) == 2 * len(_NAMES)


def test_a_home_has_its_ports_again_after_a_restart(tmp_path: Path) -> None:
    first = Ports(tmp_path / "ports")
    chosen = {name: first.take(name) for name in _NAMES}
    first.release()
    second = Ports(tmp_path / "ports")
    assert {name: second.take(name) for name in _NAMES} == chosen
    second.release()


def test_a_port_of_a_home_that_is_up_is_left_to_it(tmp_path: Path) -> None:
    up = Ports(tmp_path / "up")
    port = up.take("temporal")
    (tmp_path / "copy").write_text((tmp_path / "up").read_text())
    copy = Ports(tmp_path / "copy")
    assert copy.take("temporal") != port
    up.release()
    copy.release()
