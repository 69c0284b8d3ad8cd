"""By when a plan is due. Clause: A-62."""

from shared.explanation import Rule
from shared.policy import Issue
from shared.value import value


@value
class RectificationRules:
    issue: Issue
    clause: str = ""
    plan_due_days: Rule | None = None  # from the day on which it is required; unset: not configured
