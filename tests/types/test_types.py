"""Deliberate mistakes: mypy refuses each of them, where it stands and for its reason, and nothing else."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IGNORED = "# mypy: ignore-errors\n"
FOUND = re.compile(r"^\S+:(\d+): error: .*\[([a-z-]+)\]$")


@pytest.mark.parametrize("name", ["wrong_slices.py", "wrong_scores.py"])
def test_mypy_refuses_every_mistake(name: str, tmp_path: Path) -> None:
    text = (Path(__file__).parent / name).read_text()
    assert text.startswith(IGNORED)
    (tmp_path / name).write_text(text.replace(IGNORED, "\n", 1))
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(tmp_path / name)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    told = [FOUND.match(line) for line in answer.stdout.splitlines() if ": error: " in line]
    assert all(told), answer.stdout
    found = sorted((int(m.group(1)), m.group(2)) for m in told if m)
    assert found == sorted(expected(text)), answer.stdout + answer.stderr


def expected(text: str) -> list[tuple[int, str]]:
    marked = [(i, line.split("# E: ")[1]) for i, line in enumerate(text.splitlines(), 1) if "# E: " in line]
    return [(i, code.strip()) for i, codes in marked for code in codes.split(",")]
