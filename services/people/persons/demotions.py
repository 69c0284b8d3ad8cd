"""A demotion that supervision imposed: to which post a named person decides, never the person himself.

Revoked, it is dropped, or reversed in his favour. Clause: S-45; rulings R3, R6, R7.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from enum import StrEnum

from services.calendar import Day
from services.deciding import check_decider
from services.people.persons.events import (
    DemotionDropped,
    DemotionEvent,
    DemotionHeld,
    DemotionRequired,
    PersonAssignedToPost,
    PersonDemoted,
    PersonDemotionReversed,
)
from services.vocabulary import PersonId, PostId, UnitId
from shared.decider import Context, Refused
from shared.value import value


@value
class RequireDemotion:
    """Supervision has imposed it."""

    person: PersonId
    penalty: str


@value
class HoldDemotion:
    """It is objected to, or no longer."""

    person: PersonId
    penalty: str
    held: bool


@value
class DemotePerson:
    """Carry an imposed demotion out: to which post, where, and from when."""

    person: PersonId
    penalty: str
    post: PostId
    unit: UnitId
    effective_on: Day
    reports_to: PersonId | None = None


@value
class ReverseDemotion:
    """The penalty was revoked."""

    person: PersonId
    penalty: str


class Stage(StrEnum):
    PENDING = "pending"  # to be carried out
    CARRIED_OUT = "carried_out"
    HELD = "held"  # carried out or not: where it is, there is a post
    REVERSED = "reversed"


@value
class Demotion:
    """`restored`: whether the former post came back by itself; no: he was assigned elsewhere since, and a person
    decides whether he is assigned again; none: nothing had been carried out."""

    person: PersonId
    penalty: str
    stage: Stage = Stage.PENDING
    former_post: PostId | None = None
    post: PostId | None = None
    unit: UnitId | None = None
    effective_on: date | None = None
    decider: str = ""
    capacity: str = ""
    restored: bool | None = None


Assignments = Mapping[date, PersonAssignedToPost]  # of one person, by the date from which


def require(command: RequireDemotion, found: Demotion | None) -> list[DemotionEvent]:
    """Once; a revocation that was told first is not forgotten."""
    return [] if found else [DemotionRequired(person=command.person, penalty=command.penalty)]


def hold(command: HoldDemotion, found: Demotion | None) -> list[DemotionEvent]:
    if found is None:
        raise not_imposed(command.penalty)
    if found.stage is Stage.REVERSED or (found.stage is Stage.HELD) == command.held:
        return []
    return [DemotionHeld(person=command.person, penalty=command.penalty, held=command.held)]


def carry_out(
    command: DemotePerson, found: Demotion | None, assignments: Assignments, context: Context
) -> PersonDemoted:
    check_decider("demotion", command.person, context)
    check_to_be_carried_out(command.penalty, found)
    if not assignments:
        raise Refused("demotion.without_former_post", next="assign the person to the post that he holds first")
    last = max(assignments)
    if command.effective_on <= last or command.effective_on < context.today:
        raise Refused("demotion.backdated", assigned_from=last, next="state a date after that, and from today on")
    former = assignments[last]
    if command.post == former.post:
        raise Refused("demotion.to_the_same_post", post=command.post, next="name another post")
    return PersonDemoted(
        person=command.person,
        penalty=command.penalty,
        former_post=former.post,
        post=command.post,
        unit=command.unit,
        effective_on=command.effective_on,
        decider=PersonId(context.actor),
        capacity=context.capacity,
    )


def check_to_be_carried_out(penalty: str, found: Demotion | None) -> None:
    if found is None:
        raise not_imposed(penalty)
    match found.stage:
        case Stage.HELD:
            raise Refused("demotion.held", penalty=penalty, next="wait until the objection is resolved")
        case Stage.CARRIED_OUT:
            raise Refused("demotion.carried_out_already", post=found.post, next="one penalty demotes once")
        case Stage.REVERSED:
            raise Refused("demotion.reversed", penalty=penalty, next="the penalty was revoked: nothing follows from it")
        case Stage.PENDING:
            return


def not_imposed(penalty: str) -> Refused:
    return Refused(
        "demotion.not_imposed", penalty=penalty, clause="S-45", next="supervision imposes a demotion of this person"
    )


def reverse(
    command: ReverseDemotion, found: Demotion | None, assignments: Assignments, context: Context
) -> list[DemotionEvent | PersonAssignedToPost]:
    """The former post again from today on, or from the day on which the demotion would have begun; what he did in the
    other stays done there."""
    if found and found.stage is Stage.REVERSED:
        return []
    if found is None or found.effective_on is None:
        return [DemotionDropped(person=command.person, penalty=command.penalty)]
    now = assignments[max(assignments)]
    restored = (now.effective_on, now.post, now.unit) == (found.effective_on, found.post, found.unit)
    told = PersonDemotionReversed(person=command.person, penalty=command.penalty, restored=restored)
    if not restored:
        return [told]
    former = assignments[max(on for on in assignments if on < found.effective_on)]
    return [told, replace(former, effective_on=max(found.effective_on, context.today))]


def demotion(row: Demotion, event: DemotionEvent) -> Demotion:
    match event:
        case DemotionRequired():
            return row
        case DemotionHeld():
            waits_for = Stage.CARRIED_OUT if row.post else Stage.PENDING
            return replace(row, stage=Stage.HELD if event.held else waits_for)
        case PersonDemoted():
            return replace(
                row,
                stage=Stage.CARRIED_OUT,
                former_post=event.former_post,
                post=event.post,
                unit=event.unit,
                effective_on=event.effective_on,
                decider=event.decider,
                capacity=event.capacity,
            )
        case DemotionDropped():
            return replace(row, stage=Stage.REVERSED)
        case PersonDemotionReversed():
            return replace(row, stage=Stage.REVERSED, restored=event.restored)


def of_penalty(event: DemotionEvent) -> Demotion:
    return Demotion(person=event.person, penalty=event.penalty)
