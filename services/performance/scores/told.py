"""What a person's month comes to: the last word about each thing, read once. Rulings R1, R2, R11."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

from services.performance.metrics.events import MetricId, MetricRecorded
from services.performance.reviews.events import NotApplicableDeclared, PersonMonth, ReviewOpened, ReviewScoreAdjusted
from services.performance.scores.things import Event
from services.supervision.contracts import StreamEnded, StreamMetricsRecorded, StreamObserved
from services.training.contracts import (
    ExamGraded,
    ExamRegraded,
    SessionAbsenceCorrected,
    SessionAbsenceRecorded,
    SessionAttended,
)
from services.vocabulary import StreamId
from shared.event import Recorded
from shared.facts import Known
from shared.value import value

T = TypeVar("T")
U = TypeVar("U")


@value
class Told:
    """`streams` stand in the order of their starts; those over `stream.max_hours` are not scored, nor what was seen
    of them. `missed` are sessions missed without excuse, although the notice had come before the start."""

    subject: PersonMonth
    opened: Recorded[ReviewOpened] | None
    adjustments: tuple[Recorded[ReviewScoreAdjusted], ...]
    declared: Mapping[str, Recorded[NotApplicableDeclared]]
    streams: tuple[Recorded[StreamEnded], ...]
    figures: Mapping[StreamId, Recorded[StreamMetricsRecorded]]
    observations: tuple[Recorded[StreamObserved], ...]
    exams: tuple[Recorded[ExamGraded] | Recorded[ExamRegraded], ...]
    attended: tuple[Recorded[SessionAttended], ...]
    missed: tuple[Recorded[SessionAbsenceRecorded] | Recorded[SessionAbsenceCorrected], ...]
    metrics: Mapping[MetricId, Recorded[MetricRecorded]]


def told(subject: PersonMonth, known: Known[Event]) -> Told:
    ended = sorted(known.last(StreamEnded).values(), key=lambda r: (r.event.started_at, r.event.stream))
    too_long = {r.event.stream for r in ended if r.event.too_long}
    absences = latest(known.last(SessionAbsenceRecorded), known.last(SessionAbsenceCorrected))
    declared = known.last(NotApplicableDeclared).values()
    return Told(
        subject=subject,
        opened=opened(known),
        adjustments=tuple(r for r in known.last(ReviewScoreAdjusted).values() if not r.event.withdrawn),
        declared={r.event.component: r for r in declared if not r.event.withdrawn},
        streams=tuple(r for r in ended if not r.event.too_long),
        figures={r.event.stream: r for r in known.last(StreamMetricsRecorded).values()},
        observations=tuple(r for r in known.last(StreamObserved).values() if r.event.stream not in too_long),
        exams=latest(known.last(ExamGraded), known.last(ExamRegraded)),
        attended=tuple(known.last(SessionAttended).values()),
        missed=tuple(r for r in absences if r.event.noticed and not r.event.excused),
        metrics={r.event.metric: r for r in known.last(MetricRecorded).values()},
    )


def opened(known: Known[Event]) -> Recorded[ReviewOpened] | None:
    return next(iter(known.last(ReviewOpened).values()), None)


def latest(
    first: Mapping[Hashable, Recorded[T]], corrected: Mapping[Hashable, Recorded[U]]
) -> tuple[Recorded[T] | Recorded[U], ...]:
    """The last word about each thing, where the correction is an event of its own."""
    return (*(r for thing, r in first.items() if thing not in corrected), *corrected.values())
