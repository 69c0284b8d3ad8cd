"""Who may observe whom. Clauses: A-51; C-44."""

from enum import StrEnum

from shared.policy import Issue
from shared.value import value


class Conflict(StrEnum):
    """What becomes of an observation by somebody who was on that stream himself."""

    ALLOW = "allow"
    FLAG = "flag"
    FORBID = "forbid"


@value
class ObservationRules:
    """Nobody ever observes himself: that is no setting."""

    issue: Issue
    clause: str = ""
    same_stream: Conflict = Conflict.FLAG
