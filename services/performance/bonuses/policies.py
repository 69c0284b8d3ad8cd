"""The bonus scheme 绩效奖金: how much for which score. Clauses: O-108, O-109, E-63; C-17.

The regulations say that a higher score earns more and name no amount (P-09).
"""

from itertools import pairwise

from services.performance.scores.standard import check_bands
from shared.explanation import Band, Rule
from shared.policy import Issue
from shared.value import value


@value
class BonusScheme:
    """Amounts in fen by bands of the score. Refused where a higher score would earn less (O-109)."""

    issue: Issue
    clause: str
    bands: tuple[Band, ...]

    def __post_init__(self) -> None:
        check_bands(self.bands)
        amounts = [band.gives for band in self.bands]
        if not all(isinstance(amount, Rule) and amount.amount == int(amount.amount) >= 0 for amount in amounts):
            raise ValueError("bands of a bonus scheme give whole amounts in fen, from 0")
        for low, high in pairwise([amount.amount for amount in amounts if isinstance(amount, Rule)]):
            if high < low:
                raise ValueError(f"a higher score would earn less: {high} after {low} (O-109)")
