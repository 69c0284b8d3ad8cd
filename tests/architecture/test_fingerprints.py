"""Who changes what makes the rows of a reader raises its version: it is then built anew beside what is served. G7."""

import ast
from pathlib import Path

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
