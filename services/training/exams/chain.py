"""The state of an attempt chain: at most a first exam and one make-up, and what follows from how they went.

Clauses: T-53, T-54; rulings R1, R7.
"""

from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from services.objection import Objections
from services.training.exams.events import (
    Attempt,
    Event,
    ExamAbsenceRecorded,
    ExamGraded,
    ExamObjectionEscalated,
    ExamObjectionRaised,
    ExamObjectionResolved,
    ExamObjectionWithdrawn,
    ExamRegraded,
    ExamScheduled,
    Grade,
    MakeUpDeadlinePassed,
    MakeUpExamGranted,
    MakeUpExamWithdrawn,
    ObjectionEvent,
    RetrainingLimitReached,
    RetrainingRequired,
    RetrainingWithdrawn,
)
from services.vocabulary import CourseId, Score, SessionId
from shared.value import value


@value
class Sat:
    held_on: date
    score: Score
    grade: Grade
    standard: int
    version: int = 1  # of the mark: each correction is another
    grader: str = ""
    objections_until: date | None = None
    objections: Objections = Objections()

    @property
    def passed(self) -> bool:
        return self.grade is not Grade.FAIL


@value
class Missed:
    """The chance is lost without a mark: not sitting an exam is not a fail."""

    held_on: date
    passed: bool = False


Outcome = Sat | Missed


@value
class Chain:
    course: CourseId
    began_on: date  # whose policy decides what follows
    retrains: SessionId | None
    cycle: int
    first: Outcome | None = None
    make_up: Outcome | None = None
    scheduled: ExamScheduled | None = None
    absence: ExamAbsenceRecorded | None = None  # the last
    granted: bool = False  # the make-up, and not withdrawn since
    due_on: date | None = None
    limited: bool = False

    @property
    def passed(self) -> bool:
        return any(outcome is not None and outcome.passed for outcome in (self.first, self.make_up))

    @property
    def earns_make_up(self) -> bool:
        return self.first is not None and not self.first.passed

    @property
    def needs_retraining(self) -> bool:
        return self.earns_make_up and self.make_up is not None and not self.make_up.passed

    @property
    def turn(self) -> Attempt | None:
        """Whose chance it is. There is no second make-up."""
        if self.first is None:
            return Attempt.FIRST
        return Attempt.MAKE_UP if self.earns_make_up and self.make_up is None else None

    @property
    def contested(self) -> bool:
        """A mark of it is objected to: what follows is held (R7)."""
        return any(isinstance(used, Sat) and used.objections.open for used in (self.first, self.make_up))

    @property
    def last_on(self) -> date:
        """The last day on which an exam was sat or missed; the first of all days where none was."""
        return max((used.held_on for used in (self.first, self.make_up, self.absence) if used), default=date.min)

    def outcome(self, attempt: Attempt) -> Outcome | None:
        return self.first if attempt is Attempt.FIRST else self.make_up

    def went(self, attempt: Attempt, outcome: Outcome | None) -> "Chain":
        return replace(self, first=outcome) if attempt is Attempt.FIRST else replace(self, make_up=outcome)


def two_places(score: Decimal) -> Decimal:
    return score.quantize(Decimal("0.01"), ROUND_HALF_UP)


State = Chain | None  # none: no exam opened it yet


def evolve(state: State, event: Event) -> State:
    if state is not None:
        return changed(state, event)
    if isinstance(event, ExamScheduled):
        return changed(began(event), event)
    raise ValueError(f"{type(event).__name__} in a chain that no exam opened")


def began(event: ExamScheduled) -> Chain:
    return Chain(course=event.course, began_on=event.held_on, retrains=event.retrains, cycle=event.cycle)


def changed(chain: Chain, event: Event) -> Chain:  # noqa: PLR0911  a case for each event
    match event:
        case ExamScheduled():
            return replace(chain, scheduled=event)
        case ExamGraded():
            return replace(chain.went(event.attempt, sat(event)), scheduled=None)
        case ExamRegraded():
            return chain.went(event.attempt, corrected(chain.outcome(event.attempt), event))
        case ExamAbsenceRecorded():
            return away(chain, event)
        case MakeUpExamGranted():
            return replace(chain, granted=True, due_on=event.due_on)
        case MakeUpDeadlinePassed():
            return replace(chain, make_up=Missed(held_on=event.due_on)) if event.chance_lost else chain
        case MakeUpExamWithdrawn():
            return replace(chain, granted=False, scheduled=None, due_on=None)
        case RetrainingRequired():
            return chain
        case RetrainingLimitReached():
            return replace(chain, limited=True)
        case RetrainingWithdrawn():
            return replace(chain, limited=False)
        case ExamObjectionRaised() | ExamObjectionEscalated() | ExamObjectionResolved() | ExamObjectionWithdrawn():
            return chain.went(event.attempt, objected(chain.outcome(event.attempt), event))


def sat(event: ExamGraded | ExamRegraded) -> Sat:
    return Sat(
        held_on=event.held_on,
        score=event.score,
        grade=event.grade,
        standard=event.standard,
        grader=event.grader,
        objections_until=event.objections_until,
    )


def corrected(before: Outcome | None, event: ExamRegraded) -> Sat:
    if not isinstance(before, Sat):
        raise ValueError("an exam was regraded that nobody had graded")
    return replace(sat(event), version=before.version + 1, objections=before.objections)


def objected(before: Outcome | None, event: ObjectionEvent) -> Sat:
    if not isinstance(before, Sat):
        raise ValueError(f"{type(event).__name__} to an exam that nobody had graded")
    return replace(before, objections=before.objections.then(event.told))


def away(chain: Chain, event: ExamAbsenceRecorded) -> Chain:
    """An excused absence keeps the chance also beyond the make-up's deadline."""
    outcome = Missed(held_on=event.held_on) if event.chance_lost else None
    it_was_this = chain.scheduled is not None and chain.scheduled.held_on == event.held_on
    return replace(
        chain.went(event.attempt, outcome),
        absence=event,
        scheduled=None if it_was_this else chain.scheduled,
        due_on=None if event.excused and event.attempt is Attempt.MAKE_UP else chain.due_on,
    )
