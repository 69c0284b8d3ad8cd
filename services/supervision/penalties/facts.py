"""Under whose rules a proposed penalty falls: what is known of the person, whenever that arrives. C-11, C-42."""

from collections.abc import Sequence
from datetime import date
from functools import reduce
from typing import cast

from services.people.contracts import (
    CategoriesChanged,
    EngagementChanged,
    PersonAssignedToPost,
    PersonRegistered,
)
from services.supervision.directory.projections import Event as Told
from services.supervision.directory.projections import Member, member
from services.supervision.penalties.events import PenaltyProposed
from services.supervision.violations.events import ViolationKind
from services.vocabulary import PersonId, day
from shared.event import Recorded
from shared.facts import Facts, Known
from shared.value import value

Event = PenaltyProposed | PersonRegistered | CategoriesChanged | EngagementChanged | PersonAssignedToPost


@value
class Offence:
    """A violation, as what a penalty is about."""

    person: PersonId
    offence: ViolationKind
    occasion: str


def about(event: Event) -> tuple[str, ...]:
    return "person", event.person


def subjects(event: Event) -> list[Offence]:
    if isinstance(event, PenaltyProposed):
        return [Offence(person=event.person, offence=event.offence, occasion=event.occasion)]
    return []


@value
class Ruled:
    """`member` is the person as he was on the day by whose policies the last proposal is decided; where nothing was
    told of him until then, as he is."""

    proposals: int
    member: Member


def ruled(subject: Offence, known: Known[Event]) -> Ruled:
    proposals = sorted(known.every(PenaltyProposed), key=lambda r: r.meta.version)
    told = sorted(people(known), key=lambda r: r.meta.version)
    on = proposals[-1].event.ruled_on if proposals else None
    return Ruled(proposals=len(proposals), member=member_on(on, subject.person, told))


def member_on(on: date | None, person: PersonId, told: Sequence[Recorded[Told]]) -> Member:
    then = fold(person, [r for r in told if on is None or since(r) <= on])
    return then if then.categories else fold(person, told)


def people(known: Known[Event]) -> list[Recorded[Told]]:
    return [cast(Recorded[Told], r) for r in known.facts if not isinstance(r.event, PenaltyProposed)]


def since(recorded: Recorded[Told]) -> date:
    match recorded.event:
        case PersonRegistered() as event:
            return event.joined_on
        case CategoriesChanged():
            return day(recorded.meta.occurred_at)
        case EngagementChanged() | PersonAssignedToPost() as event:
            return event.effective_on


def fold(person: PersonId, told: Sequence[Recorded[Told]]) -> Member:
    return reduce(lambda row, recorded: member(row, recorded.event), told, Member(person=person))


populations = Facts(name="penalty_populations", about=about, subjects=subjects, result=ruled)
