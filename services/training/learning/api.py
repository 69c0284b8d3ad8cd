"""Online learning over HTTP."""

from services.training.learning.decisions import RecordLearningProgress, learning
from services.training.learning.projections import Progress, progresses
from services.training.sessions.api import check_taught_by
from services.vocabulary import PersonId, SessionId
from shared.access import requires
from shared.web import Accepted, Actor, Handle, Page, Paging, Read, Router

router = Router(prefix="/learning", tags=["learning"])


@router.post("/progress", status_code=202, dependencies=[requires("learning.record")])
async def record(command: RecordLearningProgress, handle: Handle) -> Accepted:
    """Record how far the trainee is with an online session, at his own pace. Clause: T-42."""
    return await handle(learning, command)


@router.get("/{person}", dependencies=[requires("learning.read_person")])
async def progress_of(person: PersonId, read: Read, paging: Paging) -> Page[Progress]:
    """How far a person is with his online sessions. Clause: T-42."""
    return await read.page(progresses, paging, person=person)


@router.get("", dependencies=[requires("learning.read")])
async def listed(read: Read, paging: Paging, who: Actor, session: SessionId | None = None) -> Page[Progress]:
    """How far the trainees of an online session are; a trainer must name one that he teaches. Clause: T-42."""
    await check_taught_by(session, who, read)
    return await read.page(progresses, paging, session=session)
