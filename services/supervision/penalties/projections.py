"""The register of penalties: pending, held, final and reversed are always shown apart (R3)."""

from dataclasses import replace
from datetime import date
from enum import StrEnum

from services.objection import Standing as Objected
from services.objection import Told, standing_after, told
from services.supervision.penalties.events import (
    Event,
    ObjectionEvent,
    PenaltyHeld,
    PenaltyImposed,
    PenaltyKind,
    PenaltyObjectionEscalated,
    PenaltyObjectionRaised,
    PenaltyObjectionResolved,
    PenaltyObjectionWithdrawn,
    PenaltyProposed,
    PenaltyRejected,
    PenaltyRevoked,
    PenaltyWithdrawn,
)
from services.supervision.violations.events import ViolationKind
from services.vocabulary import Fen, Month, PersonId, Score
from shared.event import Meta
from shared.projection import Projection
from shared.value import value


class Standing(StrEnum):
    PENDING = "pending"
    HELD = "held"  # while an objection or a review is open
    FINAL = "final"
    REJECTED = "rejected"  # it never took effect
    REVERSED = "reversed"  # its cause fell away, or it was taken back


@value
class Penalty:
    """`violation` is the stream of what it is for; `proposer` and `decider` are persons, or policy:version for a rule;
    `decided_for` is the reason of the last decision, or the cause that fell away. `imposed_under` names the policies
    that the imposition asked for."""

    penalty: str
    person: PersonId | None = None
    kind: PenaltyKind | None = None
    standing: Standing | None = None
    violation: str = ""
    offence: ViolationKind | None = None
    occasion: str = ""
    ruled_on: date | None = None
    proposer: str = ""
    decider: str = ""
    capacity: str = ""
    decided_for: str = ""
    points: Score | None = None
    month: Month | None = None
    amount: Fen | None = None
    imposed_under: tuple[str, ...] = ()
    objections_until: date | None = None
    objection: Objected | None = None
    contested: bool = False  # what its violation rests on is objected to


def penalty(row: Penalty, event: Event, meta: Meta) -> Penalty:  # noqa: PLR0911 one for each event
    match event:
        case PenaltyProposed():
            return replace(
                row,
                person=event.person,
                kind=event.kind,
                standing=Standing.PENDING,
                violation=event.violation,
                offence=event.offence,
                occasion=event.occasion,
                ruled_on=event.ruled_on,
                proposer=event.proposer,
                points=event.points,
                month=event.month,
            )
        case PenaltyImposed():
            return replace(
                row,
                standing=Standing.FINAL,
                decider=event.decider,
                capacity=event.capacity,
                points=event.points,
                amount=event.amount,
                imposed_under=meta.policies,
                objections_until=event.objections_until,
            )
        case PenaltyRejected():
            return replace(
                row,
                standing=Standing.REJECTED,
                decider=event.decider,
                capacity=event.capacity,
                decided_for=event.reason,
            )
        case PenaltyRevoked():
            return replace(
                row,
                standing=Standing.REVERSED,
                decider=event.decider or row.decider,
                capacity=event.capacity or row.capacity,
                decided_for=event.cause,
            )
        case PenaltyWithdrawn():
            return replace(row, standing=Standing.REVERSED, decided_for=event.cause)
        case PenaltyHeld():
            free = Standing.FINAL if event.imposed else Standing.PENDING
            return replace(row, contested=event.contested, standing=Standing.HELD if event.held else free)
        case (
            PenaltyObjectionRaised()
            | PenaltyObjectionEscalated()
            | PenaltyObjectionResolved()
            | PenaltyObjectionWithdrawn()
        ):
            return objected(row, event)


def objected(row: Penalty, event: ObjectionEvent) -> Penalty:
    """What is upheld is held until the penalty has fallen with its violation."""
    now = standing_after(event.told)
    lifting = now in {Objected.UPHELD, Objected.PARTLY_UPHELD}
    return replace(row, objection=now, standing=Standing.HELD if now.holds or lifting else Standing.FINAL)


all_penalties = Projection(
    name="penalties", key=lambda event: Penalty(penalty=event.penalty), evolve=penalty, version=2
)


@value
class PenaltyObjection(Told):
    """`person` is who objects to the penalty."""

    penalty: str
    person: PersonId | None = None
    kind: PenaltyKind | None = None
    version: int = 0


def objection_to(row: PenaltyObjection, event: ObjectionEvent, meta: Meta) -> PenaltyObjection:
    return told(replace(row, person=event.person, kind=event.kind, version=event.told.version), event.told, meta)


penalty_objections = Projection(
    name="penalty_objections", key=lambda event: PenaltyObjection(penalty=event.penalty), evolve=objection_to
)
