"""The register of rectifications: what each waits for. Clause: A-62."""

from dataclasses import replace
from datetime import date

from services.supervision.rectifications.decisions import Stage, stage_after
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
from services.supervision.violations.events import ViolationKind
from services.vocabulary import PersonId
from shared.privacy import Note
from shared.projection import Projection
from shared.value import value


@value
class Rectification:
    """`refusals` count for A-63, whatever followed."""

    person: PersonId
    offence: ViolationKind
    occasion: str
    stage: Stage | None = None
    penalty: str = ""
    round: int = 0
    plan_due_on: date | None = None
    measures: tuple[Measure, ...] = ()
    opinions: Note | None = None
    evidence: tuple[str, ...] = ()
    effective: bool | None = None
    finding: Note | None = None
    decider: str = ""
    capacity: str = ""
    refusals: int = 0
    lifted_for: str = ""


def rectification(row: Rectification, event: Event) -> Rectification:  # noqa: PLR0911 — one for each event
    now = replace(row, stage=stage_after(event))
    match event:
        case RectificationRequired():
            return replace(now, penalty=event.penalty, round=event.round, plan_due_on=event.plan_due_on)
        case RectificationPlanSubmitted():
            return replace(now, measures=event.measures)
        case RectificationPlanReturned():
            return replace(now, opinions=event.opinions, decider=event.reviewer, capacity=event.capacity)
        case RectificationPlanAccepted():
            return replace(now, decider=event.reviewer, capacity=event.capacity)
        case RectificationCompleted():
            return replace(now, evidence=event.evidence)
        case RectificationVerified():
            return replace(
                now,
                effective=event.effective,
                finding=event.finding,
                decider=event.verifier,
                capacity=event.capacity,
            )
        case RectificationRefused():
            return replace(
                now,
                evidence=event.evidence,
                decider=event.recorder,
                capacity=event.capacity,
                refusals=row.refusals + 1,
            )
        case RectificationLifted():
            return replace(now, lifted_for=event.cause)


all_rectifications = Projection(
    name="rectifications",
    key=lambda e: Rectification(person=e.person, offence=e.offence, occasion=e.occasion),
    evolve=rectification,
)
