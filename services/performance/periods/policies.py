"""How months become a quarter and a year, for whom. The regulations name no function and no scale (P-10; C-01, C-02).

A population whose policy has no quarter, or no year, is not appraised by it.
"""

from enum import StrEnum
from typing import Annotated, ClassVar

from services.performance.scores.standard import check_bands, check_grades
from services.vocabulary import RANKED
from shared.explanation import Band, Rule
from shared.marked import Wrong
from shared.policy import Issue, Open
from shared.value import value

MONTHS, QUARTERS = 3, 4


class Function(StrEnum):
    MEAN = "mean"
    WEIGHTED_MEAN = "weighted_mean"


class Source(StrEnum):
    """What a year rests on: 001 on months (O-98), 004 on quarters (E-62)."""

    MONTHS = "months"
    QUARTERS = "quarters"


@value
class RollUp:
    """`weights` of its parts in their order, for the weighted mean alone. Without grades it is points and no more."""

    function: Function
    clause: str = ""
    weights: tuple[Rule, ...] = ()
    grades: tuple[Band, ...] = ()
    excellent: str = ""

    def __post_init__(self) -> None:
        if self.weights and sum(rule.amount for rule in self.weights) <= 0:
            raise Wrong("weights: above 0 together", "weights")
        if self.grades:
            check_bands(self.grades, "grades")
            check_grades(self.grades, self.excellent)
        elif self.excellent:
            raise Wrong("excellent: there are no grades", "excellent")

    def check_weights(self, parts: int) -> None:
        if len(self.weights) != (parts if self.function is Function.WEIGHTED_MEAN else 0):
            raise Wrong(f"weights: {parts} for weighted_mean, none for mean")


@value
class Year:
    source: Source
    result: RollUp


@value
class RollUpPolicy:
    refuses: ClassVar = RANKED

    issue: Issue
    clause: str
    quarter: Annotated[RollUp | None, Open(code="P-10")] = None
    year: Annotated[Year | None, Open(code="P-10")] = None

    def __post_init__(self) -> None:
        if self.quarter:
            self.quarter.check_weights(MONTHS)
        if self.year:
            if self.year.source is Source.QUARTERS and not self.quarter:
                raise Wrong("year: it rests on quarters, and there is no quarter", "year", "source")
            self.year.result.check_weights(QUARTERS if self.year.source is Source.QUARTERS else MONTHS * QUARTERS)
