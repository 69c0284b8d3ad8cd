"""Who changes what makes the rows of a reader raises its version: it is then built anew beside what is served. G7."""

import ast
from pathlib import Path
from typing import Any

import pytest

from cli import fingerprints
from cli.state import SERVICES
from services.training.exams.projections import exam_chains


@pytest.mark.parametrize("service", SERVICES)
def test_rows_are_made_as_the_version_on_record_made_them(service: str) -> None:
    assert list(fingerprints.changed(service)) == []


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("what both decide is derived afterwards.", "the rest is derived.", True),
        ("rows.append(ExamChain(person=event.person", "rows.insert(0, ExamChain(person=event.person", False),
        ("retraining_open: bool = False", "retraining_open: bool = True", False),
        ("not event.excused and not event.chance_lost", "not event.excused", False),
        ("row.exam_on is not None", "row.exam_on is None", False),
    ],
    ids=["docstring", "key", "row", "fold", "what the fold calls"],
)
def test_another_rule_is_another_fingerprint(monkeypatch: pytest.MonkeyPatch, old: str, new: str, same: bool) -> None:
    before = fingerprints.fingerprint(exam_chains)

    def changed(path: str) -> ast.Module:
        source = Path(path).read_text()
        assert path.endswith("exams/projections.py") is (source.count(old) == 1)
        return ast.parse(source.replace(old, new))

    monkeypatch.setattr(fingerprints, "module", changed)
    assert (fingerprints.fingerprint(exam_chains) == before) is same


def test_other_columns_are_not_put_on_record_under_the_same_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The table that is there has not got them: every event of the reader would be parked."""
    monkeypatch.setattr(fingerprints, "SERVICES", ["training"])
    monkeypatch.setattr(fingerprints, "recorded", lambda service: tmp_path / f"{service}.json")
    fingerprints.record()
    assert list(fingerprints.changed("training")) == []
    before = (tmp_path / "training.json").read_text()
    columns = fingerprints.columns

    def other(model: Any) -> str:
        return "wider" if model.name == "exam_chains" else columns(model)

    monkeypatch.setattr(fingerprints, "columns", other)
    with pytest.raises(ValueError, match="exam_chains/2: other columns than the table has"):
        fingerprints.record()
    assert (tmp_path / "training.json").read_text() == before
    assert any("exam_chains has other columns" in what for what in fingerprints.changed("training"))
