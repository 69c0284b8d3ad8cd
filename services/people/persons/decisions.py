"""A person is registered once, then what is known of him is stated, each from its date.

Clauses: T-02, O-08, S-16, S-45; C-42; ruling R4 (engagement).
"""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import date

from services.calendar import Day
from services.people.persons import demotions
from services.people.persons.demotions import (
    DemotePerson,
    Demotion,
    HoldDemotion,
    RequireDemotion,
    ReverseDemotion,
)
from services.people.persons.events import (
    CategoriesChanged,
    Category,
    DemotionDropped,
    DemotionEvent,
    DemotionHeld,
    DemotionRequired,
    Engagement,
    EngagementChanged,
    Event,
    PersonAssignedToPost,
    PersonDemoted,
    PersonDemotionReversed,
    PersonErased,
    PersonNameCorrected,
    PersonRegistered,
)
from services.people.posts.decisions import posts
from services.people.units.decisions import units
from services.vocabulary import PersonId, PostId, UnitId
from shared.decider import Context, Decider, Refused, Sight, look
from shared.privacy import Contact, Name
from shared.value import value


@value
class AssignPersonToPost:
    """The studio is the unit's. The same date again corrects what was assigned from it."""

    person: PersonId
    post: PostId
    unit: UnitId
    effective_on: Day
    reports_to: PersonId | None = None


Known = PersonRegistered | PersonNameCorrected | CategoriesChanged | EngagementChanged | AssignPersonToPost
OfPenalty = RequireDemotion | HoldDemotion | DemotePerson | ReverseDemotion
Command = Known | OfPenalty | PersonErased


@value
class Registered:
    first: PersonRegistered  # as it was said: an identical repeat is told by it
    name: Name
    contact: Contact | None
    categories: tuple[Category, ...]
    engagements: Mapping[date, Engagement]  # by the date from which
    assignments: Mapping[date, PersonAssignedToPost]
    demotions: Mapping[str, Demotion] = field(default_factory=dict)  # by the penalty


State = Registered | PersonErased | None


def decide(command: Command, state: State, context: Context) -> Sequence[Event]:
    if isinstance(command, PersonErased):
        return erase(command, state)
    if isinstance(state, PersonErased):
        raise Refused("person.erased", person=command.person, next="who comes back is registered under another id")
    return state_of(command, state, context)


def erase(command: PersonErased, state: State) -> list[Event]:
    if state is None:
        raise Refused("person.unknown", person=command.person, next="look the id up: an erasure cannot be taken back")
    return [] if isinstance(state, PersonErased) else [command]


def state_of(command: Known | OfPenalty, state: Registered | None, context: Context) -> Sequence[Event]:
    if isinstance(command, PersonRegistered):
        return register(replace(command, categories=ordered(command.categories)), state)
    if state is None:
        raise Refused("person.unknown", person=command.person, next="register the person first")
    match command:
        case PersonNameCorrected():
            same = command.name == state.name and command.contact in (None, state.contact)
            return [] if same else [command]
        case CategoriesChanged():
            return recategorise(command.person, command.categories, state)
        case EngagementChanged():
            check_date("engagement.before_joining", command.effective_on, state)
            return [] if state.engagements.get(command.effective_on) == command.engagement else [command]
        case AssignPersonToPost():
            return assign(command, state, context)
        case _:
            return of_penalty(command, state, context)


def of_penalty(command: OfPenalty, state: Registered, context: Context) -> Sequence[Event]:
    found = state.demotions.get(command.penalty)
    match command:
        case RequireDemotion():
            return demotions.require(command, found)
        case HoldDemotion():
            return demotions.hold(command, found)
        case DemotePerson():
            return demote(command, found, state, context)
        case ReverseDemotion():
            return demotions.reverse(command, found, state.assignments, context)


def demote(command: DemotePerson, found: Demotion | None, state: Registered, context: Context) -> list[Event]:
    demoted = demotions.carry_out(command, found, state.assignments, context)
    to = AssignPersonToPost(
        person=command.person,
        post=command.post,
        unit=command.unit,
        effective_on=command.effective_on,
        reports_to=command.reports_to,
    )
    return [demoted, *assign(to, state, context)]


def register(command: PersonRegistered, state: Registered | None) -> list[Event]:
    if state is None:
        return [command]
    if command == state.first:
        return []
    raise Refused(
        "person.registered_already",
        person=command.person,
        next="correct the name, or change categories or engagement",
    )


def recategorise(person: PersonId, categories: tuple[Category, ...], state: Registered) -> list[Event]:
    changed = ordered(categories)
    return [] if changed == state.categories else [CategoriesChanged(person=person, categories=changed)]


def ordered(categories: tuple[Category, ...]) -> tuple[Category, ...]:
    """A set, written in one way (C-42)."""
    return tuple(sorted(set(categories)))


def assign(command: AssignPersonToPost, state: Registered, context: Context) -> list[Event]:
    """The post brings its categories; what a person has for another reason stays (C-42)."""
    check_date("assignment.before_joining", command.effective_on, state)
    if (post := context.state(posts, command.post)) is None:
        raise Refused("post.unknown", post=command.post, next="define the post first")
    if (unit := context.state(units, command.unit)) is None:
        raise Refused("unit.unknown", unit=command.unit, next="define the unit first")
    if command.reports_to:
        check_superior(command.person, command.reports_to, context)
    assigned = PersonAssignedToPost(
        person=command.person,
        post=command.post,
        unit=command.unit,
        studio=unit.studio,
        above=unit.above,
        effective_on=command.effective_on,
        reports_to=command.reports_to,
    )
    if state.assignments.get(command.effective_on) == assigned:
        return []
    return [assigned, *recategorise(command.person, (*state.categories, *post.categories), state)]


def check_superior(person: PersonId, superior: PersonId, context: Context) -> None:
    if superior == person:
        raise Refused("assignment.reports_to_himself", person=person, next="name another superior, or none")
    if not isinstance(context.state(persons, superior), Registered):
        raise Refused("person.unknown", person=superior, next="register the superior first")


def check_date(code: str, effective_on: date, state: Registered) -> None:
    if effective_on < state.first.joined_on:
        raise Refused(code, joined_on=state.first.joined_on, next="state a date from the joining on")


def evolve(state: State, event: Event) -> Registered | PersonErased:
    """Raises ValueError for a log that `decide` did not write."""
    if isinstance(event, PersonErased):
        return event
    if isinstance(event, PersonRegistered):
        if state is not None:
            raise ValueError(f"{event.person} is registered twice")
        return Registered(
            first=event,
            name=event.name,
            contact=event.contact,
            categories=event.categories,
            engagements={event.joined_on: event.engagement},
            assignments={},
        )
    if not isinstance(state, Registered):
        raise ValueError(f"{type(event).__name__} of a person who is not registered")
    return changed(state, event)


def changed(
    state: Registered,
    event: PersonNameCorrected | CategoriesChanged | EngagementChanged | PersonAssignedToPost | DemotionEvent,
) -> Registered:
    match event:
        case PersonNameCorrected():
            return replace(state, name=event.name, contact=event.contact or state.contact)
        case CategoriesChanged():
            return replace(state, categories=event.categories)
        case EngagementChanged():
            return replace(state, engagements={**state.engagements, event.effective_on: event.engagement})
        case PersonAssignedToPost():
            return replace(state, assignments={**state.assignments, event.effective_on: event})
        case DemotionRequired() | DemotionHeld() | PersonDemoted() | DemotionDropped() | PersonDemotionReversed():
            before = state.demotions.get(event.penalty, demotions.of_penalty(event))
            return replace(state, demotions={**state.demotions, event.penalty: demotions.demotion(before, event)})


def sees(command: Command) -> list[Sight]:
    if not isinstance(command, AssignPersonToPost | DemotePerson):
        return []
    superior = [look(persons, command.reports_to)] if command.reports_to else []
    return [look(posts, command.post), look(units, command.unit), *superior]


persons: Decider[Command, State, Event] = Decider(
    name="person",
    key=lambda command: (command.person,),
    initial=lambda: None,
    decide=decide,
    evolve=evolve,
    sees=sees,
)
