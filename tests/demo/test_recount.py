"""The recount by hand: its arithmetic is R5's, and no altered figure passes it."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
import yaml

from cli.demo.chance import Chance
from cli.demo.inputs import STREAMS
from cli.demo.recount import (
    Figures,
    Month,
    Points,
    Seen,
    Settings,
    banded,
    count_team_award,
    decline,
    differences,
    recount,
    rounded,
)
from cli.demo.world.lines import Line
from cli.demo.world.verdicts import Deciders, Judge
from cli.demo.world.world import World
from tests.demo.conftest import SEED, Found

ROOT = Path(__file__).parents[2]
FOLDERS = [
    *sorted((ROOT / "services").glob("*/policies")),
    *(path for path in sorted((ROOT / "deploy" / "demo" / "policies").iterdir()) if path.is_dir()),
]


def standard(text: str) -> Points:
    month = Month(person="a", marks=[90])  # type: ignore[list-item]
    return Points(yaml.safe_load(text), month)


MOVING = """
components:
  - {name: result, weight: 60, parts: [
      {name: viewers, weight: 50, measure: {figure: viewers, aggregation: sum}, form: {target: 100}},
      {name: conversion, weight: 30, measure: {figure: buyers, aggregation: sum}, form: {target: 100}},
      {name: satisfaction, weight: 20, measure: {criteria: [language]}, absent: not_applicable}]}
  - {name: training, weight: 20, measure: {exams: all}}
  - {name: attitude, weight: 20, measure: {sessions: attended}}
plus_cap: 5
grades: [{below: 60, gives: D}, {at_least: 60, gives: B}]
"""


def moving(viewers: int = 80, buyers: int = 60) -> Points:
    points = standard(MOVING)
    points.month.streams = [([{"person": "a", "minutes": 60}], {"viewers": viewers, "buyers": buyers})]
    points.month.attended, points.month.missed = 7, 3
    return points


def test_weight_moves_within_the_parent() -> None:
    """R5: 80, 60, not applicable; 90; 70 make 75.50, neither 75.91 nor 66.80."""
    assert moving().total(0, 0) == "75.50 B"


def test_adjustments_are_capped_as_sums_and_the_total_clamped() -> None:
    assert moving().total(6, 0) == "80.50 B"
    assert moving().total(0, 90) == "0.00 D"


def test_an_heir_takes_the_weight() -> None:
    text = MOVING.replace("{name: result, weight: 60, parts", "{name: result, weight: 60, na_weight_to: viewers, parts")
    points = standard(text)
    points.month.streams = moving().month.streams
    points.month.attended, points.month.missed = 7, 3
    assert points.total(0, 0) == "76.40 B"  # 0.6·(0.7·80 + 0.3·60) + 18 + 14


def test_too_little_applies() -> None:
    text = f"min_applicable_weight: 89\n{MOVING}"  # 60·0.8 + 40 = 88 apply
    points = standard(text)
    points.month = moving().month
    assert points.total(0, 0) == "not_rated"


def test_a_ratio_is_of_sums() -> None:
    """R5: buyers 10 of 100 and 100 of 10,000 give 1.09 %, never 5.50 %."""
    points = standard("components: []\ngrades: []")
    crew = [{"person": "a", "minutes": 1}]
    points.month.streams = [(crew, {"buyers": 10, "viewers": 100}), (crew, {"buyers": 100, "viewers": 10_000})]
    found = points.figure("buyers", "ratio", "viewers", by_minutes=False)
    assert found is not None
    assert rounded(found) == Fraction("1.09")


def test_attribution_by_minutes() -> None:
    """R5: four hours, A three of them: 30,000 of 40,000."""
    points = standard("components: []\ngrades: []")
    crew = [{"person": "a", "minutes": 180}, {"person": "b", "minutes": 60}]
    points.month.streams = [(crew, {"gmv": 4_000_000})]
    assert points.figure("gmv", "sum", None, by_minutes=True) == 3_000_000
    assert points.figure("gmv", "sum", None, by_minutes=False) == 4_000_000


def test_half_up() -> None:
    assert rounded(Fraction("89.996")) == 90
    assert rounded(Fraction("89.995")) == 90
    assert rounded(Fraction("89.994")) == Fraction("89.99")
    assert banded([{"below": 90, "gives": "B"}, {"at_least": 90, "gives": "A"}], rounded(Fraction("89.996"))) == "A"


def test_a_decline_is_per_stream() -> None:
    """R3: 10,000 → 6,900 is 31 %."""
    assert decline([6_000, 7_800], [10_000, 9_000, 11_000]) == 31
    assert decline([], [10_000]) is None
    assert decline([1], []) is None


def test_what_the_recount_does_not_know_it_refuses() -> None:
    with pytest.raises(ValueError, match="does not know the measure"):
        standard("components: []").actual({"moon": "full"})
    with pytest.raises(ValueError, match="missing"):
        standard(MOVING).total(0, 0)


def test_the_narrowest_and_then_the_latest_setting_is_chosen(tmp_path: Path) -> None:
    for name, text in {
        "a": "kind: K\nissue: {policy: k, version: 1}\nx: shipped",
        "b": "kind: K\nissue: {policy: k, version: 2, effective_from: 2024-01-01}\nx: own",
        "c": "kind: K\nissue: {policy: l, version: 1}\npopulation: {post: [anchor]}\nx: anchors",
    }.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    settings = Settings([tmp_path])
    assert settings.chosen("K", date(2023, 1, 1))["x"] == "shipped"
    assert settings.chosen("K", date(2024, 1, 1))["x"] == "own"
    assert settings.chosen("K", date(2024, 1, 1), post="anchor")["x"] == "anchors"


# The whole


@pytest.fixture(scope="module")
def figures(found: Found, world: World, told: list[Line]) -> Figures:
    return counted(found, world, told)


def counted(found: Found, world: World, told: list[Line]) -> Figures:
    deciders = Deciders(world, Chance(seed=SEED))
    return recount(found.folder / STREAMS, told, Settings(FOLDERS), deciders)


def test_the_figures_of_the_input(found: Found, world: World, figures: Figures) -> None:
    """R11: what the ledger shows of the streams is what the input holds."""
    expected = found.expected
    assert figures["streams"] == expected.distinct
    assert figures["streams too long"] == expected.too_long
    assert figures["streams with crew"] == expected.distinct - expected.too_long
    assert sum(int(n) for name, n in figures.items() if name.startswith("streams of ")) == expected.distinct
    assert figures["persons"] == len(world.organisation.persons)
    assert figures["archives"] == sum(
        p.post not in ("tech_support", "hr", "finance") for p in world.organisation.persons
    )
    assert figures["attendance corrected"] == 1
    assert int(figures["penalties criticism reversed"]) >= 1
    assert figures["awards team_merit final"] == 1


def test_the_award_of_a_team_waits_for_somebody_who_is_not_of_it(world: World, told: list[Line]) -> None:
    seen = Seen(streams={})
    for line in told:
        if line.service == "people":
            seen.take(line.command, line.body)
    one = Deciders(world, Chance(seed=SEED)).honoured
    member = next(person for person, units in seen.units.items() if one.team in units)
    itself = replace(one, decider=Judge(person=member, capacity="hr"))
    for honoured, standing in ((one, "final"), (itself, "pending"), (replace(one, team="nowhere"), "pending")):
        assert count_team_award(seen, honoured) == {f"awards team_merit {standing}": 1}


def test_april_is_not_rated_and_may_and_june_are(found: Found, figures: Figures) -> None:
    scores = {name: v for name, v in figures.items() if name.startswith("score ")}
    assert len(scores) == 3 * 2 * found.staff
    for name, v in scores.items():
        assert (v == "not_rated") == name.startswith("score 2024-04")


def test_no_altered_figure_passes(figures: Figures) -> None:
    assert differences(figures, dict(figures)) == []
    for name, v in figures.items():
        altered = {**figures, name: v + 1 if isinstance(v, int) else f"{v}x"}
        assert differences(figures, altered) == [f"{name}: recounted {v}, found {altered[name]}"]
    assert differences(figures, figures | {"one more": 1}) == ["one more: recounted nothing, found 1"]


def test_another_line_makes_another_figure(found: Found, world: World, told: list[Line], figures: Figures) -> None:
    """The recount reads the lines: a stream whose viewers are others moves the scores of who was on it."""
    crews = {line.body["stream"]: line.body["crew"] for line in told if line.command == "EndStream"}
    months = {stream.id: f"{stream.started_at:%Y-%m}" for stream in world.streams}
    at, line = next(
        (at, line)
        for at, line in enumerate(told)
        if line.command == "StreamMetricsRecorded"
        and crews[line.body["stream"]]
        and months[line.body["stream"]] == "2024-06"
    )
    worse = {**line.body, "interactions": 0, "buyers": 0}
    changed = Line(
        service=line.service,
        command=line.command,
        body=worse,
        occurred_at=line.occurred_at,
        key=line.key,
        origin=line.origin,
    )
    moved = differences(figures, counted(found, world, [*told[:at], changed, *told[at + 1 :]]))
    on_air = {shift["person"] for shift in crews[line.body["stream"]]}
    everybody = {line.body["person"] for line in told if line.command == "PersonRegistered"}
    concerned = everybody & {text.split(":")[0].split()[-1] for text in moved}  # the rest are totals
    assert concerned
    assert concerned <= on_air
