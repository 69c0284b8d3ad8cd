"""A task 工作任务 that was assigned to a person, and what came of it. Clauses: S-22, O-14, O-83."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, NewType

from annotated_types import Interval

from services.performance.plans.events import PlanId
from services.vocabulary import PersonId, Text
from shared.privacy import Note
from shared.value import value

TaskId = NewType("TaskId", str)
Degree = Annotated[int, Interval(ge=1, le=4)]  # 4: the most


class TaskKind(StrEnum):
    """The work that the regulations name, without being limited to it (包括但不限于)."""

    BUILDING = "building"  # 搭建 of the live platform (S-22)
    MAINTENANCE = "maintenance"  # 维护
    OPTIMISATION = "optimisation"  # 优化
    CONTENT = "content"  # 内容策划与制作 (O-14)
    CAMPAIGN = "campaign"  # 活动策划与执行
    USER_OPERATIONS = "user_operations"  # 用户运营
    DATA_ANALYSIS = "data_analysis"  # 数据分析
    OTHER = "other"


@value
class Placed:
    """Which task it is, whose, and where it stands on the board. It stays there: another due time is another task."""

    task: TaskId
    person: PersonId
    importance: Degree
    urgency: Degree
    due_at: datetime


@value
class TaskAssigned(Placed):
    """`plan`: from which it comes, where it comes from one."""

    assigner: PersonId
    title: Text
    kind: TaskKind
    plan: PlanId | None = None


@value
class TaskCompleted(Placed):
    completed_at: datetime
    result: Note
    on_time: bool


@value
class TaskWithdrawn(Placed):
    """Nobody is to do it any more: assigned to another, or no longer wanted."""

    reason: Text


Event = TaskAssigned | TaskCompleted | TaskWithdrawn
