"""The session that the specifications speak of, and the organisation's settings for it."""

from datetime import UTC, datetime
from pathlib import Path

from services.objection import ObjectionRules
from services.training.courses.decisions import Course
from services.training.courses.events import ContentArea, CourseDesigned
from services.training.rules import TrainingRules
from services.training.sessions.events import (
    Method,
    SessionDelivered,
    SessionScheduled,
    TraineesEnrolled,
    TrainerKind,
    TrainingNoticeSent,
)
from services.vocabulary import CourseId, PersonId, SessionId
from shared.policy import load_policy

LAWS, LAWS_MAY = CourseId("laws"), SessionId("laws-may")
LI, WU, TRAINER = PersonId("li"), PersonId("wu"), PersonId("trainer")
START, END = datetime(2024, 5, 6, 1, tzinfo=UTC), datetime(2024, 5, 6, 3, tzinfo=UTC)  # 9 to 11 in Shanghai
COURSE = Course(design=CourseDesigned(course=LAWS, title="Laws", areas=(ContentArea.LAWS,)))
NOT_CONFIGURED = """
kind: TrainingRules
issue: {policy: training_rules, version: 1}
notice: {clause: T-45, min_lead_hours: }
make_up: {}
exam_absence: {}
retraining: {}
"""
RULES = load_policy(TrainingRules, NOT_CONFIGURED)
SHIPPED = (Path(__file__).parents[2] / "services/training/policies/objections.yaml").read_text()
NO_OBJECTIONS = load_policy(ObjectionRules, SHIPPED)

SCHEDULED = SessionScheduled(
    session=LAWS_MAY,
    course=LAWS,
    starts_at=START,
    ends_at=END,
    place="Studio 3",
    content="Advertising law",
    method=Method.INTERNAL,
    trainer=TRAINER,
    trainer_kind=TrainerKind.INTERNAL,
)
ENROLLED = TraineesEnrolled(session=LAWS_MAY, course=LAWS, persons=(LI, WU))
DELIVERED = SessionDelivered(
    session=LAWS_MAY,
    course=LAWS,
    started_at=START,
    ended_at=END,
    place="Studio 3",
    content="Advertising law",
    method=Method.INTERNAL,
    trainer=TRAINER,
    persons=(LI, WU),
)


def noticed(*persons: PersonId) -> TrainingNoticeSent:
    return TrainingNoticeSent(
        session=LAWS_MAY,
        persons=persons,
        starts_at=START,
        place="Studio 3",
        content="Advertising law",
        method=Method.INTERNAL,
    )
