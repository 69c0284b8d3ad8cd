"""Quarter and year of a person are made of adjusted months, and say of which. R5, R6, R11; P-10; C-01 to C-03."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from services.performance.contracts import ReviewCompleted, ReviewOpened, ScoreRestated
from services.performance.main import service
from services.performance.periods.facts import (
    Period,
    PeriodScore,
    PersonPeriod,
    known_by,
    months,
    periods,
    quarter,
    roll_up,
    subjects,
    told,
    year,
)
from services.performance.periods.policies import RollUpPolicy
from services.performance.periods.streaks import PersonStreak, in_a_row, run_of, streaks
from services.vocabulary import Month, PersonMonth, PostId
from shared.decider import Context, Refused
from shared.event import Recorded
from shared.explanation import dump, evaluate, render, rules, verify
from shared.policy import Policies, load_document, load_policy
from tests.performance.month import ANCHOR, MAY_IS_OVER, STUDIO, A
from tests.performance.month import recorded as in_order

SPRING = PersonPeriod(person=A, period=Period("2024-Q2"))
YEAR = PersonPeriod(person=A, period=Period("2024"))
MEAN = load_policy(
    RollUpPolicy,
    """
kind: RollUpPolicy
issue: {policy: roll_up, version: 1}
clause: E-61
quarter: {function: mean}
year:
  source: quarters
  result:
    function: mean
    clause: E-62
    excellent: A
    grades: [{below: 80, gives: B}, {at_least: 80, gives: A}]
""",
)
APRIL, MAY, JUNE = (PersonMonth(person=A, month=Month(f"2024-{m:02}")) for m in (4, 5, 6))


def opened(of: PersonMonth, not_rated: str | None = None) -> ReviewOpened:
    return ReviewOpened(subject=of, post=ANCHOR, studio=STUDIO, not_rated=not_rated)


def done(of: PersonMonth, score: str | None, version: int = 1) -> ReviewCompleted:
    points = Decimal(score) if score else None
    return ReviewCompleted(
        subject=of,
        post=ANCHOR,
        studio=STUDIO,
        version=version,
        score=points,
        grade="B" if score else "not_rated",
        excellent=False,
    )


def restated(of: PersonMonth, score: str, version: int = 2) -> ScoreRestated:
    return ScoreRestated(
        subject=of,
        version=version,
        score=Decimal(score),
        grade="A",
        excellent=True,
        difference=Decimal(1),
        causes=(),
        used=(),
        explanation={},
    )


def recorded(events: list[Any]) -> list[Recorded[Any]]:
    """All that is said of a review stands on its stream."""
    facts = in_order(events, periods.about)
    streams = [str(periods.about(event)) for event in events]
    return [
        Recorded(
            event=r.event,
            meta=msgspec.structs.replace(r.meta, stream=streams[i], version=streams[: i + 1].count(streams[i])),
        )
        for i, r in enumerate(facts)
    ]


def result(events: list[Any], policy: RollUpPolicy = MEAN, of: PersonPeriod = SPRING) -> PeriodScore:
    """Of what a subject hears among these."""
    facts = [r for r in recorded(events) if of in subjects(r.event)]
    tree = roll_up(of, periods.gathered(of, facts), policy)
    assert verify(dump(tree), stated=lambda policy_name, version: rules(policy)) == []
    return told(of, tree)


THREE = [opened(m) for m in (APRIL, MAY, JUNE)] + [done(APRIL, "80"), done(MAY, "85"), done(JUNE, "80")]


@pytest.mark.clause("R5")
def test_the_quarter_uses_the_adjusted_months() -> None:
    """80, 80 + 5, 80: 81.67."""
    assert result(THREE) == PeriodScore(
        subject=SPRING,
        score=Decimal("81.67"),
        grade="",
        made_of=(APRIL.month, MAY.month, JUNE.month),
        not_rated=(),
        under_review=(),
    )


@pytest.mark.clause("R6")
def test_a_quarter_that_was_restated_stands_beside_what_it_was() -> None:
    """May 78.40 becomes 80.90."""
    facts = recorded([opened(MAY), done(MAY, "78.40"), restated(MAY, "80.90")])
    known = periods.gathered(SPRING, facts)

    def stood(position: int | None = None, at: datetime | None = None) -> Decimal | None:
        then = periods.gathered(SPRING, known_by(known, at, position))
        return told(SPRING, roll_up(SPRING, then, MEAN)).score

    assert [stood(position) for position in (1, 2, 3, None)] == [None, *map(Decimal, ("78.40", "80.90", "80.90"))]
    moment = facts[0].meta.recorded_at
    assert (stood(at=moment), stood(at=moment - timedelta(seconds=1))) == (Decimal("80.90"), None)


@pytest.mark.clause("R11")
def test_april_is_not_rated_and_the_quarter_says_that_it_is_made_of_may_and_june() -> None:
    reason = "facts begin on 28 April"
    events = [opened(APRIL, reason), done(APRIL, None), *(e for e in THREE if e.subject != APRIL)]
    found = result(events)
    assert (found.score, found.made_of) == (Decimal("82.50"), (MAY.month, JUNE.month))
    assert found.not_rated == ("2024-04: not rated: facts begin on 28 April",)
    tree = roll_up(SPRING, periods.gathered(SPRING, recorded(events)), MEAN)
    assert "2024-04 = not applicable (not rated: facts begin on 28 April e01)" in render(tree)


def test_who_was_not_reviewed_in_april_has_a_quarter_of_the_other_months() -> None:
    found = result([e for e in THREE if e.subject != APRIL])
    assert (found.score, found.not_rated) == (Decimal("82.50"), ("2024-04: no review",))


def test_a_month_under_review_keeps_the_quarter_incomplete() -> None:
    found = result([e for e in THREE if e != done(JUNE, "80")])
    assert (found.score, found.under_review) == (None, (JUNE.month,))
    restated_before = [e for e in THREE if e != done(JUNE, "80")] + [restated(JUNE, "90")]
    assert result(restated_before).score is None


@pytest.mark.clause("R6")
def test_the_quarter_is_restated_with_its_months() -> None:
    assert result([*THREE, restated(MAY, "87.50")]).score == Decimal("82.50")
    completed_later = [opened(MAY), restated(MAY, "90"), done(MAY, "90", 2)]
    assert result(completed_later).score == Decimal("90.00")


def test_no_month_that_is_rated_makes_no_quarter() -> None:
    found = result([opened(APRIL, "facts begin later"), done(APRIL, None)])
    assert (found.score, found.made_of, len(found.not_rated)) == (None, (), 3)


HEAD = "{kind: RollUpPolicy, issue: {policy: r, version: 1}, clause: O-98, "


@pytest.mark.clause("P-10")
def test_the_function_is_the_organisations() -> None:
    weighted = HEAD + "quarter: {function: weighted_mean, weights: [1, 1, 2]}}"
    assert result(THREE, load_policy(RollUpPolicy, weighted)).score == Decimal("81.25")
    known = periods.gathered(SPRING, recorded(THREE))
    with pytest.raises(Refused, match=r"policy\.not_configured"):
        periods.compute(SPRING, known, Context(now=MAY_IS_OVER, actor="x"))
    under = periods.compute(SPRING, known, Context(now=MAY_IS_OVER, actor="x").under(MEAN))
    assert evaluate(under) == Decimal("81.67")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("quarter: {function: weighted_mean, weights: [1, 2]}", "3 for weighted_mean"),
        ("quarter: {function: mean, weights: [1, 1, 2]}", "none for mean"),
        ("quarter: {function: weighted_mean, weights: [0, 0, 0]}", "above 0 together"),
        ("year: {source: quarters, result: {function: mean}}", "there is no quarter"),
        ("year: {source: months, result: {function: weighted_mean, weights: [1, 1, 1, 1]}}", "12 for weighted_mean"),
        ("quarter: {function: mean, grades: [{below: 60, gives: C}], excellent: C}", "gap or overlap"),
        ("quarter: {function: mean, grades: [{below: 6, gives: C}, {at_least: 6, gives: B}], excellent: A}", "none of"),
        ("quarter: {function: mean, excellent: A}", "there are no grades"),
    ],
)
def test_a_roll_up_is_refused_with_a_reason(body: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        load_policy(RollUpPolicy, HEAD + body + "}")


JULY, AUGUST = (PersonMonth(person=A, month=Month(f"2024-{m:02}")) for m in (7, 8))
SUMMER = [*THREE, opened(JULY), opened(AUGUST), done(JULY, "60"), done(AUGUST, "70")]


@pytest.mark.clause("C-01", "C-02", "O-95", "E-61", "E-62")
def test_month_quarter_and_year_rest_on_one_set_of_facts() -> None:
    """April to August 80, 85, 80, 60, 70: quarters 81.67 and 65.00, of which the year makes 73.335: 73.34."""
    assert result(SUMMER).score == Decimal("81.67")
    found = result(SUMMER, of=YEAR)
    assert (found.score, found.grade) == (Decimal("73.34"), "B")
    assert found.made_of == tuple(e.month for e in (APRIL, MAY, JUNE, JULY, AUGUST))
    assert [reason.split(": ")[1] for reason in found.not_rated] == ["no review"] * 7
    better = result([*SUMMER, restated(JULY, "90"), restated(AUGUST, "90")], of=YEAR)
    assert (better.score, better.grade) == (Decimal("85.84"), "A")  # of 81.67 and 90.00


@pytest.mark.clause("C-01", "C-02", "O-95", "O-98")
def test_the_same_months_under_the_operations_groups_policy() -> None:
    """001 knows months and years, no quarter: 80, 85, 80, 60, 70 are 75.00."""
    operations = load_policy(RollUpPolicy, HEAD + "year: {source: months, result: {function: mean}}}")
    assert result(SUMMER, operations, YEAR).score == Decimal("75.00")
    with pytest.raises(Refused, match=r"policy\.not_configured"):
        result(SUMMER, operations)


@pytest.mark.clause("C-01", "C-03", "E-61", "O-95")
def test_whose_months_make_a_quarter_is_said_by_the_policy_of_his_population() -> None:
    """The e-commerce department has quarters (004), the operations group years alone (001)."""
    operations = HEAD + "population: {post: [operations_specialist]}, year: {source: months, result: {function: mean}}}"
    commerce = HEAD + "population: {post: [training_staff]}, quarter: {function: mean}}"
    documents = [
        load_document(service.format, text.replace("policy: r", f"policy: r{n}"), None)
        for n, text in enumerate((operations, commerce))
    ]
    both = Policies(documents=tuple(documents))

    def quarter_of(post: str) -> Any:
        known = periods.gathered(SPRING, recorded([replace(one, post=PostId(post)) for one in THREE]))
        return periods.compute(SPRING, known, Context(now=MAY_IS_OVER, actor="x", policies=both))

    assert evaluate(quarter_of("training_staff")) == Decimal("81.67")
    for post in ("operations_specialist", "anchor"):
        with pytest.raises(Refused, match=r"policy\.not_configured"):
            quarter_of(post)


def test_months_quarters_and_years() -> None:
    assert [quarter(Month(f"2024-{m:02}")) for m in (1, 3, 4, 12)] == ["2024-Q1", "2024-Q1", "2024-Q2", "2024-Q4"]
    assert months(Period("2024-Q4")) == ["2024-10", "2024-11", "2024-12"]
    assert months(Period("2024"))[::11] == ["2024-01", "2024-12"]
    assert year(Month("2024-12")) == "2024"
    with pytest.raises(ValueError, match="neither a quarter"):
        PersonPeriod(person=A, period=Period("2024-Q5"))


# Streaks


def month(number: int) -> PersonMonth:
    return PersonMonth(person=A, month=Month(f"2024-{number:02}"))


def graded(number: int, excellent: bool | None) -> ReviewCompleted:
    """None: not rated."""
    return replace(done(month(number), None if excellent is None else "80"), excellent=bool(excellent))


def run(events: list[Any]) -> tuple[str, ...]:
    subject = PersonStreak(person=A)
    tree = in_a_row(subject, streaks.gathered(subject, recorded(events)))
    assert evaluate(tree) == len(run_of(subject, tree).months)
    return run_of(subject, tree).months


@pytest.mark.clause("A-59", "P-12", "R5")
def test_excellent_in_a_row() -> None:
    assert run([graded(4, True), graded(5, True), graded(6, True)]) == ("2024-04", "2024-05", "2024-06")
    assert run([graded(4, True), graded(5, False), graded(6, True)]) == ("2024-06",)
    assert run([graded(5, True), graded(6, False)]) == ()


@pytest.mark.clause("A-59", "R5")
def test_a_month_that_is_not_rated_neither_counts_nor_breaks() -> None:
    assert run([graded(4, True), graded(5, None), graded(6, True)]) == ("2024-04", "2024-06")
    assert run([graded(4, True), graded(5, None)]) == ("2024-04",)
    assert run([graded(4, True), graded(6, True)]) == ("2024-06",)  # nobody reviewed May


@pytest.mark.clause("A-59", "R6")
def test_a_restated_month_makes_or_breaks_the_run() -> None:
    both = [graded(5, False), graded(6, True)]
    assert run([*both, restated(month(5), "95")]) == ("2024-05", "2024-06")
    worse = replace(restated(month(6), "60"), excellent=False)
    assert run([*both, worse]) == ()
    assert run([graded(6, True), restated(month(5), "95")]) == ("2024-06",)  # not completed yet


@settings(max_examples=30)
@for_all(st.data())
def test_neither_order_nor_repetition_of_arrival_shows(data: st.DataObject) -> None:
    facts = recorded([*THREE, restated(MAY, "87.50")])
    arrival = data.draw(st.permutations([*facts, *data.draw(st.lists(st.sampled_from(facts), max_size=4))]))
    for of in (SPRING, YEAR):
        there, here = (roll_up(of, periods.gathered(of, f), MEAN) for f in (arrival, facts))
        assert dump(there) == dump(here)
