# mypy: ignore-errors
# ruff: noqa
"""Mistakes that an author of a slice may make: each marked line is one that mypy must refuse. See test_types.py."""

from collections.abc import Iterator
from decimal import Decimal
from typing import assert_type

from services.performance.cycles.decisions import OpenCycle, cycles
from services.performance.cycles.events import CycleOpened
from services.performance.metrics.decisions import RecordMetric, metrics, recorded_metrics
from services.performance.metrics.events import MetricId, MetricRecorded
from services.performance.reviews.decisions import Review, ScoreReview, reviews
from services.performance.reviews.events import (
    Event,
    NotApplicableDeclared,
    ReviewCompleted,
    ReviewOpened,
    ReviewScoreAdjusted,
    ReviewScored,
)
from services.performance.reviews.projections import Restatement, ReviewRow, restatement, reviews_by_month
from services.training.contracts import ExamGraded
from services.vocabulary import Month, PersonId, PersonMonth
from shared.decider import Context, look
from shared.projection import Projection
from shared.reaction import Reaction
from shared.testing import given
from shared.web import Handler, Reading

P, M, REVENUE = PersonId("p"), Month("2024-05"), MetricId("revenue")
OF = PersonMonth(person=P, month=M)


async def routes(handle: Handler, read: Reading) -> None:
    await handle(reviews, ScoreReview(subject=OF))
    await handle(reviews, OpenCycle(month=M))  # E: misc
    assert_type(await read(reviews_by_month, ReviewRow(person=P, month=M)), ReviewRow)
    await read(reviews_by_month, ScoreReview(subject=OF))  # E: misc


def wrong_target(exam: ExamGraded) -> Iterator[OpenCycle]:
    yield OpenCycle(month=M)


Reaction(name="x", to=cycles, react=wrong_target)
Reaction(name="x", to=reviews, react=wrong_target)  # E: arg-type
Reaction(name="x", to=cycles, react=wrong_target, at=lambda exam: exam.held_on)  # E: arg-type, return-value
Reaction(name="x", to=cycles, react=wrong_target, at=lambda exam: exam.due)  # E: attr-defined
Projection(
    name="x",
    key=lambda e: Restatement(person=e.subject.month, month=e.subject.month, version=e.version),  # E: arg-type
    evolve=restatement,
)
Projection(
    name="x",
    key=lambda e: Restatement(person=e.subject.preson, month=e.subject.month, version=e.version),  # E: attr-defined
    evolve=restatement,
)
given(cycles).when(ScoreReview(subject=OF))  # E: arg-type
given(cycles).when(OpenCycle(month=M)).then(CycleOpened(month=M), ReviewCompleted)  # E: arg-type


def forgetful(review: Review, event: Event) -> Review:  # E: return
    match event:  # E: exhaustive-match
        case ReviewOpened() | ReviewScored() | ReviewCompleted():
            return review
        case ReviewScoreAdjusted() | NotApplicableDeclared():
            return review


def deciding(context: Context) -> None:
    assert_type(context.state(recorded_metrics, "p", "2024-05", "revenue"), MetricRecorded | None)
    context.state(metrics, REVENUE).amount  # E: union-attr, union-attr
    context.row(reviews_by_month, Restatement(person=P, month=M, version=1))  # E: misc
    look(metrics.key, REVENUE)  # E: arg-type


RecordMetric(subject=OF, metric="revenue", amount=Decimal(1), source="x")  # E: arg-type
RecordMetric(OF, REVENUE, Decimal(1))  # E: call-arg, call-arg
PersonMonth(person=M, month=P)  # E: arg-type, arg-type
OF.month = Month("2024-06")  # E: misc
