"""Tasks over HTTP."""

from datetime import UTC, datetime

from services.performance.plans.events import PlanId
from services.performance.tasks.decisions import AssignTask, CompleteTask, WithdrawTask, tasks
from services.performance.tasks.events import TaskKind
from services.performance.tasks.projections import Task, TaskStage, task_board
from services.vocabulary import PersonId
from shared.access import requires
from shared.web import Accepted, Handle, Page, Paging, Read, Router

router = Router(prefix="/tasks", tags=["tasks"])


@router.post("/assign", status_code=202, dependencies=[requires("task.assign")])
async def assign(command: AssignTask, handle: Handle) -> Accepted:
    """Assign a task, with its importance, urgency and due time. Clauses: S-22, O-14, O-83."""
    return await handle(tasks, command)


@router.post("/complete", status_code=202, dependencies=[requires("task.complete")])
async def complete(command: CompleteTask, handle: Handle) -> Accepted:
    """Say that one's own task is done, and what came of it. Clauses: S-22, O-14."""
    return await handle(tasks, command)


@router.post("/withdraw", status_code=202, dependencies=[requires("task.assign")])
async def withdraw(command: WithdrawTask, handle: Handle) -> Accepted:
    """Withdraw a task that nobody is to do any more, or that another is to do."""
    return await handle(tasks, command)


@router.get("", dependencies=[requires("task.list")])
async def board(
    read: Read,
    paging: Paging,
    stage: TaskStage | None = None,
    kind: TaskKind | None = None,
    plan: PlanId | None = None,
    *,
    overdue: bool | None = None,
) -> Page[Task]:
    """The board, what is important and urgent first; `overdue`: it is open and its time has passed. Clause: O-83."""
    now = datetime.now(UTC)
    return await read.page(
        task_board, paging, lambda row: overdue in (None, row.overdue(now)), stage=stage, kind=kind, plan=plan
    )


@router.get("/{person}", dependencies=[requires("task.read")])
async def of_person(
    person: PersonId, read: Read, paging: Paging, stage: TaskStage | None = None, *, overdue: bool | None = None
) -> Page[Task]:
    """Whose tasks, in the same order; everybody reads his own. Clauses: O-83, O-14."""
    now = datetime.now(UTC)
    return await read.page(
        task_board, paging, lambda row: overdue in (None, row.overdue(now)), person=person, stage=stage
    )
