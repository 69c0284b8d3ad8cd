"""Posts that no stream measures: their standards are files over recorded metrics, and their totals are sums by hand.

Clauses: O-89 to O-93, E-53 to E-59, S-20, S-24, S-27, S-32, S-40.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.performance.main import service
from services.performance.metrics.decisions import DefineMetric
from services.performance.metrics.events import Better
from services.performance.scores.facts import kpi
from services.performance.scores.standard import AppraisalStandard, Component, Recorded, Target, each
from shared.explanation import Kind, Nothing, dump, evaluate, find, rules, verify
from shared.policy import load_policies
from tests.performance.month import MAY, MAY_IS_OVER, context, metric, not_applicable, recorded

DEMO = Path(__file__).parents[2] / "deploy/demo/policies/performance"
POLICIES = load_policies(service.policies, [DEMO])
DEFINED = {
    body.metric: body
    for line in (DEMO / "metrics.ndjson").read_bytes().splitlines()
    for body in [msgspec.convert(msgspec.json.decode(line)["body"], DefineMetric)]
}
POSTS = (
    "operations_specialist",
    "ecommerce_operations_specialist",
    "training_staff",
    "content_producer",
    "tech_support",
    "marketing_specialist",
    "customer_service_specialist",
)


def standard_of(post: str) -> AppraisalStandard:
    found, _ = POLICIES.resolve(AppraisalStandard, MAY_IS_OVER.date(), {"post": post, "studio": "x"})
    return found


def told(figures: str) -> list[Any]:
    """As in "content_reads 50000, conversion_rate 30/1000"."""
    facts = []
    for figure in figures.split(","):
        name, said = figure.split()
        amount, _, base = said.partition("/")
        facts.append(metric(name, amount, base or None))
    return facts


def tree(post: str, facts: list[Any]) -> Any:
    under = standard_of(post)
    found = kpi(MAY, context(recorded(facts), under))
    assert verify(dump(found), stated=lambda policy, version: rules(under)) == []
    return found


def at(found: Any, *names: str) -> list[str]:
    return [str(evaluate(find(found, name))) for name in names]


SHOP = (
    "shop_sales 18000000, shop_units_sold 2200, shop_profit 3000000, conversion_rate 1500/50000, "
    "average_order_value 9000, shop_visitors 40000, click_through_rate 400/10000, favourites 500, added_to_cart 1800, "
    "shop_satisfaction 190/200, complaint_rate 20/1000, return_rate 40/1000, collaboration 80, team_contribution 90"
)


@pytest.mark.clause("E-53", "E-54", "E-55", "E-56")
def test_ecommerce_operations() -> None:
    found = tree("ecommerce_operations_specialist", told(SHOP))
    # result 0.3·90 + 0.15·100 + 0.2·75 + 0.2·(3 of 4 %: 75) + 0.15·90 = 85.5
    # operations 0.4·80 + 0.3·(4 of 5 %: 80) + 0.15·50 + 0.15·100 = 78.5
    # customer service 0.5·100 + 0.25·(1 ÷ 2 %: 50) + 0.25·(8 ÷ 4 %, at most 100) = 87.5; teamwork 85
    parts = at(found, "result", "operations", "customer_service", "teamwork_indicators")
    assert parts == ["171/2", "157/2", "175/2", "85"]
    # 0.5·85.5 + 0.25·78.5 + 0.15·87.5 + 0.1·85 = 42.75 + 19.625 + 13.125 + 8.5
    assert (evaluate(find(found, "score")), evaluate(found)) == (Decimal("84.00"), "B")


@pytest.mark.clause("E-55", "R5")
def test_nobody_complained_is_the_best_rate_and_not_a_missing_one() -> None:
    found = tree("ecommerce_operations_specialist", told(SHOP.replace("complaint_rate 20/", "complaint_rate 0/")))
    assert at(found, "complaint_rate", "customer_service") == ["100", "100"]


@pytest.mark.clause("E-57", "E-58", "E-59")
def test_training_staff() -> None:
    facts = told("training_plan_completion 18/20, training_effect_score 82, training_feedback_satisfaction 72/100")
    # 0.4·90 + 0.3·82 + 0.3·(72 of 90: 80) = 36 + 24.6 + 24
    assert evaluate(find(tree("training_staff", facts), "score")) == Decimal("84.60")


@pytest.mark.clause("S-20")
def test_content_planning_and_production() -> None:
    facts = told("content_planning_quality 85, content_production_effect 90, content_plays 150000")
    # 0.4·85 + 0.3·90 + 0.3·75 = 34 + 27 + 22.5
    assert evaluate(find(tree("content_producer", facts), "score")) == Decimal("83.50")


@pytest.mark.clause("S-24")
@pytest.mark.parametrize(("up", "points"), [("9899", 0), ("9900", 60), ("9950", 85), ("9989", 85), ("9990", 100)])
def test_technical_support(up: str, points: int) -> None:
    facts = told(f"platform_uptime {up}/10000, stutter_rate 250/10000, viewer_experience 81/100")
    found = tree("tech_support", facts)
    assert at(found, "platform_uptime") == [str(points)]
    # 0.5·points + 0.3·(2 ÷ 2.5 %: 80) + 0.2·(81 of 90: 90) = points ÷ 2 + 42
    assert evaluate(find(found, "score")) == Decimal(points) / 2 + 42


@pytest.mark.clause("S-27")
def test_marketing() -> None:
    facts = told("promotion_reach 240000, promoted_sales 6000000, partner_satisfaction 45/50")
    # 0.7·(0.5·80 + 0.5·60) + 0.3·100 = 49 + 30
    assert evaluate(find(tree("marketing_specialist", facts), "score")) == Decimal("79.00")


@pytest.mark.clause("S-32")
def test_customer_service() -> None:
    facts = told("ticket_satisfaction 171/200, handling_minutes 40, service_quality 88")
    # 0.4·(85.5 of 95: 90) + 0.3·(30 ÷ 40: 75) + 0.3·88 = 36 + 22.5 + 26.4
    found = tree("customer_service_specialist", facts)
    assert evaluate(find(found, "score")) == Decimal("84.90")
    left_out = tree("customer_service_specialist", [*facts[:-1], not_applicable("service_quality")])
    # of 70: (36 + 22.5) ÷ 0.7 = 83.5714…
    assert evaluate(find(left_out, "score")) == Decimal("83.57")
    missing = evaluate(tree("customer_service_specialist", facts[:-1]))
    assert missing == Nothing(name="service_quality", kind=Kind.MISSING, reason="no fact")


@pytest.mark.parametrize("post", POSTS)
def test_what_a_standard_measures_is_defined_with_the_same_direction(post: str) -> None:
    for component in each(standard_of(post).components):
        if isinstance(component.measure, Recorded):
            definition = DEFINED[component.measure.metric]
            assert (definition.better is Better.LOWER) == falls(component), component.name
            assert definition.clauses


def falls(component: Component) -> bool:
    return isinstance(component.form, Target) and component.form.lower_is_better


def test_every_clause_that_names_indicators_has_its_component_and_its_metrics() -> None:
    named = {clause for definition in DEFINED.values() for clause in definition.clauses}
    of_rules = {rule.clause for post in POSTS for rule in rules(standard_of(post)).values()}
    clauses = {"O-89", "O-91", "O-93", *(f"E-{n}" for n in range(53, 60)), "S-20", "S-24", "S-27", "S-32"}
    assert clauses <= named
    assert clauses <= of_rules
