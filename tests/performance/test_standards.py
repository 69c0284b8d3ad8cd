"""What a standard may say, and what it is refused for. Ruling R5; C-05."""

from fractions import Fraction
from pathlib import Path

import pytest

from services.performance.campaigns.policies import ReleasePolicy
from services.performance.main import service
from services.performance.metrics.catalogue import MetricCatalogue
from services.performance.periods.policies import RollUpPolicy
from services.performance.scores.facts import kpi
from services.performance.scores.standard import AppraisalStandard
from shared.decider import Context
from shared.explanation import Kind, Nothing, evaluate, find, rules
from shared.policy import PolicyError, load_policies, load_policy
from tests.performance.month import MAY, MAY_IS_OVER, TEXT, closed, context, metric, recorded, standard

ROOT = Path(__file__).parents[2]
SHIPPED, DEMO = ROOT / "services/performance/policies", ROOT / "deploy/demo/policies/performance"
KINDS = service.policies


@pytest.mark.clause("C-05")
@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("weight: 60", "weight: 50", "weigh 90, not 100"),
        ("weight: 60", "weight: -60", "weigh -20, not 100"),
        ("weight: 30", "weight: 29", "weigh 99, not 100"),
        ("{target: 1000}", "{target: 0}", "a target, a plan and full marks are above 0"),
        ("below: 2, gives: 60", "below: 3, gives: 60", "gap or overlap"),
        ("at_least: 80, gives: A", "above: 80, gives: A", "gap or overlap"),
        ("gives: 40", "gives: forty", "points, not grades"),
        ("gives: D", "gives: 4", "grades are words"),
        ("excellent: A", "excellent: S", "excellent: S is none of the grades"),
        ("{target: 1000}", "{target: 1000, lower_better: true}", "lower_better"),
        ("viewers, aggregation: sum", "viewers, aggregation: ratio", "`per` belongs to"),
        ("viewers, aggregation: sum", "viewers, aggregation: median", "aggregation"),
        ("excellent: A\n", "", "excellent"),
        ("{exams: all}", "{exams: al}", "exams"),
        ("criteria: [language]", "criteria: []", "criteria: at least one"),
        ("criteria: [language]", "criteria: [charm]", "criteria"),
        ("weight: 60\n", "weight: 60\n    na_weight_to: training\n", "na_weight_to: result has no part training"),
        (
            "excellent: A",
            "excellent: A\nna_weight_to: satisfaction",
            "na_weight_to: there is no component satisfaction",
        ),
        ("name: attitude", "name: viewers", "two components are called viewers"),
        ("\n        form: {target: 1000}", "", "viewers: a figure needs a form"),
        ("    measure: {exams: all}\n", "", "training: either a measure, or parts"),
        ("{exams: all}", "{exams: all}\n    form: {of: 0}", "a target, a plan and full marks are above 0"),
        ("{exams: all}", "{full: 20, minus: [{each: 1}]}", "minus: either a metric or sessions"),
        (
            "{exams: all}",
            "{full: 20, minus: [{each: 1, metric: late, sessions: missed}]}",
            "minus: either a metric or sessions",
        ),
        ("measure: {exams: all}", "lowest_of: [{name: low, measure: {on_air: minutes}}]", "low: a figure needs a form"),
    ],
)
def test_a_standard_is_refused_with_a_reason(old: str, new: str, reason: str) -> None:
    assert old in TEXT
    with pytest.raises(ValueError, match=reason):
        standard(TEXT.replace(old, new))


@pytest.mark.clause("S-39")
def test_the_demo_organisation_has_a_standard_for_each_post_and_each_is_another() -> None:
    policies = load_policies(KINDS, [SHIPPED, DEMO])
    there = Context(now=MAY_IS_OVER, actor="x", policies=policies)
    names = {post: there.policy(AppraisalStandard, post=post).names for post in POSTS}
    assert {"live_viewers", "interaction_rate", "sales_conversion", "customer_satisfaction"} <= set(names["anchor"])
    assert {"work_results", "work_attitude", "professional_ability"} <= set(names["assistant_anchor"])
    assert {"result", "ability", "attitude", "conversion_rate"} <= set(names["operations_specialist"])
    assert len({tuple(n) for n in names.values()}) == 3


POSTS = ("anchor", "assistant_anchor", "operations_specialist")


@pytest.mark.clause("O-89", "O-91", "O-93", "S-40")
def test_an_operations_specialist_is_scored_from_recorded_metrics_and_the_marks_of_raters() -> None:
    there = load_policies(KINDS, [DEMO])
    under, _ = there.resolve(AppraisalStandard, MAY_IS_OVER.date(), {"post": "operations_specialist", "studio": "x"})
    told = {
        "content_reads": ("50000", None),
        "campaign_participants": ("2500", None),
        "user_registrations": ("400", None),
        "conversion_rate": ("30", "1000"),
        "content_creation": ("80", None),
        "data_analysis": ("70", None),
        "campaign_planning": ("90", None),
    }
    judged = closed(superior=((90, 70, 80),), peer=((80, 60, 70), (90, 80, 82)))
    facts = [*(metric(name, amount, base) for name, (amount, base) in told.items()), judged]
    tree = kpi(MAY, context(recorded(facts), under))
    # result 0.3·50 + 0.2·100 + 0.25·80 + 0.25·100 = 80; ability 0.4·80 + 0.3·70
    # + 0.3·90 = 80; attitude: superior 80, peers 70 and 84: 77; nobody below him, so (50·80 + 30·77) ÷ 80 = 78.875
    assert [evaluate(find(tree, name)) for name in ("result", "ability", "attitude")] == [80, 80, Fraction("78.875")]
    assert evaluate(find(tree, "score")) == Fraction("79.78")  # 79.775
    incomplete = evaluate(kpi(MAY, context(recorded(facts[:-1]), under)))
    assert incomplete == Nothing(name="attitude", kind=Kind.MISSING, reason="no fact")


SPECIALIST = (DEMO / "operations_specialist.yaml").read_text()


@pytest.mark.clause("O-90")
def test_every_result_indicator_is_tied_to_a_business_goal() -> None:
    standard = load_policy(AppraisalStandard, SPECIALIST)
    result, ability, _ = standard.components
    goals = {goal.name for goal in standard.goals}
    assert {part.goal for part in result.parts} == goals
    assert {part.goal for part in ability.parts} == {""}  # abilities and attitude are the person's own


@pytest.mark.clause("O-90")
@pytest.mark.parametrize(
    ("said", "instead", "reason"),
    [
        ("        goal: growth\n", "", "result: user_registrations names no goal"),
        ("goal: growth", "goal: fame", "result: fame is none of the goals"),
        ("goal: growth", "goal: sales", "no indicator is tied to growth"),
        ("    weight: 60\n", "    weight: 60\n    goal: sales\n", "its parts are tied to goals"),
    ],
)
def test_a_standard_that_leaves_its_goals_is_refused(said: str, instead: str, reason: str) -> None:
    assert said in SPECIALIST
    with pytest.raises(PolicyError, match=reason):
        load_policy(AppraisalStandard, SPECIALIST.replace(said, instead, 1))


@pytest.mark.clause("P-04", "P-10", "P-11", "P-17")
def test_no_number_ships() -> None:
    """Weights, targets, points and limits are the organisation's (P-04, P-10, P-11, P-17)."""
    documents = load_policies(KINDS, [SHIPPED]).documents
    assert sorted({type(document.body).__name__ for document in documents}) == [
        "AdjustmentPolicy",
        "FeedbackPolicy",
        "MetricCatalogue",
        "ObjectionRules",
        "PriorityRules",
        "ReleasePolicy",
    ]
    for document in documents:
        assert rules(document.body) == {}


def test_every_number_of_the_demo_names_a_clause() -> None:
    for kind in set(KINDS) - {MetricCatalogue, ReleasePolicy}:
        documents = load_policies(KINDS, [DEMO]).of(kind)
        stated = [rule for document in documents for rule in rules(document.body).values()]
        assert documents
        assert all(rule.clause for rule in stated)
        assert stated or kind is RollUpPolicy  # the mean has no numbers
