"""./kaibo on a machine where something is missing."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import environment
from deploy.local.environment import ROOT, EnvironmentFailed, locked, make_venv


@pytest.fixture
def bare(directory: Path) -> Path:
    """A copy of the script with a PATH that has a shell's tools and no Python."""
    (directory / "bin").mkdir()
    for name in ("sh", "dirname", "cmp"):
        (directory / "bin" / name).symlink_to(str(shutil.which(name)))
    shutil.copy(ROOT / "kaibo", directory / "kaibo")
    shutil.copy(ROOT / "requirements.lock", directory / "requirements.lock")
    return directory


def start(bare: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [bare / "kaibo", *words], env={"PATH": str(bare / "bin")}, capture_output=True, text=True, check=False
    )


def test_no_python_is_said_with_what_to_install(bare: Path) -> None:
    old = bare / "bin" / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    started = start(bare)
    assert started.returncode == 1
    assert "Python 3.11 or newer is needed" in started.stderr
    assert "apt install" in started.stderr


def test_an_environment_of_this_lock_is_used_as_it_is(bare: Path) -> None:
    python = bare / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\n[ "$1" = -c ] || echo "$PYTHONPATH" "$@"\n')
    python.chmod(0o755)
    shutil.copy(bare / "requirements.lock", bare / ".venv" / "requirements.lock")
    assert start(bare, "status", "--json").stdout == f"{bare} -P -m cli status --json\n"
    with (bare / "requirements.lock").open("a") as lock:
        lock.write("# changed\n")
    assert "Python 3.11 or newer is needed" in start(bare, "status").stderr


def test_a_python_without_venv_is_said_with_the_package(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EnvironmentFailed, match=rf"apt install python3\.{sys.version_info.minor}-venv"):
        make_venv(directory / ".venv", None, {})


def test_caches_go_where_they_can_be_written(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "home_is_writable", lambda: False)
    monkeypatch.delenv("UV_CACHE_DIR", raising=False)
    assert environment.environment_variables(directory)["UV_CACHE_DIR"] == str(directory / "cache" / "uv")


def test_uv_itself_is_fetched_by_its_hashes() -> None:
    lines = locked((ROOT / "requirements.lock").read_text(), "uv").splitlines()
    assert lines[0].startswith("uv==")
    assert all("--hash=sha256:" in line for line in lines[1:] if not line.strip().startswith("#"))
    assert len(lines) > 3
