"""Sign-in and absence over HTTP."""

from services.training.attendance.decisions import CorrectAbsence, RecordAbsence, SignIn, attendance
from services.training.attendance.projections import Presence, RosterEntry, rosters
from services.training.sessions.api import check_taught_by
from services.vocabulary import PersonId, SessionId
from shared.access import requires
from shared.web import Accepted, Actor, Handle, Page, Paging, Read, Router

router = Router(prefix="/attendance", tags=["attendance"])


@router.post("/sign-in", status_code=202, dependencies=[requires("attendance.sign_in")])
async def sign_in(command: SignIn, handle: Handle) -> Accepted:
    """Sign a trainee in until the session is delivered. Clause: T-46."""
    return await handle(attendance, command)


@router.post("/absence", status_code=202, dependencies=[requires("absence.record")])
async def record_absence(command: RecordAbsence, handle: Handle) -> Accepted:
    """Record why an enrolled trainee was away from a delivered session. Clauses: T-46, T-66."""
    return await handle(attendance, command)


@router.post("/absence/correct", status_code=202, dependencies=[requires("absence.correct")])
async def correct_absence(command: CorrectAbsence, handle: Handle) -> Accepted:
    """Correct the ground of an absence; the first fact stays readable. Clause: T-66."""
    return await handle(attendance, command)


@router.get("/{person}/{session}", dependencies=[requires("attendance.read")])
async def entry(person: PersonId, session: SessionId, who: Actor, read: Read) -> RosterEntry:
    """Whether a trainee was there. Clauses: T-46, T-49, T-62."""
    if who.person != person:
        await check_taught_by(session, who, read)
    return await read(rosters, RosterEntry(session=session, person=person))


@router.get("/{person}", dependencies=[requires("attendance.read_person")])
async def entries_of(person: PersonId, read: Read, paging: Paging) -> Page[RosterEntry]:
    """All sessions for which a person was enrolled. Clauses: T-46, T-62."""
    return await read.page(rosters, paging, person=person)


@router.get("", dependencies=[requires("roster.read")])
async def roster(
    *,
    read: Read,
    paging: Paging,
    who: Actor,
    session: SessionId | None = None,
    presence: Presence | None = None,
    excused: bool | None = None,
    noticed: bool | None = None,
) -> Page[RosterEntry]:
    """The roster of a session; a trainer must name one that he teaches. Clauses: T-46, T-49, T-62."""
    await check_taught_by(session, who, read)
    return await read.page(rosters, paging, session=session, presence=presence, excused=excused, noticed=noticed)
