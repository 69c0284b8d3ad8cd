"""Exams over HTTP."""

from services.objection import Standing as Objected
from services.training.exams.decisions import GradeExam, RecordExamAbsence, RegradeExam, ScheduleExam, exams
from services.training.exams.objections import RaiseObjection, ResolveObjection, WithdrawObjection
from services.training.exams.projections import ExamChain, ExamObjection, Standing, exam_chains, exam_objections
from services.training.sessions.api import check_taught_by
from services.vocabulary import CourseId, PersonId, SessionId
from shared.access import requires
from shared.web import Accepted, Actor, Handle, Page, Paging, Read, Router

router = Router(prefix="/exams", tags=["exams"])


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


@router.post("/object", status_code=202, dependencies=[requires("exam.object")])
async def raise_objection(command: RaiseObjection, handle: Handle) -> Accepted:
    """Object to a mark, by the person himself, where the policy admits it. Clause: T-52; C-09; ruling R7."""
    return await handle(exams, command)


@router.post("/withdraw-objection", status_code=202, dependencies=[requires("exam.object")])
async def withdraw_objection(command: WithdrawObjection, handle: Handle) -> Accepted:
    """Take one's own objection back. Clause: T-52; ruling R7."""
    return await handle(exams, command)


@router.post("/resolve-objection", status_code=202, dependencies=[requires("exam.resolve_objection")])
async def resolve_objection(command: ResolveObjection, handle: Handle) -> Accepted:
    """Raise the mark that it names, which takes back what followed, or reject the objection. Clause: T-52; R7."""
    return await handle(exams, command)


@router.get("/objections", dependencies=[requires("exam.list")])
async def objections(
    *,
    read: Read,
    paging: Paging,
    who: Actor,
    session: SessionId | None = None,
    standing: Objected | None = None,
) -> Page[ExamObjection]:
    """Objections: open, escalated, upheld, rejected; a trainer must name a session that he teaches. Ruling R7."""
    await check_taught_by(session, who, read)
    return await read.page(exam_objections, paging, session=session, standing=standing)


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
    held: bool | None = None,
) -> Page[ExamChain]:
    """All chains; a trainer must name a session that he teaches. `overdue` finds open chances whose day has passed,
    `retraining_open` who must train again and has not begun to, `held` what an open objection holds.

    Clauses: T-52 to T-54, T-62; ruling R7."""
    await check_taught_by(session, who, read)
    return await read.page(
        exam_chains,
        paging,
        session=session,
        course=course,
        standing=standing,
        overdue=overdue,
        retraining_open=retraining_open,
        held=held,
    )
