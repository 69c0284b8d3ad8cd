"""What a criterion of an award item may ask for: what is known of a person's months, down to the facts.

Clauses: A-57, S-44, S-50, T-64; C-18, C-35; rulings R1, R8.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from services.performance.contracts import ReviewCompleted, ScoreRestated
from services.supervision.complaints.events import ComplaintRecorded
from services.training.contracts import Attempt, ExamGraded, ExamRegraded, Grade
from services.vocabulary import Month, PersonId, month
from shared.event import Recorded
from shared.explanation import Mean, Node, Sum, fact, occurrence
from shared.facts import Facts, Known
from shared.value import value

Event = ReviewCompleted | ScoreRestated | ExamGraded | ExamRegraded | ComplaintRecorded


@value
class Shown:
    """Over the months of the award's period. `score`: the mean of the results that were published, as they stand."""

    score: Decimal
    rated_months: int
    excellent_months: int
    excellent_exams: int  # of first attempts, unless the item counts make-ups too (R1)
    complaints: int  # that count against him (C-35)


@value
class MeritMonth:
    person: PersonId
    month: Month


def about(event: Event) -> tuple[str, ...]:
    match event:
        case ReviewCompleted() | ScoreRestated():
            return "review", event.subject.person, event.subject.month
        case ExamGraded() | ExamRegraded():
            return "exam", event.person, event.session, event.attempt
        case ComplaintRecorded():
            return "complaint", event.complaint


def subjects(event: Event) -> list[MeritMonth]:
    match event:
        case ReviewCompleted() | ScoreRestated():
            return [MeritMonth(person=event.subject.person, month=event.subject.month)]
        case ExamGraded() | ExamRegraded():
            return [MeritMonth(person=event.person, month=Month(f"{event.held_on:%Y-%m}"))]
        case ComplaintRecorded():
            if event.started_at is None:
                return []
            return [MeritMonth(person=person, month=month(event.started_at)) for person in event.against]


@value
class Gathered:
    facts: int


def gathered(subject: MeritMonth, known: Known[Event]) -> Gathered:
    return Gathered(facts=len(known.facts))


merits = Facts(name="merits", about=about, subjects=subjects, result=gathered)


def shown(months: Sequence[Known[Event]], *, make_ups_count: bool) -> Mapping[str, Node]:
    """The inputs of a criterion, by name."""
    rated = [r for known in months for r in results(known) if r.event.score is not None]
    exams = [
        r
        for known in months
        for r in known.last(ExamGraded, ExamRegraded).values()
        if r.event.grade is Grade.EXCELLENT and (make_ups_count or r.event.attempt is Attempt.FIRST)
    ]
    against = [r for known in months for r in known.last(ComplaintRecorded).values() if r.event.against]
    return {
        "score": Mean(name="score", of=tuple(fact(r, "score") for r in rated)),
        "rated_months": counted("rated_months", rated),
        "excellent_months": counted("excellent_months", [r for r in rated if r.event.excellent]),
        "excellent_exams": counted("excellent_exams", exams),
        "complaints": counted("complaints", against),
    }


def results(known: Known[Event]) -> list[Recorded[Any]]:
    """None before the review is completed."""
    return list(known.last(ReviewCompleted, ScoreRestated).values()) if known.every(ReviewCompleted) else []


def counted(name: str, facts: Sequence[Recorded[Any]]) -> Node:
    return Sum(name=name, of=tuple(occurrence(r) for r in facts))
