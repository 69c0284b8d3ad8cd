"""Plus and minus points, once for one occasion. Clauses T-65, A-61; C-16; rulings R1, R5."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.performance.reviews.adjustments import (
    AdjustScore,
    CreditExcellence,
    DeductForPenalty,
    WithdrawAdjustment,
)
from services.performance.reviews.decisions import RestateScore, reviews
from services.performance.reviews.events import Direction, ReviewScoreAdjusted
from services.performance.reviews.policies import AdjustmentPolicy
from services.performance.reviews.reactions import points_deduction, restatement, second_look, training_excellence
from services.supervision.contracts import PenaltyImposed, PenaltyKind, PenaltyRevoked
from services.training.contracts import Attempt, Grade
from services.vocabulary import Month, PersonMonth
from shared.decider import Context
from shared.policy import load_policy
from shared.testing import given
from tests.performance.month import JUNE, MAY, A, adjusted, exam, opened, regraded
from tests.performance.test_reviews import completed, scored

ROOT = Path(__file__).parents[2]
SHIPPED = load_policy(AdjustmentPolicy, (ROOT / "services/performance/policies/adjustments.yaml").read_text())
DEMO = load_policy(AdjustmentPolicy, (ROOT / "deploy/demo/policies/performance/adjustments.yaml").read_text())
NOW = Context(now=datetime(2024, 6, 30, 18, tzinfo=UTC), actor="system")  # 1 July in Shanghai

CREDIT = CreditExcellence(subject=MAY, adjustment="exam/safety/first", attempt=Attempt.FIRST)
EARNED = ReviewScoreAdjusted(
    subject=MAY,
    adjustment="exam/safety/first",
    direction=Direction.PLUS,
    points=Decimal(2),
    reason="training_excellence",
)


@pytest.mark.clause("T-65")
def test_excellence_earns_the_points_of_the_organisations_policy_once() -> None:
    given(reviews).under(DEMO).when(CREDIT, by="system").then(EARNED).when(CREDIT, by="system").then()


@pytest.mark.clause("T-65", "P-04")
def test_without_a_number_nothing_is_added_and_that_is_said() -> None:
    """P-04."""
    given(reviews).under(SHIPPED).when(CREDIT).refused(
        "policy.not_configured", setting="training_excellence.points", clause="T-65"
    )
    given(reviews).when(CREDIT).refused("policy.not_configured", policy="AdjustmentPolicy")


@pytest.mark.clause("R1")
def test_an_excellent_make_up_earns_nothing_unless_configured() -> None:
    make_up = replace(CREDIT, adjustment="exam/safety/make_up", attempt=Attempt.MAKE_UP)
    given(reviews).under(DEMO).when(make_up).then()
    counted = replace(DEMO, training_excellence=replace(DEMO.training_excellence, make_up_counts=True))
    given(reviews).under(counted).when(make_up).then(replace(EARNED, adjustment="exam/safety/make_up"))


@pytest.mark.clause("T-65", "A-61")
@pytest.mark.parametrize("history", [(), (opened(),), (opened(), scored()), (opened(), scored(), completed())])
def test_adjustments_are_accepted_in_any_state(history: tuple[Any, ...]) -> None:
    given(reviews, *history).under(DEMO).when(CREDIT, by="system").then(EARNED)
    minus = DeductForPenalty(subject=MAY, adjustment="penalty/7", points=Decimal(3))
    taken = replace(adjusted("penalty/7", "3", Direction.MINUS), reason="supervision_deduction")
    given(reviews, *history).when(minus, by="system").then(taken)


def test_what_was_withdrawn_may_be_earned_again_and_both_stay() -> None:
    withdraw = WithdrawAdjustment(subject=MAY, adjustment=EARNED.adjustment)
    gone = given(reviews, EARNED).under(DEMO).when(withdraw).then(replace(EARNED, withdrawn=True))
    gone.when(withdraw).then()
    gone.when(CREDIT).then(EARNED)
    given(reviews, EARNED).under(DEMO).when(withdraw, by=A).refused("review.by_the_subject")
    given(reviews).when(withdraw).refused("adjustment.unknown")


@pytest.mark.clause("C-16")
def test_one_occasion_counts_once_whoever_asks() -> None:
    by_hand = AdjustScore(
        subject=MAY, adjustment="a1", direction=Direction.PLUS, points=Decimal(1), reason="stood in for a colleague"
    )
    made = given(reviews).when(by_hand, by="manager").then(
        replace(adjusted("a1", "1"), reason="stood in for a colleague")
    )  # fmt: skip
    made.when(by_hand, by="manager").then()
    made.when(replace(by_hand, points=Decimal(2)), by="manager").refused("adjustment.already_made", points=Decimal(1))
    given(reviews).when(by_hand, by=A).refused("review.by_the_subject")


@pytest.mark.clause("T-65")
def test_an_exam_leads_to_points_in_the_month_in_which_it_was_held() -> None:
    assert training_excellence(exam("95", grade=Grade.EXCELLENT), NOW) == [CREDIT]
    assert training_excellence(exam("80", grade=Grade.GOOD), NOW) == []
    withdrawn = WithdrawAdjustment(subject=MAY, adjustment="exam/safety/first")
    assert training_excellence(regraded("80", grade=Grade.GOOD), NOW) == [withdrawn]
    assert training_excellence(regraded("95", grade=Grade.EXCELLENT), NOW) == [CREDIT]


def imposed(kind: PenaltyKind = PenaltyKind.POINTS_DEDUCTION, month: str | None = "2024-06") -> PenaltyImposed:
    return PenaltyImposed(
        penalty="p7",
        person=A,
        violation="violation/a/poor",
        kind=kind,
        decider="head",
        points=Decimal(3),
        month=Month(month) if month else None,
    )


@pytest.mark.clause("A-61")
def test_a_deduction_that_supervision_imposed_takes_points_and_its_revocation_gives_them_back() -> None:
    revoked = PenaltyRevoked(
        penalty="p7",
        person=A,
        kind=PenaltyKind.POINTS_DEDUCTION,
        cause="sick note",
        points=Decimal(3),
        month=JUNE.month,
    )
    taken = DeductForPenalty(subject=JUNE, adjustment="penalty/p7", points=Decimal(3))
    assert points_deduction(imposed(), NOW) == [taken]
    assert points_deduction(imposed(PenaltyKind.WARNING), NOW) == []
    assert points_deduction(revoked, NOW) == [WithdrawAdjustment(subject=JUNE, adjustment="penalty/p7")]


@pytest.mark.clause("A-61")
def test_a_deduction_without_points_or_month_is_refused_not_guessed() -> None:
    (without_month,) = points_deduction(imposed(month=None), NOW)
    july = PersonMonth(person=A, month=Month("2024-07"))
    assert without_month == DeductForPenalty(subject=july, adjustment="penalty/p7", points=None)
    given(reviews).when(without_month).refused("adjustment.incomplete")


def test_a_changed_result_and_a_fresh_score_are_looked_at_again() -> None:
    assert restatement(MAY, NOW) == [RestateScore(subject=MAY)]
    assert second_look(scored(), NOW) == [RestateScore(subject=MAY)]
    assert (restatement.events, restatement.to) == ((PersonMonth,), reviews)
