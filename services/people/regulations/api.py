"""The register of regulations over HTTP. Clauses: A-64 to A-67; ruling R4."""

from datetime import date

from services.people.persons.projections import Person, registered_persons
from services.people.regulations.decisions import (
    AcknowledgeRegulation,
    PublishRegulation,
    SubmitRegulationFeedback,
    acknowledgements,
    feedback,
    regulations,
)
from services.people.regulations.events import (
    RegulationAdopted,
    RegulationConsulted,
    RegulationDrafted,
    RegulationInterpreted,
    RegulationKind,
    Version,
)
from services.people.regulations.projections import (
    Acknowledgement,
    Feedback,
    RegulationVersion,
    Stage,
    regulation_acknowledgements,
    regulation_feedback,
    regulation_register,
)
from services.vocabulary import PersonId
from shared.access import requires
from shared.web import Accepted, Handle, Page, Paging, Read, Router

router = Router(prefix="/regulations", tags=["regulations"])


@router.post("/draft", status_code=202, dependencies=[requires("regulation.draft")])
async def draft(command: RegulationDrafted, handle: Handle) -> Accepted:
    """Draft the next version, or draft it anew before it is adopted. Clause: A-65."""
    return await handle(regulations, command)


@router.post("/consult", status_code=202, dependencies=[requires("regulation.draft")])
async def consult(command: RegulationConsulted, handle: Handle) -> Accepted:
    """Record with whom the draft was discussed and what came of it, with the what-if report. Ruling R4."""
    return await handle(regulations, command)


@router.post("/adopt", status_code=202, dependencies=[requires("regulation.adopt")])
async def adopt(command: RegulationAdopted, handle: Handle) -> Accepted:
    """Record that the text that was consulted is adopted. Clause: A-65; ruling R4."""
    return await handle(regulations, command)


@router.post("/publish", status_code=202, dependencies=[requires("regulation.publish")])
async def publish(command: PublishRegulation, handle: Handle) -> Accepted:
    """Publish what was adopted; it takes effect today or later, and the version before is superseded. Clause: A-66."""
    return await handle(regulations, command)


@router.post("/interpret", status_code=202, dependencies=[requires("regulation.interpret")])
async def interpret(command: RegulationInterpreted, handle: Handle) -> Accepted:
    """Say how a clause is to be understood. Clause: A-64."""
    return await handle(regulations, command)


@router.post("/acknowledge", status_code=202, dependencies=[requires("regulation.acknowledge")])
async def acknowledge(command: AcknowledgeRegulation, handle: Handle) -> Accepted:
    """Take note of a published version; another records it with the signed sheet. Clause: A-66; ruling R4."""
    return await handle(acknowledgements, command)


@router.post("/feedback", status_code=202, dependencies=[requires("regulation.feed_back")])
async def submit_feedback(command: SubmitRegulationFeedback, handle: Handle) -> Accepted:
    """Tell a problem or a suggestion. Clause: A-67."""
    return await handle(feedback, command)


@router.get("/feedback", dependencies=[requires("regulation.read_feedback")])
async def feedback_given(read: Read, paging: Paging, regulation: str | None = None) -> Page[Feedback]:
    """What persons have told. Clause: A-67."""
    return await read.page(regulation_feedback, paging, regulation=regulation)


@router.get("/acknowledged-by/{person}", dependencies=[requires("regulation.read_person")])
async def acknowledged_by(person: PersonId, read: Read, paging: Paging) -> Page[Acknowledgement]:
    """What a person has taken note of; he may see it himself. Clause: A-66."""
    return await read.page(regulation_acknowledgements, paging, person=person)


@router.get("/{regulation}/{version}", dependencies=[requires("regulation.read")])
async def one(regulation: str, version: Version, read: Read) -> RegulationVersion:
    return await read(regulation_register, RegulationVersion(regulation=regulation, version=version))


@router.get("/{regulation}/{version}/acknowledgements", dependencies=[requires("regulation.read_acknowledgements")])
async def acknowledged(
    regulation: str, version: Version, read: Read, paging: Paging, *, missing: bool | None = None
) -> Page[Acknowledgement]:
    """Everybody whom the version concerns, with the moment of his acknowledgement; `missing`: who has none yet, or who
    has. A page holds those of a page of persons, and may be short or empty where more follow. Clause: A-66."""
    found = await read(regulation_register, RegulationVersion(regulation=regulation, version=version))
    page = await read.page(registered_persons, paging)
    concerned = [row for row in page.items if concerns(found, row)]
    blanks = [Acknowledgement(regulation=regulation, version=version, person=row.person) for row in concerned]
    told = {row.person: row for row in await read.rows(regulation_acknowledgements, blanks)}
    rows = [told.get(blank.person, blank) for blank in blanks]
    shown = [row for row in rows if missing is None or missing is (row.acknowledged_at is None)]
    return Page(items=tuple(shown), next=page.next)


def concerns(of: RegulationVersion, person: Person) -> bool:
    return not of.population or bool(set(of.population) & set(person.categories))


@router.get("", dependencies=[requires("regulation.read")])
async def listed(
    *,
    read: Read,
    paging: Paging,
    regulation: str | None = None,
    kind: RegulationKind | None = None,
    stage: Stage | None = None,
    effective_on: date | None = None,
) -> Page[RegulationVersion]:
    """Every version of every regulation, with its stage. Clauses: A-65, A-66."""
    return await read.page(
        regulation_register, paging, regulation=regulation, kind=kind, stage=stage, effective_on=effective_on
    )
