"""A metric is defined before it is recorded; a changed definition is its next version. An ability is assessed by one of
its methods, by somebody else. Clauses: S-33 to S-36, S-42, O-89, O-91, O-92."""

from dataclasses import replace
from decimal import Decimal
from typing import Annotated

from annotated_types import Ge

from services.deciding import check_not_the_subject
from services.performance.metrics.events import Aggregation, Better, Method, MetricDefined, MetricId, MetricRecorded
from services.vocabulary import PersonMonth, Text, Unit
from shared.decider import Context, Refused, look
from shared.register import register
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
    methods: tuple[Method, ...] = ()
    clauses: tuple[str, ...] = ()


def defined(command: DefineMetric, state: MetricDefined | None, context: Context) -> MetricDefined:
    now = MetricDefined(
        metric=command.metric,
        version=state.version if state else 1,
        name_zh=command.name_zh,
        name_en=command.name_en,
        formula=command.formula,
        unit=command.unit,
        aggregation=command.aggregation,
        better=command.better,
        methods=tuple(sorted(set(command.methods))),
        clauses=command.clauses,
    )
    return replace(now, version=state.version + 1) if state and now != state else now


metrics = register(name="metric", fact=MetricDefined, key=lambda command: (command.metric,), says=defined)


@value
class RecordMetric:
    """The amount of a month; of a ratio with its base, so that months and people add up. Again: a correction."""

    subject: PersonMonth
    metric: MetricId
    amount: Decimal
    base: Annotated[Decimal, Ge(0)] | None = None
    source: Text
    method: Method | None = None


@value
class CorrectMetric:
    """An objection was upheld: a number of what was recorded was another (R7)."""

    subject: PersonMonth
    metric: MetricId
    field: str
    now: Decimal


def recorded(command: RecordMetric | CorrectMetric, state: MetricRecorded | None, context: Context) -> MetricRecorded:
    if isinstance(command, CorrectMetric):
        return corrected(command, state)
    definition = context.state(metrics, command.metric)
    if definition is None:
        raise Refused("metric.unknown", metric=command.metric, next="define the metric, then record it")
    if (command.base is not None) != (definition.aggregation is Aggregation.RATIO):
        then = "leave the base out" if command.base is not None else "give the base of the ratio"
        raise Refused(
            "metric.base_of_ratio", metric=command.metric, aggregation=definition.aggregation.value, next=then
        )
    check_method(command, definition, context)
    return MetricRecorded(
        subject=command.subject,
        metric=command.metric,
        definition=definition.version,
        amount=command.amount,
        base=command.base,
        source=command.source,
        method=command.method,
    )


def check_method(command: RecordMetric, definition: MetricDefined, context: Context) -> None:
    """Raises Refused("metric.method"), ("metric.by_the_subject")."""
    if command.method not in (definition.methods or (None,)):
        raise Refused("metric.method", metric=command.metric, methods=definition.methods, next="name one of these")
    if definition.methods:
        check_not_the_subject("metric", command.subject.person, context)


def corrected(command: CorrectMetric, before: MetricRecorded | None) -> MetricRecorded:
    if before is None or command.field not in {"amount", "base"}:
        then = "correct the amount or the base of what was recorded"
        raise Refused("metric.not_recorded", metric=command.metric, field=command.field, next=then)
    amount = command.now if command.field == "amount" else before.amount
    base = command.now if command.field == "base" else before.base
    return replace(before, amount=amount, base=base)


recorded_metrics = register(
    name="recorded_metric",
    fact=MetricRecorded,
    key=lambda command: (command.subject.person, command.subject.month, command.metric),
    says=recorded,
    sees=lambda command: [look(metrics, command.metric)],
)
