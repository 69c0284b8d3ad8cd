"""Objections to a review's result: they correct named facts, hold what follows, and never lower a score. Ruling R7."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from services.objection import (
    Amended,
    Correction,
    Escalated,
    NamedFact,
    ObjectionRules,
    Outcome,
    Raised,
    Resolved,
    Withdrawn,
)
from services.performance.contracts import (
    FeedbackInterviewHeld,
    ReviewObjectionEscalated,
    ReviewObjectionRaised,
    ReviewObjectionResolved,
    ReviewObjectionWithdrawn,
    ReviewScored,
    ScoreRestated,
)
from services.performance.metrics.decisions import CorrectMetric
from services.performance.reviews.adjustments import HoldAdjustment, WithdrawAdjustment
from services.performance.reviews.decisions import CompleteReview, RestateScore, ScoreReview
from services.performance.reviews.events import Direction, Event
from services.performance.reviews.objections import (
    EscalateObjection,
    RaiseObjection,
    ResolveObjection,
    WithdrawObjection,
)
from services.performance.reviews.reactions import answer_due, correct_metrics, deduct_for_penalty, escalate
from services.supervision.contracts import (
    PenaltyKind,
    PenaltyObjectionRaised,
    PenaltyObjectionResolved,
    PenaltyObjectionWithdrawn,
    ViolationKind,
)
from services.vocabulary import PersonId
from shared.decider import Context
from shared.policy import load_policy
from shared.privacy import Personal
from shared.testing import Given
from tests.performance.month import (
    FACTS,
    MAY,
    MAY_IS_OVER,
    TEXT,
    A,
    adjusted,
    observed,
    opened,
    score,
    standard,
)
from tests.performance.test_reviews import FACE_TO_FACE, OBJECTIONS, SHIPPED, SHORT, completed, feedback, told
from tests.performance.test_reviews import review as reviewed

SEEN = [*FACTS[:4], observed(84, name="17", emergency_handling=3), *FACTS[5:]]  # e04 is the observation, e05 the exam
CORRECTED = [*SEEN, observed(84, name="17", emergency_handling=8)]
EMERGENCY = NamedFact(fact="e04", field="emergency_handling")
ON_EMERGENCIES_TEXT = TEXT.replace("criteria: [language]", "criteria: [emergency_handling]")
ON_EMERGENCIES = standard(ON_EMERGENCIES_TEXT)
JUNE_4, JUNE_9, JUNE_10 = (datetime(2024, 6, day, 2, tzinfo=UTC) for day in (4, 9, 10))
FIVE_DAYS = load_policy(
    ObjectionRules,
    (SHIPPED / "objections.yaml")
    .read_text()
    .replace("window_days:", "window_days: 5")
    .replace("answer_days:", "answer_days: 3"),
)
HANDLED_BY_ANOTHER = load_policy(
    ObjectionRules, (SHIPPED / "objections.yaml").read_text().replace("handler_differs: false", "handler_differs: true")
)
NONE_ADMITTED = load_policy(
    ObjectionRules, (SHIPPED / "objections.yaml").read_text().replace("admitted: true", "admitted: false")
)
REASON, FINDING = Personal("the microphone was mended in ten seconds"), Personal("the recording shows it")
RAISE = RaiseObjection(person=A, month=MAY.month, reason=REASON, named=(EMERGENCY,))
TO_EIGHT = Amended(fact="e04", field="emergency_handling", value="8")
RESOLVE = ResolveObjection(person=A, month=MAY.month, version=1, finding=FINDING, amended=(TO_EIGHT,))
COMPLETE, RESTATE = CompleteReview(subject=MAY), RestateScore(subject=MAY)


def review(
    *history: Event, facts: Sequence[Any] = SEEN, rules: ObjectionRules = OBJECTIONS, form: Any = FACE_TO_FACE
) -> Given[Any, Any, Any]:
    return reviewed(*history, facts=facts, under=(ON_EMERGENCIES, form, rules))


def scored() -> ReviewScored:
    (event,) = review(opened()).when(ScoreReview(subject=MAY), now=MAY_IS_OVER).events
    assert isinstance(event, ReviewScored)
    return event


def fed_back(version: int = 1, until: date | None = None) -> FeedbackInterviewHeld:
    return replace(told(feedback(), version, by="group"), objections_until=until)


def raised(version: int = 1, answer_by: date | None = None, named: tuple[NamedFact, ...] = (EMERGENCY,)) -> Any:
    word = Raised(
        person=A, version=version, named=named, reason=REASON, raised_on=date(2024, 6, 4), answer_by=answer_by
    )
    return ReviewObjectionRaised(subject=MAY, told=word)


def resolved(outcome: Outcome = Outcome.UPHELD, *corrections: Correction, by: str = "hr") -> ReviewObjectionResolved:
    word = Resolved(
        person=A,
        version=1,
        outcome=outcome,
        corrections=corrections,
        handler=PersonId(by),
        capacity="hr",
        finding=FINDING,
    )
    return ReviewObjectionResolved(subject=MAY, told=word)


CORRECTION = Correction(fact="e04", about=("observation", "17"), field="emergency_handling", was="3", now="8")
HISTORY = (opened(), scored(), fed_back())


@pytest.mark.clause("R7", "O-107", "A-38", "A-39")
def test_an_upheld_objection_corrects_the_named_fact_and_the_total_is_computed_again() -> None:
    """R7: observation 17, emergency handling 3 → 8. Result 72.2, training 83.4, attitude 3: 60.60, then 61.60."""
    assert scored().score == Decimal("60.60")
    there = review(*HISTORY).when(RAISE, by=A, now=JUNE_4).then(raised())
    there.when(RAISE, by=A, now=JUNE_4).then()
    upheld = there.when(RESOLVE, by="hr", capacity="hr", now=JUNE_9).then(resolved(Outcome.UPHELD, CORRECTION))
    after = review(*upheld.history, facts=CORRECTED)  # supervision corrected its own observation
    after.when(RESOLVE, by="hr", capacity="hr", now=JUNE_9).then()
    (second,) = after.when(RESTATE, now=JUNE_9).events
    assert isinstance(second, ScoreRestated)
    assert (second.version, second.score, second.difference) == (2, Decimal("61.60"), Decimal("1.00"))
    assert second.causes == ("e07",)


@pytest.mark.clause("R7")
@pytest.mark.parametrize("fact", ["e04", "e06", "review", "e99"])
def test_a_bare_new_total_is_refused(fact: str) -> None:
    """Neither as a field of the command, nor as that of anything on which the result rests."""
    for field in ("score", "total"):
        bare = replace(RESOLVE, amended=(Amended(fact=fact, field=field, value="70.00"),))
        review(*HISTORY, raised()).when(bare, by="hr", capacity="hr", now=JUNE_9).refused("objection.not_a_fact")
    assert not {"score", "total", "new_total"} & set(ResolveObjection.__dataclass_fields__)


@pytest.mark.clause("R7")
def test_it_cannot_lower_the_score() -> None:
    there = review(*HISTORY, raised())

    def resolving(*amended: Amended) -> Any:
        return there.when(replace(RESOLVE, amended=amended), by="hr", capacity="hr", now=JUNE_9)

    lower = Amended(fact="e04", field="emergency_handling", value="2")
    resolving(lower).refused("objection.lowers_the_score", score=Decimal("60.60"), would_be=Decimal("60.40"))
    exam_down = Amended(fact="e05", field="score", value="70")
    resolving(TO_EIGHT, exam_down).refused("objection.lowers_the_score", would_be=Decimal("58.92"))
    exam_up = Amended(fact="e05", field="score", value="84.4")
    outcome = resolving(lower, exam_up)  # together they raise it by nothing: 0.20 − 0.20
    (event,) = outcome.events
    assert [c.about for c in event.told.corrections] == [
        ("observation", "17"),
        ("exam", "safety", "law", "first"),
    ]


@pytest.mark.clause("R7", "C-09")
def test_while_it_is_open_the_review_is_not_completed() -> None:
    there = review(*HISTORY, raised())
    there.when(COMPLETE, now=JUNE_9).refused("review.objection_open")
    rejecting = replace(RESOLVE, amended=())
    rejected = there.when(rejecting, by="hr", capacity="hr", now=JUNE_9).then(resolved(Outcome.REJECTED))
    rejected.when(COMPLETE, now=JUNE_9).then(completed(score="60.60", grade="C"))
    withdrawn = ReviewObjectionWithdrawn(subject=MAY, told=Withdrawn(person=A, version=1))
    taken_back = WithdrawObjection(person=A, month=MAY.month, version=1)
    there.when(taken_back, by="hr").refused("objection.by_another")
    there.when(taken_back, by=A).then(withdrawn).when(taken_back, by=A).then().when(COMPLETE, now=JUNE_9).then(
        completed(score="60.60", grade="C")
    )


@pytest.mark.clause("R7", "P-18")
def test_the_window_opens_with_the_recorded_feedback() -> None:
    """Held on 3 June, recorded on the 4th, five days: the 9th is the last, in Shanghai."""
    review(opened(), scored(), rules=FIVE_DAYS).when(RAISE, by=A, now=JUNE_4).refused("objection.not_told_yet")
    asked = review(opened(), scored(), rules=FIVE_DAYS).when(feedback(), by="group", now=JUNE_4)
    there = asked.then(fed_back(until=date(2024, 6, 9)))
    evening = datetime(2024, 6, 9, 15, 59, tzinfo=UTC)
    (event,) = there.when(RAISE, by=A, now=evening).events
    assert event.told.answer_by == date(2024, 6, 12)
    there.when(COMPLETE, now=evening).refused("review.objection_window_open", until=date(2024, 6, 9))
    midnight = datetime(2024, 6, 9, 16, tzinfo=UTC)
    there.when(RAISE, by=A, now=midnight).refused("objection.window_closed", ended_on=date(2024, 6, 9))
    there.when(COMPLETE, now=midnight).then(completed(score="60.60", grade="C"))


@pytest.mark.clause("P-18")
def test_a_window_that_is_not_configured_has_no_end() -> None:
    years_later = datetime(2026, 6, 4, tzinfo=UTC)
    (event,) = review(*HISTORY).when(RAISE, by=A, now=years_later).events
    assert event.told.answer_by is None
    assert answer_due(event) is None
    assert list(escalate(event)) == []


@pytest.mark.clause("R7")
def test_overdue_escalates_and_never_lapses_against_the_person() -> None:
    due = raised(answer_by=date(2024, 6, 7))
    assert answer_due(due) == datetime(2024, 6, 7, 16, tzinfo=UTC)
    (command,) = escalate(due)
    assert command == EscalateObjection(person=A, month=MAY.month, version=1)
    there = review(*HISTORY, due, rules=FIVE_DAYS)
    escalated = Escalated(person=A, version=1, answer_by=date(2024, 6, 7))
    later = there.when(command).then(ReviewObjectionEscalated(subject=MAY, told=escalated))
    later.when(command).then()
    later.when(COMPLETE, now=JUNE_10).refused("review.objection_open")
    answered = later.when(RESOLVE, by="hr", capacity="hr", now=JUNE_10).then(resolved(Outcome.UPHELD, CORRECTION))
    answered.when(command).then()


@pytest.mark.clause("R7")
def test_one_objection_for_a_version_of_a_result() -> None:
    there = review(*HISTORY, raised(), resolved(Outcome.UPHELD, CORRECTION), facts=CORRECTED)
    again = replace(RAISE, reason=Personal("and the language"))
    there.when(again, by=A, now=JUNE_9).refused("objection.once_a_version", version=1)
    (second,) = there.when(RESTATE, now=JUNE_9).events
    restated = replace(there, history=(*there.history, second))
    restated.when(again, by=A, now=JUNE_9).refused("objection.not_told_yet", version=2)
    told_again = replace(restated, history=(*restated.history, fed_back(version=2)))
    (event,) = told_again.when(again, by=A, now=JUNE_9).events
    assert event.told.version == 2


@pytest.mark.clause("R7", "C-09")
def test_who_may_object_and_who_handles_it() -> None:
    """Whoever told him the result may handle it, unless the policy says otherwise; himself never."""
    there = review(*HISTORY)
    there.when(RAISE, by="hr", capacity="hr").refused("objection.by_another")
    review(*HISTORY, rules=NONE_ADMITTED).when(RAISE, by=A, now=JUNE_4).refused("objection.not_admitted")
    open_ = review(*HISTORY, raised())
    open_.when(RESOLVE, by=A, capacity="hr", now=JUNE_9).refused("objection.by_the_subject")
    open_.when(RESOLVE, by="importer", capacity="system", now=JUNE_9).refused("objection.without_capacity")
    (event,) = open_.when(RESOLVE, by="group", capacity="supervision_group", now=JUNE_9).events
    assert event.told.handler == "group"
    other = review(*HISTORY, raised(), rules=HANDLED_BY_ANOTHER)
    other.when(RESOLVE, by="group", capacity="supervision_group", now=JUNE_9).refused("objection.by_the_evaluator")
    other.when(RESOLVE, by="hr", capacity="hr", now=JUNE_9).then(resolved(Outcome.UPHELD, CORRECTION))


@pytest.mark.clause("A-39")
def test_of_several_named_facts_some_may_be_upheld() -> None:
    both = raised(named=(EMERGENCY, NamedFact(fact="e05", field="score")))
    (event,) = review(*HISTORY, both).when(RESOLVE, by="hr", capacity="hr", now=JUNE_9).events
    assert event.told.outcome is Outcome.PARTLY_UPHELD


def test_what_a_correction_cannot_be() -> None:
    there = review(*HISTORY, raised())

    def resolving(*amended: Amended) -> Any:
        return there.when(replace(RESOLVE, amended=amended), by="hr", capacity="hr", now=JUNE_9)

    resolving(replace(TO_EIGHT, value="3")).refused("objection.corrects_nothing", says="3")
    resolving(TO_EIGHT, replace(TO_EIGHT, value="9")).refused("objection.corrects_twice")
    for nonsense in ("eight", "NaN", "Infinity"):
        resolving(replace(TO_EIGHT, value=nonsense)).refused("objection.no_such_value")
    resolving(Amended(fact="e02", field="viewers", value="7.5")).refused("objection.no_such_value")
    resolving(replace(TO_EIGHT, value="101")).refused("objection.no_such_value")
    resolving(replace(TO_EIGHT, value="-1")).refused("objection.no_such_value")
    resolving(replace(TO_EIGHT, value="3.0")).refused("objection.corrects_nothing", says="3")
    resolving(replace(TO_EIGHT, value="1e-1000000")).refused("objection.no_such_value")
    resolving(Amended(fact="e05", field="score", value="90.001")).refused("objection.no_such_value")
    satisfied, ratings = (Amended(fact="e02", field=f, value="70") for f in ("satisfied", "ratings"))
    resolving(satisfied).refused("objection.no_such_value", field="satisfied")
    (both,) = resolving(satisfied, ratings).events
    assert [c.now for c in both.told.corrections] == ["70", "70"]
    shifts = Amended(fact="e00", field="crew.0.minutes", value="10")
    resolving(shifts).refused("objection.not_a_fact")  # this standard credits in full: minutes are no part of it
    review(*HISTORY).when(RESOLVE, by="hr", capacity="hr").refused("objection.unknown")


@pytest.mark.clause("R7")
def test_a_value_is_kept_as_its_owner_writes_it() -> None:
    """However it was written: who corrects it reads a whole number where a whole number stands."""
    there = review(*HISTORY, raised())
    resolving = replace(RESOLVE, amended=(Amended(fact="e02", field="viewers", value="2000.0"),))
    outcome = there.when(resolving, by="hr", capacity="hr", now=JUNE_9)
    (event,) = outcome.events
    assert [c.now for c in event.told.corrections] == ["2000"]
    review(*HISTORY, raised(), event).when(resolving, by="hr", capacity="hr", now=JUNE_9).then()


@pytest.mark.clause("R10", "R7")
def test_in_the_short_form_it_is_raised_after_the_completion() -> None:
    there = review(opened(), scored(), completed(score="60.60", grade="C"), fed_back(), form=SHORT)
    there.when(RAISE, by=A, now=JUNE_4).then(raised())


def test_the_metrics_of_a_month_are_corrected_by_their_own_service() -> None:
    correction = Correction(fact="e07", about=("metric", "reads"), field="amount", was="3", now="8")
    (command,) = correct_metrics(resolved(Outcome.UPHELD, CORRECTION, correction))
    assert command == CorrectMetric(subject=MAY, metric=command.metric, field="amount", now=Decimal(8))


def test_an_impossible_history_is_an_error() -> None:
    for history in ((resolved(),), (raised(), raised()), (raised(), resolved(), resolved())):
        with pytest.raises(ValueError, match="does not follow for version 1"):
            review(*HISTORY, *history).when(RESTATE)


@pytest.mark.clause("R7")
def test_a_deduction_that_is_objected_to_does_not_count_and_holds_the_completion() -> None:
    """Supervision tells that the penalty is objected to: 60.60 without the 3 points that it took."""
    made = adjusted("penalty/p1", "3", Direction.MINUS)
    hold = HoldAdjustment(subject=MAY, adjustment="penalty/p1", held=True)
    held = replace(made, held=True)
    there = review(*HISTORY, made).when(hold, by="system").then(held)
    there.when(hold, by="system").then()
    there.when(COMPLETE, now=JUNE_9).refused("review.adjustment_held", adjustments=["penalty/p1"])
    released = there.when(replace(hold, held=False), by="system").then(made)
    released.when(COMPLETE, now=JUNE_9).then(completed(score="60.60", grade="C"))
    fallen = there.when(WithdrawAdjustment(subject=MAY, adjustment="penalty/p1"), by="system")
    fallen.then(replace(made, withdrawn=True)).when(hold, by="system").then()
    review(*HISTORY).when(hold, by="system").refused("adjustment.unknown")
    assert [score(([*SEEN, one]), ON_EMERGENCIES_TEXT) for one in (made, held)] == [
        Fraction("57.60"),
        Fraction("60.60"),
    ]


def objected(kind: type, word: Any) -> Any:
    return kind(
        penalty="p1",
        person=A,
        offence=ViolationKind.POOR_PERFORMANCE,
        occasion=MAY.month,
        kind=PenaltyKind.POINTS_DEDUCTION,
        month=MAY.month,
        told=word,
    )


@pytest.mark.clause("R7")
def test_what_supervision_tells_of_an_objection_holds_the_deduction() -> None:
    context = Context(now=JUNE_9, actor="system")

    def led_to(event: Any) -> list[Any]:
        return list(deduct_for_penalty(event, context))

    held = HoldAdjustment(subject=MAY, adjustment="penalty/p1", held=True)
    assert led_to(objected(PenaltyObjectionRaised, raised().told)) == [held]
    rejected, upheld = resolved(Outcome.REJECTED).told, resolved(Outcome.UPHELD, CORRECTION).told
    assert led_to(objected(PenaltyObjectionResolved, rejected)) == [replace(held, held=False)]
    assert led_to(objected(PenaltyObjectionResolved, upheld)) == []  # its revocation follows
    taken_back = Withdrawn(person=A, version=1)
    assert led_to(objected(PenaltyObjectionWithdrawn, taken_back)) == [replace(held, held=False)]
    warning = replace(objected(PenaltyObjectionRaised, raised().told), kind=PenaltyKind.WARNING)
    assert led_to(warning) == []
