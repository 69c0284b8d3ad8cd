"""What a completed review earns, and what becomes of it when that is restated. R3, R6; O-108, O-109, S-45."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from services.objection import Objections, Raised, Withdrawn
from services.performance.bonuses.decisions import (
    CalculateBonus,
    DecideBonusReduction,
    DeductBonus,
    HoldBonusDeduction,
    RecordBonusPaid,
    WithdrawBonusDeduction,
    bonuses,
)
from services.performance.bonuses.events import (
    BonusAdjusted,
    BonusCalculated,
    BonusDeducted,
    BonusPaid,
    BonusReductionDecided,
    Standing,
)
from services.performance.bonuses.facts import PersonBonus, bonus, bonuses_earned
from services.performance.bonuses.policies import BonusScheme
from services.performance.bonuses.projections import BonusRow, bonuses_by_month
from services.performance.bonuses.reactions import bonus_calculation, bonus_deduction
from services.performance.reviews.decisions import Review, reviews
from services.performance.reviews.events import ReviewScored, ScoreRestated
from services.supervision.contracts import (
    PenaltyImposed,
    PenaltyKind,
    PenaltyObjectionRaised,
    PenaltyObjectionWithdrawn,
    PenaltyRevoked,
    ViolationKind,
)
from services.vocabulary import Fen, Month, PersonId
from shared.decider import Context
from shared.event import Recorded
from shared.explanation import dump, rules, verify
from shared.facts import Known
from shared.policy import load_policy
from shared.privacy import Personal
from shared.testing import Given, given
from tests.performance.month import MAY, A, adjusted, figures, opened
from tests.performance.month import recorded as in_order
from tests.performance.test_reviews import (
    LATE,
    MAY_FACTS,
    MAY_STANDARD,
    RESTATE,
    SHORT,
    completed,
    restated,
    review,
    scored,
)

SCHEME_TEXT = """
kind: BonusScheme
issue: {policy: bonus.anchor, version: 1}
clause: O-108
bands:
  - {below: 70, gives: 0}
  - {at_least: 70, below: 80, gives: 120000}
  - {at_least: 80, gives: 150000}
"""
SCHEME = load_policy(BonusScheme, SCHEME_TEXT)
JUNE_6 = datetime(2024, 6, 6, 1, tzinfo=UTC)
MINE = PersonBonus(person=A, month=Month("2024-05"))
CALCULATE = CalculateBonus(subject=MAY)
PAY = RecordBonusPaid(subject=MAY, amount=Fen(150_000), paid_on=date(2024, 6, 5))
DECIDE = DecideBonusReduction(subject=MAY, version=2, stands=True, reason="counted twice")


def heard(events: Sequence[Any]) -> list[Recorded[Any]]:
    """All that is said of a review stands on its stream, deductions on that of the bonus."""
    facts = in_order(events, bonuses_earned.about)
    streams = ["bonus" if isinstance(e, BonusDeducted) else "review" for e in events]
    return [
        Recorded(
            event=r.event,
            meta=msgspec.structs.replace(r.meta, stream=streams[i], version=streams[: i + 1].count(streams[i])),
        )
        for i, r in enumerate(facts)
    ]


def known(events: Sequence[Any]) -> Known[Any]:
    return bonuses_earned.gathered(MINE, heard(events))


def month(*history: Any, facts: Sequence[Any] = ()) -> Given[Any, Any, Any]:
    there = given(bonuses, *history).under(SCHEME).seeing(bonuses_earned, MINE, found=known(facts))
    return there.seeing(reviews, A, "2024-05", found=Review())


def one(found: Given[Any, Any, Any], now: datetime = JUNE_6) -> Any:
    (event,) = found.when(CALCULATE, by="system", now=now).events
    assert verify(event.explanation, stated=lambda policy, version: rules(SCHEME)) == []
    return event


def versions(facts: Sequence[Any], late: Sequence[Any]) -> tuple[ReviewScored, ScoreRestated]:
    """A May as it was scored, and as it was restated on 6 June."""
    first = scored(list(facts), MAY_STANDARD)
    history = (opened(), first, completed(score=str(first.score), grade=first.grade))
    there = review(*history, facts=[*facts, *late], under=(MAY_STANDARD, SHORT))
    (second,) = there.when(RESTATE, now=JUNE_6).events
    assert isinstance(second, ScoreRestated)
    return first, second


@pytest.mark.clause("R6", "O-108", "O-109", "E-63")
def test_may_is_restated_upwards_and_pays_300_more_in_june() -> None:
    """78.40 (B, ¥1,200) becomes 80.90 (A, ¥1,500): +2.50, BonusAdjusted +¥300 in June."""
    first, second = versions(MAY_FACTS, [LATE])
    assert [(v.score, v.grade) for v in (first, second)] == [(Decimal("78.40"), "B"), (Decimal("80.90"), "A")]
    assert second.difference == Decimal("2.50")
    published = [opened(), completed(score="78.40")]
    calculated = one(month(facts=published))
    assert isinstance(calculated, BonusCalculated)
    assert (calculated.amount, calculated.scheme) == (120_000, "bonus.anchor:1")
    more = one(month(calculated, facts=[*published, second]))
    assert isinstance(more, BonusAdjusted)
    assert (more.version, more.amount, more.difference) == (2, 150_000, 30_000)
    assert (more.standing, more.month, more.causes) == (Standing.GRANTED, "2024-06", ("e02",))
    month(calculated, more, facts=[*published, second]).when(CALCULATE, by="system", now=JUNE_6).then()


HIGH = [
    *(e for e in MAY_FACTS if type(e).__name__ not in ("ReviewScoreAdjusted", "StreamMetricsRecorded")),
    adjusted("1", "1.34"),
    LATE,
]
FEWER = figures("s1", 856, buyers=20, ratings=100, satisfied=78)


def lowered() -> tuple[list[Any], BonusCalculated, ScoreRestated]:
    first, second = versions(HIGH, [FEWER])
    assert [(v.score, v.grade) for v in (first, second)] == [(Decimal("81.20"), "A"), (Decimal("79.10"), "B")]
    published = [opened(), completed(score="81.20", grade="A")]
    return published, one(month(facts=published)), second


PAID = BonusPaid(subject=MAY, amount=Fen(150_000), paid_on=date(2024, 6, 5))


@pytest.mark.clause("R6", "S-45")
def test_downward_after_payment_is_undecided_and_nothing_is_withheld_by_machine() -> None:
    """81.20 becomes 79.10: version 2 is stored, −¥300 is `recovery undecided`."""
    published, calculated, second = lowered()
    month(calculated).when(PAY, by="finance-1", now=JUNE_6).then(PAID)
    less = one(month(calculated, PAID, facts=[*published, second]))
    assert (less.version, less.amount, less.difference) == (2, 120_000, -30_000)
    assert less.standing is Standing.RECOVERY_UNDECIDED
    row = folded(calculated, PAID, less)
    assert (row.amount, row.owed, row.paid) == (120_000, 150_000, 150_000)
    there = month(calculated, PAID, less)
    there.when(DECIDE, by=A, now=JUNE_6).refused("bonus.by_the_subject")
    waived = replace(DECIDE, stands=False)
    decided = BonusReductionDecided(
        subject=MAY, version=2, stands=False, reason="counted twice", decider=PersonId("manager")
    )
    there.when(waived, by="manager", now=JUNE_6).then(decided)
    assert folded(calculated, PAID, less, decided).owed == 150_000
    assert folded(calculated, PAID, less, replace(decided, stands=True)).owed == 120_000
    month(calculated, PAID, less, decided).when(waived, by="manager").refused("bonus.nothing_to_decide")


@pytest.mark.clause("R6", "R3")
def test_downward_before_payment_is_proposed_and_waits_for_a_named_person() -> None:
    published, calculated, second = lowered()
    less = one(month(calculated, facts=[*published, second]))
    assert less.standing is Standing.PROPOSED
    assert folded(calculated, less).owed == 150_000
    there = month(calculated, less)
    (decided,) = there.when(DECIDE, by="manager", now=JUNE_6).events
    assert folded(calculated, less, decided).owed == 120_000
    lowered_to = month(calculated, less, decided)
    lowered_to.when(PAY, by="finance-1", now=JUNE_6).refused("bonus.more_than_owed", owed=120_000)
    rest = replace(PAY, amount=Fen(120_000))
    assert lowered_to.when(rest, by="finance-1", now=JUNE_6).events == (replace(PAID, amount=Fen(120_000)),)
    month(calculated, less, replace(decided, stands=False)).when(PAY, by="finance-1", now=JUNE_6).then(PAID)
    granted = replace(less, standing=Standing.GRANTED)
    month(calculated, granted).when(DECIDE, by="manager", now=JUNE_6).refused("bonus.nothing_to_decide")
    there.when(replace(DECIDE, version=3), by="manager").refused("bonus.nothing_to_decide")


@pytest.mark.clause("R6")
def test_what_came_down_and_goes_up_again_owes_nothing_twice() -> None:
    published, calculated, second = lowered()
    facts = [*published, second]
    less = one(month(calculated, PAID, facts=facts))
    third = replace(second, version=3, score=Decimal("80.50"), grade="A", excellent=True)
    again = one(month(calculated, PAID, less, facts=[*facts, third]))
    assert (again.version, again.amount, again.difference, again.standing) == (3, 150_000, 0, Standing.GRANTED)
    month(calculated, PAID, less, again).when(DECIDE, by="manager").refused("bonus.nothing_to_decide")


def folded(*events: Any) -> BonusRow:
    rows: dict[tuple[Any, ...], Any] = {}
    for recorded in in_order(events, lambda event: "bonus"):
        bonuses_by_month.apply(rows, recorded)
    (row,) = rows.values()
    return row  # type: ignore[no-any-return]


@pytest.mark.clause("O-109")
@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("gives: 150000", "gives: 110000", "a higher score would earn less: 110000 after 120000"),
        ("gives: 150000", "gives: 150000.5", "whole amounts in fen"),
        ("below: 70, gives: 0", "below: 70, gives: -1", "whole amounts in fen"),
        ("gives: 150000", "gives: A", "whole amounts in fen"),
        ("at_least: 80", "above: 80", "gap or overlap"),
    ],
)
def test_a_scheme_is_refused_with_a_reason(old: str, new: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        load_policy(BonusScheme, SCHEME_TEXT.replace(old, new))


@pytest.mark.clause("O-109")
@settings(max_examples=60)
@for_all(st.decimals(0, 100, places=2), st.decimals(0, 100, places=2))
def test_a_higher_score_never_earns_less(one_score: Decimal, other: Decimal) -> None:
    def earned(score: Decimal) -> int:
        event = month(facts=[opened(), completed(score=str(score))]).when(CALCULATE, by="system").events[0]
        return int(event.amount)

    low, high = sorted((one_score, other))
    assert earned(low) <= earned(high)


@pytest.mark.clause("O-108")
def test_only_a_completed_review_earns() -> None:
    month(facts=[opened()]).when(CALCULATE, by="system").then()
    month(facts=[opened(), restated()]).when(CALCULATE, by="system").then()
    not_rated = replace(completed(), score=None, grade="not_rated")
    month(facts=[opened(), not_rated]).when(CALCULATE, by="system").then()


@pytest.mark.clause("P-09")
def test_without_a_scheme_it_is_not_configured() -> None:
    there = given(bonuses).seeing(bonuses_earned, MINE, found=known([opened(), completed()]))
    there.when(CALCULATE).refused("policy.not_configured", policy="BonusScheme")


@pytest.mark.clause("R6")
def test_an_adjustment_keeps_the_scheme_as_published() -> None:
    published, calculated, second = lowered()
    newer = load_policy(BonusScheme, SCHEME_TEXT.replace("version: 1", "version: 2").replace("120000", "100000"))
    facts = known([*published, second])
    only_newer = given(bonuses, calculated).under(newer).seeing(bonuses_earned, MINE, found=facts)
    only_newer.when(CALCULATE, by="system").refused("policy.version_unknown", issue="bonus.anchor:1")


def test_no_more_is_paid_than_is_owed() -> None:
    calculated = one(month(facts=[opened(), completed(score="78.40")]))
    there = month(calculated)
    there.when(PAY, by="finance-1", now=JUNE_6).refused("bonus.more_than_owed", owed=120_000)
    fits = replace(PAY, amount=Fen(120_000))
    there.when(fits, by=A, now=JUNE_6).refused("bonus.by_the_subject")
    there.when(replace(fits, paid_on=date(2024, 6, 7)), by="f", now=JUNE_6).refused("bonus.not_yet_paid")
    month().when(fits, by="f", now=JUNE_6).refused("bonus.not_calculated")


# Deductions


def imposed(amount: int | None = 20_000, of: str | None = "2024-05") -> PenaltyImposed:
    return PenaltyImposed(
        penalty="p7",
        person=A,
        violation="v1",
        kind=PenaltyKind.BONUS_DEDUCTION,
        decider="head",
        month=Month(of) if of else None,
        amount=Fen(amount) if amount else None,
    )


NOW = Context(now=JUNE_6, actor="system")
TAKEN = BonusDeducted(subject=MAY, deduction="penalty/p7", amount=Fen(20_000))


@pytest.mark.clause("S-45", "R3")
def test_a_deduction_touches_a_bonus_that_is_not_determined_yet_and_no_other() -> None:
    (deduct,) = list(bonus_deduction(imposed(), NOW))
    assert deduct == DeductBonus(subject=MAY, deduction="penalty/p7", amount=Fen(20_000))
    month().when(deduct, by="system").then(TAKEN).when(deduct, by="system").then()
    facts = [opened(), completed(score="78.40")]
    less = one(month(TAKEN, facts=[*facts, TAKEN]))
    assert less.amount == 100_000
    month(one(month(facts=facts))).when(deduct).refused("bonus.already_determined", amount=120_000)


@pytest.mark.clause("S-45")
def test_a_bonus_is_never_below_nothing() -> None:
    most = replace(TAKEN, amount=Fen(900_000))
    assert one(month(most, facts=[opened(), completed(score="78.40"), most])).amount == 0


@pytest.mark.clause("S-45", "R6")
def test_a_revoked_deduction_is_given_back_by_itself() -> None:
    revoked = PenaltyRevoked(
        penalty="p7", person=A, kind=PenaltyKind.BONUS_DEDUCTION, cause="heard", month=Month("2024-05")
    )
    (withdraw,) = list(bonus_deduction(revoked, NOW))
    assert withdraw == WithdrawBonusDeduction(subject=MAY, deduction="penalty/p7")
    facts = [opened(), completed(score="78.40"), TAKEN]
    less = one(month(TAKEN, facts=facts))
    gone = replace(TAKEN, withdrawn=True)
    month(TAKEN, less).when(withdraw, by="system").then(gone)
    back = one(month(TAKEN, less, gone, facts=[*facts, gone]))
    assert (back.amount, back.difference, back.standing) == (120_000, 20_000, Standing.GRANTED)


@pytest.mark.clause("S-45", "R7")
def test_while_a_deduction_is_objected_to_the_bonus_waits_for_it() -> None:
    def said(word: Any, kind: type) -> Any:
        return kind(
            penalty="p7",
            person=A,
            offence=ViolationKind.LATE,
            occasion="s1",
            kind=PenaltyKind.BONUS_DEDUCTION,
            told=word,
            month=Month("2024-05"),
        )

    raised = Raised(person=A, version=1, named=(), reason=Personal("no"), raised_on=date(2024, 6, 4))
    hold, free = (HoldBonusDeduction(subject=MAY, deduction="penalty/p7", held=held) for held in (True, False))
    assert list(bonus_deduction(said(raised, PenaltyObjectionRaised), NOW)) == [hold]
    withdrawn = said(Withdrawn(person=A, version=1), PenaltyObjectionWithdrawn)
    assert list(bonus_deduction(withdrawn, NOW)) == [free]
    waits = month(TAKEN).when(hold, by="system").then(replace(TAKEN, held=True))
    waits.when(hold, by="system").then().when(free, by="system").then(TAKEN)
    facts = [opened(), completed(score="78.40")]
    held = [TAKEN, replace(TAKEN, held=True)]
    month(*held, facts=[*facts, *held]).when(CALCULATE, by="system").then()
    released = [*held, TAKEN]
    assert one(month(*released, facts=[*facts, *released])).amount == 100_000
    determined = one(month(TAKEN, facts=[*facts, TAKEN]))  # nothing is touched that was determined before
    later = month(TAKEN, determined, held[1], facts=[*facts, *held])
    later.when(CALCULATE, by="system").then()
    month().when(hold).refused("bonus_deduction.unknown")


@pytest.mark.clause("S-45")
def test_a_deduction_without_amount_or_month_is_refused_not_guessed() -> None:
    for penalty in (imposed(amount=None), imposed(of=None)):
        (deduct,) = list(bonus_deduction(penalty, NOW))
        month().when(deduct).refused("bonus_deduction.incomplete")
    assert list(bonus_deduction(replace(imposed(), kind=PenaltyKind.WARNING), NOW)) == []
    month().when(WithdrawBonusDeduction(subject=MAY, deduction="x")).refused("bonus_deduction.unknown")


def test_a_deduction_that_has_not_come_round_is_waited_for() -> None:
    month(TAKEN, facts=[opened(), completed()]).when(CALCULATE, by="system").then()
    assert list(bonus_calculation(MINE, NOW)) == [CALCULATE]


@settings(max_examples=30, deadline=None)
@for_all(st.data())
def test_neither_order_nor_repetition_of_arrival_shows(data: st.DataObject) -> None:
    _, _, second = lowered()
    facts = heard([opened(), completed(score="81.20"), second, TAKEN])
    arrival = data.draw(st.permutations([*facts, *data.draw(st.lists(st.sampled_from(facts), max_size=4))]))
    there, here = (bonus(MINE, bonuses_earned.gathered(MINE, f), SCHEME) for f in (arrival, facts))
    assert dump(there) == dump(here)


@pytest.mark.clause("R7")
def test_nothing_is_decided_against_him_while_the_result_is_objected_to() -> None:
    published, calculated, second = lowered()
    there = month(calculated, facts=[*published, second])
    waiting = replace(there, history=(*there.history, *there.when(CALCULATE, by="system").events))
    raised = Raised(person=A, version=2, named=(), reason=Personal("a"), raised_on=date(2024, 6, 6))
    open_ = Review(objections=Objections().then(raised))
    waiting.seeing(reviews, A, "2024-05", found=open_).when(DECIDE, by="finance-1", now=JUNE_6).refused("bonus.held")
    resolved = Review(objections=open_.objections.then(Withdrawn(person=A, version=2)))
    (event,) = waiting.seeing(reviews, A, "2024-05", found=resolved).when(DECIDE, by="finance-1", now=JUNE_6).events
    assert event.stands
