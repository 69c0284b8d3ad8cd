"""The board of tasks: what is important and urgent comes first. Clauses: O-83, S-22, O-14."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from services.performance.plans.events import PlanId
from services.performance.tasks.events import (
    Degree,
    Event,
    TaskAssigned,
    TaskCompleted,
    TaskId,
    TaskKind,
    TaskWithdrawn,
)
from services.vocabulary import PersonId
from shared.privacy import Note
from shared.projection import Projection
from shared.value import value


class TaskStage(StrEnum):
    OPEN = "open"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"


@value
class Task:
    """In the order of its key: by rank, the sooner due first."""

    rank: int  # from 0, the first
    due_at: datetime
    task: TaskId
    person: PersonId = PersonId("")
    stage: TaskStage = TaskStage.OPEN
    title: str = ""
    kind: TaskKind | None = None
    importance: int = 0
    urgency: int = 0
    assigner: PersonId = PersonId("")
    plan: PlanId | None = None
    completed_at: datetime | None = None
    on_time: bool | None = None
    result: Note | None = None
    withdrawn_because: str = ""

    def overdue(self, now: datetime) -> bool:
        return self.stage is TaskStage.OPEN and self.due_at < now


def rank(importance: Degree, urgency: Degree) -> int:
    """What is both comes before what is only one of them: the product decides, and then the importance (O-83)."""
    return 4 * (16 - importance * urgency) + 4 - importance


def task(row: Task, event: Event) -> Task:
    match event:
        case TaskAssigned():
            return replace(
                row,
                person=event.person,
                title=event.title,
                kind=event.kind,
                importance=event.importance,
                urgency=event.urgency,
                assigner=event.assigner,
                plan=event.plan,
            )
        case TaskCompleted():
            return replace(
                row,
                stage=TaskStage.COMPLETED,
                completed_at=event.completed_at,
                on_time=event.on_time,
                result=event.result,
            )
        case TaskWithdrawn():
            return replace(row, stage=TaskStage.WITHDRAWN, withdrawn_because=event.reason)


task_board = Projection(
    name="tasks",
    key=lambda event: Task(rank=rank(event.importance, event.urgency), due_at=event.due_at, task=event.task),
    evolve=task,
)
