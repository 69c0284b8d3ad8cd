"""Exams over HTTP."""

from fastapi import APIRouter

from services.training.exams.decisions import GradeExam, RecordExamAbsence, RegradeExam, ScheduleExam, exams
from services.training.exams.projections import ExamChain, Standing, exam_chains
from services.training.sessions.api import check_taught_by
from services.vocabulary import CourseId, PersonId, SessionId
from shared.access import requires
from shared.web import Accepted, Actor, Handle, Page, Paging, Read

router = APIRouter(prefix="/exams", tags=["exams"])


@router.post("/schedule", status_code=202, dependencies=[requires("exam.schedule")])
async def schedule(command: ScheduleExam, handle: Handle) -> Accepted:
    """Schedule the first exam of a trainee who attended a session, or his make-up. Clauses: T-50, T-53, T-54."""
    return await handle(exams, command)


@router.post("/grade", status_code=202, dependencies=[requires("exam.grade")])
async def grade(command: GradeExam, handle: Handle, who: Actor, read: Read) -> Accepted:
    """Grade the scheduled exam of a person for a session. Clauses: T-50 to T-54."""
    await check_taught_by(command.session, who, read)
    return await handle(exams, command)


@router.post("/regrade", status_code=202, dependencies=[requires("exam.regrade")])
async def regrade(command: RegradeExam, handle: Handle) -> Accepted:
    """Correct a mark; what no longer follows from it is withdrawn, both stay readable. Clauses: T-52 to T-54."""
    return await handle(exams, command)


@router.post("/absence", status_code=202, dependencies=[requires("exam.record_absence")])
async def record_absence(command: RecordExamAbsence, handle: Handle) -> Accepted:
    """Record that a scheduled exam was not sat, or excuse it afterwards. Clauses: T-50, T-53."""
    return await handle(exams, command)


@router.get("/{person}/{session}", dependencies=[requires("exam.read")])
async def chain(person: PersonId, session: SessionId, who: Actor, read: Read) -> ExamChain:
    """Where a person stands after a session. Clauses: T-52 to T-54, T-62."""
    if who.person != person:
        await check_taught_by(session, who, read)
    return await read(exam_chains, ExamChain(person=person, session=session))


@router.get("/{person}", dependencies=[requires("exam.read_person")])
async def chains_of(person: PersonId, read: Read, paging: Paging) -> Page[ExamChain]:
    """Where a person stands after all his sessions. Clauses: T-52 to T-54, T-62."""
    return await read.page(exam_chains, paging, person=person)


@router.get("", dependencies=[requires("exam.list")])
async def listed(
    *,
    read: Read,
    paging: Paging,
    who: Actor,
    session: SessionId | None = None,
    course: CourseId | None = None,
    standing: Standing | None = None,
    overdue: bool | None = None,
    retraining_open: bool | None = None,
) -> Page[ExamChain]:
    """All chains; a trainer must name a session that he teaches. `overdue` finds open chances whose day has passed,
    `retraining_open` who must train again and has not begun to. Clauses: T-52 to T-54, T-62."""
    await check_taught_by(session, who, read)
    return await read.page(
        exam_chains,
        paging,
        session=session,
        course=course,
        standing=standing,
        overdue=overdue,
        retraining_open=retraining_open,
    )
