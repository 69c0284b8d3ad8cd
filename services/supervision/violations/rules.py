"""When work is poor enough for the group to look at its cause. Clause: A-61; P-14; ruling R3."""

from enum import StrEnum

from shared.explanation import Rule
from shared.policy import Issue
from shared.value import value


class Figure(StrEnum):
    """Of a stream: the one by which a decline is told."""

    VIEWERS = "viewers"
    INTERACTIONS = "interactions"
    CLICKS = "clicks"
    BUYERS = "buyers"
    GMV = "gmv"
    NEW_FOLLOWERS = "new_followers"


@value
class PoorPerformance:
    """Thresholds that only ever propose. Unset: not configured (P-14)."""

    issue: Issue
    clause: str = ""
    figure: Figure
    complaints_min: Rule | None = None  # in a month, from which there are many
    decline_pct: Rule | None = None  # of the figure per stream, from which the decline is evident
    points: Rule | None = None  # that a deduction takes
