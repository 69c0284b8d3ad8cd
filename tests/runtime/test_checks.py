"""`kaibo test` fails when any one check fails, and says which."""

import pytest
from typer.testing import CliRunner

from cli import checks
from cli.commands import app


@pytest.mark.parametrize(
    ("failing", "expected"), [(None, 0), ("ruff check", 1), ("mypy", 1), ("lint-imports", 1), ("pytest", 3)]
)
def test_one_failure_is_enough(
    failing: str | None, expected: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[str] = []

    def run(name: str, command: list[str]) -> int:
        ran.append(name)
        return 3 if name == failing else 0

    monkeypatch.setattr(checks, "run", run)
    assert checks.run_all(["-k", "x"]) == expected
    assert ran == ["ruff check", "ruff format", "mypy", "lint-imports", "pytest"]
    if failing not in (None, "pytest"):
        assert f"failed: {failing}" in capsys.readouterr().out


def test_help_is_its_own_and_runs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def run_all(given: list[str]) -> int:
        ran.append(given)
        return 0

    monkeypatch.setattr(checks, "run_all", run_all)
    said = CliRunner().invoke(app, ["test", "--help"]).output
    assert ran == []
    assert "./kaibo test -n 0 tests/supervision" in said
    CliRunner().invoke(app, ["test", "-n", "0", "tests/supervision"])
    assert ran == [["-n", "0", "tests/supervision"]]
