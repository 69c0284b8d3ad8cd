"""What is known of a person's month: what each fact speaks of, whose month it is, and the last word about each thing.

Rulings R1, R2, R5, R11.
"""

from collections.abc import Mapping
from dataclasses import field

from services.performance.metrics.events import MetricId, MetricRecorded
from services.performance.ratings.events import RaterFeedbackClosed
from services.performance.reviews.events import NotApplicableDeclared, ReviewOpened, ReviewScoreAdjusted
from services.supervision.contracts import StreamEnded, StreamMetricsRecorded, StreamObserved
from services.training.contracts import (
    ExamGraded,
    ExamRegraded,
    SessionAbsenceCorrected,
    SessionAbsenceRecorded,
    SessionAttended,
)
from services.vocabulary import Month, PersonMonth, StreamId, month
from shared.event import Recorded
from shared.explanation import Node
from shared.facts import Known
from shared.value import value

Event = (
    StreamEnded | StreamMetricsRecorded | StreamObserved | ExamGraded | ExamRegraded | SessionAttended
    | SessionAbsenceRecorded | SessionAbsenceCorrected | ReviewOpened | ReviewScoreAdjusted | NotApplicableDeclared
    | MetricRecorded | RaterFeedbackClosed
)  # fmt: skip


def about(event: Event) -> tuple[str, ...]:  # noqa: PLR0911 — one case for each thing
    match event:
        case StreamEnded() | StreamMetricsRecorded():
            return "stream", event.stream
        case StreamObserved():
            return "observation", event.observation
        case ExamGraded() | ExamRegraded():
            return "exam", event.person, event.session, event.attempt
        case SessionAttended() | SessionAbsenceRecorded() | SessionAbsenceCorrected():
            return "session", event.person, event.session
        case ReviewOpened():
            return "review", event.subject.person, event.subject.month
        case ReviewScoreAdjusted():
            return "adjustment", event.subject.person, event.subject.month, event.adjustment
        case NotApplicableDeclared():
            return "declaration", event.subject.person, event.subject.month, event.component
        case MetricRecorded():
            return "metric", event.subject.person, event.subject.month, event.metric
        case RaterFeedbackClosed():
            return "raters", event.person, event.month


def subjects(event: Event) -> list[PersonMonth]:  # noqa: PLR0911 — one case for each kind of subject
    match event:
        case StreamEnded():
            return [PersonMonth(person=shift.person, month=month(event.started_at)) for shift in event.crew]
        case StreamMetricsRecorded():
            return []  # its stream has a crew
        case StreamObserved():
            return [PersonMonth(person=event.person, month=month(event.started_at))]
        case ExamGraded() | ExamRegraded():
            return [PersonMonth(person=event.person, month=Month(f"{event.held_on:%Y-%m}"))]
        case SessionAttended() | SessionAbsenceRecorded() | SessionAbsenceCorrected():
            return [PersonMonth(person=event.person, month=month(event.held_at))]
        case ReviewOpened() | ReviewScoreAdjusted() | NotApplicableDeclared() | MetricRecorded():
            return [event.subject]
        case RaterFeedbackClosed():
            return [PersonMonth(person=event.person, month=event.month)]


@value
class Evidence:
    """`streams` stand in the order of their starts; those over `stream.max_hours` are not scored, nor what was seen
    of them. `missed` are sessions missed without excuse, although the notice had come before the start."""

    subject: PersonMonth
    opened: Recorded[ReviewOpened] | None
    adjustments: tuple[Recorded[ReviewScoreAdjusted], ...]
    declared: Mapping[str, Recorded[NotApplicableDeclared]]
    streams: tuple[Recorded[StreamEnded], ...]
    figures: tuple[Recorded[StreamMetricsRecorded] | None, ...]  # of each of the streams
    observations: tuple[Recorded[StreamObserved], ...]
    exams: tuple[Recorded[ExamGraded | ExamRegraded], ...]
    attended: tuple[Recorded[SessionAttended], ...]
    missed: tuple[Recorded[SessionAbsenceRecorded | SessionAbsenceCorrected], ...]
    metrics: Mapping[MetricId, Recorded[MetricRecorded]]
    raters: Recorded[RaterFeedbackClosed] | None
    credits: dict[str, tuple[Node, ...]] = field(default_factory=dict)  # what was made of streams so far
    minutes: dict[StreamId, tuple[tuple[Node, ...], tuple[Node, ...]]] = field(default_factory=dict)


def evidence_of(subject: PersonMonth, known: Known[Event]) -> Evidence:
    ended = sorted(known.last(StreamEnded).values(), key=lambda r: (r.event.started_at, r.event.stream))
    too_long = {r.event.stream for r in ended if r.event.too_long}
    scored = tuple(r for r in ended if not r.event.too_long)
    figures = {r.event.stream: r for r in known.last(StreamMetricsRecorded).values()}
    absences = known.last(SessionAbsenceRecorded, SessionAbsenceCorrected).values()
    declared = known.last(NotApplicableDeclared).values()
    adjusted = known.last(ReviewScoreAdjusted).values()
    return Evidence(
        subject=subject,
        opened=opened(known),
        adjustments=tuple(r for r in adjusted if not r.event.withdrawn and not r.event.held),
        declared={r.event.component: r for r in declared if not r.event.withdrawn},
        streams=scored,
        figures=tuple(figures.get(r.event.stream) for r in scored),
        observations=tuple(r for r in known.last(StreamObserved).values() if r.event.stream not in too_long),
        exams=tuple(known.last(ExamGraded, ExamRegraded).values()),
        attended=tuple(known.last(SessionAttended).values()),
        missed=tuple(r for r in absences if r.event.noticed and not r.event.excused),
        metrics={r.event.metric: r for r in known.last(MetricRecorded).values()},
        raters=next(iter(known.last(RaterFeedbackClosed).values()), None),
    )


def opened(known: Known[Event]) -> Recorded[ReviewOpened] | None:
    return next(iter(known.last(ReviewOpened).values()), None)
