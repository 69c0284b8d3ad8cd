"""Improvement plans over HTTP."""

from datetime import UTC, datetime

from services.performance.improvements.decisions import (
    AgreeImprovementPlan,
    CloseImprovementPlan,
    CompleteImprovementMeasure,
    ProposeImprovementPlan,
    improvements,
)
from services.performance.improvements.projections import ImprovementPlan, Stage, improvement_plans
from services.vocabulary import Month, PersonId, day
from shared.access import requires
from shared.web import Accepted, Handle, Page, Paging, Read, Router

router = Router(prefix="/improvements", tags=["improvements"])


@router.post("/propose", status_code=202, dependencies=[requires("improvement.plan")])
async def propose(command: ProposeImprovementPlan, handle: Handle) -> Accepted:
    """Propose measures, each with its day and owner, after the feedback interview. Clauses: O-106, S-49."""
    return await handle(improvements, command)


@router.post("/agree", status_code=202, dependencies=[requires("improvement.plan")])
async def agree(command: AgreeImprovementPlan, handle: Handle) -> Accepted:
    """Agree to what the other side proposed: the plan is made by both. Clause: O-106."""
    return await handle(improvements, command)


@router.post("/complete-measure", status_code=202, dependencies=[requires("improvement.plan")])
async def complete_measure(command: CompleteImprovementMeasure, handle: Handle) -> Accepted:
    """Say that one's own measure is done, and what came of it. Clause: S-49."""
    return await handle(improvements, command)


@router.post("/close", status_code=202, dependencies=[requires("improvement.close")])
async def close(command: CloseImprovementPlan, handle: Handle) -> Accepted:
    """Close the plan as achieved or not; never one's own. Clause: S-49."""
    return await handle(improvements, command)


@router.get("", dependencies=[requires("improvement.list")])
async def listed(
    read: Read, paging: Paging, month: Month | None = None, stage: Stage | None = None, *, overdue: bool | None = None
) -> Page[ImprovementPlan]:
    """The board; `overdue`: an agreed measure whose day has passed is not done. Clauses: O-106, S-49."""
    today = day(datetime.now(UTC))
    return await read.page(
        improvement_plans, paging, lambda row: overdue in (None, row.overdue(today)), month=month, stage=stage
    )


@router.get("/{person}/{month}", dependencies=[requires("improvement.read")])
async def one(person: PersonId, month: Month, read: Read) -> ImprovementPlan:
    """The plan that was made of a month's result; the person reads his own. Clauses: O-106, S-49."""
    return await read(improvement_plans, ImprovementPlan(person=person, month=month))
