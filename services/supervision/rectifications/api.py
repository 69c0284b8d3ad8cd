"""Rectifications over HTTP."""

from services.supervision.rectifications.decisions import (
    AcceptRectificationPlan,
    CompleteRectification,
    RecordRectificationRefusal,
    ReturnRectificationPlan,
    Stage,
    SubmitRectificationPlan,
    VerifyRectification,
    rectifications,
)
from services.supervision.rectifications.projections import Rectification, all_rectifications
from services.vocabulary import PersonId
from shared.access import requires
from shared.web import Accepted, Handle, Page, Paging, Read, Router

router = Router(prefix="/rectifications", tags=["rectifications"])


@router.post("/submit-plan", status_code=202, dependencies=[requires("rectification.plan")])
async def submit_plan(command: SubmitRectificationPlan, handle: Handle) -> Accepted:
    """Submit one's own plan: measures, each with its day. Clause: A-62."""
    return await handle(rectifications, command)


@router.post("/return-plan", status_code=202, dependencies=[requires("rectification.decide")])
async def return_plan(command: ReturnRectificationPlan, handle: Handle) -> Accepted:
    """Return the plan with opinions. Clause: A-62."""
    return await handle(rectifications, command)


@router.post("/accept-plan", status_code=202, dependencies=[requires("rectification.decide")])
async def accept_plan(command: AcceptRectificationPlan, handle: Handle) -> Accepted:
    """Accept the plan. Clause: A-62."""
    return await handle(rectifications, command)


@router.post("/complete", status_code=202, dependencies=[requires("rectification.plan")])
async def complete(command: CompleteRectification, handle: Handle) -> Accepted:
    """Say that the measures are done, with what shows it. Clause: A-62."""
    return await handle(rectifications, command)


@router.post("/verify", status_code=202, dependencies=[requires("rectification.decide")])
async def verify(command: VerifyRectification, handle: Handle) -> Accepted:
    """Verify what was done; where it was not effective it is required again. Clause: A-62."""
    return await handle(rectifications, command)


@router.post("/record-refusal", status_code=202, dependencies=[requires("rectification.decide")])
async def record_refusal(command: RecordRectificationRefusal, handle: Handle) -> Accepted:
    """Record, with evidence, that the person refuses to rectify. Clauses: A-62, A-63."""
    return await handle(rectifications, command)


@router.get("/of/{person}", dependencies=[requires("rectification.read_person")])
async def of_person(person: PersonId, read: Read, paging: Paging) -> Page[Rectification]:
    """A person's rectifications; he may read them himself. Clause: A-62."""
    return await read.page(all_rectifications, paging, person=person)


@router.get("", dependencies=[requires("rectification.read")])
async def listed(read: Read, paging: Paging, stage: Stage | None = None) -> Page[Rectification]:
    """What each rectification waits for. Clause: A-62."""
    return await read.page(all_rectifications, paging, stage=stage)
