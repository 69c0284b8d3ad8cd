"""The board of plans: each in the version in force. Clauses: S-25, S-26."""

from dataclasses import replace

from services.performance.plans.events import Contents, OperationsPlanAdopted, PlanId, PlanKind, PlanPeriod
from shared.projection import Projection
from shared.value import value


@value
class OperationsPlan:
    plan: PlanId
    version: int = 0
    kind: PlanKind | None = None
    period: PlanPeriod = PlanPeriod("")
    parent: PlanId | None = None
    contents: Contents | None = None


def operations_plan(row: OperationsPlan, event: OperationsPlanAdopted) -> OperationsPlan:
    return replace(
        row,
        version=event.version,
        kind=event.kind,
        period=event.period,
        parent=event.parent,
        contents=event.contents,
    )


operations_plans = Projection(
    name="operations_plans", key=lambda event: OperationsPlan(plan=event.plan), evolve=operations_plan
)
