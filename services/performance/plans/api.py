"""Operations plans over HTTP."""

from services.performance.plans.decisions import AdoptMarketingPlan, AdoptOperationsPlan, plans
from services.performance.plans.events import PlanId, PlanKind, PlanPeriod
from services.performance.plans.projections import OperationsPlan, operations_plans
from shared.access import requires
from shared.web import Accepted, Handle, Page, Paging, Read, Router

router = Router(prefix="/plans", tags=["plans"])


@router.post("/adopt", status_code=202, dependencies=[requires("plan.adopt")])
async def adopt(command: AdoptOperationsPlan, handle: Handle) -> Accepted:
    """Adopt a plan with its goals, strategy, key work and budget, or its next version."""
    return await handle(plans, command)


@router.post("/adopt-marketing", status_code=202, dependencies=[requires("plan.adopt_marketing")])
async def adopt_marketing(command: AdoptMarketingPlan, handle: Handle) -> Accepted:
    """Adopt the marketing promotion plan, or its next version. Clauses: S-25, S-26."""
    return await handle(plans, command)


@router.get("", dependencies=[requires("plan.read")])
async def listed(
    read: Read,
    paging: Paging,
    kind: PlanKind | None = None,
    period: PlanPeriod | None = None,
    parent: PlanId | None = None,
) -> Page[OperationsPlan]:
    """All plans, or those of a kind or period, or into which one is broken down. Clause: S-25."""
    return await read.page(operations_plans, paging, kind=kind, period=period, parent=parent)


@router.get("/{plan}", dependencies=[requires("plan.read")])
async def one(plan: PlanId, read: Read) -> OperationsPlan:
    """A plan in the version in force. Clause: S-25."""
    return await read(operations_plans, OperationsPlan(plan=plan))
