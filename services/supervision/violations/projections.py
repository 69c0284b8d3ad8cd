"""What can be asked about violations."""

from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Any

from services.supervision.violations.events import (
    Severity,
    ViolationCauseRecorded,
    ViolationKind,
    ViolationRecorded,
    ViolationWithdrawn,
)
from services.vocabulary import PersonId
from shared.event import Meta
from shared.privacy import Note
from shared.projection import Projection
from shared.value import value


class Stands(StrEnum):
    RECORDED = "recorded"
    WITHDRAWN = "withdrawn"


@value
class Violation:
    """`told_by` is the id of the fact, or of the request, that led to its being recorded; `recorder` a person, where
    one recorded it. A violation that was withdrawn keeps all that was said of it."""

    person: PersonId
    kind: ViolationKind
    occasion: str
    stands: Stands | None = None
    occurred_on: date | None = None
    severity: Severity | None = None
    told_by: str = ""
    recorder: str = ""
    evidence: tuple[str, ...] = ()
    explanation: dict[str, Any] | None = None
    note: Note | None = None
    cause_recorder: PersonId | None = None
    cause_finding: Note | None = None
    withdrawn_for: str = ""
    withdrawn_by: str = ""
    times: int = 0  # it was recorded


def violation(
    row: Violation, event: ViolationRecorded | ViolationCauseRecorded | ViolationWithdrawn, meta: Meta
) -> Violation:
    match event:
        case ViolationRecorded():
            return replace(
                row,
                stands=Stands.RECORDED,
                occurred_on=event.occurred_on,
                severity=event.severity,
                told_by=meta.cause,
                recorder=event.recorder,
                evidence=event.evidence,
                explanation=dict(event.explanation) if event.explanation else None,
                note=event.note,
                times=row.times + 1,
            )
        case ViolationCauseRecorded():
            return replace(row, cause_recorder=event.recorder, cause_finding=event.finding)
        case ViolationWithdrawn():
            return replace(row, stands=Stands.WITHDRAWN, withdrawn_for=event.cause, withdrawn_by=event.recorder)


all_violations = Projection(
    name="violations",
    key=lambda event: Violation(person=event.person, kind=event.kind, occasion=event.occasion),
    evolve=violation,
)
