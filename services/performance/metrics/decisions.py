"""A metric is defined before it is recorded; a changed definition is its next version. Clauses: S-33 to S-36, O-89."""

from dataclasses import replace
from decimal import Decimal
from typing import Annotated

from annotated_types import Ge

from services.performance.metrics.events import Aggregation, Better, MetricDefined, MetricId, MetricRecorded, Unit
from services.vocabulary import PersonMonth, Text
from shared.decider import Context, Decider, Refused, look
from shared.value import value


@value
class DefineMetric:
    metric: MetricId
    name_zh: Text
    name_en: Text
    formula: Text
    unit: Unit
    aggregation: Aggregation
    better: Better
    clauses: tuple[str, ...] = ()


def define(command: DefineMetric, state: MetricDefined | None) -> list[MetricDefined]:
    version = state.version if state else 0
    defined = MetricDefined(
        metric=command.metric,
        version=version + 1,
        name_zh=command.name_zh,
        name_en=command.name_en,
        formula=command.formula,
        unit=command.unit,
        aggregation=command.aggregation,
        better=command.better,
        clauses=command.clauses,
    )
    return [] if replace(defined, version=version) == state else [defined]


def evolve(state: MetricDefined | None, event: MetricDefined) -> MetricDefined:
    return event


metrics = Decider(
    name="metric",
    key=lambda command: (command.metric,),
    initial=lambda: None,
    decide=define,
    evolve=evolve,
)


@value
class RecordMetric:
    """The amount of a month; of a ratio with its base, so that months and people add up. Again: a correction."""

    subject: PersonMonth
    metric: MetricId
    amount: Decimal
    base: Annotated[Decimal, Ge(0)] | None = None
    source: Text


@value
class CorrectMetric:
    """An objection was upheld: a number of what was recorded was another (R7)."""

    subject: PersonMonth
    metric: MetricId
    field: str
    now: Decimal


def record(
    command: RecordMetric | CorrectMetric, state: MetricRecorded | None, context: Context
) -> list[MetricRecorded]:
    if isinstance(command, CorrectMetric):
        return corrected(command, state)
    definition = context.state(metrics, command.metric)
    if definition is None:
        raise Refused("metric.unknown", metric=command.metric, next="define the metric, then record it")
    if (command.base is not None) != (definition.aggregation is Aggregation.RATIO):
        raise Refused("metric.base_of_ratio", metric=command.metric, aggregation=definition.aggregation.value)
    now = MetricRecorded(
        subject=command.subject,
        metric=command.metric,
        definition=definition.version,
        amount=command.amount,
        base=command.base,
        source=command.source,
    )
    return [] if now == state else [now]


def corrected(command: CorrectMetric, before: MetricRecorded | None) -> list[MetricRecorded]:
    if before is None or command.field not in {"amount", "base"}:
        raise Refused("metric.not_recorded", metric=command.metric, field=command.field)
    amount = command.now if command.field == "amount" else before.amount
    base = command.now if command.field == "base" else before.base
    now = replace(before, amount=amount, base=base)
    return [] if now == before else [now]


def recorded(state: MetricRecorded | None, event: MetricRecorded) -> MetricRecorded:
    return event


recorded_metrics = Decider(
    name="recorded_metric",
    key=lambda command: (command.subject.person, command.subject.month, command.metric),
    initial=lambda: None,
    decide=record,
    evolve=recorded,
    sees=lambda command: [look(metrics, command.metric)],
)
