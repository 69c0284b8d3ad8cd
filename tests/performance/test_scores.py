"""The score of a person in a month: facts in, score with explanation out. Rulings R2, R5, R11."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import permutations
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from services.answering import Language
from services.performance.main import service
from services.performance.reviews.events import Direction
from services.performance.reviews.policies import AdjustmentPolicy
from services.performance.scores.agreement import among
from services.performance.scores.disclosure import Effect, effect
from services.performance.scores.facts import kpi
from services.performance.scores.facts import score as score_of
from services.performance.scores.languages import LANGUAGES
from services.performance.scores.unset import NO_LEAST_WEIGHT, NO_MINUS_CAP, NO_PLUS_CAP, NO_POINTS, unset
from services.training.contracts import Attempt
from services.vocabulary import Figure, PostId, Unit
from shared.event import Recorded
from shared.explanation import Fact, Kind, Node, Nothing, Weighted, compare, dump, evaluate, find, render, walk
from shared.policy import Policies, load_policies, load_policy
from tests.performance.month import (
    BS_MAY,
    FACTS,
    JUNE,
    MAY,
    NOON,
    STANDARD,
    TEXT,
    absent,
    adjusted,
    attended,
    context,
    ended,
    exam,
    figures,
    known,
    metric,
    not_applicable,
    observed,
    opened,
    recorded,
    regraded,
    score,
    standard,
    was_sick,
)

ROOT = Path(__file__).parents[2]
VIEWERS = "measure: {figure: viewers, aggregation: sum}\n        form: {target: 1000}"


def at(node: Node, name: str) -> Any:
    return evaluate(find(node, name))


def tree(events: list[Any], text: str = TEXT) -> Any:
    return kpi(MAY, context(recorded(events), standard(text)))


@pytest.mark.clause("S-33", "S-35", "S-36", "S-38")
def test_the_score_of_a_month() -> None:
    # result 0.5·80 + 0.3·(9 of 800 = 1.125 %: 60) + 0.2·71 = 72.2; 0.6·72.2 + 0.2·83.4 + 0.2·84 = 76.80
    assert score(FACTS) == Fraction("76.80")
    text = render(tree(FACTS))
    assert "grade = B (band)" in text
    assert "amount" not in text
    assert "language = 84 (fact e04, StreamObserved/observation/o1, 2024-05-14 12:04, senior_anchor, points)" in text
    assert "components.result.parts.viewers.form.target = 1000 (rule appraisal_standard.anchor v3 S-33)" in text


def test_a_component_is_a_step_of_its_own_name_whatever_its_measure_is_called() -> None:
    found = tree(FACTS)
    training = [
        ("training", Fraction("83.4"), ""),
        ("exam_marks", Fraction("83.4"), ""),
        ("score", Fraction("83.4"), "points"),
    ]
    assert steps(find(found, "training")) == training
    assert steps(find(found, "attitude")) == [("attitude", 84, ""), ("language", 84, "points")]


@pytest.mark.clause("R5")
def test_an_observer_is_shown_by_his_capacity_alone() -> None:
    text = render(tree(FACTS), LANGUAGES[Language.ZH])
    assert "语言表达 = 84 (事实 e04, StreamObserved/observation/o1, 2024-05-14 12:04, 资深主播, 分)" in text
    assert "observer-7" not in text
    assert "observer-7" not in str(dump(tree(FACTS)))


@pytest.mark.clause("S-35", "S-36", "R5")
def test_a_rate_is_one_of_sums_never_a_mean_of_rates() -> None:
    """10 of 100 and 100 of 10,000 buyers are 1.09 %, never 5.50 %."""
    facts = [
        ended("s1", a=60),
        ended("s2", a=60),
        figures("s1", 100, buyers=10, ratings=10, satisfied=9),
        figures("s2", 10_000, buyers=100, ratings=90, satisfied=63),
    ]
    found = tree(facts)
    assert round(float(at(found, "buyers_rate")), 2) == 1.09
    assert at(found, "satisfied_rate") == 72


@pytest.mark.clause("R5")
@pytest.mark.parametrize(
    ("aggregation", "points"),
    [
        ("sum", 100),
        ("mean", "100/3"),
        ("last", 20),
        ("ratio, per: clicks", "2.5"),
        ("weighted_mean, per: clicks", "32.5"),
    ],
)
def test_a_metric_is_aggregated_as_its_standard_names(aggregation: str, points: int | str) -> None:
    """50, 30 and 20 viewers, 10, 20 and 10 clicks: against a target of 100, and of 10,000 for the ratio, 250 %."""
    measure = f"measure: {{figure: viewers, aggregation: {aggregation}}}\n        form: {{target: 100}}"
    ratio = measure.replace("target: 100", "target: 10000")
    text = TEXT.replace(VIEWERS, ratio if aggregation.startswith("ratio") else measure)
    facts = [
        *(ended(f"s{i}", NOON + timedelta(days=i), a=60) for i in range(3)),
        figures("s0", 50, clicks=10),
        figures("s1", 30, clicks=20),
        figures("s2", 20, clicks=10),
    ]
    assert at(find(tree(facts, text), "result"), "viewers") == Fraction(points)


@pytest.mark.clause("S-34", "S-38", "S-39", "C-33")
def test_the_number_of_interactions_is_one_indicator_and_their_rate_another() -> None:
    number = "measure: {figure: interactions, aggregation: sum}\n        form: {target: 400}"
    rate = "measure: {figure: interactions, aggregation: ratio, per: viewers}\n        form: {target: 40}"
    facts = [
        ended("s1", a=60),
        ended("s2", a=60),
        figures("s1", 100, interactions=50),
        figures("s2", 900, interactions=250),
    ]
    found = tree(facts, TEXT.replace(VIEWERS, rate))
    assert at(found, "interactions_rate") == 30
    assert at(found, "viewers") == 75  # of the component that was given this measure
    counted = tree(facts, TEXT.replace(VIEWERS, number))
    assert (at(counted, "interactions"), at(counted, "viewers")) == (300, 75)


@pytest.mark.clause("S-35")
def test_the_conversion_of_clicks_is_another_rate_than_that_of_viewers() -> None:
    facts = [ended("s1", a=60), figures("s1", 1000, buyers=10, clicks=100)]
    of_viewers = tree(facts)
    of_clicks = tree(
        facts,
        TEXT.replace(
            "figure: buyers, aggregation: ratio, per: viewers", "figure: buyers, aggregation: ratio, per: clicks"
        ),
    )
    assert (at(of_viewers, "buyers_rate"), at(of_clicks, "buyers_rate")) == (1, 10)


@pytest.mark.clause("R5")
def test_a_stream_counts_for_who_was_on_it_in_the_month_of_its_start_in_shanghai() -> None:
    assert at(kpi(BS_MAY, context(recorded(FACTS))), "viewers") == 70
    late = datetime(2024, 5, 31, 16, 30, tzinfo=UTC)  # half past midnight on 1 June
    facts = context(recorded([ended("s9", late, a=60), figures("s9", 500)]))
    assert isinstance(at(kpi(MAY, facts), "viewers"), Nothing)
    assert at(kpi(JUNE, facts), "viewers") == 50


@pytest.mark.parametrize("figure", list(Figure))
def test_a_figure_is_counted_in_the_unit_against_which_targets_are_held(figure: Figure) -> None:
    measure = f"measure: {{figure: {figure}, aggregation: sum}}\n        form: {{target: 1000, unit: {figure.unit}}}"
    text = TEXT.replace(VIEWERS, measure)
    assert list(among(standard(text).components, (), {})) == []
    leaves = [step for step in walk(find(tree(FACTS, text), "viewers")) if isinstance(step, Fact)]
    assert [leaf.unit for leaf in leaves] == [figure.unit] * 2


def test_clicks_are_of_persons_and_satisfied_answers_are_counted() -> None:
    assert [figure.unit for figure in Figure] == [
        *(Unit.PERSONS, Unit.COUNT, Unit.PERSONS, Unit.PERSONS, Unit.FEN, Unit.PERSONS),
        *(Unit.COUNT, Unit.COUNT, Unit.COUNT),
    ]


GMV = "measure: {figure: gmv, aggregation: sum, attribution: %s}\n        form: {target: 8000000}"


@pytest.mark.clause("R5")
@pytest.mark.parametrize(("attribution", "a", "b"), [("full", 50, 50), ("by_minutes", "37.5", "12.5")])
def test_attribution(attribution: str, a: str, b: str) -> None:
    """Four hours, A three of them, B one, ¥40,000: 40,000 to each, or 30,000 and 10,000. The target is ¥80,000."""
    under = standard(TEXT.replace(VIEWERS, GMV % attribution))
    facts = context(recorded([ended("s1", a=180, b=60), figures("s1", 1, gmv=4_000_000)]), under)
    for subject, points in ((MAY, a), (BS_MAY, b)):
        assert at(kpi(subject, facts), "viewers") == Fraction(points)


@pytest.mark.clause("R5")
def test_both_sides_of_a_rate_are_credited_alike() -> None:
    """A's three of four hours and one of one: 40 of the amounts, of 75 and 100 viewers."""
    rate = (
        "measure: {figure: gmv, aggregation: ratio, per: viewers, attribution: by_minutes}\n        form: {target: 100}"
    )
    facts = [ended("s1", a=180, b=60), ended("s2", a=60), figures("s1", 100, gmv=40), figures("s2", 100, gmv=10)]
    assert at(tree(facts, TEXT.replace(VIEWERS, rate)), "gmv_rate") == Fraction(40 * 100, 175)


@settings(max_examples=40)
@for_all(st.lists(st.tuples(st.integers(1, 600), st.integers(1, 600), st.integers(0, 10**9)), min_size=1, max_size=6))
def test_what_is_credited_by_minutes_adds_up_to_the_whole(streams: list[tuple[int, int, int]]) -> None:
    under = standard(TEXT.replace(VIEWERS, GMV % "by_minutes"))
    events: list[Any] = []
    for i, (a, b, gmv) in enumerate(streams):
        events += [ended(f"s{i}", a=a, b=b), figures(f"s{i}", 1, gmv=gmv)]
    facts = context(recorded(events), under)
    assert sum(at(kpi(subject, facts), "gmv") for subject in (MAY, BS_MAY)) == sum(gmv for _, _, gmv in streams)


@pytest.mark.clause("R5", "S-42")
def test_what_is_credited_by_minutes_shows_whose_minutes_they_were() -> None:
    under = standard(TEXT.replace(VIEWERS, GMV % "by_minutes"))
    facts = context(recorded([ended("s1", a=180, b=60), figures("s1", 1, gmv=4_000_000)]), under)
    assert steps(find(kpi(MAY, facts), "gmv_by_minutes")) == [
        ("gmv_by_minutes", 3_000_000, ""),
        ("gmv_minutes", 720_000_000, ""),
        ("gmv", 4_000_000, "fen"),
        ("own_minutes", 180, ""),
        ("crew.0.minutes", 180, "minutes"),
        ("crew_minutes", 240, ""),
        ("crew.0.minutes", 180, "minutes"),
        ("crew.1.minutes", 60, "minutes"),
    ]


def steps(node: Node) -> list[tuple[str, Any, str]]:
    """The name, the value and, of a fact, the unit of each step of an explanation."""
    return [(step.name, evaluate(step), getattr(step, "unit", "")) for step in walk(node)]


def test_two_shifts_of_one_person_on_one_stream_count_together() -> None:
    under = standard(TEXT.replace(VIEWERS, GMV % "by_minutes"))
    two = ended("s1", a=60, b=60)
    crew = (*two.crew, replace(two.crew[0], minutes=120))
    facts = context(recorded([replace(two, crew=crew), figures("s1", 1, gmv=4_000_000)]), under)
    assert at(kpi(MAY, facts), "viewers") == Fraction("37.5")


@pytest.mark.clause("R11")
def test_a_stream_over_the_longest_is_not_scored_nor_what_was_seen_of_it() -> None:
    plus = [*FACTS, ended("endless", too_long=True, a=9000), figures("endless", 10**6), observed(0, "o2", "endless")]
    assert score(plus) == Fraction("76.80")


def test_a_correction_that_takes_a_person_off_the_roster_reaches_him() -> None:
    events = [ended("s1", b=60), figures("s1", 500), ended("s1", a=60)]
    for order in (recorded(events), recorded(events)[::-1]):
        assert isinstance(at(kpi(BS_MAY, context(order)), "viewers"), Nothing)
        assert at(kpi(MAY, context(order)), "viewers") == 50


def test_a_correction_that_moves_a_stream_to_another_month_reaches_both() -> None:
    june = datetime(2024, 6, 2, 4, tzinfo=UTC)
    facts = context(recorded([ended("s1", a=60), figures("s1", 500), ended("s1", june, a=60)]))
    assert isinstance(at(kpi(MAY, facts), "viewers"), Nothing)
    assert at(kpi(JUNE, facts), "viewers") == 50


@pytest.mark.clause("S-42", "R5")
def test_the_three_nothings() -> None:
    assert score([e for e in FACTS if e != exam("83.4")]) == Nothing(
        name="training", kind=Kind.MISSING, reason="no fact"
    )
    assert score([exam("0"), *(e for e in FACTS if e != exam("83.4"))]) == Fraction("60.12")
    # satisfaction is not applicable: viewers 62.5 %, conversion 37.5 %: 72.50; 0.6·72.5 + 0.2·83.4 + 0.2·84
    assert score([*FACTS, not_applicable("satisfaction")]) == Fraction("76.98")
    rated = score(
        [*FACTS, not_applicable("satisfaction")], TEXT.replace("min_applicable_weight: 50", "min_applicable_weight: 95")
    )
    assert isinstance(rated, Nothing)
    assert rated.kind is Kind.NOT_RATED
    by_rule = TEXT.replace("measure: {exams: all}", "measure: {exams: all}\n    absent: not_applicable")
    assert score([e for e in FACTS if e != exam("83.4")], by_rule) == Fraction("75.15")


@pytest.mark.clause("R5")
def test_moving_weight_as_ruled() -> None:
    """80, 60, not applicable; 90; 70: 75.50; spread over all leaves it would be 75.91, as zero 66.80."""
    facts = [*(e for e in FACTS if e not in (exam("83.4"), observed(84))), exam("90"), observed(70)]
    found = tree([*facts, not_applicable("satisfaction")])
    result = find(found, "result")
    assert isinstance(result, Weighted)
    assert result.weights == [Fraction("62.5"), Fraction("37.5"), 0]
    assert (at(found, "result"), at(found, "score")) == (Fraction("72.5"), Fraction("75.50"))
    to_training = TEXT.replace("plus_cap: 5", "plus_cap: 5\nna_weight_to: training")
    named = find(tree([*facts, not_applicable("attitude")], to_training), "raw")
    assert isinstance(named, Weighted)
    assert named.weights == [60, 40, 0]
    nobody_satisfied = [replace(e, satisfied=0) if hasattr(e, "satisfied") else e for e in facts]
    assert at(tree(nobody_satisfied), "score") == Fraction("66.80")


@pytest.mark.clause("R5")
def test_a_parent_with_no_child_left_moves_its_weight_to_its_own_siblings() -> None:
    """The 60 of the result go to training and attitude, 20 each: the mean of 83.4 and 84."""
    nothing_left = [not_applicable(name) for name in ("viewers", "conversion", "satisfaction")]
    text = TEXT.replace("min_applicable_weight: 50", "min_applicable_weight: 40")
    found = tree([*FACTS, *nothing_left], text)
    raw = find(found, "raw")
    assert isinstance(raw, Weighted)
    assert raw.weights == [0, 50, 50]
    assert at(found, "score") == Fraction("83.70")
    rated = score([*FACTS, *nothing_left], text.replace("min_applicable_weight: 40", "min_applicable_weight: 41"))
    assert isinstance(rated, Nothing)
    assert rated.kind is Kind.NOT_RATED


@pytest.mark.clause("R5")
@pytest.mark.parametrize(
    ("form", "actual", "points"),
    [
        ("target: 80", "60", 75),
        ("target: 80", "100", 100),  # clamped to the cap, which is 100 unless it is said
        ("target: 80, cap: 120", "88", 110),
        ("target: 80, cap: 120", "200", 120),
        ("target: 80", "-8", 0),
        ("target: 30, lower_is_better: true", "40", 75),
        ("target: 30, lower_is_better: true", "20", 100),
        ("target: 30, lower_is_better: true", "0", 100),
        ("target: 30, lower_is_better: true, cap: 130", "0", 130),
        ("of: 20", "15", 75),
    ],
)
def test_the_forms_as_ruled(form: str, actual: str, points: int) -> None:
    recorded_metric = f"measure: {{metric: handling}}\n    form: {{{form}}}"
    facts = [*(e for e in FACTS if e != exam("83.4")), metric("handling", actual)]
    assert at(tree(facts, TEXT.replace("measure: {exams: all}", recorded_metric)), "training") == points


def test_nobody_was_asked_whether_he_is_satisfied() -> None:
    """No ratings: nothing to divide by is not applicable, not zero."""
    facts = [replace(e, ratings=0, satisfied=0) if hasattr(e, "ratings") else e for e in FACTS]
    assert score(facts) == Fraction("76.98")


def test_a_stream_without_figures_keeps_the_review_incomplete() -> None:
    found = score([*FACTS, ended("s3", a=1)])
    assert isinstance(found, Nothing)
    assert (found.kind, found.reason) == (Kind.MISSING, "figures of s3")


@pytest.mark.clause("T-65", "A-61", "R5", "C-16")
def test_adjustments_are_capped_as_sums() -> None:
    assert score([*FACTS, adjusted("1", "3"), adjusted("2", "3")]) == Fraction("81.80")
    minus = adjusted("3", "9", Direction.MINUS)
    assert score([*FACTS, adjusted("1", "3"), minus]) == Fraction("74.80")
    assert score([*FACTS, adjusted("1", "3"), adjusted("1", "3", withdrawn=True)]) == Fraction("76.80")
    uncapped = TEXT.replace("plus_cap: 5\n", "").replace("minus_cap: 5\n", "")  # not configured
    assert score([*FACTS, adjusted("1", "90", Direction.MINUS)], uncapped) == 0  # no score is below 0
    assert score([*FACTS, adjusted("1", "3"), adjusted("2", "3")], uncapped) == Fraction("82.80")


@pytest.mark.clause("R5", "C-16")
def test_caps_are_on_sums_so_that_no_order_of_arrival_matters() -> None:
    """+4, +3, -9 and caps of 5: whatever comes first, nothing is left of 76.80 + 5 - 5."""
    made = [adjusted("1", "4"), adjusted("2", "3"), adjusted("3", "9", Direction.MINUS)]
    assert {score([*FACTS, *order]) for order in permutations(made)} == {Fraction("76.80")}


@pytest.mark.clause("R5")
@pytest.mark.parametrize(
    ("points", "shown", "grade"), [("89.994", "89.99", "A"), ("89.995", "90", "S"), ("89.996", "90", "S")]
)
def test_half_a_hundredth_is_rounded_up_before_the_grade(points: str, shown: str, grade: str) -> None:
    text = TEXT.replace("min_applicable_weight: 50", "min_applicable_weight: 0").replace(
        "{at_least: 80, gives: A}", "{at_least: 80, below: 90, gives: A}\n  - {at_least: 90, gives: S}"
    )
    found = tree([exam(points), opened(), not_applicable("result"), not_applicable("attitude")], text)
    assert (at(found, "score"), evaluate(found)) == (Fraction(shown), grade)


@pytest.mark.clause("R5")
def test_the_order_as_ruled() -> None:
    """97.50, +3, +3, cap 5: 102.50, then 100.00; proposed 6, capped 5, effective 2.50."""
    alone = TEXT.replace("plus_cap: 5", "plus_cap: 5\nna_weight_to: training")
    others = [not_applicable("result"), not_applicable("attitude")]
    text = alone.replace("min_applicable_weight: 50", "min_applicable_weight: 0")
    found = tree([exam("97.50"), opened(), *others, adjusted("1", "3"), adjusted("2", "3")], text)
    steps = {name: at(found, name) for name in ("raw", "plus_proposed", "plus", "raised", "adjusted", "score")}
    assert steps == {
        "raw": Fraction("97.5"),
        "plus_proposed": 6,
        "plus": 5,
        "raised": Fraction("102.5"),
        "adjusted": Fraction("102.5"),
        "score": 100,
    }
    assert effect(dump(found)) == Effect(
        raw="97.50", plus_proposed="6.00", plus="5.00", minus_proposed="0.00", minus="0.00", effective="2.50"
    )
    uncapped = text.replace("plus_cap: 5\n", "").replace("minus_cap: 5\n", "")
    without_caps = effect(dump(tree([exam("97.50"), opened(), *others, adjusted("1", "3")], uncapped)))
    assert (without_caps.plus_proposed, without_caps.plus, without_caps.minus) == ("3.00", "3.00", "0.00")
    not_rated = effect(dump(tree([exam("97.50"), opened(), *others, adjusted("1", "3")], alone)))
    assert (not_rated.raw, not_rated.plus, not_rated.effective) == (None, "3.00", None)
    rounded = tree(
        [exam("89.996"), opened(), *others],
        text.replace("{at_least: 80, gives: A}", "{at_least: 80, below: 90, gives: A}\n  - {at_least: 90, gives: S}"),
    )
    assert (at(rounded, "score"), evaluate(rounded)) == (90, "S")


def test_the_last_word_about_an_exam_or_an_absence_is_its_correction() -> None:
    assert score([*FACTS, regraded("93.4")]) == Fraction("78.80")
    assert score([*FACTS, regraded("93.4"), exam("73.4")]) == Fraction("74.80")  # graded again after the correction
    for order in (FACTS, FACTS[::-1]):
        assert score([*order, exam("60", "fire")]) == Fraction("74.46")  # the mean of 83.4 and 60 is 71.7


def test_a_make_up_counts_as_the_exam_that_it_is() -> None:
    both = [*FACTS, exam("63.4", attempt=Attempt.MAKE_UP)]
    assert score(both) == Fraction("74.80")


SESSIONS = TEXT.replace("measure: {exams: all}", "measure: {sessions: attended}")


@pytest.mark.clause("R2")
def test_attendance_counts_absences_without_excuse_after_a_notice() -> None:
    facts = [e for e in FACTS if e != exam("83.4")]
    found = tree([*facts, attended("1"), attended("2"), attended("3"), absent("4")], SESSIONS)
    assert at(found, "session_attendance") == 75
    pardoned = [absent("5", excused=True), absent("6", noticed=False), absent("4"), was_sick("4")]
    assert at(tree([*facts, attended("1"), *pardoned], SESSIONS), "session_attendance") == 100
    nobody = tree(facts, SESSIONS)
    assert isinstance(at(nobody, "training"), Nothing)
    assert [name for name, _, _ in steps(find(found, "session_attendance"))] == [
        "session_attendance",
        "attended",
        *["SessionAttended"] * 3,
        "counted",
        *["SessionAttended"] * 3,
        "SessionAbsenceRecorded",
    ]


@pytest.mark.clause("R2", "R5")
def test_what_each_missed_session_and_each_recorded_time_costs() -> None:
    """5 of 20 for a session, 3 for being late: 7 are left of two sessions and one time, 35 per cent."""
    minus = "{full: 20, minus: [{each: 5, sessions: missed}, {each: 3, metric: late}]}"
    text, facts = TEXT.replace("{exams: all}", minus), [absent("1"), absent("2"), absent("3", excused=True)]
    found = tree([*facts, metric("late", "1")], text)
    assert at(found, "training") == 35
    points = [step for step in steps(find(found, "training_points")) if not step[0].startswith("components")]
    assert points == [
        ("training_points", 7, ""),
        ("off_for_sessions_missed", 10, ""),
        ("sessions_missed", 2, ""),
        *[("SessionAbsenceRecorded", 1, "")] * 2,
        ("off_for_late", 3, ""),
        ("amount", 1, ""),
    ]
    assert at(tree(facts, text), "training") == Nothing(name="late", kind=Kind.MISSING, reason="no fact")


@pytest.mark.clause("O-89", "S-40")
def test_what_no_stream_measures_is_recorded() -> None:
    of_metrics = TEXT.replace("measure: {exams: all}", "measure: {metric: conversion_rate}\n    form: {target: 4}")
    facts = [e for e in FACTS if e != exam("83.4")]
    assert at(tree([*facts, metric("conversion_rate", "30", "1000")], of_metrics), "training") == 75
    corrected = [*facts, metric("conversion_rate", "30", "1000"), metric("conversion_rate", "40", "1000")]
    assert at(tree(corrected, of_metrics), "training") == 100


@pytest.mark.clause("S-42", "R11")
def test_a_month_that_is_not_covered_is_not_rated_and_says_why() -> None:
    facts = [*FACTS[:-1], opened(not_rated="facts begin on 28 April")]
    found = score(facts)
    assert isinstance(found, Nothing)
    said = (found.name, found.kind, found.reason, found.event)
    assert said == ("month", Kind.NOT_RATED, "facts begin on 28 April", "e06")


@settings(max_examples=60)
@for_all(st.data())
def test_neither_order_nor_repetition_of_arrival_shows(data: st.DataObject) -> None:
    facts = recorded(
        [
            *FACTS,
            adjusted("1", "3"),
            figures("s1", 725, buyers=8),
            ended("s2", a=200, b=40),
            regraded("70"),
            absent("4"),
        ]
    )
    again = data.draw(st.lists(st.sampled_from(facts), max_size=8))
    arrival = data.draw(st.permutations([*facts, *again]))
    for subject in (MAY, BS_MAY):
        assert dump(kpi(subject, context(arrival))) == dump(kpi(subject, context(facts)))
    assert known(arrival).ids == tuple(r.meta.id for r in facts)
    assert score_of(MAY, known(arrival), STANDARD) == score_of(MAY, known(facts), STANDARD)


def test_an_adjustment_that_was_anothers_counts_for_him_alone() -> None:
    assert score([*FACTS, adjusted("1", "3"), replace(adjusted("1", "3"), subject=BS_MAY)]) == Fraction("79.80")


@pytest.mark.clause("R5")
def test_what_is_not_applicable_may_have_an_heir() -> None:
    heir = TEXT.replace("weight: 60\n", "weight: 60\n    na_weight_to: conversion\n")
    # 0.6·(0.5·80 + 0.5·60) + 0.2·83.4 + 0.2·84
    assert score([*FACTS, not_applicable("satisfaction")], heir) == Fraction("75.48")
    withdrawn = [*FACTS, not_applicable("satisfaction"), not_applicable("satisfaction", withdrawn=True)]
    assert score(withdrawn, heir) == Fraction("76.80")


def test_what_if() -> None:
    facts = context(recorded(FACTS))
    same = standard(TEXT.replace("version: 3", "version: 4"))
    assert compare(kpi(MAY, facts), kpi(MAY, facts.under(same))) == []
    draft = standard(TEXT.replace("target: 1000", "target: 1600"))
    changes = {
        c.path.rsplit("/", 1)[-1]: (c.old, c.new) for c in compare(kpi(MAY, facts), kpi(MAY, facts.under(draft)))
    }
    assert changes["score"] == (("76.8",), ("67.8",))
    assert changes["grade"] == (("B",), ("C",))
    assert changes["viewers"] == (("80",), ("50",))


def test_the_last_word_is_what_was_said_last_not_what_happened_last() -> None:
    said = recorded([*FACTS, figures("s1", 900, buyers=8)])
    said[-1] = Recorded(
        event=said[-1].event, meta=msgspec.structs.replace(said[-1].meta, occurred_at=NOON - timedelta(days=9))
    )
    assert at(kpi(MAY, context(said)), "viewers") == 100


def test_one_stream_speaks_of_a_thing() -> None:
    said = recorded([*FACTS, figures("s1", 900)])
    said[-1] = Recorded(event=said[-1].event, meta=msgspec.structs.replace(said[-1].meta, stream="another"))
    with pytest.raises(ValueError, match="both speak of"):
        kpi(MAY, context(said))


@pytest.mark.clause("S-39")
def test_the_post_of_the_review_says_whose_standard_it_is() -> None:
    assert kpi.population is not None
    assert kpi.population(MAY, known(recorded(FACTS))) == {"post": "anchor", "studio": "east"}
    assert kpi.population(MAY, known(recorded(FACTS[:-1]))) == {}
    moved_on = recorded([*FACTS, opened(post=PostId("assistant_anchor"))])
    assert kpi.population(MAY, known(moved_on))["post"] == "assistant_anchor"


@pytest.mark.clause("P-04")
def test_a_score_names_the_settings_that_the_organisation_has_left_open() -> None:
    month = MAY.month
    assert unset(dump(tree(FACTS)), month, Policies()) == (NO_POINTS,)
    ships = load_policies(service.policies, [ROOT / "services/performance/policies"])
    assert unset(dump(tree(FACTS)), month, ships) == (NO_POINTS,)
    said = "{kind: AdjustmentPolicy, issue: {policy: adjustments, version: 2}, clause: T-65, training_excellence: %s}"
    set_by_them = Policies().under(load_policy(AdjustmentPolicy, said % "{points: 2}"))
    assert unset(dump(tree(FACTS)), month, set_by_them) == ()
    bare = TEXT.replace("plus_cap: 5\nminus_cap: 5\nmin_applicable_weight: 50\n", "")
    plus = [*FACTS, adjusted("1", "3")]
    assert unset(dump(tree(plus, bare)), month, set_by_them) == (NO_PLUS_CAP, NO_MINUS_CAP, NO_LEAST_WEIGHT)
    not_rated = tree([opened(not_rated="facts begin on 28 April")], bare)
    assert unset(dump(not_rated), month, Policies()) == ()


def test_every_leaf_has_a_source() -> None:
    for leaf in walk(tree(FACTS)):
        if type(leaf).__name__ in ("Fact", "Occurrence"):
            assert leaf.event
        if type(leaf).__name__ == "Rule":
            assert (leaf.policy, leaf.version, bool(leaf.clause)) == ("appraisal_standard.anchor", 3, True)
