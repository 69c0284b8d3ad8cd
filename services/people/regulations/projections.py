"""The register of regulations, and who has taken note of which version. Clauses: A-64 to A-67."""

from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum

from services.people.persons.events import Category
from services.people.regulations.events import (
    Event,
    RegulationAcknowledged,
    RegulationAdopted,
    RegulationConsulted,
    RegulationDrafted,
    RegulationFeedbackSubmitted,
    RegulationInterpreted,
    RegulationKind,
    RegulationPublished,
    RegulationSuperseded,
)
from services.vocabulary import PersonId
from shared.event import Meta
from shared.privacy import Note
from shared.projection import Projection
from shared.value import value


class Stage(StrEnum):
    DRAFTED = "drafted"
    CONSULTED = "consulted"
    ADOPTED = "adopted"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"


@value
class Consultation:
    with_whom: tuple[str, ...]
    held_on: date
    outcome: str
    report: str | None


@value
class Interpretation:
    clause: str
    interpretation: str
    by: str
    at: datetime


@value
class RegulationVersion:
    regulation: str
    version: int
    stage: Stage | None = None
    kind: RegulationKind | None = None
    title: str = ""
    changes: str = ""
    policy: str = ""
    sha256: str = ""
    population: tuple[Category, ...] = ()
    drafted_by: str = ""
    drafted_at: datetime | None = None
    consultations: tuple[Consultation, ...] = ()
    adopted_by: str = ""
    adopted_on: date | None = None
    published_on: date | None = None
    effective_on: date | None = None
    superseded_by: int | None = None
    superseded_on: date | None = None
    interpretations: tuple[Interpretation, ...] = ()


def version(row: RegulationVersion, event: Event, meta: Meta) -> RegulationVersion:
    match event:
        case RegulationDrafted():
            return drafted(event, meta)
        case RegulationConsulted():
            told = Consultation(
                with_whom=event.with_whom, held_on=event.held_on, outcome=event.outcome, report=event.report
            )
            return replace(row, stage=Stage.CONSULTED, consultations=(*row.consultations, told))
        case RegulationAdopted():
            return replace(row, stage=Stage.ADOPTED, adopted_by=event.adopted_by, adopted_on=event.adopted_on)
        case RegulationPublished():
            return replace(row, stage=Stage.PUBLISHED, published_on=event.published_on, effective_on=event.effective_on)
        case RegulationSuperseded():
            by, on = event.superseded_by, event.superseded_on
            return replace(row, stage=Stage.SUPERSEDED, superseded_by=by, superseded_on=on)
        case RegulationInterpreted():
            kept = tuple(one for one in row.interpretations if one.clause != event.clause)
            said = Interpretation(
                clause=event.clause, interpretation=event.interpretation, by=meta.actor, at=meta.occurred_at
            )
            return replace(row, interpretations=(*kept, said))


def drafted(event: RegulationDrafted, meta: Meta) -> RegulationVersion:
    """Drafted anew: what was said of another text is no part of it."""
    return RegulationVersion(
        regulation=event.regulation,
        version=event.version,
        stage=Stage.DRAFTED,
        kind=event.kind,
        title=event.title,
        changes=event.changes,
        policy=event.policy,
        sha256=event.sha256,
        population=event.population,
        drafted_by=meta.actor,
        drafted_at=meta.occurred_at,
    )


regulation_register = Projection(
    name="regulation_register",
    key=lambda event: RegulationVersion(regulation=event.regulation, version=event.version),
    evolve=version,
)


@value
class Acknowledgement:
    """None: not yet."""

    regulation: str
    version: int
    person: PersonId
    acknowledged_at: datetime | None = None
    evidence: str | None = None


def acknowledgement(row: Acknowledgement, event: RegulationAcknowledged) -> Acknowledgement:
    return replace(row, acknowledged_at=event.acknowledged_at, evidence=event.evidence)


regulation_acknowledgements = Projection(
    name="regulation_acknowledgements",
    key=lambda event: Acknowledgement(regulation=event.regulation, version=event.version, person=event.person),
    evolve=acknowledgement,
)


@value
class Feedback:
    feedback: str
    regulation: str = ""
    person: PersonId | None = None
    clause: str | None = None
    text: Note | None = None
    at: datetime | None = None


def said(row: Feedback, event: RegulationFeedbackSubmitted, meta: Meta) -> Feedback:
    return replace(
        row,
        regulation=event.regulation,
        person=event.person,
        clause=event.clause,
        text=event.text,
        at=meta.occurred_at,
    )


regulation_feedback = Projection(
    name="regulation_feedback", key=lambda event: Feedback(feedback=event.feedback), evolve=said
)
