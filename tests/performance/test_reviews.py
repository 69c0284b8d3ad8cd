"""The review of a month, from its opening to its restatement. Rulings R5, R6, R10; guarantee G10."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.objection import ObjectionRules
from services.performance.contracts import (
    FeedbackInterviewHeld,
    FeedbackMode,
    NotApplicableDeclared,
    ReviewCompleted,
    ReviewOpened,
    ReviewScored,
    ScoreRestated,
)
from services.performance.cycles.decisions import Open, OpenCycle, Unopened, cycles
from services.performance.cycles.events import CycleOpened
from services.performance.main import service
from services.performance.reviews.decisions import (
    CompleteReview,
    DeclareNotApplicable,
    OpenReview,
    RecordFeedback,
    RestateScore,
    ScoreReview,
    reviews,
)
from services.performance.reviews.events import Event, Notice
from services.performance.reviews.policies import FeedbackPolicy
from services.performance.scores.facts import kpi, score
from services.performance.scores.standard import AppraisalStandard
from services.vocabulary import Month, PersonId, PostId, UnitId
from shared.decider import Context
from shared.explanation import load, verify
from shared.policy import Policies, load_policies, load_policy
from shared.privacy import Personal
from shared.testing import Given, given
from tests.performance.month import (
    ANCHOR,
    FACTS,
    MAY,
    MAY_IS_OVER,
    STANDARD,
    STUDIO,
    TEXT,
    A,
    adjusted,
    ended,
    exam,
    figures,
    known,
    metric,
    not_applicable,
    observed,
    opened,
    recorded,
    standard,
)

SHIPPED = Path(__file__).parents[2] / "services/performance/policies"
KINDS = service.policies
DEMO = SHIPPED.parents[2] / "deploy/demo/policies/performance"
SHORT = load_policy(FeedbackPolicy, (SHIPPED / "feedback_live_team.yaml").read_text())  # 002, 004
INTERVIEW = load_policy(FeedbackPolicy, (SHIPPED / "feedback_operations_group.yaml").read_text())  # 001
FACE_TO_FACE = load_policy(FeedbackPolicy, (SHIPPED / "feedback_assistant_anchor.yaml").read_text())  # 003
OBJECTIONS = load_policy(ObjectionRules, (SHIPPED / "objections.yaml").read_text())
JUNE_6 = datetime(2024, 6, 6, tzinfo=UTC)

OPEN = OpenReview(subject=MAY, post=ANCHOR, studio=STUDIO)
SCORE, COMPLETE, RESTATE = ScoreReview(subject=MAY), CompleteReview(subject=MAY), RestateScore(subject=MAY)


def review(
    *history: Event, facts: Sequence[Any] = FACTS, under: Sequence[object] = (STANDARD, SHORT)
) -> Given[Any, Any, Any]:
    cycle = {(cycles.name, ("2024-05",)): Open(not_rated=None), (kpi.name, MAY): known(recorded(facts))}
    return replace(given(reviews, *history).under(OBJECTIONS).under(*under), seen=cycle)


def scored(facts: Sequence[Any] = FACTS, under: AppraisalStandard = STANDARD) -> ReviewScored:
    outcome = review(opened(), facts=facts, under=(under, SHORT)).when(SCORE, now=MAY_IS_OVER)
    (event,) = outcome.events
    assert isinstance(event, ReviewScored)
    return event


def feedback(mode: FeedbackMode = FeedbackMode.FACE_TO_FACE, held_on: date = date(2024, 6, 3)) -> RecordFeedback:
    return RecordFeedback(
        person=A,
        month=MAY.month,
        mode=mode,
        merits=Personal("calm in trouble"),
        shortcomings=Personal("talks too fast"),
        advice=Personal("pause after a price"),
        held_on=held_on,
    )


# Cycle and opening


@pytest.mark.clause("S-37")
def test_a_cycle_is_opened_once_a_month() -> None:
    april = OpenCycle(month=Month("2024-04"), not_rated="facts begin on 28 April")
    opening = given(cycles).when(april).then(CycleOpened(month=april.month, not_rated="facts begin on 28 April"))
    opening.when(april).then()
    opening.when(OpenCycle(month=april.month)).refused("cycle.already_open")
    with pytest.raises(ValueError, match="Invalid isoformat"):
        OpenCycle(month=Month("2024-Q2"))


@pytest.mark.clause("S-37", "S-39")
def test_a_person_enters_the_cycle_of_his_month_under_his_post() -> None:
    review().when(OPEN).then(opened()).when(OPEN).then()
    not_open = replace(review(), seen={(cycles.name, ("2024-05",)): Unopened()})
    not_open.when(OPEN).refused("cycle.not_open")


@pytest.mark.clause("S-39", "C-05")
def test_no_post_without_a_standard_enters_a_cycle() -> None:
    """C-05."""
    policies = load_policies(KINDS, [DEMO])
    there = replace(review(), policies=policies)
    there.when(OPEN).then(opened())
    there.when(replace(OPEN, post=PostId("live_planner"))).refused(
        "policy.not_configured", policy="AppraisalStandard", post="live_planner"
    )


def test_an_opening_is_corrected_until_the_review_is_scored() -> None:
    other = replace(OPEN, post=PostId("assistant_anchor"))
    review(opened()).when(other).then(replace(opened(), post=PostId("assistant_anchor")))
    review(opened(), scored()).when(other).refused("review.already_scored")


@pytest.mark.clause("S-42")
@pytest.mark.parametrize(
    "command",
    [OPEN, SCORE, COMPLETE, feedback(), DeclareNotApplicable(subject=MAY, component="training", reason="ill")],
    ids=lambda command: type(command).__name__,
)
def test_nobody_judges_himself(command: Any) -> None:
    review(opened(), scored()).when(command, by=A, now=JUNE_6).refused("review.by_the_subject")


# Scoring


@pytest.mark.clause("S-37", "S-38", "S-42")
def test_a_review_is_scored_once_from_all_that_is_known() -> None:
    first = scored()
    assert (first.score, first.grade, first.excellent) == (Decimal("76.80"), "B", False)
    assert first.used == tuple(f"e{i:02}" for i in range(len(FACTS)))
    assert first.standard == "appraisal_standard.anchor:3"
    assert verify(first.explanation) == []
    review(opened(), first).when(SCORE, now=JUNE_6).then()


@pytest.mark.clause("S-42")
def test_a_review_that_misses_something_is_refused_by_name() -> None:
    facts = [e for e in FACTS if e not in (exam("83.4"), observed(84))]
    review(opened(), facts=[*facts, ended("s3", a=5)]).when(SCORE, now=MAY_IS_OVER).refused(
        "review.incomplete",
        missing="viewers: figures of s3; buyers: figures of s3; satisfied: figures of s3; ratings: figures of s3;"
        " training: no fact; attitude: no fact",
    )


@pytest.mark.clause("S-37")
def test_a_month_is_scored_from_the_first_moment_of_the_next_one_in_shanghai() -> None:
    for before in (datetime(2024, 5, 30, 16, tzinfo=UTC), MAY_IS_OVER - timedelta(microseconds=1)):
        review(opened()).when(SCORE, now=before).refused("review.month_not_over", over_at=MAY_IS_OVER)
    review(opened()).when(SCORE, now=MAY_IS_OVER).then(scored())


def test_what_is_not_open_is_not_scored_fed_back_or_completed() -> None:
    for command in (SCORE, COMPLETE, feedback()):
        review().when(command, now=JUNE_6).refused("review.not_open")
    for command in (COMPLETE, feedback()):
        review(opened()).when(command, now=JUNE_6).refused("review.not_scored")


def test_an_impossible_history_is_an_error_and_no_refusal() -> None:
    """A refusal would say that the command is at fault."""
    for history in (
        (scored(),),
        (completed(),),
        (told(feedback()),),
        (opened(), completed()),
        (opened(), scored(), scored()),
        (opened(), scored(), opened()),
        (opened(), scored(), completed(), completed()),
    ):
        with pytest.raises(ValueError, match="does not follow where a review is"):
            review(*history).when(RESTATE, now=JUNE_6)


def test_an_opening_that_the_facts_have_not_gathered_yet_is_waited_for() -> None:
    review(opened(), facts=FACTS[:-1]).when(SCORE, now=MAY_IS_OVER).refused("review.not_gathered")
    corrected = replace(opened(), studio=UnitId("west"))
    review(opened(), corrected, facts=FACTS).when(SCORE, now=MAY_IS_OVER).refused("review.not_gathered")


@pytest.mark.clause("S-42", "R11")
def test_a_month_that_is_not_covered_is_completed_as_not_rated() -> None:
    """R11: April. There is nothing to feed back, so nothing is waited for."""
    reason = "facts begin on 28 April"
    cycle = {
        (cycles.name, ("2024-05",)): Open(not_rated=reason),
        (kpi.name, MAY): known(recorded([opened(not_rated=reason)])),
    }
    there = replace(given(reviews).under(STANDARD, FACE_TO_FACE), seen=cycle)
    open_now = there.when(OPEN).then(opened(not_rated=reason)).when(OPEN).then()
    (result,) = open_now.when(SCORE, now=MAY_IS_OVER).events
    assert isinstance(result, ReviewScored)
    assert (result.score, result.grade, result.excellent) == (None, "not_rated", False)
    assert verify(result.explanation) == []
    (done,) = replace(open_now, history=(*open_now.history, result)).when(COMPLETE, now=JUNE_6).events
    assert isinstance(done, ReviewCompleted)
    assert (done.score, done.grade) == (None, "not_rated")


# Feedback and completion


def completed(version: int = 1, score: str = "76.80", grade: str = "B") -> ReviewCompleted:
    return ReviewCompleted(
        subject=MAY,
        post=ANCHOR,
        studio=STUDIO,
        version=version,
        score=Decimal(score),
        grade=grade,
        excellent=grade == "A",
    )


def told(of: RecordFeedback, version: int = 1, limit: int | None = None, by: str = "somebody") -> FeedbackInterviewHeld:
    return FeedbackInterviewHeld(
        person=of.person,
        month=of.month,
        version=version,
        interviewer=PersonId(by),
        mode=of.mode,
        merits=of.merits,
        shortcomings=of.shortcomings,
        advice=of.advice,
        held_on=of.held_on,
        max_lag_days=limit,
    )


@pytest.mark.clause("S-43", "R10", "C-08")
def test_the_short_form_completes_before_the_feedback() -> None:
    done = review(opened(), scored()).when(COMPLETE, now=JUNE_6).then(completed())
    done.when(COMPLETE, now=JUNE_6).then()
    written = feedback(FeedbackMode.WRITTEN)
    done.when(written, now=JUNE_6).then(told(written)).when(written, now=JUNE_6).then()


@pytest.mark.clause("O-105", "A-36", "R10", "C-08")
@pytest.mark.parametrize("policy", [INTERVIEW, FACE_TO_FACE])
def test_the_long_form_feeds_back_first(policy: FeedbackPolicy) -> None:
    there = review(opened(), scored(), under=(STANDARD, policy))
    there.when(COMPLETE, now=JUNE_6).refused(
        "review.feedback_first", next="record the feedback: mode, merits, shortcomings, advice"
    )
    there.when(feedback(), now=JUNE_6).then(told(feedback())).when(COMPLETE, now=JUNE_6).then(completed())


@pytest.mark.clause("A-37")
def test_an_assistant_anchor_is_told_face_to_face() -> None:
    there = review(opened(), scored(), under=(STANDARD, FACE_TO_FACE))
    there.when(feedback(FeedbackMode.CALL), now=JUNE_6).refused("feedback.mode", required="face_to_face", clause="A-37")


@pytest.mark.clause("O-105", "A-36", "S-43")
def test_which_form_a_post_has_is_what_the_regulations_say() -> None:
    policies = load_policies(KINDS, [SHIPPED])
    context = Context(now=JUNE_6, actor="x", policies=policies)
    first = {
        post: context.policy(FeedbackPolicy, post=post).before_completion
        for post in ("operations_specialist", "assistant_anchor", "anchor", "customer_service")
    }
    assert first == {
        "operations_specialist": True,
        "assistant_anchor": True,
        "anchor": False,
        "customer_service": False,
    }


def test_an_interview_is_recorded_after_it_was_held_and_once_for_a_result() -> None:
    there = review(opened(), scored())
    there.when(feedback(held_on=date(2024, 6, 7)), now=JUNE_6).refused("feedback.not_yet_held")
    again = feedback(held_on=date(2024, 6, 4))
    there.when(feedback(), now=JUNE_6).then(told(feedback())).when(again, now=JUNE_6).refused(
        "feedback.already_recorded", version=1
    )


@pytest.mark.clause("P-17", "P-18")
def test_the_organisations_limits_stand_with_the_feedback() -> None:
    demo = load_policies(KINDS, [SHIPPED, DEMO])
    there = replace(review(opened(), scored()), policies=demo)
    limited = replace(told(feedback(), limit=7), objections_until=date(2024, 6, 9))
    there.when(feedback(), now=JUNE_6).then(limited)


# Not applicable


@pytest.mark.clause("S-42", "R5")
def test_what_does_not_apply_is_declared_by_a_named_person() -> None:
    command = DeclareNotApplicable(subject=MAY, component="satisfaction", reason="no survey was held")
    there = review(opened())
    there.when(command, by="manager").then(not_applicable("satisfaction")).when(command, by="manager").then()
    there.when(replace(command, component="charm"), by="manager").refused("component.unknown", component="charm")
    review().when(command, by="manager").refused("review.not_open")
    taken_back: NotApplicableDeclared = not_applicable("satisfaction", withdrawn=True)
    there.when(replace(command, withdrawn=True), by="manager").refused("declaration.unknown")
    review(opened(), not_applicable("satisfaction")).when(replace(command, withdrawn=True)).then(taken_back)


# Restatement

MAY_STANDARD = standard(TEXT.replace("target: 1000", "target: 1200"))
MAY_FACTS = [
    ended("s1", a=240),
    observed(70),
    exam("75"),
    opened(),
    adjusted("1", "1.04"),
    figures("s1", 840, buyers=20, ratings=100, satisfied=78),
]
LATE = figures("s1", 940, buyers=20, ratings=100, satisfied=78)


def restated(
    *more: Event, facts: Sequence[Any] = (*MAY_FACTS, LATE), under: AppraisalStandard = MAY_STANDARD
) -> ScoreRestated:
    history = (opened(), scored(MAY_FACTS, under), *more)
    outcome = review(*history, facts=facts, under=(under, SHORT)).when(RESTATE, now=JUNE_6)
    (event,) = outcome.events
    assert isinstance(event, ScoreRestated)
    return event


@pytest.mark.clause("R6")
def test_a_person_is_told_when_the_grade_changes_or_the_score_by_so_many_points() -> None:
    """78.40 (B) becomes 80.90 (A), or 78.65 (B)."""
    done = completed(score="78.40")
    assert restated(done).notice == (Notice.GRADE,)
    slight = [*MAY_FACTS, figures("s1", 850, buyers=20, ratings=100, satisfied=78)]
    assert restated(done, facts=slight).notice == ()
    for points, told_of in (("0.25", (Notice.SCORE,)), ("0.26", ())):
        under = standard(
            TEXT.replace("target: 1000", "target: 1200").replace("A\n", f"A\nnotice_points: {points}\n", 1)
        )
        assert restated(done, facts=slight, under=under).notice == told_of


@pytest.mark.clause("S-42", "R6")
def test_may_is_restated_in_june() -> None:
    """78.40 (B) published; viewers corrected on 6 June: 80.90 (A), +2.50; version 1 stays readable."""
    first = scored(MAY_FACTS, MAY_STANDARD)
    # 0.6·(0.5·70 + 0.3·100 + 0.2·78) + 0.2·75 + 0.2·70 + 1.04
    assert (first.score, first.grade, len(first.used)) == (Decimal("78.40"), "B", 6)
    second = restated(completed(score="78.40"))
    assert (second.version, second.score, second.grade, second.excellent) == (2, Decimal("80.90"), "A", True)
    assert (second.difference, second.causes) == (Decimal("2.50"), ("e06",))
    assert verify(first.explanation) == verify(second.explanation) == []
    assert set(first.used) | {"e06"} == set(second.used)


def test_what_arrives_before_the_completion_restates_too_and_is_what_is_completed() -> None:
    second = restated()
    history = (opened(), scored(MAY_FACTS, MAY_STANDARD), second)
    there = review(*history, facts=[*MAY_FACTS, LATE], under=(MAY_STANDARD, SHORT))
    there.when(COMPLETE, now=JUNE_6).then(completed(2, "80.90", "A"))


def test_a_repeat_and_what_changes_nothing_restate_nothing() -> None:
    history = (opened(), scored(MAY_FACTS, MAY_STANDARD), completed(score="78.40"))
    others_stream, unused = ended("s9", b=60), metric("charm", "1")  # the second is his, and no component measures it
    for facts in (MAY_FACTS, [*MAY_FACTS, others_stream], [*MAY_FACTS, unused]):
        review(*history, facts=facts, under=(MAY_STANDARD, SHORT)).when(RESTATE, now=JUNE_6).then()
    after = (*history, restated(completed(score="78.40")))
    review(*after, facts=[*MAY_FACTS, LATE], under=(MAY_STANDARD, SHORT)).when(RESTATE, now=JUNE_6).then()
    for before in ((), (opened(),)):
        review(*before, facts=[*MAY_FACTS, LATE], under=(MAY_STANDARD, SHORT)).when(RESTATE, now=JUNE_6).then()


def test_what_goes_missing_after_publication_waits_for_what_is_missing() -> None:
    history = (opened(), scored(MAY_FACTS, MAY_STANDARD), completed(score="78.40"))
    there = review(*history, facts=[*MAY_FACTS, ended("s2", a=60)], under=(MAY_STANDARD, SHORT))
    there.when(RESTATE, now=JUNE_6).then()


@pytest.mark.clause("R6")
def test_a_restatement_keeps_the_version_of_the_standard() -> None:
    """A new version of the policy alone restates nothing, and a late fact is judged by the old one."""
    newer = standard(TEXT.replace("target: 1000", "target: 400").replace("version: 3", "version: 4"))
    history = (opened(), scored(MAY_FACTS, MAY_STANDARD), completed(score="78.40"))
    both = Policies(documents=(*Policies().under(MAY_STANDARD).documents, *Policies().under(newer, SHORT).documents))
    there = replace(review(*history, facts=[*MAY_FACTS, LATE]), policies=both)
    (event,) = there.when(RESTATE, now=JUNE_6).events
    assert isinstance(event, ScoreRestated)
    assert event.score == Decimal("80.90")
    only_newer = replace(there, policies=Policies().under(newer, SHORT))
    only_newer.when(RESTATE, now=JUNE_6).refused("policy.version_unknown")


def test_who_was_told_another_result_is_told_again() -> None:
    first, told_first = scored(MAY_FACTS, MAY_STANDARD), told(feedback())
    second = restated(told_first)
    there = review(opened(), first, told_first, second, facts=[*MAY_FACTS, LATE], under=(MAY_STANDARD, INTERVIEW))
    there.when(COMPLETE, now=JUNE_6).refused("review.feedback_first")
    there.when(feedback(), now=JUNE_6).then(told(feedback(), version=2)).when(COMPLETE, now=JUNE_6).then(
        completed(2, "80.90", "A")
    )


@pytest.mark.clause("O-105", "R6")
def test_who_was_told_this_result_is_not_told_again() -> None:
    same = replace(restated(), score=Decimal("78.40"), grade="B", excellent=False, difference=Decimal(0))
    there = review(opened(), scored(MAY_FACTS, MAY_STANDARD), told(feedback()), same, under=(MAY_STANDARD, INTERVIEW))
    there.when(COMPLETE, now=JUNE_6).then(completed(2, "78.40", "B"))


@pytest.mark.clause("S-39", "C-05", "R6")
def test_a_review_falls_under_the_policies_of_its_post_and_studio_on_the_first_of_its_month() -> None:
    """In June there are others, by which May would have no component satisfaction, and be fed back face to face."""
    others = standard(TEXT.replace("name: satisfaction", "name: contentment").replace("version: 3", "version: 4"))
    population: dict[str, Sequence[str]] = {"post": [ANCHOR], "studio": [STUDIO]}
    ending = load_policy(
        ObjectionRules, (SHIPPED / "objections.yaml").read_text().replace("window_days:", "window_days: 5")
    )
    in_may = [replace(d, population=population) for d in Policies().under(STANDARD, SHORT, OBJECTIONS).documents]
    since_june = [
        replace(d, population=population, issue=replace(d.issue, version=9, effective_from=date(2024, 6, 1)))
        for d in Policies().under(others, FACE_TO_FACE, ending).documents
    ]
    there = replace(review(opened()), policies=Policies(documents=(*in_may, *since_june)))
    replace(there, history=()).when(OPEN, now=JUNE_6).then(opened())
    declare = DeclareNotApplicable(subject=MAY, component="satisfaction", reason="no survey was held")
    there.when(declare, by="manager", now=JUNE_6).then(not_applicable("satisfaction"))
    called = feedback(FeedbackMode.CALL)
    there.when(SCORE, now=JUNE_6).then(scored()).when(called, now=JUNE_6).then(told(called))


def test_the_stored_explanation_is_the_tree_that_was_computed() -> None:
    result = scored()
    assert load(result.explanation) == score(MAY, known(recorded(FACTS)), STANDARD)


def test_what_a_decision_asked_for_is_known() -> None:
    asked: list[set[str]] = []
    decide = reviews.decide

    def noting(command: Any, state: Any, context: Context) -> Any:
        try:
            return decide(command, state, context)  # type: ignore[call-arg]
        finally:
            asked.append(context.asked)

    there = review(opened())
    replace(there, decider=replace(reviews, decide=noting)).when(SCORE, now=MAY_IS_OVER)
    assert asked == [{"appraisal_standard.anchor:3", "feedback.live_team:1"}]
    assert ReviewOpened in reviews.facts
