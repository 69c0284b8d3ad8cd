"""The organisation's own setting for streams. Ruling R11."""

from shared.explanation import Rule
from shared.policy import Issue
from shared.value import value


@value
class StreamRules:
    """`max_hours`: a longer stream is kept and flagged, and nobody is judged by it; unset: none is ever flagged."""

    issue: Issue
    clause: str = ""
    max_hours: Rule | None = None

    def __post_init__(self) -> None:
        if self.max_hours is not None and self.max_hours.amount <= 0:
            raise ValueError("max_hours: a stream may last longer than no time at all")
