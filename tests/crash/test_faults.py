"""A short run of the fault harness on everything real, and an oracle that can be wrong about nothing it is shown."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.chaos.faults import KINDS
from cli.chaos.installation import installed
from cli.chaos.main import drive
from deploy.local.processes import temporary_directory

SEED = 7
SECONDS = 20.0
SHORT = ("zombie worker", "second worker", "full disk")  # take longer than the rest together: `kaibo chaos` has them


@pytest.fixture
def directory() -> Iterator[Path]:
    with temporary_directory() as made:
        yield made


def test_nothing_is_lost_or_doubled_whatever_dies(directory: Path) -> None:
    with installed(directory) as there:
        course = drive(there, SEED, SECONDS, kinds={name: kind for name, kind in KINDS.items() if name not in SHORT})
    assert course.verdict.differences == []
    assert len(course.faults) >= 3
    assert course.verdict.checked["events"] > 100
