"""The measures of a standard, over what is known of a person's month. Rulings R2, R5, R11.

Clauses: S-33 to S-36, S-38 to S-40, O-89, O-93.
"""

from collections.abc import Hashable, Iterator, Mapping
from decimal import Decimal
from typing import TypeVar

from services.performance.metrics.events import Aggregation, MetricId, MetricRecorded
from services.performance.reviews.events import PersonMonth
from services.performance.scores.standard import (
    Attribution,
    Deducted,
    Exams,
    Figure,
    Measure,
    Minus,
    Observed,
    OnAir,
    Presence,
    Sessions,
    Streams,
)
from services.performance.scores.standard import Recorded as RecordedMetric
from services.performance.scores.things import Event, about
from services.supervision.contracts import StreamEnded, StreamMetricsRecorded, StreamObserved
from services.training.contracts import (
    ExamGraded,
    ExamRegraded,
    SessionAbsenceCorrected,
    SessionAbsenceRecorded,
    SessionAttended,
)
from shared.event import Recorded
from shared.explanation import (
    Deduction,
    Kind,
    Mean,
    Node,
    Nothing,
    Part,
    Product,
    Ratio,
    Sum,
    Weighted,
    fact,
    occurrence,
)
from shared.facts import Known

T = TypeVar("T")
U = TypeVar("U")
PER_CENT = Decimal(100)
# What stands below these is the archive's (R9).
EXAM_MARKS, ATTENDANCE, SESSIONS_MISSED = "exam_marks", "session_attendance", "sessions_missed"


def measured(measure: Measure, name: str, subject: PersonMonth, known: Known[Event]) -> Node | None:  # noqa: PLR0911 — one case for each kind
    match measure:
        case Streams():
            found = list(credited(measure, subject, known))
            return figure(measure, found) if found else None
        case Presence():
            return on_air(measure.on_air, subject, known)
        case Observed():
            marks = tuple(
                fact(r, criterion, by=r.event.capacity)
                for r in observations(known)
                for criterion in measure.criteria
            )  # fmt: skip
            return Mean(name=name, of=marks) if marks else None
        case Exams():
            marks = tuple(fact(r, "score") for r in latest(known.last(ExamGraded), known.last(ExamRegraded)))
            return Mean(name=EXAM_MARKS, of=marks) if marks else None
        case Sessions():
            return attendance(known)
        case RecordedMetric():
            return recorded(measure.metric, known)
        case Deducted():
            off = tuple(taken(one, known) for one in measure.minus)
            return Ratio(
                name=name,
                over=Deduction(name=f"{name}_points", full=measure.full, off=off),
                under=measure.full,
                per=PER_CENT,
            )


# Live streams


def streams(known: Known[Event]) -> list[Recorded[StreamEnded]]:
    """In the order of their starts; those over `stream.max_hours` are not scored (R11)."""
    ended = [r for r in known.last(StreamEnded).values() if not r.event.too_long]
    return sorted(ended, key=lambda r: (r.event.started_at, r.event.stream))


def observations(known: Known[Event]) -> list[Recorded[StreamObserved]]:
    too_long = {r.event.stream for r in known.last(StreamEnded).values() if r.event.too_long}
    return [r for r in known.last(StreamObserved).values() if r.event.stream not in too_long]


def on_air(what: OnAir, subject: PersonMonth, known: Known[Event]) -> Node | None:
    ended = streams(known)
    if not ended:
        return None
    match what:
        case OnAir.STREAMS:
            return Sum(name="streams", of=tuple(occurrence(r) for r in ended))
        case OnAir.MINUTES:
            return Sum(name="minutes", of=tuple(minutes for r in ended for minutes in own_minutes(r, subject)))


def own_minutes(ended: Recorded[StreamEnded], subject: PersonMonth) -> list[Node]:
    crew = enumerate(ended.event.crew)
    return [fact(ended, f"crew.{i}.minutes") for i, shift in crew if shift.person == subject.person]


Credit = tuple[Node, Node]  # of one live stream: the figure, and what it is set against


def figure(measure: Streams, by_stream: list[Credit]) -> Node:
    name = measure.figure.value
    whole = Sum(name=name, of=tuple(upper for upper, _ in by_stream))
    match measure.aggregation:
        case Aggregation.SUM:
            return whole
        case Aggregation.RATIO:
            under = Sum(name=f"{name}_per", of=tuple(lower for _, lower in by_stream))
            return Ratio(name=f"{name}_rate", over=whole, under=under, per=PER_CENT)
        case Aggregation.WEIGHTED_MEAN:
            return Weighted(name=name, of=tuple(Part(weight=lower, of=upper) for upper, lower in by_stream))
        case Aggregation.MEAN:
            return Mean(name=name, of=whole.of)
        case Aggregation.LAST:
            return whole.of[-1]


def credited(measure: Streams, subject: PersonMonth, known: Known[Event]) -> Iterator[Credit]:
    """What the person is credited with of each live stream, in the order of their starts."""
    measurements = known.last(StreamMetricsRecorded)
    for ended in streams(known):
        found = measurements.get(about(ended.event))
        yield (
            credit(measure.figure, measure.attribution, subject, ended, found),
            credit(measure.per or measure.figure, measure.attribution, subject, ended, found),
        )


def credit(
    figure: Figure,
    attribution: Attribution,
    subject: PersonMonth,
    ended: Recorded[StreamEnded],
    measured: Recorded[StreamMetricsRecorded] | None,
) -> Node:
    if measured is None:
        return Nothing(
            name=figure.value, kind=Kind.MISSING, reason=f"figures of {ended.event.stream}", event=ended.meta.id
        )
    whole = fact(measured, figure.value)
    if attribution is Attribution.FULL:
        return whole
    own = Sum(name="own_minutes", of=tuple(own_minutes(ended, subject)))
    crew = tuple(fact(ended, f"crew.{i}.minutes") for i in range(len(ended.event.crew)))
    return Ratio(
        name=f"{figure}_by_minutes",
        over=Product(name=f"{figure}_minutes", of=(whole, own)),
        under=Sum(name="crew_minutes", of=crew),
    )


# Training, and what was recorded


def attendance(known: Known[Event]) -> Node | None:
    attended = tuple(occurrence(r) for r in known.last(SessionAttended).values())
    counted = (*attended, *(occurrence(r) for r in missed(known)))
    if not counted:
        return None
    return Ratio(
        name=ATTENDANCE, over=Sum(name="attended", of=attended), under=Sum(name="counted", of=counted), per=PER_CENT
    )


def missed(known: Known[Event]) -> list[Recorded[SessionAbsenceRecorded] | Recorded[SessionAbsenceCorrected]]:
    """Without excuse, although the notice had reached him before the start (R2)."""
    absences = latest(known.last(SessionAbsenceRecorded), known.last(SessionAbsenceCorrected))
    return [r for r in absences if r.event.noticed and not r.event.excused]


def taken(minus: Minus, known: Known[Event]) -> Node:
    if minus.metric is None:
        times: Node = Sum(name=SESSIONS_MISSED, of=tuple(occurrence(r) for r in missed(known)))
    else:
        times = recorded(minus.metric, known) or Nothing(name=minus.metric, kind=Kind.MISSING, reason="no fact")
    return Product(name=f"off_for_{minus.metric or SESSIONS_MISSED}", of=(minus.each, times))


def recorded(metric: MetricId, known: Known[Event]) -> Node | None:
    for r in known.last(MetricRecorded).values():
        if r.event.metric == metric:
            amount = fact(r, "amount")
            return (
                amount if r.event.base is None else Ratio(name=metric, over=amount, under=fact(r, "base"), per=PER_CENT)
            )
    return None


def latest(
    first: Mapping[Hashable, Recorded[T]], corrected: Mapping[Hashable, Recorded[U]]
) -> list[Recorded[T] | Recorded[U]]:
    """The last word about each thing, where the correction is an event of its own."""
    return [*(r for thing, r in first.items() if thing not in corrected), *corrected.values()]
