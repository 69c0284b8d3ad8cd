"""One attempt chain: a person and a session, from the first exam to a pass or to training again.

Clauses: T-50 to T-54; rulings R1, R7.
"""

from datetime import date
from enum import StrEnum

from services.objection import Escalated, Raised, Resolved, Withdrawn
from services.vocabulary import CourseId, PersonId, Score, SessionId
from shared.value import value


class Attempt(StrEnum):
    FIRST = "first"
    MAKE_UP = "make_up"  # 补考


class AssessmentMethod(StrEnum):
    """考核方式 (T-50)."""

    EXAM = "exam"  # 考试
    ASSIGNMENT = "assignment"  # 作业
    PRACTICAL = "practical"  # 实际操作
    CLASSROOM = "classroom"  # 课堂表现


class Grade(StrEnum):
    EXCELLENT = "excellent"  # 优秀
    GOOD = "good"  # 良好
    PASS = "pass"  # 合格  # noqa: S105
    FAIL = "fail"  # 不合格


@value
class ExamScheduled:
    person: PersonId
    session: SessionId
    course: CourseId
    attempt: Attempt
    held_on: date
    method: AssessmentMethod = AssessmentMethod.EXAM
    retrains: SessionId | None = None  # the session whose failed chain this training again answers (T-54)
    cycle: int = 0  # how often the course has been trained again before this chain


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
    grader: str = ""
    objections_until: date | None = None  # the last day of the window (P-18); none: it has no end, or admits none


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
    grader: str = ""
    objections_until: date | None = None


@value
class ExamAbsenceRecorded:
    """Not sitting an exam is not a fail (R1). The same exam again, now excused, gives the chance back."""

    person: PersonId
    session: SessionId
    course: CourseId
    attempt: Attempt
    held_on: date
    excused: bool
    chance_lost: bool = False  # by the organisation's policy; unset, the chance stays open and is shown overdue


@value
class MakeUpExamGranted:
    """Again, where its term stood still while the fail was objected to (R7)."""

    person: PersonId
    session: SessionId
    course: CourseId
    due_on: date | None = None  # none: the deadline is not configured (P-07)


@value
class MakeUpDeadlinePassed:
    """The make-up was not held until `due_on` (P-07)."""

    person: PersonId
    session: SessionId
    course: CourseId
    due_on: date
    chance_lost: bool  # by the organisation's policy; unset, the chance stays open and is shown overdue


@value
class MakeUpExamWithdrawn:
    """The first exam was no fail after all; a make-up that was sat stays readable."""

    person: PersonId
    session: SessionId
    course: CourseId


@value
class RetrainingRequired:
    """重修: a later session of the course opens a chain of its own (T-54)."""

    person: PersonId
    session: SessionId
    course: CourseId
    cycle: int = 1  # the how-manieth retraining this is


@value
class RetrainingLimitReached:
    """Failed once more after as many retrainings as the organisation allows (C-14): people decide what follows."""

    person: PersonId
    session: SessionId
    course: CourseId
    cycles: int


@value
class RetrainingWithdrawn:
    """A correction made the first exam or the make-up a pass, or gave a chance back."""

    person: PersonId
    session: SessionId
    course: CourseId


@value
class ExamObjectionRaised:
    """Where the policy admits it (C-09); until it is resolved, what follows from the mark is held (R7)."""

    person: PersonId
    session: SessionId
    course: CourseId
    attempt: Attempt
    began_on: date  # of the chain
    told: Raised


@value
class ExamObjectionEscalated:
    person: PersonId
    session: SessionId
    course: CourseId
    attempt: Attempt
    began_on: date
    told: Escalated


@value
class ExamObjectionResolved:
    """Upheld: the mark was corrected a moment before, and what followed from it taken back."""

    person: PersonId
    session: SessionId
    course: CourseId
    attempt: Attempt
    began_on: date
    told: Resolved


@value
class ExamObjectionWithdrawn:
    person: PersonId
    session: SessionId
    course: CourseId
    attempt: Attempt
    began_on: date
    told: Withdrawn


ObjectionEvent = ExamObjectionRaised | ExamObjectionEscalated | ExamObjectionResolved | ExamObjectionWithdrawn
Event = (
    ExamScheduled | ExamGraded | ExamRegraded | ExamAbsenceRecorded | MakeUpExamGranted | MakeUpDeadlinePassed
    | MakeUpExamWithdrawn | RetrainingRequired | RetrainingLimitReached | RetrainingWithdrawn | ObjectionEvent
)  # fmt: skip
