"""How months become a quarter. The regulations name no function (P-10)."""

from enum import StrEnum

from shared.explanation import Rule
from shared.policy import Issue
from shared.value import value

MONTHS = 3


class Function(StrEnum):
    MEAN = "mean"
    WEIGHTED_MEAN = "weighted_mean"


@value
class RollUpPolicy:
    """`weights` of the first, second and third month, for the weighted mean alone."""

    issue: Issue
    clause: str
    function: Function
    weights: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        if len(self.weights) != (MONTHS if self.function is Function.WEIGHTED_MEAN else 0):
            raise ValueError("weights: three for weighted_mean, none for mean")
        if self.weights and sum(rule.amount for rule in self.weights) <= 0:
            raise ValueError("weights: above 0 together")
