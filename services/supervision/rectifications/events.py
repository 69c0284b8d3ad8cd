"""Rectification 整改: what a deduction of points obliges to besides. Clause: A-62; C-10; ruling R3."""

from datetime import date

from services.supervision.violations.events import ViolationKind
from services.vocabulary import PersonId, Text
from shared.privacy import Note
from shared.value import value


@value
class Measure:
    """With its day: a plan has a timetable (C-10)."""

    what: Text
    due_on: date


@value
class RectificationRequired:
    """Again, where what was done was not effective."""

    person: PersonId
    offence: ViolationKind
    occasion: str
    penalty: str
    round: int
    plan_due_on: date | None = None  # none: no day is configured


@value
class RectificationPlanSubmitted:
    person: PersonId
    offence: ViolationKind
    occasion: str
    measures: tuple[Measure, ...]


@value
class RectificationPlanReturned:
    person: PersonId
    offence: ViolationKind
    occasion: str
    reviewer: PersonId
    capacity: str
    opinions: Note


@value
class RectificationPlanAccepted:
    person: PersonId
    offence: ViolationKind
    occasion: str
    reviewer: PersonId
    capacity: str


@value
class RectificationCompleted:
    person: PersonId
    offence: ViolationKind
    occasion: str
    evidence: tuple[str, ...]


@value
class RectificationVerified:
    person: PersonId
    offence: ViolationKind
    occasion: str
    effective: bool
    verifier: PersonId
    capacity: str
    finding: Note


@value
class RectificationRefused:
    """拒不改正, with what shows it. It counts for A-63; a plan may still follow."""

    person: PersonId
    offence: ViolationKind
    occasion: str
    recorder: PersonId
    capacity: str
    evidence: tuple[str, ...]


@value
class RectificationLifted:
    """The penalty fell."""

    person: PersonId
    offence: ViolationKind
    occasion: str
    cause: Text


Event = (
    RectificationRequired | RectificationPlanSubmitted | RectificationPlanReturned | RectificationPlanAccepted
    | RectificationCompleted | RectificationVerified | RectificationRefused | RectificationLifted
)  # fmt: skip
