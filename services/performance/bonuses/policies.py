"""The bonus scheme 绩效奖金: how much for which score. Clauses: O-108, O-109, E-63; C-17.

The regulations say that a higher score earns more and name no amount (P-09).
"""

from itertools import pairwise
from typing import Annotated

from services.performance.scores.standard import check_bands
from shared.explanation import Band, Rule
from shared.marked import Wrong
from shared.policy import Issue, Open
from shared.value import value


@value
class BonusScheme:
    """Amounts in fen by bands of the score. Refused where a higher score would earn less (O-109)."""

    issue: Issue
    clause: str
    bands: Annotated[tuple[Band, ...], Open(code="P-09")]

    def __post_init__(self) -> None:
        check_bands(self.bands, "bands")
        for i, band in enumerate(self.bands):
            if not isinstance(band.gives, Rule) or not band.gives.amount == int(band.gives.amount) >= 0:
                raise Wrong("bands of a bonus scheme give whole amounts in fen, from 0", "bands", i, "gives")
        amounts = [band.gives.amount for band in self.bands if isinstance(band.gives, Rule)]
        for i, (low, high) in enumerate(pairwise(amounts), 1):
            if high < low:
                raise Wrong(f"a higher score would earn less: {high} after {low} (O-109)", "bands", i, "gives")
