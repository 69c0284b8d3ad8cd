"""Lessons over HTTP."""

from services.training.sessions.api import check_taught_by
from services.training.teaching.decisions import answers, performance_notes
from services.training.teaching.events import TraineePerformanceNoted, TraineeQuestionAnswered
from services.training.teaching.projections import Answer, Performance, answers_given, performances
from services.vocabulary import PersonId, SessionId
from shared.access import requires
from shared.web import Accepted, Actor, Handle, Page, Paging, Read, Router

router = Router(prefix="/teaching", tags=["teaching"])


@router.post("/answers", status_code=202, dependencies=[requires("question.answer")])
async def answer(command: TraineeQuestionAnswered, handle: Handle, who: Actor, read: Read) -> Accepted:
    """Record the answer to a trainee's question. Clause: T-48."""
    await check_taught_by(command.session, who, read)
    return await handle(answers, command)


@router.post("/performances", status_code=202, dependencies=[requires("performance.note")])
async def note(command: TraineePerformanceNoted, handle: Handle, who: Actor, read: Read) -> Accepted:
    """Note how a trainee did in a session; again to correct it. Clause: T-49."""
    await check_taught_by(command.session, who, read)
    return await handle(performance_notes, command)


@router.get("/answers", dependencies=[requires("question.read")])
async def answers_of(read: Read, paging: Paging, who: Actor, session: SessionId | None = None) -> Page[Answer]:
    """Questions and answers of a session; a trainer must name one that he teaches. Clause: T-48."""
    await check_taught_by(session, who, read)
    return await read.page(answers_given, paging, session=session)


@router.get("/performances", dependencies=[requires("performance.read")])
async def performances_of(
    read: Read, paging: Paging, who: Actor, session: SessionId | None = None
) -> Page[Performance]:
    """How the trainees of a session did; a trainer must name one that he teaches. Clause: T-49."""
    await check_taught_by(session, who, read)
    return await read.page(performances, paging, session=session)


@router.get("/performances/{person}", dependencies=[requires("performance.read_person")])
async def performances_by(person: PersonId, read: Read, paging: Paging) -> Page[Performance]:
    """How a person did in his sessions. Clauses: T-49, T-62."""
    return await read.page(performances, paging, person=person)
