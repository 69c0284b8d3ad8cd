# mypy: ignore-errors
# ruff: noqa
"""Mistakes that an author of a score may make: each marked line is one that mypy must refuse. See test_types.py."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import assert_type

from services.performance.reviews.decisions import ScoreReview, reviews
from services.performance.reviews.events import ReviewScoreAdjusted
from services.performance.scores.evidence import Event, about, subjects
from services.performance.scores.facts import kpi, population, score
from services.performance.scores.standard import AppraisalStandard, Target
from services.supervision.contracts import StreamEnded, StreamMetricsRecorded, StreamObserved
from services.supervision.penalties.facts import Offence, populations
from services.supervision.violations.facts import monthly_figures
from services.training.contracts import ExamScheduled
from services.vocabulary import PersonId, PersonMonth
from shared.decider import Context
from shared.event import Recorded
from shared.explanation import AtMost, Bands, Fact, Occurrence, Sum, ToTarget, evaluate, fact, verify
from shared.facts import Facts, Known
from shared.reaction import Reaction


def persons(event: Event) -> list[PersonId]:
    return []


def of_more(subject: PersonMonth, known: Known[Event | ExamScheduled], standard: AppraisalStandard) -> Bands:
    raise NotImplementedError


def without_policy(subject: PersonMonth, known: Known[Event]) -> Bands:
    raise NotImplementedError


def of_persons(subject: PersonId, known: Known[Event]) -> Mapping[str, str]:
    return {}


Facts(name="x", about=about, subjects=subjects, result=score, population=population)
Facts(name="x", about=about, subjects=subjects, result=without_policy)
Facts(name="x", about=about, subjects=persons, result=score)  # E: misc
Facts(name="x", about=about, subjects=subjects, result=of_more)  # E: misc
Facts(
    name="x",
    about=about,
    subjects=subjects,
    result=score,
    on=lambda subject: subject.month,  # E: arg-type, return-value
)
Facts(name="x", about=about, subjects=subjects, result=score, population=of_persons)  # E: misc


def hole(event: StreamEnded | StreamMetricsRecorded) -> list[PersonMonth]:  # E: return
    match event:  # E: exhaustive-match
        case StreamMetricsRecorded():
            return []


def reading(
    known: Known[Event],
    r: Recorded[ReviewScoreAdjusted],
    standard: AppraisalStandard,
    offence: Offence,
    context: Context,
) -> None:
    points = fact(r, "points")
    assert_type(kpi(r.event.subject, context), Bands)
    kpi(r.event.subject.person, context)  # E: arg-type
    monthly_figures(r.event.subject, context).looked_at  # E: attr-defined
    populations(offence, context).kind  # E: attr-defined
    [observed.event.points for observed in known.last(StreamObserved).values()]  # E: attr-defined
    Sum(name="x", of=(points, Decimal(1)))  # E: arg-type
    Sum(name="x", of=standard.grades)  # E: arg-type
    ToTarget(name="x", actual=points, target=Decimal(5))  # E: arg-type
    AtMost(name="x", of=points, cap=points)  # E: arg-type
    Target(target=Decimal(5))  # E: arg-type
    Fact(name="x", event=r, amount=Decimal(1))  # E: arg-type
    Occurrence(name="x", event=r.meta)  # E: arg-type
    evaluate(points) + 1  # E: operator, operator
    verify(Sum(name="x", of=()))  # E: arg-type


def close(subject: PersonMonth) -> Iterator[StreamEnded]:
    raise NotImplementedError


Reaction(name="x", to=reviews, react=close)  # E: arg-type
ScoreReview(subject=PersonMonth(person=PersonId("a"), month="2024-05"))  # E: arg-type
