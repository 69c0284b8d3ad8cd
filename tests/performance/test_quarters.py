"""The quarter of a person is made of adjusted months, and says of which. Rulings R5, R6, R11; P-10."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from services.performance.contracts import ReviewCompleted, ReviewOpened, ScoreRestated
from services.performance.quarters.facts import (
    PersonQuarter,
    Quarter,
    QuarterScore,
    months,
    quarter,
    quarters,
    roll_up,
    told,
)
from services.performance.quarters.policies import RollUpPolicy
from services.vocabulary import Month, PersonMonth
from shared.decider import Context, Refused
from shared.event import Recorded
from shared.explanation import dump, evaluate, render, verify
from shared.policy import load_policy
from tests.performance.month import ANCHOR, MAY_IS_OVER, STUDIO, A
from tests.performance.month import recorded as in_order

SPRING = PersonQuarter(person=A, quarter=Quarter("2024-Q2"))
MEAN = load_policy(
    RollUpPolicy, "{kind: RollUpPolicy, issue: {policy: roll_up, version: 1}, clause: E-61, function: mean}"
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
    facts = in_order(events, quarters.about)
    streams = [str(quarters.about(event)) for event in events]
    return [
        replace(r, meta=replace(r.meta, stream=streams[i], version=streams[: i + 1].count(streams[i])))
        for i, r in enumerate(facts)
    ]


def result(events: list[Any], policy: RollUpPolicy = MEAN) -> QuarterScore:
    tree = roll_up(SPRING, quarters.gathered(SPRING, recorded(events)), policy)
    assert verify(dump(tree)) == []
    return told(SPRING, tree)


THREE = [opened(m) for m in (APRIL, MAY, JUNE)] + [done(APRIL, "80"), done(MAY, "85"), done(JUNE, "80")]


@pytest.mark.clause("R5")
def test_the_quarter_uses_the_adjusted_months() -> None:
    """80, 80 + 5, 80: 81.67."""
    assert result(THREE) == QuarterScore(
        subject=SPRING,
        score=Decimal("81.67"),
        made_of=(APRIL.month, MAY.month, JUNE.month),
        not_rated=(),
        under_review=(),
    )


@pytest.mark.clause("R11")
def test_april_is_not_rated_and_the_quarter_says_that_it_is_made_of_may_and_june() -> None:
    reason = "facts begin on 28 April"
    events = [opened(APRIL, reason), done(APRIL, None), *(e for e in THREE if e.subject != APRIL)]
    found = result(events)
    assert (found.score, found.made_of) == (Decimal("82.50"), (MAY.month, JUNE.month))
    assert found.not_rated == ("2024-04: not rated: facts begin on 28 April",)
    tree = roll_up(SPRING, quarters.gathered(SPRING, recorded(events)), MEAN)
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


@pytest.mark.clause("P-10")
def test_the_function_is_the_organisations() -> None:
    head = "{kind: RollUpPolicy, issue: {policy: r, version: 1}, clause: E-61, "
    weighted = head + "function: weighted_mean, weights: [1, 1, 2]}"
    assert result(THREE, load_policy(RollUpPolicy, weighted)).score == Decimal("81.25")
    with pytest.raises(ValueError, match="three for weighted_mean"):
        load_policy(RollUpPolicy, weighted.replace("[1, 1, 2]", "[1, 2]"))
    with pytest.raises(ValueError, match="none for mean"):
        load_policy(RollUpPolicy, weighted.replace("weighted_mean", "mean"))
    known = quarters.gathered(SPRING, recorded(THREE))
    with pytest.raises(Refused, match=r"policy\.not_configured"):
        quarters.compute(SPRING, known, Context(now=MAY_IS_OVER, actor="x"))
    under = quarters.compute(SPRING, known, Context(now=MAY_IS_OVER, actor="x").under(MEAN))
    assert evaluate(under) == Decimal("81.67")


def test_months_and_quarters() -> None:
    assert [quarter(Month(f"2024-{m:02}")) for m in (1, 3, 4, 12)] == ["2024-Q1", "2024-Q1", "2024-Q2", "2024-Q4"]
    assert months(Quarter("2024-Q4")) == ("2024-10", "2024-11", "2024-12")
    with pytest.raises(ValueError, match="no quarter"):
        PersonQuarter(person=A, quarter=Quarter("2024-Q5"))


@settings(max_examples=30)
@for_all(st.data())
def test_neither_order_nor_repetition_of_arrival_shows(data: st.DataObject) -> None:
    facts = recorded([*THREE, restated(MAY, "87.50")])
    arrival = data.draw(st.permutations([*facts, *data.draw(st.lists(st.sampled_from(facts), max_size=4))]))
    there, here = (roll_up(SPRING, quarters.gathered(SPRING, f), MEAN) for f in (arrival, facts))
    assert dump(there) == dump(here)
