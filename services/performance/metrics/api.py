"""Metrics over HTTP: their definitions, and what was recorded under them."""

from services.performance.metrics.decisions import DefineMetric, RecordMetric, metrics
from services.performance.metrics.decisions import recorded_metrics as records
from services.performance.metrics.events import MetricId
from services.performance.metrics.projections import (
    MetricDefinition,
    RecordedMetric,
    metric_definitions,
    recorded_metrics,
)
from services.vocabulary import Month, PersonId
from shared.access import requires
from shared.web import Accepted, Handle, Page, Paging, Read, Router

router = Router(prefix="/metrics", tags=["metrics"])
recorded = Router(prefix="/recorded-metrics", tags=["metrics"])


@router.post("/define", status_code=202, dependencies=[requires("metric.define")])
async def define(command: DefineMetric, handle: Handle) -> Accepted:
    """Define a metric, or the next version of it. Clauses: S-33 to S-36, O-89."""
    return await handle(metrics, command)


@router.get("", dependencies=[requires("metric.read")])
async def definitions(read: Read, paging: Paging) -> Page[MetricDefinition]:
    """Every metric in the version in force. Clauses: S-33 to S-36, S-38, O-89."""
    return await read.page(metric_definitions, paging)


@router.get("/{metric}", dependencies=[requires("metric.read")])
async def definition(metric: MetricId, read: Read) -> MetricDefinition:
    """What a metric means: formula, unit, aggregation, and which direction is better. Clauses: S-33 to S-36, O-89."""
    return await read(metric_definitions, MetricDefinition(metric=metric))


@recorded.post("/record", status_code=202, dependencies=[requires("metric.record")])
async def record(command: RecordMetric, handle: Handle) -> Accepted:
    """Record a metric of a person's month, or correct it; of an ability, by which method it was assessed.

    Clauses: S-35, S-38, S-40, O-89, O-91, O-92."""
    return await handle(records, command)


@recorded.get("", dependencies=[requires("metric.list_recorded")])
async def all_recorded(
    read: Read, paging: Paging, month: Month | None = None, metric: MetricId | None = None
) -> Page[RecordedMetric]:
    """What was recorded, by month and metric. Clauses: S-38, O-89."""
    return await read.page(recorded_metrics, paging, month=month, metric=metric)


@recorded.get("/{person}", dependencies=[requires("metric.read_person")])
async def recorded_of(person: PersonId, read: Read, paging: Paging, month: Month | None = None) -> Page[RecordedMetric]:
    """What was recorded of a person. Clauses: S-38, O-89."""
    return await read.page(recorded_metrics, paging, person=person, month=month)
