"""Persons over HTTP. Names and contacts are shown to capacities that hold `personal.read`, ids to all others."""

from services.people.persons.decisions import AssignPersonToPost, persons
from services.people.persons.demotions import DemotePerson, Demotion, Stage
from services.people.persons.events import (
    CategoriesChanged,
    Engagement,
    EngagementChanged,
    PersonErased,
    PersonNameCorrected,
    PersonRegistered,
)
from services.people.persons.projections import (
    Assignment,
    EngagementFrom,
    Person,
    assignments,
    demotions,
    engagements,
    registered_persons,
)
from services.vocabulary import PersonId, PostId, UnitId
from shared.access import requires
from shared.web import Accepted, Handle, Page, Paging, Read, Router

router = Router(prefix="/persons", tags=["persons"])
imposed = Router(prefix="/demotions", tags=["persons"])


@router.post("/register", status_code=202, dependencies=[requires("person.register")])
async def register(command: PersonRegistered, handle: Handle) -> Accepted:
    """Register a person, once. Clauses: T-02, C-42; ruling R4."""
    return await handle(persons, command)


@router.post("/correct-name", status_code=202, dependencies=[requires("person.register")])
async def correct_name(command: PersonNameCorrected, handle: Handle) -> Accepted:
    """Correct name and contact; a contact that is not told stays as it is. Clause: T-02."""
    return await handle(persons, command)


@router.post("/change-categories", status_code=202, dependencies=[requires("person.register")])
async def change_categories(command: CategoriesChanged, handle: Handle) -> Accepted:
    """State the whole set of categories. Who becomes live-marketing personnel gets an archive. C-42, T-02, T-59."""
    return await handle(persons, command)


@router.post("/change-engagement", status_code=202, dependencies=[requires("person.register")])
async def change_engagement(command: EngagementChanged, handle: Handle) -> Accepted:
    """State the engagement from a date on. Ruling R4."""
    return await handle(persons, command)


@router.post("/assign", status_code=202, dependencies=[requires("person.assign")])
async def assign(command: AssignPersonToPost, handle: Handle) -> Accepted:
    """Assign to a post in a unit, from a date on; the post brings its categories. Clauses: T-02, C-42."""
    return await handle(persons, command)


@router.post("/demote", status_code=202, dependencies=[requires("person.demote")])
async def demote(command: DemotePerson, handle: Handle) -> Accepted:
    """Carry out a demotion that supervision imposed; never one's own. Clause: S-45; ruling R3."""
    return await handle(persons, command)


@router.post("/erase", status_code=202, dependencies=[requires("person.erase")])
async def erase(command: PersonErased, handle: Handle) -> Accepted:
    """Have every service forget the personal texts that it recorded of a person. It cannot be taken back; what was
    decided stays, under the id."""
    return await handle(persons, command)


@router.get("/{person}", dependencies=[requires("person.read")])
async def person(person: PersonId, read: Read) -> Person:
    return await read(registered_persons, Person(person=person))


@router.get("", dependencies=[requires("person.read")])
async def listed(
    *,
    read: Read,
    paging: Paging,
    post: PostId | None = None,
    unit: UnitId | None = None,
    studio: UnitId | None = None,
    reports_to: PersonId | None = None,
    engagement: Engagement | None = None,
) -> Page[Person]:
    return await read.page(
        registered_persons,
        paging,
        post=post,
        unit=unit,
        studio=studio,
        reports_to=reports_to,
        engagement=engagement,
    )


@router.get("/{person}/engagements", dependencies=[requires("person.read")])
async def engagements_of(person: PersonId, read: Read, paging: Paging) -> Page[EngagementFrom]:
    """From date to date. Ruling R4."""
    return await read.page(engagements, paging, person=person)


@router.get("/{person}/assignments", dependencies=[requires("person.read")])
async def assignments_of(person: PersonId, read: Read, paging: Paging) -> Page[Assignment]:
    """From date to date."""
    return await read.page(assignments, paging, person=person)


@router.get("/{person}/demotions", dependencies=[requires("demotion.read_person")])
async def demotions_of(person: PersonId, read: Read, paging: Paging) -> Page[Demotion]:
    """A person's demotions; he may read them himself. Clause: S-45."""
    return await read.page(demotions, paging, person=person)


@imposed.get("", dependencies=[requires("demotion.list")])
async def demotions_listed(
    *, read: Read, paging: Paging, stage: Stage | None = None, restored: bool | None = None
) -> Page[Demotion]:
    """Imposed demotions by what they wait for; not restored: somebody decides what becomes of the person. Clause: S-45;
    rulings R3, R6."""
    return await read.page(demotions, paging, stage=stage, restored=restored)
