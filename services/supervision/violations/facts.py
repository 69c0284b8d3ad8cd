"""An assistant anchor's month in figures, and whether they decline. Clause: A-61; C-35; rulings R3, R5, R11.

The complaints are those about the streams that he was on, and those that were brought against him or the stream. A
decline is told by the figure per stream, against that of the three months before, all their streams together.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from services.performance.contracts import ReviewOpened
from services.supervision.complaints.events import ComplaintRecorded
from services.supervision.streams.events import StreamEnded, StreamMetricsRecorded
from services.supervision.violations.rules import PoorPerformance
from services.vocabulary import Fen, Figure, Month, PersonMonth, PostId, first_day, month
from shared.decider import Context, Refused
from shared.event import Recorded
from shared.explanation import (
    Band,
    Bands,
    Difference,
    Kind,
    Mean,
    Node,
    Ratio,
    Rule,
    Sum,
    dump,
    evaluate,
    fact,
    nothing,
    occurrence,
)
from shared.facts import Facts, Known
from shared.value import value

REACHED = "reached"
ASSISTANT = PostId("assistant_anchor")  # whom regulation 003 is about

Event = StreamEnded | StreamMetricsRecorded | ComplaintRecorded | ReviewOpened


def about(event: Event) -> tuple[str, ...]:
    match event:
        case StreamEnded() | StreamMetricsRecorded():
            return "stream", event.stream
        case ComplaintRecorded():
            return "complaint", event.complaint
        case ReviewOpened():
            return "review", event.subject.person, event.subject.month


def subjects(event: Event) -> list[PersonMonth]:
    match event:
        case StreamEnded():
            own = month(event.started_at)
            persons = dict.fromkeys(shift.person for shift in event.crew if shift.post == ASSISTANT)
            return [PersonMonth(person=person, month=own) for person in persons]
        case StreamMetricsRecorded():
            return []  # its stream has a crew
        case ComplaintRecorded():
            if event.started_at is None:
                return []
            return [PersonMonth(person=person, month=month(event.started_at)) for person in event.against]
        case ReviewOpened():
            return [event.subject] if event.post == ASSISTANT else []


@value
class MonthlyFigures:
    """Empty until the month's review is opened: nobody is judged in the middle of a month. Streams that are too long
    are not counted (R11); of those counted, `measured` have figures."""

    reviewed: bool = False
    streams: int = 0
    measured: int = 0
    complaints: int = 0
    viewers: int = 0
    interactions: int = 0
    clicks: int = 0
    buyers: int = 0
    gmv: Fen = Fen(0)
    new_followers: int = 0


def total(subject: PersonMonth, known: Known[Event]) -> MonthlyFigures:
    if not reviewed(known):
        return MonthlyFigures()
    streams = counted(subject, known)
    measured = [found.event for _, found in streams if found]
    return MonthlyFigures(
        reviewed=True,
        streams=len(streams),
        measured=len(measured),
        complaints=sum(m.complaints for m in measured) + len(brought(subject, known)),
        viewers=sum(m.viewers for m in measured),
        interactions=sum(m.interactions for m in measured),
        clicks=sum(m.clicks for m in measured),
        buyers=sum(m.buyers for m in measured),
        gmv=Fen(sum(m.gmv for m in measured)),
        new_followers=sum(m.new_followers for m in measured),
    )


def reviewed(known: Known[Event]) -> bool:
    return bool(known.every(ReviewOpened))


monthly_figures = Facts(name="monthly_figures", about=about, subjects=subjects, result=total)


def brought(subject: PersonMonth, known: Known[Event]) -> list[Recorded[ComplaintRecorded]]:
    """Complaints whose last word counts against him, in that month; of a stream that is not counted none is."""
    counts = {ended.event.stream for ended, _ in counted(subject, known)}
    last = known.last(ComplaintRecorded).values()
    return [r for r in last if subject in subjects(r.event) and r.event.stream in counts]


Counted = tuple[Recorded[StreamEnded], Recorded[StreamMetricsRecorded] | None]  # a stream, its figures if they came


def counted(subject: PersonMonth, known: Known[Event]) -> list[Counted]:
    """A roster without any assistant anchor names nobody, and so is nobody's."""
    measured = known.last(StreamMetricsRecorded)
    return [
        (ended, measured.get(stream))
        for stream, ended in known.last(StreamEnded).items()
        if subject in subjects(ended.event) and not ended.event.too_long
    ]


def window(subject: PersonMonth) -> tuple[PersonMonth, ...]:
    """The month and the three before it."""
    return tuple(PersonMonth(person=subject.person, month=moved(subject.month, -n)) for n in range(4))


def moved(start: Month, by: int) -> Month:
    first = first_day(start)
    count = first.year * 12 + first.month - 1 + by
    return Month(f"{date(count // 12, count % 12 + 1, 1):%Y-%m}")


def examine(subject: PersonMonth, context: Context) -> dict[str, Any]:
    """The trees of what was reached, from the threshold down to the facts; none: nothing was. The exact decline is held
    against the threshold. Raises Refused("policy.not_configured")."""
    rules = context.policy(PoorPerformance, on=first_day(subject.month))
    if rules.complaints_min is None and rules.decline_pct is None:
        unset = ("complaints_min", "decline_pct")
        raise Refused("policy.not_configured", policy="PoorPerformance", setting=unset, next="set one of them")
    now, *before = (counted(one, context.known(monthly_figures, one)) for one in window(subject))
    many = complaints(now, brought(subject, context.known(monthly_figures, subject)))
    lost = decline(rules.figure, now, [stream for streams in before for stream in streams])
    asked = (("complaints", many, rules.complaints_min), ("decline", lost, rules.decline_pct))
    trees = {name: held_against(name, of, threshold) for name, of, threshold in asked if threshold}
    return {name: dump(tree) for name, tree in trees.items() if evaluate(tree) == REACHED}


def held_against(name: str, of: Node, threshold: Rule) -> Bands:
    below, reached = Band(gives="below", below=threshold), Band(gives=REACHED, at_least=threshold)
    return Bands(name=f"{name}_threshold", of=of, bands=(below, reached))


def complaints(streams: Sequence[Counted], others: Sequence[Recorded[ComplaintRecorded]]) -> Node:
    """Of what is measured: what is still missing can only add to them."""
    figures = (fact(found, Figure.COMPLAINTS, unit=Figure.COMPLAINTS.unit) for _, found in streams if found)
    return Sum(name="complaints", of=(*figures, *(occurrence(r) for r in others)))


def decline(figure: Figure, now: Sequence[Counted], before: Sequence[Counted]) -> Node:
    """In per cent; not applicable without a stream on either side, missing as long as figures are."""
    was = per_stream(f"{figure}_per_stream_before", figure, before)
    is_ = per_stream(f"{figure}_per_stream", figure, now)
    lost = Difference(name="lost", of=was, less=is_)
    return Ratio(name="decline", over=lost, under=was, per=Decimal(100))


def per_stream(name: str, figure: Figure, streams: Iterable[Counted]) -> Mean:
    return Mean(name=name, of=tuple(amount(figure, ended, found) for ended, found in streams))


def amount(figure: Figure, ended: Recorded[StreamEnded], found: Recorded[StreamMetricsRecorded] | None) -> Node:
    if found is None:
        return nothing(ended, figure, Kind.MISSING, f"figures of {ended.event.stream}")
    return fact(found, figure, unit=figure.unit)
