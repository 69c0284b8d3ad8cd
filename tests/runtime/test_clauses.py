"""`kaibo clauses` counts what tests say that they show."""

from pathlib import Path

import pytest

from cli import clauses
from deploy.local.processes import StartFailed


def test_the_catalogue_is_whole() -> None:
    rows = clauses.catalogue()
    assert len(rows) == len({row.id for row in rows}) == 385
    assert {row.service for row in rows} == {"training", "people", "performance", "supervision"}


def test_marks_are_counted_by_clause_and_unknown_ones_refused(
    directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tests = directory / "tests"
    tests.mkdir()
    (tests / "test_marks.py").write_text(
        "import pytest\n"
        '@pytest.mark.clause("T-53", "R4")\n'
        "def test_one(): ...\n"
        '@pytest.mark.parametrize("a", [pytest.param(1, marks=pytest.mark.clause("T-54"))])\n'
        "def test_two(a): ...\n"
    )
    assert clauses.marked(tests) == {name: ["test_marks.py"] for name in ("T-53", "R4", "T-54")}
    catalogue = clauses.catalogue()
    monkeypatch.setattr(clauses, "ROOT", directory)
    monkeypatch.setattr(clauses, "catalogue", lambda: catalogue)
    clauses.show(missing=True)
    said = capsys.readouterr().out
    assert "2 of 385" in said
    assert "T-52" in said
    assert "T-53" not in said
    (tests / "test_typo.py").write_text('@pytest.mark.clause("T-999")\ndef test_one(): ...\n')
    with pytest.raises(SystemExit):
        clauses.show(missing=False)
    assert "unknown clause T-999" in capsys.readouterr().out


def test_a_clause_is_read_in_both_languages_with_its_tests(capsys: pytest.CaptureFixture[str]) -> None:
    clauses.read(["T-53"])
    said = " ".join(capsys.readouterr().out.split())
    assert "补考" in said
    assert "make-up" in said
    assert "training/test_exams.py" in said
    with pytest.raises(StartFailed, match="No text is kept of X-1"):
        clauses.read(["T-53", "X-1"])
