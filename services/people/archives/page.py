"""What a training archive 培训档案 shows: of every entry the first word, then what corrects it. Clauses: T-59, T-60."""

from datetime import date, datetime
from decimal import Decimal

from services.training.contracts import Attempt, Grade, Ground, Method
from services.vocabulary import CourseId, PersonId, SessionId
from shared.value import value


@value
class SessionWord:
    """What the record of a session says."""

    event: str  # id
    course: CourseId
    started_at: datetime
    ended_at: datetime
    place: str
    content: str
    method: Method
    trainer: PersonId
    enrolled: bool  # this word counts the person among the trainees


@value
class SessionEntry:
    session: SessionId
    first: SessionWord | None  # none: nothing says yet that it was delivered (T-60: incomplete)
    corrections: tuple[SessionWord, ...] = ()


@value
class AttendanceWord:
    event: str
    course: CourseId
    held_at: datetime
    signed_in_at: datetime | None = None  # none: absent
    ground: Ground | None = None  # of an absence
    excused: bool | None = None
    noticed: bool | None = None


@value
class AttendanceEntry:
    session: SessionId
    first: AttendanceWord | None  # none: delivered, and nothing says yet whether the person was there (T-60)
    corrections: tuple[AttendanceWord, ...] = ()


@value
class ResultWord:
    event: str
    course: CourseId
    held_on: date
    score: Decimal
    grade: Grade
    standard: int  # version of the course's assessment standard


@value
class ResultEntry:
    session: SessionId
    attempt: Attempt
    first: ResultWord
    corrections: tuple[ResultWord, ...] = ()


@value
class PersonArchive:
    """Whose archive."""

    person: PersonId


@value
class ArchivePage:
    """By session, attempts in their order. `effect` has no entries until effect evaluations are recorded."""

    person: PersonId
    opened_by: str | None  # the event that first made the person live-marketing personnel; none: out of scope (T-02)
    sessions: tuple[SessionEntry, ...]
    attendance: tuple[AttendanceEntry, ...]
    results: tuple[ResultEntry, ...]
    effect: tuple[str, ...]
