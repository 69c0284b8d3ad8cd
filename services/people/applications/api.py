"""Applications to read archives, over HTTP."""

from services.people.applications.decisions import ApproveArchiveAccess, RejectArchiveAccess, applications
from services.people.applications.disclosure import disclosed, today
from services.people.applications.events import ArchiveAccessRequested
from services.people.applications.projections import Application, Decision, archive_applications
from services.vocabulary import PersonId
from shared.access import requires
from shared.web import Accepted, Actor, Handle, NotFound, Page, Paging, Read, Router

router = Router(prefix="/applications", tags=["archive access"])


@router.post("/request", status_code=202, dependencies=[requires("archive.apply")])
async def request(command: ArchiveAccessRequested, handle: Handle) -> Accepted:
    """Apply in one's own name to read parts of persons' archives, for a purpose, until an end. T-62, T-63; R9."""
    return await handle(applications, command)


@router.post("/approve", status_code=202, dependencies=[requires("archive.approve")])
async def approve(command: ApproveArchiveAccess, handle: Handle) -> Accepted:
    """Approve what another applied for. Neither the applicant nor a named person may. Clause: T-63; R9; P-03."""
    return await handle(applications, command)


@router.post("/reject", status_code=202, dependencies=[requires("archive.approve")])
async def reject(command: RejectArchiveAccess, handle: Handle) -> Accepted:
    """Reject, with the reason; the persons see it. Clause: T-63; R9; P-03."""
    return await handle(applications, command)


@router.get("/mine", dependencies=[requires("archive.apply")])
async def mine(read: Read, who: Actor, paging: Paging, decision: Decision | None = None) -> Page[Application]:
    """What the caller applied for. Clause: T-63."""
    return await read.page(archive_applications, paging, applicant=who.person, decision=decision)


@router.get("/{application}", dependencies=[requires("archive.read_applications")])
async def application(application: str, read: Read, who: Actor) -> Application:
    found = await read(archive_applications, Application(application=application))
    if not disclosed(who.person, found.persons, found.withheld_until, today()):
        raise NotFound
    return found


@router.get("", dependencies=[requires("archive.read_applications")])
async def listed(
    read: Read, who: Actor, paging: Paging, applicant: PersonId | None = None, decision: Decision | None = None
) -> Page[Application]:
    """What waits for a decision, and what was decided. What is about one person: see his archive. Clause: T-63."""
    on = today()

    def shown(row: Application) -> bool:
        return disclosed(who.person, row.persons, row.withheld_until, on)

    return await read.page(archive_applications, paging, shown, applicant=applicant, decision=decision)
