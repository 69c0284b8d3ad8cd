"""Sessions over HTTP."""

from services.training.sessions.decisions import (
    DeliverSession,
    EnrolTrainees,
    ScheduleSession,
    SendTrainingNotice,
    sessions,
)
from services.training.sessions.events import Method
from services.training.sessions.projections import SessionRecord, session_records
from services.vocabulary import CourseId, PersonId, SessionId
from shared.access import requires
from shared.web import Accepted, Actor, Handle, NotFound, Page, Paging, Read, Router

TRAINERS = {"trainer_internal", "trainer_external"}

router = Router(prefix="/sessions", tags=["sessions"])


@router.post("/schedule", status_code=202, dependencies=[requires("session.schedule")])
async def schedule(command: ScheduleSession, handle: Handle) -> Accepted:
    """Schedule a session of a course. Clauses: T-40 to T-44."""
    return await handle(sessions, command)


@router.post("/enrol", status_code=202, dependencies=[requires("session.enrol")])
async def enrol(command: EnrolTrainees, handle: Handle) -> Accepted:
    """Enrol trainees until the session is delivered. Clauses: T-13, T-54."""
    return await handle(sessions, command)


@router.post("/notify", status_code=202, dependencies=[requires("session.notify")])
async def notify(command: SendTrainingNotice, handle: Handle) -> Accepted:
    """Tell enrolled trainees time, place, content and method in advance. Clause: T-45; P-02."""
    return await handle(sessions, command)


@router.post("/deliver", status_code=202, dependencies=[requires("session.deliver")])
async def deliver(command: DeliverSession, handle: Handle) -> Accepted:
    """Record that the session was taught; sign-in is closed from then on. Clauses: T-46, T-47, T-49."""
    return await handle(sessions, command)


@router.get("/{session}", dependencies=[requires("session.read")])
async def session(session: SessionId, read: Read) -> SessionRecord:
    """The training record of a session. Clause: T-49."""
    return await read(session_records, SessionRecord(session=session))


@router.get("", dependencies=[requires("session.read")])
async def listed(
    *,
    read: Read,
    paging: Paging,
    course: CourseId | None = None,
    trainer: PersonId | None = None,
    method: Method | None = None,
    delivered: bool | None = None,
) -> Page[SessionRecord]:
    """The calendar. Clauses: T-40 to T-44, T-49."""
    return await read.page(session_records, paging, course=course, trainer=trainer, method=method, delivered=delivered)


async def check_taught_by(session: SessionId | None, who: Actor, read: Read) -> None:
    """A trainer sees and marks the trainees of the sessions that he teaches, and of no others (R9). Raises NotFound.

    No fact names the administrator of a session: whoever holds `training_admin` administers all of them."""
    if who.capacity not in TRAINERS:
        return
    if session is None or (await read(session_records, SessionRecord(session=session))).trainer != who.person:
        raise NotFound("session")
