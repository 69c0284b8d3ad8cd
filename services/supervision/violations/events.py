"""A violation 违纪: what somebody did, or what became of his work, on one occasion.

Person, kind and occasion make it one and the same. The facts of others and the figures of a month record it; a person
of the group records what nothing else does. Clauses: A-60, A-61, T-66, T-67; rulings R1, R2, R3.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from services.training.contracts import Attempt
from services.vocabulary import PersonId, SessionId, Text
from shared.privacy import Note
from shared.value import value


class ViolationKind(StrEnum):
    UNEXCUSED_TRAINING_ABSENCE = "unexcused_training_absence"  # 无故不参加培训 T-66; occasion: the session
    TRAINING_ASSESSMENT_FAILED = "training_assessment_failed"  # 培训考核不合格 T-67; occasion: the session
    POOR_PERFORMANCE = "poor_performance"  # 观众投诉较多、直播数据明显下滑 A-61; occasion: the month
    LATE = "late"  # 迟到 A-60
    EARLY_LEAVE = "early_leave"  # 早退 A-60
    SERIOUS_STREAM_ERROR = "serious_stream_error"  # 直播中严重失误 A-60
    OTHER = "other"


class Severity(StrEnum):
    """情节轻重 (A-60). What each means for the penalty is the organisation's setting (P-13)."""

    MINOR = "minor"
    MODERATE = "moderate"
    SERIOUS = "serious"


@value
class ViolationRecorded:
    person: PersonId
    kind: ViolationKind
    occasion: str
    occurred_on: date
    ruled_on: date  # the business date whose policies decide what follows: of a chain of exams its beginning (R1)
    recorder: str  # a person; none: a fact of others, the event's cause
    capacity: str = ""
    severity: Severity | None = None
    evidence: tuple[str, ...] = ()  # ids of events, or what else shows it
    correction: bool = False  # a later fact turned against him: what follows is only proposed (R6)
    note: Note | None = None
    explanation: Mapping[str, Any] | None = None  # of the figures of a month, down to the facts
    used: tuple[str, ...] = ()  # the whole set of figures that was known; the leaves are part of it


@value
class AttemptJudged:
    """An attempt of a chain of exams, where the failed make-up decides: of a later correction of either, the other
    must be known (R1)."""

    person: PersonId
    session: SessionId
    attempt: Attempt
    failed: bool
    held_on: date


@value
class AttemptContested:
    """The mark of an attempt is objected to, in one of its versions, or no longer: meanwhile what follows is held."""

    person: PersonId
    session: SessionId
    attempt: Attempt
    version: int
    open: bool


@value
class ViolationCauseRecorded:
    """A member of the group found that ineffective work caused the complaints or the decline (A-61, R3)."""

    person: PersonId
    kind: ViolationKind
    occasion: str
    recorder: PersonId
    capacity: str
    finding: Note


@value
class ViolationWithdrawn:
    """What it rested on was corrected, or a person took it back. That it was recorded stays readable."""

    person: PersonId
    kind: ViolationKind
    occasion: str
    cause: Text
    recorder: str = ""  # none: a fact of others
    used: tuple[str, ...] = ()  # the figures that were known, where it is they that do not tell it any more


Event = AttemptJudged | AttemptContested | ViolationRecorded | ViolationCauseRecorded | ViolationWithdrawn
