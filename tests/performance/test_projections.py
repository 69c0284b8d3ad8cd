"""What the rows say: where a month stands, what was told late, what was taken back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

import pytest

from services.performance.contracts import FeedbackMode
from services.performance.metrics.projections import RecordedMetric, recorded_metrics
from services.performance.reviews.projections import (
    Adjustment,
    Declaration,
    Explanation,
    ReviewRow,
    State,
    adjustments,
    declarations,
    explanations,
    reviews_by_month,
)
from shared.projection import Projection
from tests.performance.month import A, adjusted, metric, not_applicable, opened, recorded
from tests.performance.test_reviews import MAY_FACTS, MAY_STANDARD, completed, feedback, restated, scored, told

R = TypeVar("R")


def rows(projection: Projection[R, Any], events: Sequence[Any]) -> list[R]:
    """All that is said stands on one stream; it is said on 14 May."""
    found: dict[tuple[Any, ...], R] = {}
    for fact in recorded(events, lambda event: "review"):
        if isinstance(fact.event, projection.events):
            projection.apply(found, fact)
    return list(found.values())


def review(*events: Any) -> ReviewRow:
    (row,) = rows(reviews_by_month, events)
    return row


FIRST = scored(MAY_FACTS, MAY_STANDARD)


def test_a_review_has_its_state() -> None:
    assert review(adjusted("1", "2")).state is State.UNOPENED
    assert review(opened(not_rated="late start")).not_rated == "late start"
    row = review(opened(), FIRST)
    assert (row.state, row.version, str(row.score), row.grade) == (State.SCORED, 1, "78.40", "B")
    row = review(opened(), FIRST, completed(score="78.40"), restated(completed(score="78.40")))
    assert (row.state, row.version, str(row.score), row.grade, row.excellent) == (
        State.COMPLETED,
        2,
        "80.90",
        "A",
        True,
    )


@pytest.mark.clause("S-43", "A-36", "P-17")
@pytest.mark.parametrize(("held_on", "limit", "late"), [(16, 2, False), (17, 2, True), (30, None, None)])
def test_late_feedback_is_shown_where_a_limit_is_configured(held_on: int, limit: int | None, late: bool | None) -> None:
    interview = told(feedback(FeedbackMode.CALL, date(2024, 5, held_on)), limit=limit)
    row = review(opened(), FIRST, interview)
    assert (row.feedback_lag_days, row.feedback_late) == (held_on - 14, late)


def test_every_version_keeps_its_explanation() -> None:
    second = restated(completed(score="78.40"))
    versions: list[Explanation] = rows(explanations, [opened(), FIRST, second])
    assert [(row.version, row.standard) for row in versions] == [(1, FIRST.standard), (2, FIRST.standard)]
    assert [row.document for row in versions] == [FIRST.explanation, second.explanation]


def test_what_was_withdrawn_stays_and_says_so() -> None:
    (adjustment,) = rows(adjustments, [adjusted("1", "2"), adjusted("1", "2", withdrawn=True)])
    assert isinstance(adjustment, Adjustment)
    assert (str(adjustment.points), adjustment.withdrawn) == ("2", True)
    (declaration,) = rows(declarations, [not_applicable("training")])
    assert isinstance(declaration, Declaration)
    assert (declaration.declared_by, declaration.withdrawn) == ("somebody", False)


def test_a_recorded_metric_counts_its_corrections() -> None:
    (row,) = rows(recorded_metrics, [metric("reads", "10"), replace(metric("reads", "12"), definition=2)])
    assert isinstance(row, RecordedMetric)
    assert (row.person, str(row.amount), row.definition, row.corrections) == (A, "12", 2, 1)
