"""What can be asked about exams: where each chain stands, which make-ups are overdue, who must train again.

Clauses: T-50 to T-54; ruling R1.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from services.objection import Standing as Objected
from services.objection import Told, standing_after, told
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
from services.vocabulary import CourseId, PersonId, SessionId
from shared.event import Meta
from shared.projection import Projection
from shared.value import value


class Standing(StrEnum):
    FIRST_DUE = "first_due"
    SCHEDULED = "scheduled"
    MAKE_UP_DUE = "make_up_due"
    PASSED = "passed"
    RETRAINING_REQUIRED = "retraining_required"
    RETRAINING_LIMIT_REACHED = "retraining_limit_reached"


@value
class ExamChain:
    """Where one person stands after one session."""

    person: PersonId
    session: SessionId
    course: CourseId | None = None
    standing: Standing = Standing.FIRST_DUE
    exam_on: date | None = None  # for which the next exam is scheduled
    first_score: Decimal | None = None
    first_grade: Grade | None = None
    make_up_granted: bool = False
    make_up_due_on: date | None = None
    make_up_score: Decimal | None = None
    make_up_grade: Grade | None = None
    overdue: bool = False  # a chance that is open though its day has passed
    retraining: Standing | None = None  # what followed from the failed make-up
    retrains: SessionId | None = None  # the failed session that this one trains again
    cycle: int = 0  # retrainings before this chain
    retrained_in: tuple[SessionId, ...] = ()  # later sessions whose chains train this one again
    retraining_open: bool = False  # required, and no later session has begun to answer it
    first_objection: Objected | None = None
    make_up_objection: Objected | None = None
    objections_until: date | None = None  # to the last mark; none: the window has no end, or admits none
    held: bool = False  # a mark is objected to: what follows from it waits (R7)


def touched(event: Event) -> list[ExamChain]:
    rows = [ExamChain(person=event.person, session=event.session)]
    if isinstance(event, ExamScheduled) and event.retrains is not None:
        rows.append(ExamChain(person=event.person, session=event.retrains))
    return rows


def exam_chain(row: ExamChain, event: Event) -> ExamChain:
    """A later chain writes `retrained_in` alone, its own stream the rest; what both decide is derived afterwards."""
    if isinstance(event, ExamScheduled) and event.session != row.session:
        row = replace(row, retrained_in=tuple(sorted({*row.retrained_in, event.session})))
    else:
        row = own(row, event)
    standing = stands(row)
    still_open = standing is Standing.RETRAINING_REQUIRED and not row.retrained_in
    return replace(row, standing=standing, retraining_open=still_open)


def own(row: ExamChain, event: Event) -> ExamChain:  # noqa: PLR0911  a case for each event
    match event:
        case ExamScheduled():
            return replace(row, course=event.course, exam_on=event.held_on, retrains=event.retrains, cycle=event.cycle)
        case ExamGraded():
            return replace(marked(row, event), exam_on=None, overdue=False)
        case ExamRegraded():
            return marked(row, event)
        case ExamAbsenceRecorded():
            exam_on = None if row.exam_on == event.held_on else row.exam_on
            kept = event.excused and event.attempt is Attempt.MAKE_UP
            return replace(
                row,
                exam_on=exam_on,
                overdue=not event.excused and not event.chance_lost,
                make_up_due_on=None if kept else row.make_up_due_on,  # an excuse outlasts the deadline
            )
        case MakeUpExamGranted():
            return replace(row, make_up_granted=True, make_up_due_on=event.due_on)
        case MakeUpDeadlinePassed():
            return replace(row, overdue=not event.chance_lost)
        case MakeUpExamWithdrawn():
            return replace(row, make_up_granted=False, make_up_due_on=None, exam_on=None, overdue=False)
        case RetrainingRequired():
            return replace(row, retraining=Standing.RETRAINING_REQUIRED)
        case RetrainingLimitReached():
            return replace(row, retraining=Standing.RETRAINING_LIMIT_REACHED)
        case RetrainingWithdrawn():
            return replace(row, retraining=None)
        case ExamObjectionRaised() | ExamObjectionEscalated() | ExamObjectionResolved() | ExamObjectionWithdrawn():
            return objected(row, event)


def objected(row: ExamChain, event: ObjectionEvent) -> ExamChain:
    now = standing_after(event.told)
    first = event.attempt is Attempt.FIRST
    row = replace(row, first_objection=now) if first else replace(row, make_up_objection=now)
    return replace(row, held=any(one is not None and one.holds for one in (row.first_objection, row.make_up_objection)))


def marked(row: ExamChain, event: ExamGraded | ExamRegraded) -> ExamChain:
    row = replace(row, objections_until=event.objections_until)
    if event.attempt is Attempt.FIRST:
        return replace(row, first_score=event.score, first_grade=event.grade)
    return replace(row, make_up_score=event.score, make_up_grade=event.grade)


def stands(row: ExamChain) -> Standing:
    if any(grade not in {None, Grade.FAIL} for grade in (row.first_grade, row.make_up_grade)):
        return Standing.PASSED
    if row.retraining is not None:
        return row.retraining
    if row.exam_on is not None:
        return Standing.SCHEDULED
    return Standing.MAKE_UP_DUE if row.make_up_granted else Standing.FIRST_DUE


exam_chains = Projection(name="exam_chains", key=touched, evolve=exam_chain, version=2)


@value
class ExamObjection(Told):
    """To one version of the mark of an attempt."""

    person: PersonId
    session: SessionId
    attempt: Attempt
    version: int


def objection_to(row: ExamObjection, event: ObjectionEvent, meta: Meta) -> ExamObjection:
    return told(row, event.told, meta)


exam_objections = Projection(
    name="exam_objections",
    key=lambda event: ExamObjection(
        person=event.person, session=event.session, attempt=event.attempt, version=event.told.version
    ),
    evolve=objection_to,
)
