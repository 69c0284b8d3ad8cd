"""From how many excellent months in a row there is priority, for what, and how long. A-59 names no number (P-12)."""

from typing import Annotated

from services.performance.priorities.events import Opportunity
from shared.explanation import Rule
from shared.marked import Wrong
from shared.policy import Issue, Open
from shared.value import value


@value
class PriorityRules:
    """Of one population; without opportunities its regulation gives none."""

    issue: Issue
    clause: str = ""
    opportunities: tuple[Opportunity, ...] = ()
    months: Annotated[Rule | None, Open(code="P-12")] = None  # in a row, at least
    lasts_months: Rule | None = None  # after the last month of the run; unset: not configured, no end

    def __post_init__(self) -> None:
        for name, rule, least in (("months", self.months, 2), ("lasts_months", self.lasts_months, 1)):
            if rule and (rule.amount < least or rule.amount != int(rule.amount)):
                raise Wrong(f"{name}: a whole number, at least {least}", name)
