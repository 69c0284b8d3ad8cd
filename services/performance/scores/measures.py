"""The measures of a standard, over what a person's month comes to. Rulings R2, R5, R11.

Clauses: S-33 to S-36, S-38 to S-40, O-89, O-93, O-94.
"""

from decimal import Decimal
from typing import cast

from services.performance.metrics.events import Aggregation, MetricId
from services.performance.ratings.events import RaterFeedbackClosed, Relation
from services.performance.scores.evidence import Evidence
from services.performance.scores.standard import (
    Attribution,
    Deducted,
    Exams,
    Judging,
    Measure,
    Minus,
    Observed,
    OnAir,
    Presence,
    Rated,
    Sessions,
    Streams,
)
from services.performance.scores.standard import Recorded as RecordedMetric
from services.supervision.contracts import StreamEnded, StreamMetricsRecorded
from services.vocabulary import Figure, Unit
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
    facts,
    nothing,
    occurrence,
)

PER_CENT = Decimal(100)
# What stands below these is the archive's (R9).
EXAM_MARKS, ATTENDANCE, SESSIONS_MISSED = "exam_marks", "session_attendance", "sessions_missed"
BY = {relation: f"by_{relation}" for relation in Relation}  # what stands below these is nobody's but the auditor's (R5)
NO_JUDGING = "number and weights of raters are not configured"


def measured(measure: Measure, name: str, evidence: Evidence) -> Node | None:  # noqa: PLR0911 — one for each measure
    """None: there is no fact at all."""
    match measure:
        case Streams():
            return figure(measure, evidence) if evidence.streams else None
        case Presence():
            return on_air(measure.on_air, evidence) if evidence.streams else None
        case Observed():
            return observed(measure, name, evidence) if evidence.observations else None
        case Rated():
            return rated(measure, name, evidence)
        case Exams():
            marks = tuple(fact(r, "score", unit=Unit.POINTS) for r in evidence.exams)
            return Mean(name=EXAM_MARKS, of=marks) if marks else None
        case Sessions():
            return attendance(evidence) if evidence.attended or evidence.missed else None
        case RecordedMetric():
            return recorded(measure.metric, evidence)
        case Deducted():
            off = tuple(taken(minus, evidence) for minus in measure.minus)
            left = Deduction(name=f"{name}_points", full=measure.full, off=off)
            return Ratio(name=name, over=left, under=measure.full, per=PER_CENT)


# Live streams


def observed(measure: Observed, name: str, evidence: Evidence) -> Node:
    marks = (
        fact(r, c.value, by=r.event.capacity, unit=Unit.POINTS) for r in evidence.observations for c in measure.criteria
    )
    return Mean(name=name, of=tuple(marks))


def on_air(what: OnAir, evidence: Evidence) -> Node:
    match what:
        case OnAir.STREAMS:
            return Sum(name="streams", of=tuple(occurrence(r) for r in evidence.streams))
        case OnAir.MINUTES:
            return Sum(name="minutes", of=tuple(own for r in evidence.streams for own in on(r, evidence)[1]))


def on(ended: Recorded[StreamEnded], evidence: Evidence) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    """The minutes of the whole crew, and the person's own among them. Made once."""
    if (found := evidence.minutes.get(ended.event.stream)) is None:
        crew = ended.event.crew
        whole = tuple(fact(ended, f"crew.{i}.minutes", unit=Unit.MINUTES) for i in range(len(crew)))
        own = tuple(m for m, shift in zip(whole, crew, strict=True) if shift.person == evidence.subject.person)
        found = evidence.minutes[ended.event.stream] = whole, own
    return found


def figure(measure: Streams, evidence: Evidence) -> Node:
    """What the person is credited with of each live stream, in the order of their starts, as one."""
    name = str(measure.figure)
    of = credited(measure.figure, measure.attribution, evidence)
    per = credited(measure.per, measure.attribution, evidence) if measure.per else ()
    match measure.aggregation:
        case Aggregation.SUM:
            return Sum(name=name, of=of)
        case Aggregation.RATIO:
            under = Sum(name=f"{name}_per", of=per)
            return Ratio(name=f"{name}_rate", over=Sum(name=name, of=of), under=under, per=PER_CENT)
        case Aggregation.WEIGHTED_MEAN:
            parts = tuple(Part(weight=lower, of=upper) for upper, lower in zip(of, per, strict=True))
            return Weighted(name=name, of=parts)
        case Aggregation.MEAN:
            return Mean(name=name, of=of)
        case Aggregation.LAST:
            return of[-1]


def credited(figure: Figure, attribution: Attribution, evidence: Evidence) -> tuple[Node, ...]:
    """Made once, however many measures rest on it."""
    key = f"{figure} {attribution}"
    if (found := evidence.credits.get(key)) is None:
        whole = figures(figure, evidence)
        if attribution is Attribution.BY_MINUTES:
            name, streams = str(figure), zip(whole, evidence.streams, strict=True)
            whole = tuple([by_minutes(name, node, ended, evidence) for node, ended in streams])
        found = evidence.credits[key] = whole
    return found


def figures(figure: Figure, evidence: Evidence) -> tuple[Node, ...]:
    if None not in evidence.figures:
        return facts(cast("tuple[Recorded[StreamMetricsRecorded], ...]", evidence.figures), str(figure), figure.unit)
    return tuple(
        [
            fact(one, str(figure), unit=figure.unit)
            if one
            else nothing(ended, str(figure), Kind.MISSING, f"figures of {ended.event.stream}")
            for one, ended in zip(evidence.figures, evidence.streams, strict=True)
        ]
    )


def by_minutes(figure: str, whole: Node, ended: Recorded[StreamEnded], evidence: Evidence) -> Node:
    if isinstance(whole, Nothing):
        return whole
    crew, minutes = on(ended, evidence)
    own = Sum(name="own_minutes", of=minutes)
    return Ratio(
        name=f"{figure}_by_minutes",
        over=Product(name=f"{figure}_minutes", of=(whole, own)),
        under=Sum(name="crew_minutes", of=crew),
    )


# Raters


def rated(measure: Rated, name: str, evidence: Evidence) -> Node | None:
    if not measure.by:
        return Nothing(name=name, kind=Kind.MISSING, reason=NO_JUDGING)
    if evidence.raters is None:
        return None
    closed = evidence.raters
    return Weighted(name=name, of=tuple(Part(weight=one.weight, of=judged(one, measure, closed)) for one in measure.by))


def judged(by: Judging, measure: Rated, closed: Recorded[RaterFeedbackClosed]) -> Node:
    """The mean over the raters of a relation who marked all of these items."""
    given = enumerate(getattr(closed.event, by.name))
    raters = tuple(
        Mean(
            name="rater",
            of=tuple(fact(closed, f"{by.name}.{i}.{item}", by=by.name, unit=Unit.POINTS) for item in measure.rated),
        )
        for i, marks in given
        if marks.items.issuperset(measure.rated)
    )
    return Mean(name=BY[by.name], of=raters, least=by.at_least)


# Training, and what was recorded


def attendance(evidence: Evidence) -> Node:
    attended = tuple(occurrence(r) for r in evidence.attended)
    counted = (*attended, *(occurrence(r) for r in evidence.missed))
    return Ratio(
        name=ATTENDANCE, over=Sum(name="attended", of=attended), under=Sum(name="counted", of=counted), per=PER_CENT
    )


def taken(minus: Minus, evidence: Evidence) -> Node:
    if minus.metric is None:
        times: Node = Sum(name=SESSIONS_MISSED, of=tuple(occurrence(r) for r in evidence.missed))
    else:
        times = recorded(minus.metric, evidence) or Nothing(name=minus.metric, kind=Kind.MISSING, reason="no fact")
    return Product(name=f"off_for_{minus.metric or SESSIONS_MISSED}", of=(minus.each, times))


def recorded(metric: MetricId, evidence: Evidence) -> Node | None:
    found = evidence.metrics.get(metric)
    if found is None:
        return None
    amount = fact(found, "amount")
    return (
        amount if found.event.base is None else Ratio(name=metric, over=amount, under=fact(found, "base"), per=PER_CENT)
    )
