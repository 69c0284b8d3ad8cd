"""Scheduling a session, enrolling, giving notice, delivering. Clauses: T-40 to T-45, T-47, T-49; ruling R2."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from annotated_types import Len

from services.calendar import Moment
from services.training.courses.decisions import courses
from services.training.rules import TrainingRules
from services.training.sessions.events import (
    Event,
    Method,
    SessionDelivered,
    SessionScheduled,
    TraineesEnrolled,
    TrainerKind,
    TrainingNoticeSent,
)
from services.vocabulary import CourseId, PersonId, SessionId, Text
from shared.decider import Context, Decider, Refused, Sight, look
from shared.value import value

Trainees = Annotated[tuple[PersonId, ...], Len(1, 1000)]

TAUGHT_BY = {Method.INTERNAL: TrainerKind.INTERNAL, Method.EXTERNAL: TrainerKind.EXTERNAL}  # T-40, T-41; else either


@value
class ScheduleSession:
    session: SessionId
    course: CourseId
    starts_at: Moment
    ends_at: Moment
    place: Text
    content: Text
    method: Method
    trainer: PersonId
    trainer_kind: TrainerKind


@value
class EnrolTrainees:
    session: SessionId
    persons: Trainees


@value
class SendTrainingNotice:
    """What these persons are told; none of the four (T-45) may be missing."""

    session: SessionId
    persons: Trainees
    starts_at: Moment
    place: Text
    content: Text
    method: Method


@value
class DeliverSession:
    """The record of the training (T-49). What is not said was as scheduled."""

    session: SessionId
    started_at: Moment
    ended_at: Moment
    place: Text | None = None
    content: Text | None = None
    trainer: PersonId | None = None  # a substitute of the same kind


Command = ScheduleSession | EnrolTrainees | SendTrainingNotice | DeliverSession


@value
class Open:
    plan: SessionScheduled
    enrolled: tuple[PersonId, ...] = ()
    noticed: frozenset[PersonId] = frozenset()  # all of them before the start


@value
class Delivered:
    plan: SessionScheduled
    enrolled: tuple[PersonId, ...]
    noticed: frozenset[PersonId]
    record: SessionDelivered


State = Open | Delivered | None  # none: not scheduled yet


def decide(command: Command, state: State, context: Context) -> list[Event]:
    match command, state:
        case ScheduleSession(), _:
            return schedule(command, state, context)
        case EnrolTrainees(), Open():
            new = tuple(p for p in dict.fromkeys(command.persons) if p not in state.enrolled)
            return [TraineesEnrolled(session=command.session, course=state.plan.course, persons=new)] if new else []
        case SendTrainingNotice(), Open():
            return notify(command, state, context)
        case DeliverSession(), Open() | Delivered():
            return deliver(command, state, context)
        case _, Delivered():
            raise Refused("session.delivered", ended_at=state.record.ended_at, next="schedule another session")
        case _:
            raise unscheduled(command.session)


def unscheduled(session: SessionId) -> Refused:
    return Refused("session.not_scheduled", session=session, next="schedule the session first")


def schedule(command: ScheduleSession, state: State, context: Context) -> list[Event]:
    """Internal training is taught by internal trainers (T-40), external by external ones (T-41)."""
    plan = SessionScheduled(
        session=command.session,
        course=command.course,
        starts_at=command.starts_at,
        ends_at=command.ends_at,
        place=command.place,
        content=command.content,
        method=command.method,
        trainer=command.trainer,
        trainer_kind=command.trainer_kind,
    )
    if state is not None:
        if state.plan == plan:
            return []
        raise Refused("session.already_scheduled", session=command.session, next="schedule it under another id")
    if context.state(courses, command.course) is None:
        raise Refused("course.not_designed", course=command.course, next="design the course first")
    if command.ends_at <= command.starts_at:
        raise Refused("session.ends_before_it_starts", next="give an end after the start")
    fitting = TAUGHT_BY.get(command.method, command.trainer_kind)
    if command.trainer_kind is not fitting:
        raise Refused("session.trainer_does_not_fit", method=command.method, next=f"name an {fitting} trainer")
    return [plan]


def notify(command: SendTrainingNotice, session: Open, context: Context) -> list[Event]:
    """In advance (T-45): before the start, and as long before it as the organisation has set (P-02)."""
    plan = session.plan
    told = {name: getattr(plan, name) for name in ("starts_at", "place", "content", "method")}
    if wrong := {name: right for name, right in told.items() if getattr(command, name) != right}:
        raise Refused("notice.differs_from_schedule", **wrong, next="tell what is scheduled")
    if strangers := sorted(set(command.persons) - set(session.enrolled)):
        raise Refused("notice.not_enrolled", persons=strangers, next="enrol them first")
    new = tuple(p for p in dict.fromkeys(command.persons) if p not in session.noticed)
    if not new:
        return []
    lead = context.policy(TrainingRules).notice.min_lead_hours
    latest = plan.starts_at - timedelta(hours=float(lead.amount)) if lead else plan.starts_at
    if context.now > latest or context.now >= plan.starts_at:
        raise Refused("notice.too_late", latest=latest, next="their absence can have no consequence; or train later")
    return [
        TrainingNoticeSent(
            session=command.session,
            persons=new,
            starts_at=command.starts_at,
            place=command.place,
            content=command.content,
            method=command.method,
        )
    ]


def deliver(command: DeliverSession, state: Open | Delivered, context: Context) -> list[Event]:
    plan = state.plan
    record = SessionDelivered(
        session=command.session,
        course=plan.course,
        started_at=command.started_at,
        ended_at=command.ended_at,
        place=command.place or plan.place,
        content=command.content or plan.content,
        method=plan.method,
        trainer=command.trainer or plan.trainer,
        persons=state.enrolled,
    )
    if isinstance(state, Delivered):
        if state.record == record:
            return []
        raise Refused("session.delivered", ended_at=state.record.ended_at, next="it is on record already")
    if command.ended_at <= command.started_at:
        raise Refused("session.ends_before_it_starts", next="give an end after the start")
    if context.now < command.ended_at:
        raise Refused("session.not_over", ended_at=command.ended_at, next="record the delivery after its end")
    return [record]


def evolve(state: State, event: Event) -> State:
    match event:
        case SessionScheduled():
            if state is not None:
                raise ValueError(f"{event.session} is scheduled twice")
            return Open(plan=event)
        case TraineesEnrolled():
            session = opened(state)
            return replace(session, enrolled=(*session.enrolled, *event.persons))
        case TrainingNoticeSent():
            session = opened(state)
            return replace(session, noticed=session.noticed.union(event.persons))
        case SessionDelivered():
            session = opened(state)
            return Delivered(plan=session.plan, enrolled=session.enrolled, noticed=session.noticed, record=event)


def opened(state: State) -> Open:
    """A log in which a session is changed before its schedule or after its delivery was not written by `decide`."""
    if not isinstance(state, Open):
        raise ValueError(f"a session changed that is {type(state).__name__}")
    return state


def sees(command: Command) -> Sequence[Sight]:
    return [look(courses, command.course)] if isinstance(command, ScheduleSession) else []


sessions: Decider[Command, State, Event] = Decider(
    name="session",
    key=lambda command: (command.session,),
    initial=lambda: None,
    decide=decide,
    evolve=evolve,
    sees=sees,
)
