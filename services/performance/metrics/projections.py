"""What can be asked about metrics."""

from dataclasses import replace
from decimal import Decimal

from services.performance.metrics.events import Aggregation, Better, Method, MetricDefined, MetricId, MetricRecorded
from services.vocabulary import Month, PersonId, Unit
from shared.projection import Projection
from shared.value import value


@value
class MetricDefinition:
    """The version in force. `clauses` are those that name the metric."""

    metric: MetricId
    version: int = 0
    name_zh: str = ""
    name_en: str = ""
    formula: str = ""
    unit: Unit | None = None
    aggregation: Aggregation | None = None
    better: Better | None = None
    methods: tuple[Method, ...] = ()
    clauses: tuple[str, ...] = ()


def metric_definition(row: MetricDefinition, event: MetricDefined) -> MetricDefinition:
    return MetricDefinition(
        metric=event.metric,
        version=event.version,
        name_zh=event.name_zh,
        name_en=event.name_en,
        formula=event.formula,
        unit=event.unit,
        aggregation=event.aggregation,
        better=event.better,
        methods=event.methods,
        clauses=event.clauses,
    )


metric_definitions = Projection(
    name="metric_definitions",
    key=lambda event: MetricDefinition(metric=event.metric),
    evolve=metric_definition,
    version=2,
)


@value
class RecordedMetric:
    """What stands, and how often it was corrected."""

    person: PersonId
    month: Month
    metric: MetricId
    definition: int = 0
    amount: Decimal | None = None
    base: Decimal | None = None
    source: str = ""
    method: Method | None = None
    corrections: int = -1


def recorded_metric(row: RecordedMetric, event: MetricRecorded) -> RecordedMetric:
    return replace(
        row,
        definition=event.definition,
        amount=event.amount,
        base=event.base,
        source=event.source,
        method=event.method,
        corrections=row.corrections + 1,
    )


recorded_metrics = Projection(
    name="recorded_metrics",
    key=lambda event: RecordedMetric(person=event.subject.person, month=event.subject.month, metric=event.metric),
    evolve=recorded_metric,
    version=2,
)
