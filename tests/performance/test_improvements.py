"""Improvement plans: made by both sides from a result, with a timetable. Clauses: O-106, S-49; C-10."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from services.performance.contracts import FeedbackInterviewHeld, FeedbackMode
from services.performance.improvements.decisions import (
    AgreeImprovementPlan,
    CloseImprovementPlan,
    Command,
    CompleteImprovementMeasure,
    ProposeImprovementPlan,
    State,
    improvements,
)
from services.performance.improvements.events import (
    Event,
    ImprovementMeasureCompleted,
    ImprovementPlanAgreed,
    ImprovementPlanClosed,
    ImprovementPlanProposed,
    Measure,
    Outcome,
)
from services.performance.improvements.projections import ImprovementPlan, Stage, improvement_plans
from services.performance.reviews.decisions import Completed, Opened, Review, Scored, reviews
from services.performance.reviews.results import Result
from services.vocabulary import Month, PersonId
from shared.privacy import Personal, owned
from shared.testing import Given, given
from tests.arrows import arrows, drawn, step
from tests.http.serving import SERVICES, in_memory, naming, served
from tests.performance.month import ANCHOR, STUDIO, A, B
from tests.performance.test_projections import rows

BOSS = PersonId("boss")
MAY = Month("2024-05")
JUNE_6 = datetime(2024, 6, 6, 4, tzinfo=UTC)
WHERE: dict[str, Any] = {"person": A, "month": MAY}


def note(text: str) -> Personal:
    return Personal(f"enc1:a:note:{text}")


MEASURES = (
    Measure(person=A, what=note("rehearse"), due_on=date(2024, 6, 20), owner=A),
    Measure(person=A, what=note("coach"), due_on=date(2024, 6, 10), owner=BOSS),
)
PROPOSE = ProposeImprovementPlan(measures=MEASURES, **WHERE)
AGREE = AgreeImprovementPlan(plan=1, **WHERE)
BY_BOSS = ImprovementPlanProposed(
    plan=1, version=2, measures=MEASURES, proposer=BOSS, capacity="ops_supervisor", **WHERE
)
BY_HIMSELF = replace(BY_BOSS, proposer=A, capacity="ops_specialist")
AGREED = ImprovementPlanAgreed(
    plan=1, agreed_by=(BOSS, A), capacity="ops_specialist", agreed_on=date(2024, 6, 6), **WHERE
)
COMPLETE = CompleteImprovementMeasure(measure=1, completed_on=date(2024, 6, 6), result=note("calm"), **WHERE)
REHEARSED = ImprovementMeasureCompleted(measure=1, completed_on=date(2024, 6, 6), result=note("calm"), owner=A, **WHERE)
COACHED = replace(REHEARSED, measure=2, owner=BOSS)
CLOSE = CloseImprovementPlan(outcome=Outcome.ACHIEVED, finding=note("better"), **WHERE)
CLOSED = ImprovementPlanClosed(
    outcome=Outcome.ACHIEVED, finding=note("better"), decider=BOSS, capacity="ops_supervisor", **WHERE
)
INTERVIEW = FeedbackInterviewHeld(
    version=2,
    interviewer=BOSS,
    mode=FeedbackMode.FACE_TO_FACE,
    merits=note("m"),
    shortcomings=note("s"),
    advice=note("a"),
    held_on=date(2024, 6, 5),
    **WHERE,
)
OPENED = Opened(post=ANCHOR, studio=STUDIO, not_rated=None)
RESULT = Result(version=2, score=Decimal(80), grade="B", excellent=False, used=(), explanation={}, standard="anchor:1")
FED_BACK = Review(stage=Scored(opened=OPENED, result=RESULT, feedback=INTERVIEW))


def plan(*history: Event, review: Review = FED_BACK) -> Given[Command, State, Event]:
    return given(improvements, *history).seeing(reviews, A, MAY, found=review)


def boss(where: Given[Command, State, Event], command: Command) -> Any:
    return where.when(command, by=BOSS, capacity="ops_supervisor", now=JUNE_6)


def himself(where: Given[Command, State, Event], command: Command) -> Any:
    return where.when(command, by=A, capacity="ops_specialist", now=JUNE_6)


@pytest.mark.clause("O-106", "C-10")
def test_both_sides_make_the_plan_whoever_proposes_it() -> None:
    himself(boss(plan(), PROPOSE).then(BY_BOSS), AGREE).then(AGREED)
    other = replace(AGREED, agreed_by=(A, BOSS), capacity="ops_supervisor")
    boss(himself(plan(), PROPOSE).then(BY_HIMSELF), AGREE).then(other)


@pytest.mark.clause("O-106")
def test_nobody_agrees_with_himself_or_in_the_place_of_the_other() -> None:
    boss(plan(BY_BOSS), AGREE).refused("improvement.both_sides", clause="O-106")
    himself(plan(BY_HIMSELF), AGREE).refused("improvement.both_sides")
    plan(BY_BOSS).when(AGREE, by=B, capacity="hr", now=JUNE_6).refused("improvement.both_sides")
    for capacity in ("", "system"):
        plan(BY_HIMSELF).when(AGREE, by="importer", capacity=capacity).refused("improvement.without_capacity")


@pytest.mark.clause("O-106", "S-49")
def test_a_plan_is_made_of_a_result_that_the_person_was_told_in_the_interview() -> None:
    untold = Review(stage=Scored(opened=OPENED, result=RESULT))
    boss(plan(review=untold), PROPOSE).refused("improvement.interview_first", clause="O-106")
    boss(plan(review=Review()), PROPOSE).refused("review.not_open")
    boss(plan(review=Review(stage=OPENED)), PROPOSE).refused("review.not_scored")
    completed = Review(stage=Completed(opened=OPENED, result=RESULT, feedback=INTERVIEW))
    boss(plan(review=completed), PROPOSE).then(BY_BOSS)


@pytest.mark.clause("S-49", "C-10")
def test_a_plan_states_measures_each_with_its_day_and_owner() -> None:
    body = {"person": "a", "month": "2024-05"}
    measure = {"person": "a", "what": "rehearse", "due_on": "2024-06-20", "owner": "a"}
    command = TypeAdapter(ProposeImprovementPlan)
    assert command.validate_python(body | {"measures": [measure]})
    for field in measure:
        with pytest.raises(ValidationError):
            command.validate_python(body | {"measures": [{k: v for k, v in measure.items() if k != field}]})
    with pytest.raises(ValidationError):
        command.validate_python(body | {"measures": []})
    with pytest.raises(ValidationError, match="whose plan it is"):
        command.validate_python(body | {"measures": [measure | {"person": "b"}]})


def test_the_same_plan_again_is_no_other_and_another_takes_its_place() -> None:
    again = boss(plan(BY_BOSS), PROPOSE).then()
    fewer = ProposeImprovementPlan(measures=MEASURES[:1], **WHERE)
    second = replace(BY_HIMSELF, plan=2, measures=MEASURES[:1])
    countered = himself(again, fewer).then(second)
    boss(countered, AGREE).refused("improvement.not_proposed")
    boss(countered, replace(AGREE, plan=2)).then(
        replace(AGREED, plan=2, agreed_by=(A, BOSS), capacity="ops_supervisor")
    )


def test_what_is_agreed_stays_as_it_is() -> None:
    there = himself(plan(BY_BOSS, AGREED), AGREE).then()
    boss(there, PROPOSE).refused("improvement.agreed_already")
    himself(plan(), AGREE).refused("improvement.not_proposed")


def test_measures_are_those_of_the_two_who_make_the_plan() -> None:
    others = replace(BY_BOSS, measures=(replace(MEASURES[0], owner=B),))
    himself(plan(others), AGREE).refused("improvement.owner", owners=[B])


@pytest.mark.clause("S-49")
def test_whoever_owns_a_measure_says_that_it_is_done() -> None:
    running = plan(BY_BOSS, AGREED)
    done = himself(running, COMPLETE).then(REHEARSED)
    himself(done, COMPLETE).then()
    boss(running, COMPLETE).refused("improvement.by_another", owner=A)
    boss(running, replace(COMPLETE, measure=2)).then(COACHED)
    himself(running, replace(COMPLETE, measure=3)).refused("improvement.unknown_measure", measures=2)
    himself(running, replace(COMPLETE, completed_on=date(2024, 6, 7))).refused("improvement.not_yet")
    himself(plan(BY_BOSS), COMPLETE).refused("improvement.not_agreed")


@pytest.mark.clause("S-49")
def test_a_plan_is_closed_as_achieved_or_not_and_never_by_the_person() -> None:
    done = plan(BY_BOSS, AGREED, REHEARSED, COACHED)
    boss(boss(done, CLOSE).then(CLOSED), CLOSE).then()
    himself(done, CLOSE).refused("improvement.by_the_subject")
    half = plan(BY_BOSS, AGREED, REHEARSED)
    boss(half, CLOSE).refused("improvement.measures_left", measures=[2])
    failed = replace(CLOSE, outcome=Outcome.NOT_ACHIEVED)
    over = boss(half, failed).then(replace(CLOSED, outcome=Outcome.NOT_ACHIEVED))
    boss(over, CLOSE).refused("improvement.closed", outcome="not_achieved")
    boss(over, replace(COMPLETE, measure=2)).refused("improvement.closed")


def board(*events: Event) -> ImprovementPlan:
    (row,) = rows(improvement_plans, events)
    return row


@pytest.mark.clause("O-106", "S-49", "C-10")
def test_an_improvement_plan() -> None:
    """Agreed, measures completed, closed: achieved or not."""
    histories: dict[str, tuple[Event, ...]] = {
        "none": (),
        "proposed": (BY_BOSS,),
        "agreed": (BY_BOSS, AGREED, REHEARSED),
        "agreed+": (BY_BOSS, AGREED, REHEARSED, COACHED),
        "closed": (BY_BOSS, AGREED, REHEARSED, COACHED, CLOSED),
    }
    as_boss: dict[str, Any] = {"by": BOSS, "capacity": "ops_supervisor", "now": JUNE_6}
    steps = {
        "propose": step(replace(PROPOSE, measures=MEASURES[:1]), **as_boss),
        "agree": step(AGREE, by=A, capacity="ops_specialist", now=JUNE_6),
        "complete": step(replace(COMPLETE, measure=2), **as_boss),
        "achieved": step(CLOSE, **as_boss),
        "failed": step(replace(CLOSE, outcome=Outcome.NOT_ACHIEVED), **as_boss),
    }
    assert arrows({name: plan(*history) for name, history in histories.items()}, steps, stage) == drawn(
        """
                 propose   agree   complete  achieved  failed
        none     proposed  -       -         -         -
        proposed proposed  agreed  -         -         -
        agreed   -         .       agreed+   -         closed
        agreed+  -         .       .         closed    closed
        closed   -         .       .         .         -
        """
    )


def stage(state: State) -> str:
    """With `+` once its measures are done."""
    match state:
        case None:
            return "none"
        case ImprovementPlanProposed():
            return "proposed"
        case _:
            done = "+" if len(state.completed) == len(state.measures) else ""
            return "closed" if state.closed else f"agreed{done}"


@pytest.mark.clause("O-106", "S-49", "C-10")
def test_the_board_tells_what_is_due_and_overdue() -> None:
    proposed = board(BY_BOSS)
    assert (proposed.stage, proposed.next_due_on) == (Stage.PROPOSED, None)
    agreed = board(BY_BOSS, AGREED)
    due = date(2024, 6, 10)
    assert (agreed.stage, agreed.next_due_on, agreed.agreed_by) == (Stage.AGREED, due, (BOSS, A))
    assert [agreed.overdue(on) for on in (due, due + timedelta(days=1))] == [False, True]
    coached = board(BY_BOSS, AGREED, COACHED)
    assert (coached.next_due_on, coached.done[0].measure) == (date(2024, 6, 20), 2)
    assert board(BY_BOSS, AGREED, COACHED, REHEARSED).next_due_on is None
    closed = board(BY_BOSS, AGREED, replace(CLOSED, outcome=Outcome.NOT_ACHIEVED))
    assert (closed.stage, closed.overdue(date(2025, 1, 1)), closed.outcome) == (
        Stage.CLOSED,
        False,
        Outcome.NOT_ACHIEVED,
    )


@pytest.mark.parametrize(
    "history", [(AGREED,), (BY_BOSS, REHEARSED), (BY_BOSS, AGREED, BY_BOSS), (BY_BOSS, AGREED, CLOSED, REHEARSED)]
)
def test_what_cannot_have_happened_is_no_history(history: tuple[Event, ...]) -> None:
    with pytest.raises(ValueError, match="does not follow"):
        improvements.state(history)


def test_every_text_of_a_plan_is_sealed_under_the_key_of_the_person() -> None:
    assert [owner for event in (BY_BOSS, REHEARSED, CLOSED) for owner, _ in owned(event)] == [(A, "note")] * 4


@pytest.mark.parametrize(("by", "capacity", "status"), [("a", "anchor", 404), ("b", "anchor", 403), ("q", "hr", 404)])
async def test_a_person_reads_his_own_plan_and_no_other(by: str, capacity: str, status: int) -> None:
    async with served(await in_memory(SERVICES["performance"])) as there:
        answer = await there.http.get("/improvements/a/2024-05", headers=naming(by, capacity))
        assert answer.status_code == status
