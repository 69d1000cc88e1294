"""What is built, kept and said; by a Go command that only pretends, for the real one takes minutes."""

import json
import shutil
from pathlib import Path

import pytest

from tests.production.temporal_module import Unavailable, temporal_build

PRETENDS = """#!/bin/sh
echo "$@" >>{folder}/asked
case "$1 $4$2" in
  "mod "*@v1.32.2*) cat {folder}/refused.json; exit 1 ;;
  "mod "*@v1.32.1*) cat {folder}/module.json ;;
  "env "*) echo go1.26.8 ;;
  "install "*) mkdir -p "$GOBIN" && echo "$CGO_ENABLED" >"$GOBIN/$(basename "${{2%@*}}")" ;;
esac
"""


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Go that is too old for 1.32.2; what it was asked stands in `asked`."""
    module = tmp_path / "module"
    (module / "schema" / "postgresql" / "v12").mkdir(parents=True)
    (module / "schema" / "postgresql" / "v12" / "version.go").write_text("package v12")
    (module / "docker" / "scripts" / "sh").mkdir(parents=True)
    (module / "docker" / "scripts" / "sh" / "entrypoint.sh").write_text("#!/bin/sh\n")
    (module / "go.mod").write_text("module go.temporal.io/server\n\ngo 1.26.8\n")
    (tmp_path / "refused.json").write_text(json.dumps({"Error": "v1.32.2 requires go >= 1.26.10"}))
    (tmp_path / "module.json").write_text(json.dumps({"Dir": str(module)}))
    program = tmp_path / "bin" / "go"
    program.parent.mkdir()
    program.write_text(PRETENDS.format(folder=tmp_path))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


async def test_an_older_go_builds_the_patch_release_before_once(go: Path) -> None:
    first, again = await temporal_build("1.32.2"), await temporal_build("1.32.2")
    assert first.version == again.version == "1.32.1"
    assert first.seconds is not None
    assert again.seconds is None
    assert (go / "asked").read_text().count("install ") == 2
    for name in ("temporal-server", "temporal-sql-tool"):
        assert first.program(name).read_text() == "0\n"  # without C, as it is released
        assert first.program(name).stat().st_mode & 0o777 == 0o755
    assert (first.files / "schema" / "postgresql" / "v12" / "version.go").exists()
    assert (first.files / "entrypoint.sh").stat().st_mode & 0o777 == 0o755


async def test_a_module_that_needs_a_newer_go_is_not_built(go: Path) -> None:
    (go / "module" / "go.mod").write_text("module go.temporal.io/server\n\ngo 1.27.0\n")
    with pytest.raises(Unavailable, match=r"v1.32.2 requires go >= 1.26.10"):
        await temporal_build("1.32.2")
    assert "install " not in (go / "asked").read_text()


async def test_what_fails_to_be_built_is_not_kept(go: Path) -> None:
    program = go / "bin" / "go"
    program.write_text(program.read_text().replace('mkdir -p "$GOBIN"', "false"))
    with pytest.raises(Unavailable, match="building cmd/server failed"):
        await temporal_build("1.32.2")
    assert [one.name for one in (go / "cache" / "cancelamento").iterdir()] == ["temporal.lock"]


async def test_without_go_the_reason_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(Unavailable, match="Go is not installed"):
        await temporal_build("1.32.2")
