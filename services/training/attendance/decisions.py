"""Signing in, and being away. Clauses: T-46, T-49, T-66; ruling R2."""

from datetime import datetime

from services.training.attendance.events import (
    Event,
    Ground,
    SessionAbsenceCorrected,
    SessionAbsenceRecorded,
    SessionAttended,
)
from services.training.sessions.decisions import Delivered, Open, sessions, unscheduled
from services.training.sessions.events import Method
from services.vocabulary import CourseId, PersonId, SessionId
from shared.decider import Context, Decider, Refused, look
from shared.value import value


@value
class SignIn:
    session: SessionId
    person: PersonId


@value
class RecordAbsence:
    session: SessionId
    person: PersonId
    ground: Ground


@value
class CorrectAbsence:
    """A sick note that came later, a leave that was approved after all."""

    session: SessionId
    person: PersonId
    ground: Ground


Command = SignIn | RecordAbsence | CorrectAbsence


@value
class Attended:
    course: CourseId
    held_at: datetime


@value
class Absent:
    ground: Ground


State = Attended | Absent | None  # none: neither signed in nor recorded absent


def decide(command: Command, state: State, context: Context) -> list[Event]:
    session = context.state(sessions, command.session)
    if session is None:
        raise unscheduled(command.session)
    if context.actor == command.person and not isinstance(command, SignIn):
        raise Refused("absence.by_the_subject", next="let a training administrator record it")
    match command, state:
        case SignIn(), None:
            return sign_in(command, session, context)
        case SignIn(), Attended():
            return []
        case RecordAbsence(), None:
            return record_absence(command, session)
        case RecordAbsence() | CorrectAbsence(), Absent() if state.ground is command.ground:
            return []
        case RecordAbsence(), Absent():
            raise Refused("absence.already_recorded", ground=state.ground, next="correct the absence")
        case CorrectAbsence(), Absent():
            return [absence(SessionAbsenceCorrected, command, session)]
        case _, Attended():
            raise Refused("attendance.signed_in", session=command.session, next="who signed in was not absent")
        case SignIn(), Absent():
            raise Refused("attendance.closed", session=command.session, next="correct the absence")
        case _:
            raise Refused("absence.not_recorded", session=command.session, next="record the absence first")


def sign_in(command: SignIn, session: Open | Delivered, context: Context) -> list[Event]:
    """Delivery closes it (T-46). An online session is open from its start, at the trainee's own time (T-42)."""
    plan = session.plan
    if isinstance(session, Delivered):
        raise Refused("attendance.closed", ended_at=session.record.ended_at, next="record the absence with its ground")
    check_enrolled(command.person, session)
    if plan.method is Method.ONLINE and context.now < plan.starts_at:
        raise Refused("attendance.too_early", starts_at=plan.starts_at, next="sign in from its start on")
    return [
        SessionAttended(
            session=command.session,
            course=plan.course,
            person=command.person,
            held_at=plan.starts_at,
            signed_in_at=context.now,
        )
    ]


def record_absence(command: RecordAbsence, session: Open | Delivered) -> list[Event]:
    """Known once sign-in has closed: whoever comes late is not absent."""
    if isinstance(session, Open):
        raise Refused("session.not_delivered", session=command.session, next="record the delivery first")
    check_enrolled(command.person, session)
    return [absence(SessionAbsenceRecorded, command, session)]


def check_enrolled(person: PersonId, session: Open | Delivered) -> None:
    if person not in session.enrolled:
        raise Refused("attendance.not_enrolled", person=person, next="enrol him while the session is open")


def absence(
    fact: type[SessionAbsenceRecorded] | type[SessionAbsenceCorrected],
    command: RecordAbsence | CorrectAbsence,
    session: Open | Delivered,
) -> SessionAbsenceRecorded | SessionAbsenceCorrected:
    """Approved leave, sickness and the person's own live stream excuse (R2). The ground is the word of who records it:
    no leave and no live stream is looked up, so what is wrong is corrected, and the first word stays readable."""
    return fact(
        session=command.session,
        course=session.plan.course,
        person=command.person,
        held_at=session.plan.starts_at,
        ground=command.ground,
        excused=command.ground is not Ground.NONE,
        noticed=command.person in session.noticed,
    )


def evolve(state: State, event: Event) -> State:
    """Raises ValueError for a log that `decide` did not write."""
    match event, state:
        case SessionAttended(), None:
            return Attended(course=event.course, held_at=event.held_at)
        case SessionAbsenceRecorded(), None:
            return Absent(ground=event.ground)
        case SessionAbsenceCorrected(), Absent():
            return Absent(ground=event.ground)
        case _:
            raise ValueError(f"{type(event).__name__} of a trainee who is {type(state).__name__}")


attendance: Decider[Command, State, Event] = Decider(
    name="attendance",
    key=lambda command: (command.session, command.person),
    initial=lambda: None,
    decide=decide,
    evolve=evolve,
    sees=lambda command: [look(sessions, command.session)],
)
