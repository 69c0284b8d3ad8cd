"""The demo organisation's settings are loaded by the services that they are for, and hold when the demo begins."""

from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from services.people.applications.rules import ArchiveRules
from services.performance.scores.standard import AppraisalStandard
from services.supervision.streams.rules import StreamRules
from services.supervision.violations.rules import PoorPerformance
from services.training.rules import TrainingRules
from shared.policy import Policies

FOLDER = Path(__file__).parents[2] / "deploy" / "demo" / "policies"
FIRST_STREAM = date(2023, 9, 22)  # a never-ending one


def policies(service: str) -> Policies:
    made: Any = import_module(f"services.{service}.main").service
    loaded: Policies = made.load_policies(FOLDER / service)
    return loaded


@pytest.mark.parametrize(
    ("service", "kind", "version"),
    [
        ("people", ArchiveRules, 2),
        ("training", TrainingRules, 2),
        ("supervision", StreamRules, 2),
        ("supervision", PoorPerformance, 2),
    ],
)
def test_the_demos_own_settings_win(service: str, kind: type, version: int) -> None:
    _, issue = policies(service).resolve(kind, FIRST_STREAM, {})
    assert issue.version == version


@pytest.mark.parametrize("post", ["anchor", "assistant_anchor"])
def test_whoever_is_on_air_has_a_standard_from_april_on(post: str) -> None:
    policies("performance").resolve(AppraisalStandard, date(2024, 4, 1), {"post": post, "studio": "studio-1"})


def test_every_setting_says_whose_it_is() -> None:
    files = sorted(FOLDER.glob("*/*.yaml"))
    assert {file.parent.name for file in files} == {"people", "training", "supervision", "performance"}
    for file in files:
        assert file.read_text().startswith("# The demo organisation's own setting"), file.name
