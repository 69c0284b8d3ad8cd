"""Whether one trainee was at one session. Clauses: T-46, T-49, T-66; ruling R2."""

from datetime import datetime
from enum import StrEnum

from services.vocabulary import CourseId, PersonId, SessionId
from shared.value import value


class Ground(StrEnum):
    """Why somebody was away, as the training administrator says who records it."""

    NONE = "none"  # 无故
    LEAVE = "leave"  # approved leave 请假
    SICK = "sick"
    OWN_STREAM = "own_stream"  # was live himself at that time


@value
class SessionAttended:
    session: SessionId
    course: CourseId
    person: PersonId
    held_at: datetime  # the session's start
    signed_in_at: datetime


@value
class SessionAbsenceRecorded:
    session: SessionId
    course: CourseId
    person: PersonId
    held_at: datetime
    ground: Ground
    excused: bool
    noticed: bool  # the notice with its four fields had reached him before the start (R2)


@value
class SessionAbsenceCorrected:
    """The first fact stays readable."""

    session: SessionId
    course: CourseId
    person: PersonId
    held_at: datetime
    ground: Ground
    excused: bool
    noticed: bool


Event = SessionAttended | SessionAbsenceRecorded | SessionAbsenceCorrected
