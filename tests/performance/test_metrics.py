"""Metrics: defined by version, recorded of a person and month, corrected. Clauses S-33 to S-36, O-89."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from pydantic import TypeAdapter, ValidationError

from services.performance.contracts import Aggregation, Better, MetricDefined, MetricId, MetricRecorded
from services.performance.metrics.decisions import CorrectMetric, DefineMetric, RecordMetric, metrics, recorded_metrics
from services.performance.metrics.events import Method
from services.performance.scores.standard import AppraisalStandard, Deducted, Recorded, each
from services.vocabulary import Unit
from shared.policy import load_policies
from shared.testing import Given, given
from tests.performance.month import MAY
from tests.performance.test_standards import DEMO, KINDS

READS = DefineMetric(
    metric=MetricId("content_reads"),
    name_zh="内容阅读量",
    name_en="Content reads",
    formula="reads in the month",
    unit=Unit.COUNT,
    aggregation=Aggregation.SUM,
    better=Better.HIGHER,
    clauses=("O-89",),
)
DEFINED = MetricDefined(
    metric=READS.metric,
    version=1,
    name_zh=READS.name_zh,
    name_en=READS.name_en,
    formula=READS.formula,
    unit=READS.unit,
    aggregation=READS.aggregation,
    better=READS.better,
    clauses=READS.clauses,
)
RECORD = RecordMetric(subject=MAY, metric=READS.metric, amount=Decimal(5000), source="content backend")
RECORDED = MetricRecorded(
    subject=MAY, metric=READS.metric, definition=1, amount=Decimal(5000), base=None, source="content backend"
)


def recording(
    definition: MetricDefined | None = DEFINED,
) -> Given[RecordMetric | CorrectMetric, MetricRecorded | None, MetricRecorded]:
    return given(recorded_metrics).seeing(metrics, READS.metric, found=definition)


def test_a_definition_has_versions() -> None:
    first = given(metrics).when(READS).then(DEFINED)
    first.when(READS).then()
    other = replace(READS, formula="distinct readers in the month", unit=Unit.PERSONS)
    second = replace(DEFINED, version=2, formula=other.formula, unit=other.unit)
    first.when(other).then(second).when(other).then()


def test_what_is_recorded_names_the_version_of_its_definition_and_is_corrected_by_the_next_word() -> None:
    first = recording().when(RECORD).then(RECORDED)
    first.when(RECORD).then()
    first.when(replace(RECORD, amount=Decimal(5100))).then(replace(RECORDED, amount=Decimal(5100)))
    newer = replace(first, seen={(metrics.name, (READS.metric,)): replace(DEFINED, version=2)})
    newer.when(RECORD).then(replace(RECORDED, definition=2))


def test_an_unknown_metric_is_refused() -> None:
    recording(None).when(RECORD).refused("metric.unknown", metric="content_reads")


def test_a_ratio_is_recorded_with_its_base_and_nothing_else_is() -> None:
    ratio = replace(DEFINED, aggregation=Aggregation.RATIO)
    recording(ratio).when(RECORD).refused("metric.base_of_ratio", aggregation="ratio")
    with_base = replace(RECORD, base=Decimal(0))
    recording(ratio).when(with_base).then(replace(RECORDED, base=Decimal(0)))
    recording().when(with_base).refused("metric.base_of_ratio", aggregation="sum")


@pytest.mark.clause("O-91", "O-92", "S-42")
def test_an_ability_is_assessed_by_showing_work_or_by_a_test_and_by_somebody_else() -> None:
    """Content creation, data analysis, campaign planning: the demo defines each with its methods."""
    lines = map(json.loads, (DEMO / "metrics.ndjson").read_text().splitlines())
    defined = {line["body"]["metric"]: TypeAdapter(DefineMetric).validate_python(line["body"]) for line in lines}
    for name in ("content_creation", "data_analysis", "campaign_planning"):
        (ability,) = given(metrics).when(defined[name]).events
        assess = RecordMetric(subject=MAY, metric=ability.metric, amount=Decimal(80), source="the spring campaign")
        there = given(recorded_metrics).seeing(metrics, ability.metric, found=ability)
        there.when(assess, by="supervisor").refused("metric.method", methods=ability.methods)
        for method in ability.methods:
            shown = replace(assess, method=method)
            (assessed,) = there.when(shown, by="supervisor").events
            assert (assessed.method, assessed.amount) == (method, 80)
            there.when(shown, by=MAY.person).refused("metric.by_the_subject")
    assert {method for metric in defined.values() for method in metric.methods} == set(Method)
    recording().when(replace(RECORD, method=Method.PORTFOLIO)).refused("metric.method", methods=())


@pytest.mark.parametrize(
    "wrong", [{"base": "-1"}, {"amount": "NaN"}, {"subject": {"person": "a", "month": "2024-13"}}, {"pay": 1}]
)
def test_the_edge_refuses_what_is_no_record(wrong: dict[str, object]) -> None:
    body = {"subject": {"person": "a", "month": "2024-05"}, "metric": "m", "amount": "1", "source": "x"}
    adapter = TypeAdapter(RecordMetric)
    adapter.validate_python(body)
    with pytest.raises(ValidationError):
        adapter.validate_python(body | wrong)


def metrics_of(standard: object) -> Iterator[str]:
    assert isinstance(standard, AppraisalStandard)
    for component in each(standard.components):
        for measure in (component.measure, *(line.measure for line in component.lowest_of)):
            if isinstance(measure, Recorded):
                yield measure.metric
            if isinstance(measure, Deducted):
                yield from (minus.metric for minus in measure.minus if minus.metric)


def test_every_metric_that_a_standard_of_the_demo_measures_is_defined_in_the_demo() -> None:
    """Another could never be recorded."""
    lines = (DEMO / "metrics.ndjson").read_text().splitlines()
    commands = [TypeAdapter(DefineMetric).validate_python(json.loads(line)["body"]) for line in lines]
    assert {json.loads(line)["command"] for line in lines} == {"DefineMetric"}
    assert len({command.metric for command in commands}) == len(commands)
    standards = [document.body for document in load_policies(KINDS, [DEMO]).of(AppraisalStandard)]
    measured = {metric for standard in standards for metric in metrics_of(standard)}
    assert "conversion_rate" in measured
    assert measured <= {command.metric for command in commands}
    for command in commands:
        assert (command.unit is Unit.PERCENT) == (command.aggregation is Aggregation.RATIO)
