"""What can be asked about who was there: the roster of a session. Clauses: T-45, T-46, T-49."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from services.training.attendance.events import (
    Ground,
    SessionAbsenceCorrected,
    SessionAbsenceRecorded,
    SessionAttended,
)
from services.training.sessions.events import TraineesEnrolled, TrainingNoticeSent
from services.vocabulary import CourseId, PersonId, SessionId
from shared.projection import Projection
from shared.value import value


class Presence(StrEnum):
    ATTENDED = "attended"
    ABSENT = "absent"


@value
class RosterEntry:
    session: SessionId
    person: PersonId
    course: CourseId | None = None
    enrolled: bool = False
    noticed: bool = False  # in advance, with the four fields
    presence: Presence | None = None  # none: neither signed in nor recorded absent
    signed_in_at: datetime | None = None
    ground: Ground | None = None
    excused: bool | None = None
    corrected: bool = False


Change = TraineesEnrolled | TrainingNoticeSent | SessionAttended | SessionAbsenceRecorded | SessionAbsenceCorrected


def touched(event: Change) -> list[RosterEntry]:
    match event:
        case TraineesEnrolled() | TrainingNoticeSent():
            return [RosterEntry(session=event.session, person=person) for person in event.persons]
        case _:
            return [RosterEntry(session=event.session, person=event.person)]


def roster_entry(row: RosterEntry, event: Change) -> RosterEntry:
    """The session's stream writes `enrolled` and `noticed`, the trainee's the rest; both know the one course."""
    match event:
        case TraineesEnrolled():
            return replace(row, course=event.course, enrolled=True)
        case TrainingNoticeSent():
            return replace(row, noticed=True)
        case SessionAttended():
            return replace(row, course=event.course, presence=Presence.ATTENDED, signed_in_at=event.signed_in_at)
        case SessionAbsenceRecorded():
            return replace(
                row, course=event.course, presence=Presence.ABSENT, ground=event.ground, excused=event.excused
            )
        case SessionAbsenceCorrected():
            return replace(row, ground=event.ground, excused=event.excused, corrected=True)


rosters = Projection(name="rosters", key=touched, evolve=roster_entry)
