"""What can be asked about reviews. All events of a row come from one stream."""

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from services.objection import Standing, Told, standing_after, told
from services.performance.reviews.events import (
    Direction,
    Event,
    FeedbackInterviewHeld,
    FeedbackMode,
    NotApplicableDeclared,
    Notice,
    ReviewCompleted,
    ReviewObjectionEscalated,
    ReviewObjectionRaised,
    ReviewObjectionResolved,
    ReviewObjectionWithdrawn,
    ReviewOpened,
    ReviewScoreAdjusted,
    ReviewScored,
    ScoreRestated,
    SelfReviewSubmitted,
    SuperiorReviewSubmitted,
)
from services.vocabulary import Month, PersonId, PersonMonth, PostId, UnitId, day
from shared.event import Meta
from shared.privacy import Note
from shared.projection import Projection
from shared.value import value


class State(StrEnum):
    UNOPENED = "unopened"  # only adjusted yet
    OPEN = "open"
    SCORED = "scored"
    COMPLETED = "completed"


@value
class ReviewRow:
    """Where one person's month stands. `feedback_late` is none where nothing was fed back, or no limit is configured
    (P-17). `objection` is that to the last version objected to: while it is open, what follows from the result is
    held (R7)."""

    person: PersonId
    month: Month
    post: PostId = PostId("")
    studio: UnitId = UnitId("")
    state: State = State.UNOPENED
    version: int = 0  # of the result; from 2 on it was restated
    score: Decimal | None = None
    grade: str = ""
    excellent: bool = False
    not_rated: str | None = None
    standard: str = ""  # policy:version
    self_reviewed_on: date | None = None
    superior_reviewed_on: date | None = None
    scored_on: date | None = None
    completed_on: date | None = None
    fed_back_on: date | None = None
    feedback_lag_days: int | None = None
    feedback_late: bool | None = None
    objections_until: date | None = None  # none: the window has no end, or admits none, or has not begun
    objection: Standing | None = None


def review(row: ReviewRow, event: Event, meta: Meta) -> ReviewRow:  # noqa: PLR0911 — one for each event
    match event:
        case ReviewOpened():
            return replace(row, post=event.post, studio=event.studio, not_rated=event.not_rated, state=State.OPEN)
        case ReviewScored():
            scored = with_result(row, 1, event)
            return replace(scored, state=State.SCORED, standard=event.standard, scored_on=day(meta.occurred_at))
        case ReviewCompleted():
            return replace(row, state=State.COMPLETED, completed_on=day(meta.occurred_at))
        case ScoreRestated():
            return with_result(row, event.version, event)
        case FeedbackInterviewHeld():
            return fed_back(row, event)
        case SelfReviewSubmitted():
            return replace(row, self_reviewed_on=day(meta.occurred_at))
        case SuperiorReviewSubmitted():
            return replace(row, superior_reviewed_on=day(meta.occurred_at))
        case (
            ReviewObjectionRaised()
            | ReviewObjectionEscalated()
            | ReviewObjectionResolved()
            | ReviewObjectionWithdrawn()
        ):
            return replace(row, objection=standing_after(event.told))
        case ReviewScoreAdjusted() | NotApplicableDeclared():
            return row


def with_result(row: ReviewRow, version: int, event: ReviewScored | ScoreRestated) -> ReviewRow:
    return replace(row, version=version, score=event.score, grade=event.grade, excellent=event.excellent)


def fed_back(row: ReviewRow, event: FeedbackInterviewHeld) -> ReviewRow:
    lag = (event.held_on - row.scored_on).days if row.scored_on else None
    late = None if lag is None or event.max_lag_days is None else lag > event.max_lag_days
    return replace(
        row,
        fed_back_on=event.held_on,
        feedback_lag_days=lag,
        feedback_late=late,
        objections_until=event.objections_until,
    )


def subject(event: Event) -> PersonMonth:
    if isinstance(event, FeedbackInterviewHeld | SelfReviewSubmitted | SuperiorReviewSubmitted):
        return PersonMonth(person=event.person, month=event.month)
    return event.subject


def review_row(event: Event) -> ReviewRow:
    of = subject(event)
    return ReviewRow(person=of.person, month=of.month)


reviews_by_month = Projection(name="reviews", key=review_row, evolve=review)


@value
class Explanation:
    """A published version of a result with the tree that computed it, since when and which position of the log it is
    known. Version 1 stays readable (R6)."""

    person: PersonId
    month: Month
    version: int
    score: Decimal | None = None
    grade: str = ""
    document: Mapping[str, Any] = field(default_factory=dict)
    used: tuple[str, ...] = ()
    standard: str = ""
    known_at: datetime | None = None
    position: int = 0


def explanation(row: Explanation, event: ReviewScored | ScoreRestated, meta: Meta) -> Explanation:
    return replace(
        row,
        score=event.score,
        grade=event.grade,
        document=event.explanation,
        used=event.used,
        standard=event.standard,
        known_at=meta.recorded_at,
        position=meta.position,
    )


def explanation_row(event: ReviewScored | ScoreRestated) -> Explanation:
    version = event.version if isinstance(event, ScoreRestated) else 1
    return Explanation(person=event.subject.person, month=event.subject.month, version=version)


explanations = Projection(name="explanations", key=explanation_row, evolve=explanation, version=2)


@value
class Restatement:
    """What stood before, what stands since, and which facts made the difference."""

    person: PersonId
    month: Month
    version: int
    score: Decimal | None = None
    grade: str = ""
    difference: Decimal | None = None
    causes: tuple[str, ...] = ()
    at: datetime | None = None
    notice: tuple[Notice, ...] = ()  # why the person is told


def restatement(row: Restatement, event: ScoreRestated, meta: Meta) -> Restatement:
    return replace(
        row,
        score=event.score,
        grade=event.grade,
        difference=event.difference,
        causes=event.causes,
        at=meta.occurred_at,
        notice=event.notice,
    )


restatements = Projection(
    name="restatements",
    key=lambda event: Restatement(person=event.subject.person, month=event.subject.month, version=event.version),
    evolve=restatement,
    version=2,
)


@value
class Adjustment:
    person: PersonId
    month: Month
    adjustment: str
    direction: Direction | None = None
    points: Decimal | None = None
    reason: str = ""
    withdrawn: bool = False
    held: bool = False


def adjustment(row: Adjustment, event: ReviewScoreAdjusted) -> Adjustment:
    return replace(
        row,
        direction=event.direction,
        points=event.points,
        reason=event.reason,
        withdrawn=event.withdrawn,
        held=event.held,
    )


adjustments = Projection(
    name="adjustments",
    key=lambda event: Adjustment(person=event.subject.person, month=event.subject.month, adjustment=event.adjustment),
    evolve=adjustment,
)


@value
class Declaration:
    """That a component does not apply, by whom."""

    person: PersonId
    month: Month
    component: str
    reason: str = ""
    declared_by: PersonId = PersonId("")
    withdrawn: bool = False


def declaration(row: Declaration, event: NotApplicableDeclared, meta: Meta) -> Declaration:
    return replace(row, reason=event.reason, declared_by=PersonId(meta.actor), withdrawn=event.withdrawn)


declarations = Projection(
    name="declarations",
    key=lambda event: Declaration(person=event.subject.person, month=event.subject.month, component=event.component),
    evolve=declaration,
)


@value
class Feedback:
    person: PersonId
    month: Month
    version: int
    interviewer: PersonId = PersonId("")
    mode: FeedbackMode | None = None
    merits: Note | None = None
    shortcomings: Note | None = None
    advice: Note | None = None
    held_on: date | None = None


def feedback(row: Feedback, event: FeedbackInterviewHeld) -> Feedback:
    return replace(
        row,
        interviewer=event.interviewer,
        mode=event.mode,
        merits=event.merits,
        shortcomings=event.shortcomings,
        advice=event.advice,
        held_on=event.held_on,
    )


feedbacks = Projection(
    name="feedback",
    key=lambda event: Feedback(person=event.person, month=event.month, version=event.version),
    evolve=feedback,
)


@value
class Forms:
    """What the person wrote of his month, and what his superior did."""

    person: PersonId
    month: Month
    achievements: Note | None = None
    shortcomings: Note | None = None
    improvements: Note | None = None
    reviewer: PersonId = PersonId("")
    evaluation: Note | None = None
    without_self_review: str | None = None


def filled_in(row: Forms, event: SelfReviewSubmitted | SuperiorReviewSubmitted) -> Forms:
    match event:
        case SelfReviewSubmitted():
            return replace(
                row,
                achievements=event.achievements,
                shortcomings=event.shortcomings,
                improvements=event.improvements,
            )
        case SuperiorReviewSubmitted():
            return replace(
                row,
                reviewer=event.reviewer,
                evaluation=event.evaluation,
                without_self_review=event.without_self_review,
            )


forms = Projection(name="review_forms", key=lambda e: Forms(person=e.person, month=e.month), evolve=filled_in)


@value
class ReviewObjection(Told):
    """To one version of a result."""

    person: PersonId
    month: Month
    version: int


def objected(
    row: ReviewObjection,
    event: (ReviewObjectionRaised | ReviewObjectionEscalated | ReviewObjectionResolved | ReviewObjectionWithdrawn),
    meta: Meta,
) -> ReviewObjection:
    return told(row, event.told, meta)


review_objections = Projection(
    name="review_objections",
    key=lambda e: ReviewObjection(person=e.subject.person, month=e.subject.month, version=e.told.version),
    evolve=objected,
)
