"""Which settings a score lacks: what the regulations leave open and the organisation has not said."""

from collections.abc import Mapping
from typing import Any

from services.performance.reviews.policies import AdjustmentPolicy
from services.performance.scores.measures import NO_JUDGING
from services.vocabulary import Month, first_day
from shared.explanation import Weighted, load, walk
from shared.policy import Policies
from shared.refusal import Refused

NO_STANDARD = "appraisal_standard (P-11): not configured"
NO_ROLL_UP = "rollup_function (P-10): not configured"
NO_POINTS = "adjustment.training_excellence.points (P-04): not configured"
NO_PLUS_CAP = "plus_cap (C-16): not configured"
NO_MINUS_CAP = "minus_cap (C-16): not configured"
NO_RATERS = "evaluator_policy (P-23): not configured"
NO_LEAST_WEIGHT = "min_applicable_weight (R5): not configured"


def lacking(error: str, setting: str) -> tuple[str, ...]:
    """Of a result that could not be computed."""
    return (setting,) if error.startswith("policy.not_configured") else ()


def unset(document: Mapping[str, Any], month: Month, policies: Policies) -> tuple[str, ...]:
    """As the stored tree shows of its standard; and what no tree shows, for nothing was added. Of a month that is not
    rated, nothing was needed."""
    tree = list(walk(load(document)))
    nodes = {getattr(node, "name", ""): node for node in tree}
    raw = nodes.get("raw")
    if not isinstance(raw, Weighted):
        return ()
    needed = {
        NO_PLUS_CAP: "plus" in nodes,
        NO_MINUS_CAP: "minus" in nodes,
        NO_LEAST_WEIGHT: raw.least is not None,
        NO_RATERS: NO_JUDGING not in (getattr(node, "reason", "") for node in tree),
        NO_POINTS: excellence_earns(month, policies),
    }
    return tuple(setting for setting, there in needed.items() if not there)


def excellence_earns(month: Month, policies: Policies) -> bool:
    try:
        policy, _ = policies.resolve(AdjustmentPolicy, first_day(month), {})
    except Refused:
        return False
    return policy.training_excellence.points is not None
