"""What becomes of a rectification: a plan of the person's own, accepted, done, verified. Clause: A-62; ruling R3.

It is required by a deduction of points, falls with it, and is held while that is objected to.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from annotated_types import Len
from pydantic import StringConstraints

from services.calendar import Day
from services.deciding import check_decider, check_himself
from services.supervision.penalties.decisions import Imposed, penalties
from services.supervision.penalties.decisions import State as Penalty
from services.supervision.rectifications.events import (
    Event,
    Measure,
    RectificationCompleted,
    RectificationLifted,
    RectificationPlanAccepted,
    RectificationPlanReturned,
    RectificationPlanSubmitted,
    RectificationRefused,
    RectificationRequired,
    RectificationVerified,
)
from services.supervision.rectifications.rules import RectificationRules
from services.supervision.violations.events import ViolationKind
from services.vocabulary import PersonId, Text
from shared.decider import Context, Decider, Refused, Sight, look
from shared.privacy import Note
from shared.value import value

Evidence = Annotated[tuple[Annotated[str, StringConstraints(min_length=1, max_length=200)], ...], Len(1, 50)]


@value
class RequireRectification:
    """Points were deducted."""

    person: PersonId
    offence: ViolationKind
    occasion: str
    penalty: str


@value
class LiftRectification:
    """The penalty was revoked."""

    person: PersonId
    offence: ViolationKind
    occasion: str
    cause: Text


@value
class PlannedMeasure:
    what: Text
    due_on: Day


@value
class SubmitRectificationPlan:
    person: PersonId
    offence: ViolationKind
    occasion: str
    measures: Annotated[tuple[PlannedMeasure, ...], Len(1, 50)]


@value
class ReturnRectificationPlan:
    person: PersonId
    offence: ViolationKind
    occasion: str
    opinions: Note


@value
class AcceptRectificationPlan:
    person: PersonId
    offence: ViolationKind
    occasion: str


@value
class CompleteRectification:
    """By the person: the measures are done, with what shows it."""

    person: PersonId
    offence: ViolationKind
    occasion: str
    evidence: Evidence


@value
class VerifyRectification:
    person: PersonId
    offence: ViolationKind
    occasion: str
    effective: bool
    finding: Note


@value
class RecordRectificationRefusal:
    person: PersonId
    offence: ViolationKind
    occasion: str
    evidence: Evidence


Command = (
    RequireRectification | LiftRectification | SubmitRectificationPlan | ReturnRectificationPlan
    | AcceptRectificationPlan | CompleteRectification | VerifyRectification | RecordRectificationRefusal
)  # fmt: skip


class Stage(StrEnum):
    REQUIRED = "required"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    EFFECTIVE = "effective"
    REFUSED = "refused"
    LIFTED = "lifted"


FOLLOWS: Mapping[type, tuple[Stage, ...]] = {
    RectificationPlanSubmitted: (Stage.REQUIRED, Stage.RETURNED, Stage.REFUSED),
    RectificationPlanReturned: (Stage.SUBMITTED,),
    RectificationPlanAccepted: (Stage.SUBMITTED,),
    RectificationCompleted: (Stage.ACCEPTED,),
    RectificationVerified: (Stage.COMPLETED,),
    RectificationRefused: (Stage.REQUIRED, Stage.RETURNED, Stage.ACCEPTED),
}


@value
class Case:
    """`last` is what was said last, by which a repeat is told."""

    penalty: str
    stage: Stage
    round: int
    last: Event


State = Case | None  # none: nothing was ever required


def decide(command: Command, state: State, context: Context) -> list[Event]:
    match command:
        case RequireRectification():
            return require(command, state, context)
        case LiftRectification():
            return lift(command, state)
        case _:
            return proceed(command, state, context)


def require(command: RequireRectification, state: State, context: Context) -> list[Event]:
    """Once for a penalty; the next penalty for the same violation requires it anew."""
    if state and (state.penalty == command.penalty or state.stage is not Stage.LIFTED):
        return []
    return [required(command, command.penalty, 1, context)]


def required(
    command: RequireRectification | VerifyRectification, penalty: str, number: int, context: Context
) -> RectificationRequired:
    due_days = context.policy(RectificationRules).plan_due_days
    return RectificationRequired(
        person=command.person,
        offence=command.offence,
        occasion=command.occasion,
        penalty=penalty,
        round=number,
        plan_due_on=context.today + timedelta(days=int(due_days.amount)) if due_days else None,
    )


def lift(command: LiftRectification, state: State) -> list[Event]:
    if state is None or state.stage in {Stage.LIFTED, Stage.EFFECTIVE}:
        return []
    lifted = RectificationLifted(
        person=command.person, offence=command.offence, occasion=command.occasion, cause=command.cause
    )
    return [lifted]


Step = (
    SubmitRectificationPlan | ReturnRectificationPlan | AcceptRectificationPlan | CompleteRectification
    | VerifyRectification | RecordRectificationRefusal
)  # fmt: skip


def proceed(command: Step, state: State, context: Context) -> list[Event]:
    check_hand(command, context)
    now = said(command, context)
    if state is not None and state.last == now:
        return []
    if state is None or state.stage not in FOLLOWS[type(now)]:
        stage = state.stage if state else "not required"
        raise Refused("rectification.out_of_turn", stage=stage, next="look at the register: another step is due")
    if isinstance(now, RectificationRefused):
        check_owed(state, context.state(penalties, command.person, command.offence, command.occasion))
    if isinstance(command, VerifyRectification) and not command.effective:
        return [now, required(command, state.penalty, state.round + 1, context)]
    return [now]


def check_owed(case: Case, penalty: Penalty) -> None:
    """Nobody refuses what he no longer owes, or may not owe (R7)."""
    if not isinstance(penalty, Imposed) or penalty.told.penalty != case.penalty or penalty.overturned:
        raise Refused("rectification.not_owed", next="its penalty fell: the rectification falls with it")
    if penalty.held:
        raise Refused("rectification.held", next="it is objected to: nothing follows until that is resolved")


def check_hand(command: Step, context: Context) -> None:
    match command:
        case SubmitRectificationPlan() | CompleteRectification():
            check_himself("rectification", command.person, context)
        case _:
            check_decider("rectification", command.person, context)


def said(command: Step, context: Context) -> Event:
    person, offence, occasion = command.person, command.offence, command.occasion
    by, capacity = PersonId(context.actor), context.capacity
    match command:
        case SubmitRectificationPlan():
            measures = tuple(Measure(what=m.what, due_on=m.due_on) for m in command.measures)
            return RectificationPlanSubmitted(person=person, offence=offence, occasion=occasion, measures=measures)
        case ReturnRectificationPlan():
            return RectificationPlanReturned(
                person=person,
                offence=offence,
                occasion=occasion,
                reviewer=by,
                capacity=capacity,
                opinions=command.opinions,
            )
        case AcceptRectificationPlan():
            return RectificationPlanAccepted(
                person=person, offence=offence, occasion=occasion, reviewer=by, capacity=capacity
            )
        case CompleteRectification():
            return RectificationCompleted(person=person, offence=offence, occasion=occasion, evidence=command.evidence)
        case VerifyRectification():
            return RectificationVerified(
                person=person,
                offence=offence,
                occasion=occasion,
                effective=command.effective,
                verifier=by,
                capacity=capacity,
                finding=command.finding,
            )
        case RecordRectificationRefusal():
            return RectificationRefused(
                person=person,
                offence=offence,
                occasion=occasion,
                recorder=by,
                capacity=capacity,
                evidence=command.evidence,
            )


def evolve(state: State, event: Event) -> State:
    if isinstance(event, RectificationRequired):
        return Case(penalty=event.penalty, stage=Stage.REQUIRED, round=event.round, last=event)
    if state is None:
        raise ValueError(f"{type(event).__name__} where no rectification was required")
    return replace(state, stage=stage_after(event), last=event)


def stage_after(event: Event) -> Stage:  # noqa: PLR0911 — one for each event
    match event:
        case RectificationRequired():
            return Stage.REQUIRED
        case RectificationPlanSubmitted():
            return Stage.SUBMITTED
        case RectificationPlanReturned():
            return Stage.RETURNED
        case RectificationPlanAccepted():
            return Stage.ACCEPTED
        case RectificationCompleted():
            return Stage.COMPLETED
        case RectificationVerified():
            return Stage.EFFECTIVE  # where it was not, it is required again in the same breath
        case RectificationRefused():
            return Stage.REFUSED
        case RectificationLifted():
            return Stage.LIFTED


def sees(command: Command) -> list[Sight]:
    if isinstance(command, RequireRectification | LiftRectification):
        return []
    return [look(penalties, command.person, command.offence, command.occasion)]


rectifications: Decider[Command, State, Event] = Decider(
    name="rectification",
    key=lambda command: (command.person, command.offence, command.occasion),
    initial=lambda: None,
    decide=decide,
    evolve=evolve,
    sees=sees,
)
