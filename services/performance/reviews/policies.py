"""What the regulations settle for a population's review, and what they leave to the organisation."""

from typing import Annotated

from services.performance.reviews.events import FeedbackMode
from shared.explanation import Rule
from shared.policy import Issue, Open
from shared.value import value


@value
class FeedbackPolicy:
    """The form of a population's review: what precedes the scoring (001), and whether it is completed after the
    feedback interview (001, 003) or before it (002, 004). R10; C-08."""

    issue: Issue
    clause: str
    before_completion: bool
    mode: FeedbackMode | None = None  # none: any
    max_lag_days: Annotated[Rule | None, Open(code="P-17")] = (
        None  # from scoring to feedback (P-17); none: not configured
    )
    self_review: bool = False  # before the superior's (O-103)
    superior_review: bool = False  # before the scoring (O-104)


@value
class TrainingExcellence:
    """Plus points for an excellent exam (T-65). The regulation names no number (P-04)."""

    points: Annotated[Rule | None, Open(code="P-04")] = None  # none: not configured, nothing is added
    make_up_counts: bool = False  # R1: the first attempt only, unless configured otherwise


@value
class AdjustmentPolicy:
    issue: Issue
    clause: str
    training_excellence: TrainingExcellence = TrainingExcellence()
