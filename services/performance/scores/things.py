"""What a fact of performance speaks of, and whose month it belongs to. Rulings R5, R11."""

from services.performance.metrics.events import MetricRecorded
from services.performance.reviews.events import NotApplicableDeclared, PersonMonth, ReviewOpened, ReviewScoreAdjusted
from services.supervision.contracts import StreamEnded, StreamMetricsRecorded, StreamObserved
from services.training.contracts import (
    ExamGraded,
    ExamRegraded,
    SessionAbsenceCorrected,
    SessionAbsenceRecorded,
    SessionAttended,
)
from services.vocabulary import Month, month

Event = (
    StreamEnded | StreamMetricsRecorded | StreamObserved | ExamGraded | ExamRegraded | SessionAttended
    | SessionAbsenceRecorded | SessionAbsenceCorrected | ReviewOpened | ReviewScoreAdjusted | NotApplicableDeclared
    | MetricRecorded
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


def subjects(event: Event) -> list[PersonMonth]:
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
