"""An application is made in one's own name and decided by another; its approval ends. T-62, T-63; R9; P-03."""

from dataclasses import replace
from datetime import datetime, timedelta

from services.calendar import end_of
from services.people.applications.events import (
    ArchiveAccessApproved,
    ArchiveAccessRejected,
    ArchiveAccessRequested,
    Event,
)
from services.people.applications.rules import ArchiveRules
from services.people.persons.decisions import persons
from services.vocabulary import PersonId, Text
from shared.decider import Context, Decider, Refused, Sight, look
from shared.value import value


@value
class ApproveArchiveAccess:
    application: str


@value
class RejectArchiveAccess:
    application: str
    reason: Text


Command = ArchiveAccessRequested | ApproveArchiveAccess | RejectArchiveAccess


@value
class Requested:
    request: ArchiveAccessRequested


@value
class Approved:
    request: ArchiveAccessRequested
    approver: PersonId
    valid_until: datetime


@value
class Rejected:
    request: ArchiveAccessRequested
    approver: PersonId
    reason: str


State = Requested | Approved | Rejected | None


def decide(command: Command, state: State, context: Context) -> list[Event]:
    match command, state:
        case ArchiveAccessRequested(), None:
            return [request(canonical(command), context)]
        case ArchiveAccessRequested(), Requested() | Approved() | Rejected() if canonical(command) == state.request:
            return []
        case ApproveArchiveAccess(), Requested():
            return [approve(state.request, context)]
        case RejectArchiveAccess(), Requested():
            return [reject(state.request, command.reason, context)]
        case ApproveArchiveAccess(), Approved() if state.approver == context.actor:
            return []
        case RejectArchiveAccess(), Rejected() if (state.approver, state.reason) == (context.actor, command.reason):
            return []
        case ArchiveAccessRequested(), _:
            raise Refused("application.exists_already", application=command.application, next="choose another id")
        case _, None:
            raise Refused("application.unknown", application=command.application, next="look for it in the list")
        case _:
            raise Refused("application.decided_already", application=command.application, next="apply again")


def canonical(command: ArchiveAccessRequested) -> ArchiveAccessRequested:
    """Persons and parts are sets, written in one way."""
    return replace(command, persons=tuple(sorted(set(command.persons))), parts=tuple(sorted(set(command.parts))))


def request(command: ArchiveAccessRequested, context: Context) -> ArchiveAccessRequested:
    """Only relevant people inside the company apply (T-62), each in his own name."""
    if context.actor != command.applicant:
        raise Refused("application.in_anothers_name", applicant=command.applicant, next="the applicant applies himself")
    if context.state(persons, command.applicant) is None:
        raise Refused("application.applicant_not_internal", next="have yourself registered as a person")
    if unknown := [person for person in command.persons if context.state(persons, person) is None]:
        raise Refused("person.unknown", persons=unknown, next="name registered persons")
    check_end(command, context)
    return command


def check_end(application: ArchiveAccessRequested, context: Context) -> None:
    if application.ends_on < context.today:
        raise Refused("application.over_already", ends_on=application.ends_on, next="apply with a later end")


def approve(application: ArchiveAccessRequested, context: Context) -> ArchiveAccessApproved:
    rules = check_approver(application, context)
    check_end(application, context)
    end = end_of(application.ends_on)
    if rules.approval_valid_hours is not None:
        end = min(end, context.now + timedelta(hours=float(rules.approval_valid_hours.amount)))
    return ArchiveAccessApproved(
        application=application.application,
        persons=application.persons,
        approver=PersonId(context.actor),
        valid_until=end,
    )


def reject(application: ArchiveAccessRequested, reason: str, context: Context) -> ArchiveAccessRejected:
    check_approver(application, context)
    return ArchiveAccessRejected(
        application=application.application,
        persons=application.persons,
        approver=PersonId(context.actor),
        reason=reason,
    )


def check_approver(application: ArchiveAccessRequested, context: Context) -> ArchiveRules:
    """Neither the applicant nor one of the named decides (R9)."""
    if context.actor == application.applicant:
        raise Refused("application.approver_is_applicant", next="another approver decides")
    if context.actor in application.persons:
        raise Refused("application.approver_is_named", next="an approver who is not named decides")
    rules = context.policy(ArchiveRules)
    if rules.approver_capacity and context.capacity != rules.approver_capacity:
        raise Refused("application.not_the_approver", capacity=rules.approver_capacity, next="act in this capacity")
    return rules


def evolve(state: State, event: Event) -> State:
    """Raises ValueError for a log that `decide` did not write."""
    match event, state:
        case ArchiveAccessRequested(), None:
            return Requested(request=event)
        case ArchiveAccessApproved(), Requested():
            return Approved(request=state.request, approver=event.approver, valid_until=event.valid_until)
        case ArchiveAccessRejected(), Requested():
            return Rejected(request=state.request, approver=event.approver, reason=event.reason)
        case _:
            raise ValueError(f"{type(event).__name__} of an application that is {type(state).__name__}")


def sees(command: Command) -> list[Sight]:
    if not isinstance(command, ArchiveAccessRequested):
        return []
    return [look(persons, person) for person in {command.applicant, *command.persons}]


applications: Decider[Command, State, Event] = Decider(
    name="archive_application",
    key=lambda command: (command.application,),
    initial=lambda: None,
    decide=decide,
    evolve=evolve,
    sees=sees,
    history=False,  # what an investigation delays
)
