"""Whether a proposal is reviewed before it is carried out: 001 asks for it, 002 and 004 state no gate. C-30."""

from shared.policy import Issue
from shared.value import value


@value
class ReleasePolicy:
    """Of the population of whoever proposes."""

    issue: Issue
    clause: str = ""
    superior_review: bool
