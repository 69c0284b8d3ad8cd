"""A place for an installation, and copies of the tree with a bug in them."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.environment import ROOT
from deploy.local.processes import temporary_directory

Seed = Callable[..., Path]


@pytest.fixture
def directory() -> Iterator[Path]:
    with temporary_directory() as made:
        yield made


@pytest.fixture
def seeded(tmp_path: Path) -> Seed:
    """A copy of the tree in which, for each file, one place reads otherwise."""

    def copy(*changes: tuple[str, str, str]) -> Path:
        for package in ("services", "shared", "cli", "deploy"):
            shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
        (tmp_path / ".kaibo").symlink_to(ROOT / ".kaibo")
        for file, old, new in changes:
            text = (tmp_path / file).read_text(encoding="utf-8")
            assert text.count(old) == 1, f"{file}: {text.count(old)} places read {old!r}, not one"
            (tmp_path / file).write_text(text.replace(old, new), encoding="utf-8")
        return tmp_path

    return copy
