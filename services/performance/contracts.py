"""What performance tells the world. Others import this module and nothing else of performance."""

from services.performance.bonuses.events import (
    BonusAdjusted,
    BonusCalculated,
    BonusDeducted,
    BonusPaid,
    BonusReductionDecided,
)
from services.performance.cycles.events import CycleOpened
from services.performance.metrics.events import Aggregation, Better, MetricDefined, MetricId, MetricRecorded
from services.performance.priorities.events import (
    CareerPriorityEnded,
    CareerPriorityGranted,
    CareerPriorityHeld,
    Opportunity,
)
from services.performance.reviews.events import (
    Direction,
    FeedbackInterviewHeld,
    FeedbackMode,
    NotApplicableDeclared,
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
from services.vocabulary import PersonMonth
from shared.event import Contract

__all__ = [
    "Aggregation",
    "Better",
    "BonusAdjusted",
    "BonusCalculated",
    "BonusDeducted",
    "BonusPaid",
    "BonusReductionDecided",
    "CareerPriorityEnded",
    "CareerPriorityGranted",
    "CareerPriorityHeld",
    "CycleOpened",
    "Direction",
    "FeedbackInterviewHeld",
    "FeedbackMode",
    "MetricDefined",
    "MetricId",
    "MetricRecorded",
    "NotApplicableDeclared",
    "Opportunity",
    "PersonMonth",
    "ReviewCompleted",
    "ReviewObjectionEscalated",
    "ReviewObjectionRaised",
    "ReviewObjectionResolved",
    "ReviewObjectionWithdrawn",
    "ReviewOpened",
    "ReviewScoreAdjusted",
    "ReviewScored",
    "ScoreRestated",
    "SelfReviewSubmitted",
    "SuperiorReviewSubmitted",
    "contract",
]

contract = Contract(
    "performance",
    MetricDefined,
    CycleOpened,
    # what is measured of one person, and what it came to: no topic that may be granted carries a mark (R9)
    restricted=[
        MetricRecorded,
        ReviewOpened,
        ReviewScoreAdjusted,
        NotApplicableDeclared,
        SelfReviewSubmitted,
        SuperiorReviewSubmitted,
        ReviewScored,
        FeedbackInterviewHeld,
        ReviewObjectionRaised,
        ReviewObjectionEscalated,
        ReviewObjectionResolved,
        ReviewObjectionWithdrawn,
        ReviewCompleted,
        ScoreRestated,
        BonusDeducted,
        BonusCalculated,
        BonusPaid,
        BonusAdjusted,
        BonusReductionDecided,
        CareerPriorityGranted,
        CareerPriorityHeld,
        CareerPriorityEnded,
    ],
)
