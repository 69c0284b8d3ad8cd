"""The score and grade of a month by plain loops over its facts: as a service would compute them that explains nothing.

The same facts are read (the last word about each thing, of whom it speaks, what is too long to count), the standard in
force is the one of the post, and the numbers are as exact: what is not applicable moves its weight, adjustments are
capped as sums, the total is clamped, rounded half up and graded. For the measures and forms of the benchmark alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import floor
from typing import Any

import msgspec

from services.performance.contracts import NotApplicableDeclared, ReviewOpened, ReviewScoreAdjusted
from services.performance.main import service
from services.performance.metrics.events import Aggregation
from services.performance.reviews.events import Direction
from services.performance.scores.evidence import about, subjects
from services.performance.scores.standard import (
    AppraisalStandard,
    Attribution,
    Component,
    Exams,
    Measure,
    Observed,
    Presence,
    Sessions,
    Streams,
    Target,
)
from services.supervision.contracts import StreamEnded, StreamMetricsRecorded, StreamObserved
from services.training.contracts import (
    ExamGraded,
    ExamRegraded,
    SessionAbsenceCorrected,
    SessionAbsenceRecorded,
    SessionAttended,
)
from services.vocabulary import Figure, PersonMonth, first_day
from shared.policy import Policies
from shared.store import Held

AS_ONE: Mapping[type, type] = {ExamRegraded: ExamGraded, SessionAbsenceCorrected: SessionAbsenceRecorded}
Number = int | Fraction


class Missing(Exception):
    """A fact is expected and has not arrived."""


class Said(msgspec.Struct):
    """What of a fact's envelope decides which word about a thing is the last."""

    version: int


envelope = msgspec.json.Decoder(Said)


class Month:
    """What is known of a person's month, by kind."""

    def __init__(self, subject: PersonMonth, held: Iterable[Held]) -> None:
        contracts, last = service.contracts.by_service, dict[tuple[Any, ...], tuple[int, Any]]()
        for one in {one.id: one for one in held}.values():
            event = contracts[one.service].decode(one.type, one.schema, one.data)
            kind, version = type(event), envelope.decode(one.meta).version
            thing = AS_ONE.get(kind, kind), *about(event)  # type: ignore[arg-type]
            if thing not in last or last[thing][0] < version:
                last[thing] = version, event
        self.person = subject.person
        self.known: dict[Any, list[Any]] = {}
        for thing, (_, event) in last.items():
            if subject in (subjects(event) or [subject]):
                self.known.setdefault(thing[0], []).append(event)
        streams = sorted(self.of(StreamEnded), key=lambda e: (e.started_at, e.stream))
        self.streams = [event for event in streams if not event.too_long]
        self.too_long = {event.stream for event in streams if event.too_long}
        self.figures = {event.stream: event for event in self.of(StreamMetricsRecorded)}
        self.missed = sum(event.noticed and not event.excused for event in self.of(SessionAbsenceRecorded))
        self.declared = {event.component for event in self.of(NotApplicableDeclared) if not event.withdrawn}

    def of(self, kind: type) -> list[Any]:
        return self.known.get(kind, [])


def totals(subject: PersonMonth, held: Iterable[Held], policies: Policies) -> tuple[str, str]:
    """Score and grade."""
    month = Month(subject, held)
    (review,) = month.of(ReviewOpened)
    traits = {"post": review.post, "studio": review.studio}
    standard, _ = policies.resolve(AppraisalStandard, first_day(subject.month), traits)
    if review.not_rated is not None:
        return "not_rated", "not_rated"
    try:
        raw, applies = weighed(standard.components, standard.na_weight_to, month)
    except Missing:
        return "missing", "missing"
    if raw is None:
        return "not_applicable", "not_applicable"
    if standard.min_applicable_weight and applies * 100 < standard.min_applicable_weight.found:
        return "not_rated", "not_rated"
    plus, minus = adjustments(Direction.PLUS, month), adjustments(Direction.MINUS, month)
    plus = min(plus, standard.plus_cap.found) if standard.plus_cap else plus
    minus = min(minus, standard.minus_cap.found) if standard.minus_cap else minus
    points = Fraction(floor(min(max(raw + plus - minus, 0), 100) * 100 + Fraction(1, 2)), 100)
    (grade,) = (str(band.gives) for band in standard.grades if band.holds(points))
    return f"{float(points):.2f}".rstrip("0").rstrip("."), grade


def adjustments(direction: Direction, month: Month) -> Number:
    events = (e for e in month.of(ReviewScoreAdjusted) if not e.withdrawn and not e.held and e.direction is direction)
    return sum((Fraction(event.points) for event in events), Fraction(0))


def weighed(components: Sequence[Component], heir: str, month: Month) -> tuple[Number | None, Number]:
    """The weighted mean of what applies, and the share of the weight that does."""
    whole: Number = 0
    applying: Number = 0
    live: list[tuple[Number, Number, str]] = []
    for component in components:
        weight: Number = component.weight.found
        points, applies = scored(component, month)
        whole, applying = whole + weight, applying + weight * applies
        if points is not None:
            live.append((weight, points, component.name))
    under = sum(weight for weight, _, _ in live)
    if not under:
        return None, 0
    over = sum(weight * points for weight, points, _ in live)
    inherited = next((points for _, points, name in live if name == heir), None)
    if inherited is not None:
        over, under = over + (whole - under) * inherited, whole
    return Fraction(over) / under, Fraction(applying) / whole


def scored(component: Component, month: Month) -> tuple[Number | None, Number]:
    if component.name in month.declared:
        return None, 0
    if component.parts:
        return weighed(component.parts, component.na_weight_to, month)
    if component.measure is None:
        raise NotImplementedError(f"{component.name} is not of the benchmark")
    actual = measured(component.measure, month)
    if actual is None or component.form is None:
        return actual, int(actual is not None)
    if not isinstance(component.form, Target):
        raise NotImplementedError(f"the form of {component.name} is not of the benchmark")
    return to_target(actual, component.form), 1


def to_target(actual: Number, form: Target) -> Number:
    target, cap = form.target.found, form.cap.found if form.cap else 100
    over, under = (target, actual) if form.lower_is_better else (actual, target)
    return min(max(Fraction(over * 100) / under, Fraction(0)), Fraction(cap)) if under else cap


def measured(measure: Measure, month: Month) -> Number | None:
    """None: not applicable."""
    match measure:
        case Streams():
            return streamed(measure, month)
        case Presence():
            some(month.streams)
            return sum(int(s.minutes) for e in month.streams for s in e.crew if s.person == month.person)
        case Observed():
            seen = [event for event in month.of(StreamObserved) if event.stream not in month.too_long]
            return mean([getattr(event, criterion) for event in seen for criterion in measure.criteria])
        case Exams():
            return mean([event.score for event in month.of(ExamGraded)])
        case Sessions():
            attended = len(month.of(SessionAttended))
            counted = attended + month.missed
            if not counted:
                raise Missing
            return Fraction(attended * 100, counted)
        case _:
            raise NotImplementedError(f"{measure} is not of the benchmark")


def streamed(measure: Streams, month: Month) -> Number | None:
    amounts = some(credited(measure.figure, measure.attribution, month))
    match measure.aggregation:
        case Aggregation.SUM:
            return sum(amounts, Fraction(0))
        case Aggregation.MEAN:
            return Fraction(sum(amounts)) / len(amounts)
        case Aggregation.RATIO if measure.per:
            under = sum(credited(measure.per, measure.attribution, month))
            return Fraction(sum(amounts) * 100) / under if under else None
        case _:
            raise NotImplementedError(f"{measure.aggregation} is not of the benchmark")


def credited(figure: Figure, attribution: Attribution, month: Month) -> list[Number]:
    found: list[Number] = []
    for ended in month.streams:
        figures = month.figures.get(ended.stream)
        if figures is None:
            raise Missing
        amount = getattr(figures, figure)
        if attribution is Attribution.BY_MINUTES:
            own = sum(shift.minutes for shift in ended.crew if shift.person == month.person)
            amount = Fraction(amount * own, sum(shift.minutes for shift in ended.crew))
        found.append(amount)
    return found


def some(amounts: list[Any]) -> list[Any]:
    if not amounts:
        raise Missing
    return amounts


def mean(marks: Sequence[Any]) -> Fraction:
    some(list(marks))
    return Fraction(sum(marks)) / len(marks)
