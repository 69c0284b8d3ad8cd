"""Two appraisal sheets in public use, as policies, with their worked totals."""

from fractions import Fraction
from typing import Any

import pytest

from services.performance.scores.facts import kpi
from services.performance.scores.standard import AppraisalStandard
from shared.explanation import dump, evaluate, find, rules, verify
from tests.performance.month import MAY, context, ended, figures, metric, not_applicable, recorded, standard

SHEET_1 = """
kind: AppraisalStandard
issue: {policy: appraisal_standard.live_room_anchor, version: 1}
clause: S-39
excellent: A
na_weight_to: business
components:
  - name: business
    weight: 90
    parts:
      - {name: script, weight: 5, measure: {metric: script}, form: {of: 5}}
      - {name: state_on_air, weight: 5, measure: {metric: state_on_air}, form: {of: 5}}
      - {name: live_time, weight: 50, measure: {on_air: minutes}, form: {target: 7200}}
      - name: attendance
        weight: 20
        measure:
          full: 20
          minus:
            - {metric: late, each: 3}
            - {metric: away, each: 10}
      - {name: training, weight: 10, measure: {sessions: attended}, absent: not_applicable}
  - name: values
    weight: 10
    parts:
      - {name: integrity, weight: 5, measure: {metric: integrity}, form: {of: 5}}
      - {name: dedication, weight: 5, measure: {metric: dedication}, form: {of: 5}}
grades:
  - {below: 60, gives: C}
  - {at_least: 60, below: 85, gives: B}
  - {at_least: 85, gives: A}
"""

SHEET_2 = """
kind: AppraisalStandard
issue: {policy: appraisal_standard.data_part, version: 1}
clause: S-39
excellent: A
components:
  - name: data
    weight: 35
    parts:
      - name: average_viewers
        weight: 12
        measure: {figure: viewers, aggregation: mean}
        form:
          against: 10000
          of: 12
          bands:
            - {up_to: 80, gives: 0}
            - {above: 80, up_to: 90, gives: 5}
            - {above: 90, below: 110, gives: 8}
            - {at_least: 110, below: 120, gives: 10}
            - {at_least: 120, gives: 12}
      - name: live_time
        weight: 10
        measure: {on_air: minutes}
        form:
          against: 3600
          of: 10
          bands:
            - {below: 85, gives: 0}
            - {at_least: 85, below: 90, gives: 4}
            - {at_least: 90, below: 95, gives: 6}
            - {at_least: 95, below: 100, gives: 8}
            - {at_least: 100, gives: 10}
      - name: retention
        weight: 8
        lowest_of:
          - name: after_5_minutes
            measure: {metric: retention_5}
            form:
              of: 8
              bands:
                - {below: 45, gives: 0}
                - {at_least: 45, below: 50, gives: 4}
                - {at_least: 50, below: 60, gives: 6}
                - {at_least: 60, gives: 8}
          - name: after_30_minutes
            measure: {metric: retention_30}
            form:
              of: 8
              bands:
                - {below: 30, gives: 0}
                - {at_least: 30, below: 35, gives: 4}
                - {at_least: 35, below: 40, gives: 6}
                - {at_least: 40, gives: 8}
      - name: frequency
        weight: 5
        measure: {on_air: streams}
        form:
          against: 16
          of: 5
          bands:
            - {below: 90, gives: 0}
            - {at_least: 90, below: 95, gives: 3}
            - {at_least: 95, below: 100, gives: 4}
            - {at_least: 100, gives: 5}
  - {name: others, weight: 65, measure: {metric: others}}
grades:
  - {below: 60, gives: B}
  - {at_least: 60, gives: A}
"""


def tree(text: str, facts: list[Any]) -> Any:
    under: AppraisalStandard = standard(text)
    found = kpi(MAY, context(recorded(facts), under))
    assert verify(dump(found), stated=lambda policy, version: rules(under)) == []
    return found


def month(late: int = 2, away: int = 0, dedication: int = 4) -> list[Any]:
    marks = {"script": 4, "state_on_air": 5, "late": late, "away": away, "integrity": 5, "dedication": dedication}
    return [*(metric(name, str(n)) for name, n in marks.items()), ended("s1", a=6000), ended("s2", a=480)]


@pytest.mark.clause("R5")
def test_sheet_1() -> None:
    """As zero 77.00, spread over all leaves 85.56: both wrong."""
    found = tree(SHEET_1, month())
    at = {name: evaluate(find(found, name)) for name in ("live_time", "attendance", "business", "values", "score")}
    assert at == {"live_time": 90, "attendance": 70, "business": 85, "values": 90, "score": Fraction("85.50")}
    assert evaluate(found) == "A"


@pytest.mark.clause("R5")
def test_late_and_away_have_one_floor() -> None:
    for late, away, left in ((0, 0, 100), (1, 1, 35), (0, 2, 0), (9, 9, 0)):
        assert evaluate(find(tree(SHEET_1, month(late, away)), "attendance")) == left


def test_what_is_not_scored_of_the_values_goes_to_business() -> None:
    facts = [e for e in month() if getattr(e, "metric", "") not in ("integrity", "dedication")]
    left_out = [not_applicable("values")]
    assert evaluate(find(tree(SHEET_1, [*facts, *left_out]), "score")) == 85


@pytest.mark.clause("S-33", "R5")
def test_sheet_2() -> None:
    """27 of 35: +15 % of viewers 10, 95 % of the time 8, retention 52 and 36 % 6, 15 of 16 streams 3."""
    held = [ended(f"s{i:02}", a=228) for i in range(15)]
    seen = [figures(f"s{i:02}", 11_500) for i in range(15)]
    kept = [metric("retention_5", "52", "100"), metric("retention_30", "36", "100"), not_applicable("others")]
    found = tree(SHEET_2, [*held, *seen, *kept])
    weights = {"average_viewers": 12, "live_time": 10, "retention": 8, "frequency": 5}
    points = {name: of(found, name) * weight / 100 for name, weight in weights.items()}
    assert points == {"average_viewers": 10, "live_time": 8, "retention": 6, "frequency": 3}
    assert of(found, "data") * 35 / 100 == 27
    assert (of(found, "minutes"), of(found, "streams")) == (3420, 15)


def of(found: Any, name: str) -> Fraction:
    v = evaluate(find(found, name))
    assert isinstance(v, Fraction)
    return v


@pytest.mark.parametrize(
    ("viewers", "points"),
    [(12_000, 12), (11_999, 10), (11_000, 10), (10_999, 8), (9_001, 8), (9_000, 5), (8_001, 5), (8_000, 0)],
)
def test_every_edge_of_sheet_2_has_one_owner(viewers: int, points: int) -> None:
    facts = [ended("s1", a=60), figures("s1", viewers)]
    assert of(tree(SHEET_2, facts), "average_viewers") * 12 / 100 == points
