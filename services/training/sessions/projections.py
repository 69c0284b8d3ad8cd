"""What can be asked about sessions: the calendar and the training record in one. Clauses: T-45 to T-47, T-49."""

from dataclasses import replace
from datetime import datetime

from services.training.attendance.events import SessionAbsenceRecorded, SessionAttended
from services.training.sessions.events import (
    Method,
    SessionDelivered,
    SessionScheduled,
    TraineesEnrolled,
    TrainerKind,
    TrainingNoticeSent,
)
from services.vocabulary import CourseId, PersonId, SessionId
from shared.projection import Projection
from shared.value import value


@value
class SessionRecord:
    """As scheduled until it was delivered, then as it was."""

    session: SessionId
    course: CourseId | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    place: str = ""
    content: str = ""
    method: Method | None = None
    trainer: PersonId | None = None
    trainer_kind: TrainerKind | None = None
    delivered: bool = False
    enrolled: int = 0
    noticed: int = 0
    attended: int = 0
    absent: int = 0


def session_record(
    row: SessionRecord,
    event: SessionScheduled
    | TraineesEnrolled
    | TrainingNoticeSent
    | SessionDelivered
    | SessionAttended
    | SessionAbsenceRecorded,
) -> SessionRecord:
    """Sign-ins and absences come from streams of their own and only count: they touch no column of the session's."""
    match event:
        case SessionScheduled():
            return replace(
                row,
                course=event.course,
                starts_at=event.starts_at,
                ends_at=event.ends_at,
                place=event.place,
                content=event.content,
                method=event.method,
                trainer=event.trainer,
                trainer_kind=event.trainer_kind,
            )
        case TraineesEnrolled():
            return replace(row, enrolled=row.enrolled + len(event.persons))
        case TrainingNoticeSent():
            return replace(row, noticed=row.noticed + len(event.persons))
        case SessionDelivered():
            return replace(
                row,
                starts_at=event.started_at,
                ends_at=event.ended_at,
                place=event.place,
                content=event.content,
                trainer=event.trainer,
                delivered=True,
            )
        case SessionAttended():
            return replace(row, attended=row.attended + 1)
        case SessionAbsenceRecorded():
            return replace(row, absent=row.absent + 1)


session_records = Projection(
    name="session_records", key=lambda event: SessionRecord(session=event.session), evolve=session_record
)
