"""Which fail of an exam counts, and when work is poor enough for the group to look at its cause.

Clauses: T-67, A-61; C-13, P-14; rulings R1, R3.
"""

from enum import StrEnum
from typing import Annotated, ClassVar

from services.vocabulary import RANKED, Figure
from shared.explanation import Rule
from shared.marked import Wrong
from shared.policy import Issue, Open
from shared.value import value


class PenaltyTrigger(StrEnum):
    """Which fail of a chain of exams is criticised (C-13)."""

    FIRST_FAIL = "first_fail"
    AFTER_MAKE_UP = "after_make_up"


@value
class FailedAssessment:
    """In force when a chain of exams began (R1)."""

    refuses: ClassVar = RANKED

    issue: Issue
    clause: str = ""
    penalty_trigger: PenaltyTrigger


NO_DECLINE = (Figure.RATINGS, Figure.SATISFIED, Figure.COMPLAINTS)  # fewer viewers who answered are no worse work


@value
class PoorPerformance:
    """Thresholds that only ever propose. Unset: not configured (P-14)."""

    refuses: ClassVar = RANKED

    issue: Issue
    clause: str = ""
    figure: Figure  # by which a decline is told
    complaints_min: Annotated[Rule | None, Open(code="P-14")] = None  # in a month, from which there are many
    decline_pct: Annotated[Rule | None, Open(code="P-14")] = (
        None  # of the figure per stream, from which the decline is evident
    )
    points: Annotated[Rule | None, Open(code="P-14")] = None  # that a deduction takes

    def __post_init__(self) -> None:
        if self.figure in NO_DECLINE:
            raise Wrong(f"a decline of {self.figure} says nothing of the work: name another figure", "figure")
