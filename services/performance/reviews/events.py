"""The review of one person's month: opened, scored, adjusted, fed back, completed, restated.

Clauses: S-37, S-39, S-42, S-43, O-89, O-93, O-103 to O-107; rulings R5, R6, R10; guarantee G10.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from services.objection import Escalated, Raised, Resolved, Withdrawn
from services.vocabulary import Month, PersonId, PersonMonth, PostId, Score, Text, UnitId
from shared.privacy import Note
from shared.value import value


class Direction(StrEnum):
    PLUS = "plus"  # 加分
    MINUS = "minus"  # 扣分


@value
class ReviewOpened:
    """Fixes under which population the month is reviewed: post and studio as they were."""

    subject: PersonMonth
    post: PostId
    studio: UnitId
    not_rated: Text | None = None  # why this month of this person is not rated: the cycle's reason, or his own


@value
class ReviewScoreAdjusted:
    """Once for one occasion; accepted in any state. Clauses: T-65, A-61; C-16."""

    subject: PersonMonth
    adjustment: str
    direction: Direction
    points: Score
    reason: str
    withdrawn: bool = False  # its cause fell away
    held: bool = False  # its cause is objected to: it does not count until that is resolved (R7)


@value
class NotApplicableDeclared:
    """By a named person, who is never the subject (R5)."""

    subject: PersonMonth
    component: str
    reason: Text
    withdrawn: bool = False  # it was declared by mistake


@value
class SelfReviewSubmitted:
    """绩效自评表 (O-103). The same again, before the scoring, corrects it."""

    person: PersonId
    month: Month
    achievements: Note
    shortcomings: Note
    improvements: Note


@value
class SuperiorReviewSubmitted:
    """上级评价表 (O-104), from the work, the self-review and what was observed day by day."""

    person: PersonId
    month: Month
    reviewer: PersonId
    capacity: str
    evaluation: Note
    without_self_review: Text | None = None  # why there is none, where the form asks for one


@value
class ReviewScored:
    """Version 1. `used` is the whole set that was known; the leaves of the explanation are part of it."""

    subject: PersonMonth
    score: Decimal | None  # none: not rated
    grade: str
    excellent: bool
    used: tuple[str, ...]
    explanation: Mapping[str, Any]
    standard: str = ""  # policy:version of the appraisal standard: a restatement keeps it


class FeedbackMode(StrEnum):
    FACE_TO_FACE = "face_to_face"  # 面对面 A-37
    CALL = "call"
    WRITTEN = "written"


@value
class FeedbackInterviewHeld:
    """What the person was told of a version of the result (R10). Clauses: O-105, A-36, A-37, S-43."""

    person: PersonId
    month: Month
    version: int
    interviewer: PersonId
    mode: FeedbackMode
    merits: Note
    shortcomings: Note
    advice: Note
    held_on: date
    max_lag_days: int | None = None  # the organisation's limit (P-17); none: not configured
    objections_until: date | None = None  # the last day of the window (P-18); none: it has no end, or admits none


@value
class ReviewCompleted:
    """Published to the world."""

    subject: PersonMonth
    post: PostId
    studio: UnitId
    version: int
    score: Decimal | None
    grade: str
    excellent: bool


class Notice(StrEnum):
    """Why the person is told of a restatement. Money, awards and penalties are told of by what changes them."""

    GRADE = "grade"
    SCORE = "score"  # by at least the organisation's `notice_points`


@value
class ScoreRestated:
    """The next version, beside the one before (R6)."""

    subject: PersonMonth
    version: int
    score: Decimal | None
    grade: str
    excellent: bool
    difference: Decimal | None
    causes: tuple[str, ...]  # the facts that the version before did not know
    used: tuple[str, ...]
    explanation: Mapping[str, Any]
    standard: str = ""  # as published
    notice: tuple[Notice, ...] = ()  # none: nobody is disturbed; the version is there to be read


@value
class ReviewObjectionRaised:
    """O-107, A-38; until it is resolved, what follows from the result is held (R7)."""

    subject: PersonMonth
    told: Raised


@value
class ReviewObjectionEscalated:
    subject: PersonMonth
    told: Escalated


@value
class ReviewObjectionResolved:
    """The owners of the facts that it names correct them, and the score is computed again (A-39, R6, R7)."""

    subject: PersonMonth
    told: Resolved


@value
class ReviewObjectionWithdrawn:
    subject: PersonMonth
    told: Withdrawn


Event = (
    ReviewOpened | ReviewScoreAdjusted | NotApplicableDeclared | SelfReviewSubmitted | SuperiorReviewSubmitted
    | ReviewScored | FeedbackInterviewHeld | ReviewObjectionRaised | ReviewObjectionEscalated
    | ReviewObjectionResolved | ReviewObjectionWithdrawn | ReviewCompleted | ScoreRestated
)  # fmt: skip
