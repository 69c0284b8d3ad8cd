"""One attempt chain: a person and a session, from the first exam to a pass or to training again.

Clauses: T-50 to T-54; ruling R1.
"""

from datetime import date
from enum import StrEnum

from services.vocabulary import CourseId, PersonId, Score, SessionId
from shared.value import value


class Attempt(StrEnum):
    FIRST = "first"
    MAKE_UP = "make_up"  # 补考


class Grade(StrEnum):
    EXCELLENT = "excellent"  # 优秀
    GOOD = "good"  # 良好
    PASS = "pass"  # 合格
    FAIL = "fail"  # 不合格


@value
class ExamScheduled:
    person: PersonId
    session: SessionId
    course: CourseId
    attempt: Attempt
    held_on: date


@value
class ExamGraded:
    person: PersonId
    session: SessionId
    course: CourseId
    attempt: Attempt
    held_on: date
    score: Score
    grade: Grade
    standard: int  # version of the course's assessment standard (T-51)
    began_on: date  # of the chain: whose policy decides what follows from it


@value
class ExamRegraded:
    """A correction; the first grade stays readable (R1)."""

    person: PersonId
    session: SessionId
    course: CourseId
    attempt: Attempt
    held_on: date
    score: Score
    grade: Grade
    standard: int
    began_on: date


@value
class ExamAbsenceRecorded:
    """Not sitting an exam is not a fail (R1)."""

    person: PersonId
    session: SessionId
    course: CourseId
    attempt: Attempt
    held_on: date
    excused: bool


@value
class MakeUpExamGranted:
    person: PersonId
    session: SessionId
    course: CourseId
    due_on: date | None = None  # none: the deadline is not configured (P-07)


@value
class MakeUpExamWithdrawn:
    person: PersonId
    session: SessionId
    course: CourseId


@value
class RetrainingRequired:
    person: PersonId
    session: SessionId
    course: CourseId


@value
class RetrainingWithdrawn:
    """A correction of the make-up made it a pass."""

    person: PersonId
    session: SessionId
    course: CourseId


Event = (
    ExamScheduled | ExamGraded | ExamRegraded | ExamAbsenceRecorded | MakeUpExamGranted | MakeUpExamWithdrawn
    | RetrainingRequired | RetrainingWithdrawn
)  # fmt: skip
