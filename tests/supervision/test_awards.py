from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from services.supervision.awards.decisions import (
    ApproveAward,
    Awards,
    Command,
    ConfirmAward,
    ProposeAward,
    RejectAward,
    RevokeAward,
    awards,
)
from services.supervision.awards.events import (
    AwardApproved,
    AwardCauseReversed,
    AwardCausesAdded,
    AwardConfirmed,
    AwardGranted,
    AwardProposed,
    AwardRejected,
    AwardReviewOpened,
    AwardRevoked,
    AwardWithdrawn,
    Cause,
    Event,
    Ground,
    Reward,
    SubjectKind,
)
from services.supervision.awards.items import AwardItems
from services.supervision.awards.projections import Standing, all_awards
from services.supervision.awards.reactions import excellent_exams
from services.training.contracts import Attempt, ExamGraded, ExamRegraded
from services.vocabulary import Fen, PersonId
from shared.decider import Context
from shared.policy import Document, Issue, load_policy
from shared.testing import Given, given
from tests.supervision.folding import folded
from tests.supervision.organisation import HR, ITEMS, LI, NOON, SHIPPED, ZHAO, graded, regraded, shipped

TEXT = shipped("award_items")
RULE = "award_items:1"
ANY = "award"  # of whichever id
MORNING = datetime(2024, 6, 2, 1, tzinfo=UTC)


def exam(session: str) -> Cause:
    return Cause(ground=Ground.EXCELLENT_EXAM, fact=f"{session}/first")


def proposed(*causes: Cause, item: str = "training_excellence", by: str = RULE) -> AwardProposed:
    ruled_on = date(2024, 5, 20) if by == RULE else date(2024, 5, 31)
    return AwardProposed(
        award=ANY, person=LI, item=item, period="2024-05", causes=causes, proposer=by, ruled_on=ruled_on
    )


def granted(*rewards: Reward, item: str = "training_excellence", amount: int | None = None) -> AwardGranted:
    return AwardGranted(
        award=ANY,
        person=LI,
        item=item,
        period="2024-05",
        granted_on=date(2024, 6, 2),
        rewards=rewards,
        amount=None if amount is None else Fen(amount),
        amount_not_configured=amount is None,
    )


PROPOSED = proposed(exam("laws"))
APPROVED = AwardApproved(award=ANY, person=LI, approver=HR, capacity="hr")
GRANTED = granted(Reward.CERTIFICATE)
REVIEWED = AwardReviewOpened(award=ANY, person=LI, cause=exam("laws"))


def approving(item: str = "training_excellence") -> ApproveAward:
    return ApproveAward(person=LI, item=item, period="2024-05")


def proposing(item: str, *grounds: Ground) -> ProposeAward:
    causes = tuple(Cause(ground=ground, fact="17") for ground in grounds)
    return ProposeAward(person=LI, item=item, period="2024-05", causes=causes)


def under(*history: Event, items: AwardItems = ITEMS) -> Given[Command, Awards, Event]:
    return given(awards, *history).under(items)


def after(exams: Sequence[ExamGraded | ExamRegraded], *history: Event, items: AwardItems = ITEMS) -> list[Event]:
    """All that follows, with every award under one id."""
    events = list(history)
    for one in exams:
        for command in excellent_exams(one, Context(now=NOON, actor="system")):
            outcome = under(*events, items=items).when(command, by="system")
            assert outcome.refusal is None
            events += [replace(event, award=ANY) for event in outcome.events]
    return events[len(history) :]


# Proposed by the rule


@pytest.mark.clause("T-64", "R8")
def test_an_excellent_exam_is_proposed_for_an_award() -> None:
    """For a rule's proposal the proposer is the policy."""
    assert after([graded("90")]) == [PROPOSED]
    assert after([graded("89.99"), graded("55", "sales")]) == []


@pytest.mark.clause("T-64", "R8")
def test_six_excellent_exams_are_one_proposal_with_six_causes() -> None:
    sessions = ["laws", "sales", "voice", "safety", "goods", "service"]
    events = after([graded("95", session) for session in sessions])
    first, *others = sessions
    joined = [AwardCausesAdded(award=ANY, person=LI, causes=(exam(s),), proposer=RULE) for s in others]
    assert events == [proposed(exam(first)), *joined]
    (row,) = folded(all_awards, *events)
    assert (row.standing, row.proposer) == (Standing.PENDING, RULE)
    assert row.causes == tuple(exam(session) for session in sessions)


def test_the_same_exam_again_is_no_second_cause() -> None:
    assert after([graded("95"), graded("95")]) == [PROPOSED]
    assert after([graded("95"), regraded("97")]) == [PROPOSED]


@pytest.mark.clause("T-64", "R1")
def test_the_first_attempt_counts_alone_unless_configured_otherwise() -> None:
    make_up = graded("95", attempt=Attempt.MAKE_UP)
    assert after([make_up]) == []
    both = load_policy(AwardItems, TEXT.replace("make_ups_count: false", "make_ups_count: true"))
    cause = Cause(ground=Ground.EXCELLENT_EXAM, fact="laws/make_up")
    assert after([make_up], items=both) == [proposed(cause)]


def test_exams_of_another_month_are_another_proposal() -> None:
    (may,) = excellent_exams(graded("95"), Context(now=NOON, actor="system"))
    (june,) = excellent_exams(graded("95", held_on=date(2024, 6, 1)), Context(now=NOON, actor="system"))
    assert awards.stream(may) != awards.stream(june)


@pytest.mark.clause("T-64")
def test_a_correction_to_excellent_is_proposed_too() -> None:
    assert after([graded("89"), regraded("90")]) == [PROPOSED]


def test_a_cause_that_falls_away_leaves_the_proposal_and_the_last_one_ends_it() -> None:
    reversed_ = [AwardCauseReversed(award=ANY, person=LI, cause=exam(s)) for s in ("laws", "sales")]
    exams: list[ExamGraded | ExamRegraded] = [
        graded("95"),
        graded("95", "sales"),
        regraded("70"),
        regraded("70", "sales"),
    ]
    joined = AwardCausesAdded(award=ANY, person=LI, causes=(exam("sales"),), proposer=RULE)
    gone = AwardWithdrawn(award=ANY, person=LI)
    events = after(exams)
    assert events == [PROPOSED, joined, reversed_[0], reversed_[1], gone]
    (row,) = folded(all_awards, *events)
    assert (row.standing, row.causes, row.lost) == (Standing.REVERSED, (), (exam("laws"), exam("sales")))
    assert after([regraded("95")], *events) == [PROPOSED]


def test_what_was_decided_is_not_proposed_again() -> None:
    assert after([graded("95")], PROPOSED, APPROVED, GRANTED) == []
    rejected = AwardRejected(award=ANY, person=LI, decider=HR, capacity="hr", reason="no budget")
    assert after([graded("95")], PROPOSED, rejected) == []


@pytest.mark.clause("T-64", "R8")
def test_another_exam_after_the_grant_opens_another_proposal() -> None:
    """There is one open proposal."""
    (event,) = after([graded("95", "sales")], PROPOSED, APPROVED, GRANTED)
    assert event == proposed(exam("sales"))
    (first,), (other,) = rule_on(graded("95")), rule_on(graded("95", "sales"), PROPOSED, APPROVED, GRANTED)
    assert first.award != other.award


def rule_on(exam: ExamGraded, *history: Event) -> Sequence[Event]:
    (command,) = excellent_exams(exam, Context(now=NOON, actor="system"))
    return under(*history).when(command, by="system").events


# Proposed by people


@pytest.mark.clause("A-56")
def test_several_items_are_set_up_and_each_is_earned_by_what_it_asks_for() -> None:
    of_persons = [item for item in ITEMS.items if item.subject_kind is SubjectKind.PERSON]
    assert len(of_persons) > 1
    for item in of_persons:
        for ground in item.needs:
            others = [one for one in Ground if one is not ground]
            under().when(proposing(item.name, *others), by=ZHAO).refused("award.ground_missing", missing=[ground])
        (event,) = under().when(proposing(item.name, *item.needs), by=ZHAO).events
        _, award = under(event).when(approving(item.name), by=HR, capacity="hr", now=MORNING).events
        assert isinstance(award, AwardGranted)
        assert award.item == item.name


PAYING = load_policy(AwardItems, TEXT.replace("amount:\n", "amount: 30000\n"))


@pytest.mark.clause("A-57")
def test_the_excellent_assistant_award_is_for_outstanding_live_performance() -> None:
    command = proposing("excellent_assistant", Ground.LIVE_PERFORMANCE)
    (event,) = under().when(command, by=ZHAO).events
    assert replace(event, award=ANY) == proposed(*command.causes, item="excellent_assistant", by=ZHAO)
    granting = under(event).when(approving("excellent_assistant"), by=HR, capacity="hr", now=MORNING).events
    assert [replace(e, award=ANY) for e in granting] == [
        APPROVED,
        granted(Reward.CERTIFICATE, item="excellent_assistant"),
    ]
    material = under(event, items=PAYING).when(approving("excellent_assistant"), by=HR, capacity="hr", now=MORNING)
    assert replace(material.events[1], award=ANY) == granted(
        Reward.CERTIFICATE, Reward.MONEY, item="excellent_assistant", amount=30_000
    )
    under().when(proposing("excellent_assistant", Ground.MERIT), by=ZHAO).refused(
        "award.ground_missing", missing=[Ground.LIVE_PERFORMANCE], clause="A-57"
    )


@pytest.mark.clause("A-58")
def test_the_innovation_award_is_for_a_suggestion_that_was_adopted_and_paid() -> None:
    command = proposing("innovation", Ground.SUGGESTION_ADOPTED, Ground.BENEFIT_CONFIRMED)
    (event,) = under().when(command, by=ZHAO).events
    rewards = under(event).when(approving("innovation"), by=HR, capacity="hr", now=MORNING).events[1]
    assert replace(rewards, award=ANY) == granted(Reward.COMMENDATION, item="innovation")
    paid = under(event, items=PAYING).when(approving("innovation"), by=HR, capacity="hr", now=MORNING).events[1]
    assert replace(paid, award=ANY) == granted(Reward.COMMENDATION, Reward.MONEY, item="innovation", amount=30_000)
    for one, other in (
        (Ground.SUGGESTION_ADOPTED, Ground.BENEFIT_CONFIRMED),
        (Ground.BENEFIT_CONFIRMED, Ground.SUGGESTION_ADOPTED),
    ):
        under().when(proposing("innovation", one), by=ZHAO).refused("award.ground_missing", missing=[other])


@pytest.mark.clause("E-65")
def test_the_training_reward_is_for_participation_and_effect() -> None:
    both = proposing("training_reward", Ground.TRAINING_PARTICIPATION, Ground.TRAINING_EFFECT)
    assert under().when(both, by=ZHAO).events
    for one in (Ground.TRAINING_PARTICIPATION, Ground.TRAINING_EFFECT):
        under().when(proposing("training_reward", one), by=ZHAO).refused("award.ground_missing")


@pytest.mark.clause("S-44")
def test_incentives_are_bonus_promotion_opportunity_and_commendation() -> None:
    (event,) = under().when(proposing("merit", Ground.MERIT), by=ZHAO).events
    granting = under(event).when(approving("merit"), by=HR, capacity="hr", now=MORNING).events[1]
    expected = granted(Reward.COMMENDATION, Reward.PROMOTION_OPPORTUNITY, item="merit")
    assert replace(granting, award=ANY) == expected
    paid = under(event, items=PAYING).when(approving("merit"), by=HR, capacity="hr", now=MORNING).events[1]
    assert isinstance(paid, AwardGranted)
    assert (Reward.MONEY in paid.rewards, paid.amount, paid.amount_not_configured) == (True, 30000, False)


def test_causes_of_people_join_the_open_proposal_and_one_may_propose_himself() -> None:
    more = proposing("training_excellence", Ground.MERIT)
    joined = AwardCausesAdded(award=ANY, person=LI, causes=more.causes, proposer=LI)
    under(PROPOSED).when(more, by=LI).then(joined).when(more, by=LI).then()


def test_an_item_outside_the_catalogue_is_refused() -> None:
    under().when(proposing("employee_of_the_century", Ground.MERIT), by=ZHAO).refused("award.unknown_item")


@pytest.mark.parametrize("period", ["2024", "2024-05", "2024-Q2"])
def test_periods_are_months_quarters_and_years(period: str) -> None:
    body: dict[str, Any] = {"person": "li", "item": "merit", "causes": [{"ground": "merit", "fact": "17"}]}
    command = TypeAdapter(ProposeAward)
    assert command.validate_python(body | {"period": period}).period == period
    for wrong in (period + "-", period.replace("2024", "24"), "2024-13", "2024-Q5"):
        with pytest.raises(ValidationError):
            command.validate_python(body | {"period": wrong})
    with pytest.raises(ValidationError):
        command.validate_python(body | {"period": period, "causes": []})


# Decided by people


@pytest.mark.clause("T-64")
def test_an_approved_award_is_granted() -> None:
    under(PROPOSED).when(approving(), by=HR, capacity="hr", now=MORNING).then(APPROVED, GRANTED).when(
        approving(), by=HR, capacity="hr", now=MORNING
    ).then()


@pytest.mark.clause("T-64", "R8", "P-19")
def test_without_a_configured_amount_there_is_the_certificate_only() -> None:
    (row,) = folded(all_awards, PROPOSED, APPROVED, GRANTED)
    assert (row.standing, row.decider, row.rewards) == (Standing.FINAL, HR, (Reward.CERTIFICATE,))
    assert (row.amount, row.amount_not_configured) == (None, True)
    paying = load_policy(AwardItems, TEXT.replace("amount:\n", "amount: 20000\n"))
    paid = granted(Reward.CERTIFICATE, Reward.MONEY, amount=20000)
    under(PROPOSED, items=paying).when(approving(), by=HR, capacity="hr", now=MORNING).then(APPROVED, paid)


@pytest.mark.clause("R8")
def test_the_subject_never_decides() -> None:
    reject = RejectAward(person=LI, item="training_excellence", period="2024-05", reason="modesty")
    confirm = ConfirmAward(person=LI, item="training_excellence", period="2024-05", award=ANY, reason="mine")
    for command in (approving(), reject, confirm):
        under(PROPOSED).when(command, by=LI, capacity="hr").refused("award.by_the_subject")


@pytest.mark.clause("R8", "C-18")
def test_an_organisation_may_ask_that_nobody_who_proposed_it_decides() -> None:
    """Nor whoever added a cause."""
    reject = RejectAward(person=LI, item="training_excellence", period="2024-05", reason="no budget")
    strict = load_policy(AwardItems, TEXT.replace("items:", "decider_differs: true\nitems:", 1))
    added = AwardCausesAdded(award=ANY, person=LI, causes=(exam("sales"),), proposer=HR)
    for history in ((proposed(exam("laws"), by=HR),), (PROPOSED, added)):
        for command in (approving(), reject):
            under(*history, items=strict).when(command, by=HR, capacity="hr").refused("award.by_the_proposer")
            assert under(*history, items=strict).when(command, by=ZHAO, capacity="supervision_group").refusal is None
            assert under(*history).when(command, by=HR, capacity="hr").refusal is None


@pytest.mark.parametrize("capacity", ["", "system"])
def test_no_machine_decides_in_a_persons_place(capacity: str) -> None:
    under(PROPOSED).when(approving(), by="importer", capacity=capacity).refused("award.without_capacity")


def test_a_proposal_may_be_rejected() -> None:
    reject = RejectAward(person=LI, item="training_excellence", period="2024-05", reason="no budget")
    rejected = AwardRejected(award=ANY, person=LI, decider=HR, capacity="hr", reason="no budget")
    refusing = under(PROPOSED).when(reject, by=HR, capacity="hr").then(rejected)
    refusing.when(reject, by=HR, capacity="hr").then()
    refusing.when(approving(), by=HR, capacity="hr").refused("award.not_open")
    (row,) = folded(all_awards, PROPOSED, rejected)
    assert (row.standing, row.decided_for) == (Standing.REJECTED, "no budget")
    under().when(approving(), by=HR, capacity="hr").refused("award.not_open")


@pytest.mark.clause("R8")
def test_reversal_of_a_cause_puts_a_granted_award_under_review_and_takes_nothing_back() -> None:
    history = (PROPOSED, APPROVED, GRANTED)
    assert after([regraded("70")], *history) == [REVIEWED]
    assert after([regraded("70")], *history, REVIEWED) == []
    (row,) = folded(all_awards, *history, REVIEWED)
    assert (row.standing, row.rewards, row.lost) == (Standing.HELD, (Reward.CERTIFICATE,), (exam("laws"),))


@pytest.mark.clause("R8")
def test_a_review_ends_with_a_person_who_keeps_it_or_takes_it_back() -> None:
    history = (PROPOSED, APPROVED, GRANTED, REVIEWED)
    where = {"person": LI, "item": "training_excellence", "period": "2024-05", "award": ANY}
    confirm = TypeAdapter(ConfirmAward).validate_python(where | {"reason": "it was our error"})
    kept = AwardConfirmed(award=ANY, person=LI, decider=HR, capacity="hr", reason="it was our error")
    keeping = under(*history).when(confirm, by=HR, capacity="hr").then(kept)
    keeping.when(confirm, by=HR, capacity="hr").then()
    revoke = TypeAdapter(RevokeAward).validate_python(where | {"reason": "it was his error"})
    taken = AwardRevoked(award=ANY, person=LI, decider=HR, capacity="hr", reason="it was his error")
    under(*history).when(revoke, by=HR, capacity="hr").then(taken)
    under(*history[:3]).when(revoke, by=HR, capacity="hr").refused("award.not_under_review", stage="granted")
    under().when(revoke, by=HR, capacity="hr").refused("award.unknown")
    (row,) = folded(all_awards, *history, kept)
    assert row.standing is Standing.FINAL
    (row,) = folded(all_awards, *history, taken)
    assert (row.standing, row.decided_for) == (Standing.REVERSED, "it was his error")


TWO = (proposed(exam("laws"), exam("sales")), APPROVED, GRANTED)
CONFIRMED = AwardConfirmed(award=ANY, person=LI, decider=HR, capacity="hr", reason="it was our error")


@pytest.mark.clause("R8")
def test_a_cause_that_is_gone_is_gone_once() -> None:
    """Confirmed without it, 70 → 71 is no reason for another review."""
    assert after([regraded("71")], *TWO, REVIEWED, CONFIRMED) == []
    second = replace(REVIEWED, cause=exam("sales"))
    assert after([regraded("70", "sales")], *TWO, REVIEWED, CONFIRMED) == [second]


@pytest.mark.clause("R8")
def test_a_second_cause_that_falls_away_under_review_is_shown_to_whoever_decides() -> None:
    second = AwardCauseReversed(award=ANY, person=LI, cause=exam("sales"))
    assert after([regraded("70", "sales"), regraded("71", "sales")], *TWO, REVIEWED) == [second]
    (row,) = folded(all_awards, *TWO, REVIEWED, second)
    assert (row.standing, row.causes, row.lost) == (Standing.HELD, (), (exam("laws"), exam("sales")))


@pytest.mark.clause("R8")
@pytest.mark.parametrize("ending", [(), (CONFIRMED,)], ids=["under review", "confirmed"])
def test_a_cause_that_is_restored_joins_the_award_that_lost_it(ending: tuple[Event, ...]) -> None:
    history = (*TWO, REVIEWED, *ending)
    restored = AwardCausesAdded(award=ANY, person=LI, causes=(exam("laws"),), proposer=RULE)
    assert after([regraded("95"), regraded("96")], *history) == [restored]
    (row,) = folded(all_awards, *history, restored)
    assert (row.standing, row.lost) == (Standing.FINAL if ending else Standing.HELD, ())
    assert set(row.causes) == {exam("laws"), exam("sales")}
    assert after([regraded("70")], *TWO, REVIEWED, restored, CONFIRMED) == [REVIEWED]


@pytest.mark.clause("R8")
def test_a_cause_that_is_restored_after_it_cost_the_award_is_proposed_anew() -> None:
    revoked = AwardRevoked(award=ANY, person=LI, decider=HR, capacity="hr", reason="it was his error")
    assert after([regraded("95")], PROPOSED, APPROVED, GRANTED, REVIEWED, revoked) == [PROPOSED]


def test_a_cause_that_fell_away_before_the_grant_is_another_proposal_when_it_is_restored() -> None:
    gone = AwardCauseReversed(award=ANY, person=LI, cause=exam("laws"))
    assert after([regraded("95")], TWO[0], gone, *TWO[1:]) == [PROPOSED]


@pytest.mark.clause("T-64", "P-19")
def test_an_award_is_granted_by_the_catalogue_by_which_it_was_proposed() -> None:
    """The organisation set an amount on 1 June; the exam was in May."""
    june = load_policy(AwardItems, TEXT.replace("amount:\n", "amount: 30000\n"))
    later = Document(body=june, issue=Issue(policy="award_items", version=2, effective_from=date(2024, 6, 1)))
    both = replace(SHIPPED, documents=(*SHIPPED.documents, later))
    replace(under(PROPOSED), policies=both).when(approving(), by=HR, capacity="hr", now=MORNING).then(APPROVED, GRANTED)


@pytest.mark.parametrize(
    ("period", "on"),
    [
        ("2024-02", date(2024, 2, 29)),
        ("2024-Q1", date(2024, 3, 31)),
        ("2024-Q2", date(2024, 6, 30)),
        ("2024-Q3", date(2024, 9, 30)),
        ("2024-12", date(2024, 12, 30)),
        ("2024", date(2024, 12, 30)),
        ("2023", date(2023, 12, 31)),
    ],
)
def test_what_people_propose_falls_under_the_catalogue_of_the_periods_last_day_that_has_come(
    period: str, on: date
) -> None:
    command = replace(proposing("merit", Ground.MERIT), period=period)
    (event,) = under().when(command, by=ZHAO, now=datetime(2024, 12, 30, 4, tzinfo=UTC)).events
    assert isinstance(event, AwardProposed)
    assert event.ruled_on == on


def test_an_item_of_a_later_catalogue_is_not_proposed_for_an_earlier_period() -> None:
    june = load_policy(AwardItems, TEXT.replace("name: merit", "name: valour"))
    later = Document(body=june, issue=Issue(policy="award_items", version=2, effective_from=date(2024, 6, 1)))
    there = replace(under(), policies=replace(SHIPPED, documents=(*SHIPPED.documents, later)))
    may, valour = proposing("merit", Ground.MERIT), proposing("valour", Ground.MERIT)
    known = [item.name for item in june.items]
    assert there.when(may, by=ZHAO).refusal is None
    there.when(valour, by=ZHAO).refused("award.unknown_item", item="valour")
    there.when(replace(may, period="2024-06"), by=ZHAO).refused("award.unknown_item", item="merit", known=known)
    assert there.when(replace(valour, period="2024-06"), by=ZHAO).refusal is None


@pytest.mark.parametrize(
    "history",
    [
        (APPROVED,),
        (PROPOSED, proposed(exam("sales"))),
        (PROPOSED, GRANTED),
        (PROPOSED, REVIEWED),
        (PROPOSED, APPROVED, GRANTED, CONFIRMED),
        (PROPOSED, APPROVED, GRANTED, AwardWithdrawn(award=ANY, person=LI)),
        (PROPOSED, APPROVED, GRANTED, AwardCauseReversed(award=ANY, person=LI, cause=exam("laws"))),
    ],
)
def test_what_cannot_have_happened_is_no_history(history: tuple[Event, ...]) -> None:
    with pytest.raises(ValueError, match="award"):
        awards.state(history)


def test_each_persons_awards_are_his_own() -> None:
    sun = replace(approving(), person=PersonId("sun"))
    assert awards.stream(sun) != awards.stream(approving())


def test_a_catalogue_names_an_item_once() -> None:
    with pytest.raises(ValueError, match="merit stands twice"):
        load_policy(AwardItems, TEXT.replace("name: innovation", "name: merit"))
