"""Plans, tasks and what came of them. Clauses: S-21, S-22, S-25, O-14, O-83, O-102."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from services.performance.metrics.decisions import metrics
from services.performance.metrics.events import MetricId
from services.performance.plans.decisions import AdoptMarketingPlan, AdoptOperationsPlan, plans
from services.performance.plans.events import (
    Area,
    Contents,
    Goal,
    OperationsPlanAdopted,
    PlanId,
    PlanKind,
    PlanPeriod,
)
from services.performance.plans.projections import operations_plans
from services.performance.tasks.decisions import AssignTask, Command, CompleteTask, State, WithdrawTask, tasks
from services.performance.tasks.events import (
    Event,
    TaskAssigned,
    TaskCompleted,
    TaskId,
    TaskKind,
    TaskWithdrawn,
)
from services.performance.tasks.projections import TaskStage, rank, task_board
from services.performance.work_results.decisions import RecordWorkResult, work_results
from services.performance.work_results.events import WorkResultRecorded
from services.performance.work_results.projections import results_recorded
from services.vocabulary import Fen, Month, PersonId
from shared.privacy import Personal, owned
from shared.testing import Given, given
from tests.arrows import arrows, drawn, step
from tests.http.serving import SERVICES, in_memory, naming, served
from tests.performance.month import A, B
from tests.performance.test_metrics import DEFINED
from tests.performance.test_projections import rows

NOW = datetime(2024, 5, 6, 2, tzinfo=UTC)
BOSS = PersonId("boss")
READS = MetricId("content_reads")
CONTENTS = Contents(
    goals=(Goal(text="more readers", metric=READS, target=Decimal(9000)),),
    strategy="fewer and better",
    key_work=("a second studio",),
    areas=(Area.MARKETING,),
    budget=Fen(5_000_000),
)
SPRING = AdoptMarketingPlan(plan=PlanId("spring"), period=PlanPeriod("2024-Q2"), contents=CONTENTS)
YEAR = OperationsPlanAdopted(
    plan=PlanId("y"), version=1, kind=PlanKind.ANNUAL, period=PlanPeriod("2024"), contents=CONTENTS
)
QUARTER = replace(YEAR, plan=PlanId("q"), kind=PlanKind.QUARTERLY, period=PlanPeriod("2024-Q2"), parent=YEAR.plan)


def planning(*history: OperationsPlanAdopted, metric: Any = DEFINED) -> Given[Any, Any, Any]:
    there = given(plans, *history).seeing(metrics, READS, found=metric)
    there = there.seeing(plans, "y", found=YEAR).seeing(plans, "q", found=QUARTER)
    return there.seeing(plans, "w", found=None)


def adopt(kind: str, period: str, parent: str | None) -> AdoptOperationsPlan:
    named = None if parent is None else PlanId(parent)
    return AdoptOperationsPlan(
        plan=PlanId("p"), kind=PlanKind(kind), period=PlanPeriod(period), parent=named, contents=CONTENTS
    )


@pytest.mark.clause("S-25")
def test_marketing_adopts_its_plan_and_the_next_version_of_it() -> None:
    told = OperationsPlanAdopted(
        plan=SPRING.plan, version=1, kind=PlanKind.MARKETING, period=SPRING.period, contents=CONTENTS
    )
    first = planning().when(SPRING).then(told)
    first.when(SPRING).then()
    more = replace(CONTENTS, budget=Fen(6_000_000))
    second = replace(told, version=2, contents=more)
    first.when(replace(SPRING, contents=more)).then(second)
    first.when(replace(SPRING, period=PlanPeriod("2024-Q3"))).refused("plan.stands_elsewhere", period="2024-Q2")
    (row,) = rows(operations_plans, [told, second])
    assert (row.kind, row.version, row.contents) == (PlanKind.MARKETING, 2, more)


@pytest.mark.parametrize(
    ("kind", "period", "parent", "code"),
    [
        ("annual", "2024", None, None),
        ("quarterly", "2024-Q2", "y", None),
        ("monthly", "2024-05", "q", None),
        ("monthly", "2024-12", "y", None),
        ("store", "2024-05", None, None),
        ("marketing", "2024-05", "q", None),
        ("annual", "2024-Q2", None, "plan.period"),
        ("quarterly", "2024", "y", "plan.period"),
        ("annual", "2024", "y", "plan.annual_has_none"),
        ("quarterly", "2024-Q2", None, "plan.without_parent"),
        ("monthly", "2024-05", None, "plan.without_parent"),
        ("monthly", "2024-05", "w", "plan.parent_unknown"),
        ("quarterly", "2024-Q2", "q", "plan.parent_of_another_kind"),
        ("quarterly", "2025-Q1", "y", "plan.outside_parent"),
        ("monthly", "2024-03", "q", "plan.outside_parent"),
        ("marketing", "2024", "q", "plan.outside_parent"),
    ],
)
def test_a_plan_lies_within_the_one_that_it_breaks_down(
    kind: str, period: str, parent: str | None, code: str | None
) -> None:
    outcome = planning().when(adopt(kind, period, parent))
    assert (outcome.refusal and outcome.refusal.code) == code
    assert [event.parent for event in outcome.events] == ([] if code else [parent])


def test_a_goal_is_measured() -> None:
    planning(metric=None).when(SPRING).refused("plan.metric_unknown", metric="content_reads")


ASSIGN = AssignTask(
    task=TaskId("t1"),
    person=A,
    title="second uplink",
    kind=TaskKind.MAINTENANCE,
    importance=4,
    urgency=3,
    due_at=NOW + timedelta(days=1),
)
ASSIGNED = TaskAssigned(
    task=ASSIGN.task,
    person=A,
    importance=4,
    urgency=3,
    due_at=ASSIGN.due_at,
    assigner=BOSS,
    title=ASSIGN.title,
    kind=ASSIGN.kind,
)
RESULT = Personal("enc1:a:note:stable")
COMPLETE = CompleteTask(task=ASSIGN.task, person=A, result=RESULT)
COMPLETED = TaskCompleted(
    task=ASSIGN.task,
    person=A,
    importance=4,
    urgency=3,
    due_at=ASSIGN.due_at,
    completed_at=ASSIGN.due_at,
    result=RESULT,
    on_time=True,
)
WITHDRAW = WithdrawTask(task=ASSIGN.task, reason="no longer wanted")
WITHDRAWN = TaskWithdrawn(
    task=ASSIGN.task, person=A, importance=4, urgency=3, due_at=ASSIGN.due_at, reason="no longer wanted"
)


def board(*history: Event) -> Given[Command, State, Event]:
    return given(tasks, *history).seeing(plans, "y", found=YEAR).seeing(plans, "w", found=None)


@pytest.mark.clause("S-22")
@pytest.mark.parametrize("kind", ["building", "maintenance", "optimisation", "other"])
def test_work_on_the_platform_is_assigned_and_completed(kind: str) -> None:
    """Building, maintenance, optimisation, and what else there is."""
    body = {"task": "t1", "person": "a", "title": "second uplink", "kind": kind, "importance": 4, "urgency": 3}
    asked = TypeAdapter(AssignTask).validate_python(body | {"due_at": ASSIGN.due_at})
    told = replace(ASSIGNED, kind=TaskKind(kind))
    there = board().when(asked, by=BOSS, now=NOW).then(told).when(COMPLETE, by=A, now=ASSIGN.due_at).then(COMPLETED)
    (row,) = rows(task_board, there.history)
    assert (row.kind, row.stage, row.result, row.on_time) == (TaskKind(kind), TaskStage.COMPLETED, RESULT, True)


@pytest.mark.clause("O-14")
@pytest.mark.parametrize("kind", ["content", "campaign", "user_operations", "data_analysis"])
def test_the_supervisor_arranges_what_a_specialist_does(kind: str) -> None:
    asked = replace(ASSIGN, kind=TaskKind(kind), plan=YEAR.plan)
    told = replace(ASSIGNED, kind=TaskKind(kind), plan=YEAR.plan)
    there = board().when(asked, by=BOSS, now=NOW).then(told)
    there.when(COMPLETE, by=A, now=ASSIGN.due_at).then(COMPLETED)
    there.when(replace(COMPLETE, person=B), by=B, now=NOW).refused("task.of_another")


def test_in_time_or_late_says_the_clock() -> None:
    late = ASSIGN.due_at + timedelta(seconds=1)
    done = board(ASSIGNED).when(COMPLETE, by=A, now=late).then(replace(COMPLETED, completed_at=late, on_time=False))
    done.when(COMPLETE, by=A, now=late + timedelta(days=1)).then()


def test_a_task_leaves_time_and_comes_from_a_plan_that_there_is() -> None:
    board().when(ASSIGN, by=BOSS, now=ASSIGN.due_at).refused("task.due_already")
    board().when(replace(ASSIGN, plan=PlanId("w")), by=BOSS, now=NOW).refused("task.plan_unknown", plan="w")
    board(ASSIGNED).when(replace(ASSIGN, person=B), by=BOSS, now=NOW).refused("task.assigned_already")


@pytest.mark.parametrize(("field", "degree"), [("importance", 0), ("importance", 5), ("urgency", 0), ("urgency", 5)])
def test_importance_and_urgency_have_four_degrees(field: str, degree: int) -> None:
    body = {"task": "t", "person": "a", "title": "x", "kind": "other", "importance": 4, "urgency": 1, "due_at": NOW}
    TypeAdapter(AssignTask).validate_python(body)
    with pytest.raises(ValidationError, match=field):
        TypeAdapter(AssignTask).validate_python(body | {field: degree})


def test_a_task() -> None:
    states = {
        "none": board(),
        "assigned": board(ASSIGNED),
        "completed": board(ASSIGNED, COMPLETED),
        "withdrawn": board(ASSIGNED, WITHDRAWN),
    }
    steps = {
        "assign": step(ASSIGN, by=BOSS, now=NOW),
        "complete": step(COMPLETE, by=A, now=NOW),
        "other": step(replace(COMPLETE, result=Personal("enc1:a:note:other")), by=A, now=NOW),
        "withdraw": step(WITHDRAW, by=BOSS, now=NOW),
    }
    assert arrows(states, steps, lambda state: type(state).__name__[4:].lower() if state else "none") == drawn(
        """
                   assign    complete   other      withdraw
        none       assigned  -          -          -
        assigned   .         completed  completed  withdrawn
        completed  -         .          -          -
        withdrawn  -         -          -          .
        """
    )


@pytest.mark.clause("O-83")
def test_what_is_important_and_urgent_comes_first() -> None:
    degrees = [(importance, urgency) for importance in range(1, 5) for urgency in range(1, 5)]
    order = sorted(degrees, key=lambda degree: rank(*degree))
    assert order[:5] == [(4, 4), (4, 3), (3, 4), (3, 3), (4, 2)]
    assert len({rank(*degree) for degree in degrees}) == len(degrees)
    sooner = replace(ASSIGNED, task=TaskId("t2"), due_at=NOW)
    first, last = replace(ASSIGNED, task=TaskId("t3"), urgency=4), replace(ASSIGNED, task=TaskId("t4"), urgency=1)
    found = sorted(rows(task_board, [last, ASSIGNED, sooner, first]), key=task_board.identity)
    assert [row.task for row in found] == ["t3", "t2", "t1", "t4"]


async def test_the_board_is_in_that_order_and_tells_what_is_overdue() -> None:
    async with served(await in_memory(SERVICES["performance"])) as there:
        body = {"person": "li", "title": "x", "kind": "other", "due_at": "2099-01-01T00:00:00Z"}
        for task, urgency in (("calm", 1), ("pressing", 4), ("middling", 2)):
            asked = body | {"task": task, "importance": 4, "urgency": urgency}
            await there.http.post("/tasks/assign", json=asked, headers=naming("boss", "ops_supervisor"))
        await there.caught_up()
        answer = await there.http.get("/tasks/li?overdue=false&stage=open", headers=naming("li", "tech_support"))
        assert [row["task"] for row in answer.json()["items"]] == ["pressing", "middling", "calm"]
        answer = await there.http.get("/tasks?overdue=true", headers=naming("boss", "ops_supervisor"))
        assert answer.json()["items"] == []


@pytest.mark.clause("O-83")
def test_overdue_is_what_is_open_after_its_time() -> None:
    (row,) = rows(task_board, [ASSIGNED])
    assert [row.overdue(at) for at in (row.due_at, row.due_at + timedelta(seconds=1))] == [False, True]
    for ended in (COMPLETED, WITHDRAWN):
        (row,) = rows(task_board, [ASSIGNED, ended])
        assert not row.overdue(row.due_at + timedelta(days=1))


RECORD = RecordWorkResult(
    person=A,
    result="uplink",
    occurred_on=date(2024, 5, 6),
    description=Personal("enc1:a:note:two uplinks"),
    evidence=("the monitor of May",),
)
RECORDED = WorkResultRecorded(
    person=A, result="uplink", occurred_on=RECORD.occurred_on, description=RECORD.description, evidence=RECORD.evidence
)


@pytest.mark.clause("S-21", "O-102")
def test_everybody_records_his_own_results_with_evidence() -> None:
    first = given(work_results).when(RECORD, by=A, capacity="tech_support", now=NOW).then(RECORDED)
    first.when(RECORD, by=A, now=NOW).then()
    more = ("the monitor of May", "ticket 7")
    corrected = replace(RECORDED, evidence=more)
    first.when(replace(RECORD, evidence=more), by=A, now=NOW).then(corrected)
    first.when(RECORD, by=B, capacity="tech_support", now=NOW).refused("work_result.by_another")
    tomorrow = replace(RECORD, occurred_on=date(2024, 5, 7))
    given(work_results).when(tomorrow, by=A, now=NOW).refused("work_result.not_yet")
    (row,) = rows(results_recorded, [RECORDED, corrected])
    assert (row.person, row.month, row.evidence) == (A, Month("2024-05"), more)


@pytest.mark.clause("S-21", "O-102")
async def test_the_results_of_a_month_are_evidence_for_its_review() -> None:
    """Technical staff and operations staff record them; whoever reviews reads them by month, and an anchor neither."""
    async with served(await in_memory(SERVICES["performance"])) as there:
        body = {"result": "r", "description": "two uplinks", "evidence": ["the monitor"]}
        told = []
        for person, capacity, on in (
            ("li", "tech_support", "2024-04-30"),
            ("li", "tech_support", "2024-05-01"),
            ("wu", "ops_specialist", "2024-05-01"),
            ("qi", "anchor", "2024-05-01"),
        ):
            asked = body | {"person": person, "result": on, "occurred_on": on}
            answer = await there.http.post("/work-results/record", json=asked, headers=naming(person, capacity))
            told.append(answer.status_code)
        assert told == [202, 202, 202, 403]
        await there.caught_up()
        path = "/work-results/li?month=2024-05"
        answer = await there.http.get(path, headers=naming("boss", "ops_supervisor"))
        assert [(row["occurred_on"], row["description"]) for row in answer.json()["items"]] == [
            ("2024-05-01", "two uplinks")
        ]
        assert (await there.http.get(path, headers=naming("wu", "tech_support"))).status_code == 403


def test_what_came_of_it_is_sealed_under_the_key_of_the_person() -> None:
    assert [owner for event in (COMPLETED, RECORDED) for owner, _ in owned(event)] == [(A, "note")] * 2


@pytest.mark.parametrize("evidence", [[], [" "]])
def test_a_result_names_evidence(evidence: list[str]) -> None:
    body = {"person": "a", "result": "r", "occurred_on": "2024-05-06", "description": "d", "evidence": ["e"]}
    TypeAdapter(RecordWorkResult).validate_python(body)
    with pytest.raises(ValidationError, match="evidence"):
        TypeAdapter(RecordWorkResult).validate_python(body | {"evidence": evidence})


@pytest.mark.clause("S-25")
@pytest.mark.parametrize(("capacity", "status"), [("live_promotion", 202), ("tech_support", 403), ("anchor", 403)])
async def test_marketing_staff_make_the_promotion_plan_and_no_other(capacity: str, status: int) -> None:
    async with served(await in_memory(SERVICES["performance"])) as there:
        define = {
            "metric": "reads",
            "name_zh": "阅读",
            "name_en": "reads",
            "formula": "count",
            "unit": "count",
            "aggregation": "sum",
            "better": "higher",
        }
        await there.http.post("/metrics/define", json=define, headers=naming("boss", "ops_supervisor"))
        goal = {"text": "more", "metric": "reads", "target": "9"}
        contents = {"goals": [goal], "strategy": "s", "key_work": ["k"], "budget": 0}
        body = {"plan": "p", "period": "2024", "contents": contents}
        answer = await there.http.post("/plans/adopt-marketing", json=body, headers=naming("li", capacity))
        assert answer.status_code == status
        other = body | {"plan": "q", "kind": "annual"}
        assert (await there.http.post("/plans/adopt", json=other, headers=naming("li", capacity))).status_code == 403
