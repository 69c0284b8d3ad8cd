"""What a standard measures is known, in the unit that it says. Held against the catalogues when policies are loaded."""

from collections.abc import Iterator, Mapping, Sequence

from services.performance.metrics.catalogue import MetricCatalogue
from services.performance.metrics.events import Aggregation, MetricId
from services.performance.scores.standard import (
    AppraisalStandard,
    Component,
    Deducted,
    Line,
    Measure,
    OnAir,
    Points,
    Presence,
    Recorded,
    Sessions,
    Streams,
)
from services.vocabulary import Unit
from shared.marked import Place
from shared.policy import Clash, Policies

Units = Mapping[MetricId, Unit]
Found = tuple[Place, str]


def check_metrics(policies: Policies) -> Iterator[Clash]:
    """Unknown metrics, and targets in another unit than what they are a target of."""
    known = {
        metric.name: metric.unit
        for document in policies.of(MetricCatalogue)
        if isinstance(document.body, MetricCatalogue)
        for metric in document.body.metrics
    }
    for document in policies.of(AppraisalStandard):
        if isinstance(document.body, AppraisalStandard):
            for place, reason in among(document.body.components, ("components",), known):
                yield Clash(document, reason, *place)


def among(components: Sequence[Component], place: Place, known: Units) -> Iterator[Found]:
    for i, component in enumerate(components):
        here = (*place, i)
        yield from measured(component, here, known)
        yield from among(component.parts, (*here, "parts"), known)
        for j, line in enumerate(component.lowest_of):
            yield from measured(line, (*here, "lowest_of", j), known)


def measured(of: Component | Line, place: Place, known: Units) -> Iterator[Found]:
    if of.measure is None:
        return
    for metric, at in named(of.measure):
        if metric not in known:
            yield (
                (*place, "measure", *at),
                f"no catalogue knows a metric {metric}: name it in a file of `kind: MetricCatalogue`, with its unit",
            )
            return
    unit = unit_of(of.measure, known)
    said = None if of.form is None or isinstance(of.form, Points) else of.form.unit
    if said and said is not unit:
        yield (*place, "form", "unit"), f"{of.name} is measured in {unit}, not in {said}"


def named(measure: Measure) -> Iterator[tuple[MetricId, Place]]:
    match measure:
        case Recorded():
            yield measure.metric, ("metric",)
        case Deducted():
            yield from ((m.metric, ("minus", i, "metric")) for i, m in enumerate(measure.minus) if m.metric)
        case _:
            return


def unit_of(measure: Measure, known: Units) -> Unit:
    match measure:
        case Streams(aggregation=Aggregation.RATIO) | Sessions():
            return Unit.PERCENT
        case Streams():
            return measure.figure.unit
        case Presence():
            return Unit.MINUTES if measure.on_air is OnAir.MINUTES else Unit.COUNT
        case Recorded():
            return known[measure.metric]
        case _:
            return Unit.POINTS
