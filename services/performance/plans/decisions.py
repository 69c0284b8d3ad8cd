"""A plan lies within the one that it breaks down, and its goals are measured. Clauses: S-25, S-26."""

from dataclasses import replace

from services.performance.metrics.decisions import metrics
from services.performance.periods.facts import quarter
from services.performance.plans.events import Contents, OperationsPlanAdopted, PlanId, PlanKind, PlanPeriod
from services.vocabulary import Month
from shared.decider import Context, Refused, Sight, look
from shared.register import register
from shared.value import value


@value
class AdoptMarketingPlan:
    """Of a year, a quarter or a month; within another plan where it names one."""

    plan: PlanId
    period: PlanPeriod
    parent: PlanId | None = None
    contents: Contents


@value
class AdoptOperationsPlan:
    """Of any kind: a quarter or month names the plan that it breaks down."""

    plan: PlanId
    kind: PlanKind
    period: PlanPeriod
    parent: PlanId | None = None
    contents: Contents


Command = AdoptMarketingPlan | AdoptOperationsPlan

LONG = {PlanKind.ANNUAL: "year", PlanKind.QUARTERLY: "quarter", PlanKind.MONTHLY: "month"}
BREAKS_DOWN = {PlanKind.QUARTERLY: {PlanKind.ANNUAL}, PlanKind.MONTHLY: {PlanKind.ANNUAL, PlanKind.QUARTERLY}}


def adopted(command: Command, state: OperationsPlanAdopted | None, context: Context) -> OperationsPlanAdopted:
    kind = command.kind if isinstance(command, AdoptOperationsPlan) else PlanKind.MARKETING
    now = OperationsPlanAdopted(
        plan=command.plan,
        version=state.version if state else 1,
        kind=kind,
        period=command.period,
        parent=command.parent,
        contents=command.contents,
    )
    if state == now:
        return now
    if state and (state.kind, state.period, state.parent) != (kind, command.period, command.parent):
        raise Refused(
            "plan.stands_elsewhere",
            kind=state.kind,
            period=state.period,
            parent=state.parent,
            next="change its contents alone, or adopt another plan",
        )
    check_place(now, context)
    for goal in command.contents.goals:
        if context.state(metrics, goal.metric) is None:
            raise Refused("plan.metric_unknown", metric=goal.metric, next="define the metric, then set the goal")
    return replace(now, version=state.version + 1) if state else now


def check_place(now: OperationsPlanAdopted, context: Context) -> None:
    if now.kind in LONG and long(now.period) != LONG[now.kind]:
        raise Refused("plan.period", kind=now.kind, period=now.period, next=f"its period is a {LONG[now.kind]}")
    if now.parent is None:
        if now.kind in BREAKS_DOWN:
            raise Refused("plan.without_parent", kind=now.kind, next="name the plan that it breaks down")
        return
    if now.kind is PlanKind.ANNUAL:
        raise Refused("plan.annual_has_none", parent=now.parent, next="an annual plan breaks no other down")
    parent = context.state(plans, now.parent)
    if parent is None:
        raise Refused("plan.parent_unknown", parent=now.parent, next="adopt the parent first")
    if parent.kind not in BREAKS_DOWN.get(now.kind, PlanKind):
        raise Refused(
            "plan.parent_of_another_kind",
            parent=now.parent,
            kind=parent.kind,
            next="a month breaks down a quarter or a year, a quarter a year",
        )
    if parent.period not in around(now.period):
        raise Refused("plan.outside_parent", period=now.period, parent=parent.period, next="plan within its period")


def long(period: PlanPeriod) -> str:
    return "year" if len(period) == len("2024") else "quarter" if "Q" in period else "month"


def around(period: PlanPeriod) -> set[str]:
    """The periods in which one lies, itself too."""
    found = {str(period), period[: len("2024")]}
    return found | {quarter(Month(period))} if long(period) == "month" else found


def sees(command: Command) -> list[Sight]:
    goals = [look(metrics, goal.metric) for goal in command.contents.goals]
    return goals if command.parent is None else [look(plans, command.parent), *goals]


plans = register(
    name="operations_plan", fact=OperationsPlanAdopted, key=lambda command: (command.plan,), says=adopted, sees=sees
)
