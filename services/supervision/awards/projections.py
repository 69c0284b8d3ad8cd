"""The register of awards: pending, held, final and reversed are always shown apart."""

from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Any

from services.supervision.awards.events import (
    AwardApproved,
    AwardCauseReversed,
    AwardCausesAdded,
    AwardConfirmed,
    AwardGranted,
    AwardProposed,
    AwardRejected,
    AwardReviewOpened,
    AwardRevoked,
    AwardWithdrawn,
    Cause,
    Reward,
)
from services.vocabulary import Fen, PersonId, UnitId
from shared.projection import Projection
from shared.value import value


class Standing(StrEnum):
    PENDING = "pending"
    HELD = "held"  # granted, and under review since a cause fell away
    FINAL = "final"
    REJECTED = "rejected"
    REVERSED = "reversed"  # its causes fell away before anybody decided, or it was taken back after review


@value
class Award:
    """`proposer` is a person, or policy:version for a rule. `lost` are the causes that fell away."""

    award: str
    person: PersonId | None = None
    team: UnitId | None = None  # or a team, instead of a person
    item: str = ""
    period: str = ""
    standing: Standing | None = None
    causes: tuple[Cause, ...] = ()
    lost: tuple[Cause, ...] = ()
    proposer: str = ""
    decider: str = ""
    capacity: str = ""
    decided_for: str = ""
    granted_on: date | None = None
    rewards: tuple[Reward, ...] = ()
    amount: Fen | None = None
    amount_not_configured: bool = False
    explanation: dict[str, Any] | None = None


Event = (
    AwardProposed | AwardCausesAdded | AwardCauseReversed | AwardWithdrawn | AwardApproved | AwardRejected
    | AwardGranted | AwardReviewOpened | AwardConfirmed | AwardRevoked
)  # fmt: skip
Settled = AwardRejected | AwardConfirmed | AwardRevoked
LEADS_TO = {
    AwardRejected: Standing.REJECTED,
    AwardConfirmed: Standing.FINAL,
    AwardRevoked: Standing.REVERSED,
}


def award(row: Award, event: Event) -> Award:
    match event:
        case AwardProposed():
            return replace(
                row,
                person=event.person,
                team=event.team,
                item=event.item,
                period=event.period,
                standing=Standing.PENDING,
                causes=event.causes,
                proposer=event.proposer,
            )
        case AwardCausesAdded() | AwardCauseReversed() | AwardWithdrawn() | AwardReviewOpened():
            return caused(row, event)
        case AwardApproved() | AwardGranted() | AwardRejected() | AwardConfirmed() | AwardRevoked():
            return decided(row, event)


def caused(row: Award, event: AwardCausesAdded | AwardCauseReversed | AwardWithdrawn | AwardReviewOpened) -> Award:
    match event:
        case AwardCausesAdded():
            lost = tuple(cause for cause in row.lost if cause not in event.causes)
            return replace(row, causes=(*row.causes, *event.causes), lost=lost)
        case AwardCauseReversed() | AwardReviewOpened():
            left = tuple(cause for cause in row.causes if cause != event.cause)
            standing = Standing.HELD if isinstance(event, AwardReviewOpened) else row.standing
            return replace(row, standing=standing, causes=left, lost=(*row.lost, event.cause))
        case AwardWithdrawn():
            return replace(row, standing=Standing.REVERSED)


def decided(row: Award, event: AwardApproved | AwardGranted | Settled) -> Award:
    match event:
        case AwardApproved():
            return replace(row, decider=event.approver, capacity=event.capacity)
        case AwardGranted():
            return replace(
                row,
                standing=Standing.FINAL,
                granted_on=event.granted_on,
                rewards=event.rewards,
                amount=event.amount,
                amount_not_configured=event.amount_not_configured,
                explanation=dict(event.explanation) if event.explanation else None,
            )
        case AwardRejected() | AwardConfirmed() | AwardRevoked():
            return replace(
                row,
                standing=LEADS_TO[type(event)],
                decider=event.decider,
                capacity=event.capacity,
                decided_for=event.reason,
            )


all_awards = Projection(name="awards", key=lambda event: Award(award=event.award), evolve=award, version=3)
