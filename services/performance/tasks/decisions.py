"""A task is assigned once; whoever has it says that it is done, and the clock whether in time.

Clauses: S-22, O-14, O-83."""

from services.calendar import Moment
from services.performance.plans.decisions import plans
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
from services.vocabulary import PersonId, Text
from shared.decider import Context, Decider, Refused, Sight, look
from shared.privacy import Note
from shared.value import value


@value
class AssignTask:
    task: TaskId
    person: PersonId
    title: Text
    kind: TaskKind
    importance: Degree
    urgency: Degree
    due_at: Moment
    plan: PlanId | None = None


@value
class CompleteTask:
    """By whoever it was assigned to."""

    task: TaskId
    person: PersonId
    result: Note


@value
class WithdrawTask:
    task: TaskId
    reason: Text


Command = AssignTask | CompleteTask | WithdrawTask
State = Event | None  # what was said last; none: it was never assigned


def decide(command: Command, state: State, context: Context) -> list[Event]:
    match command:
        case AssignTask():
            return assign(command, state, context)
        case CompleteTask():
            return complete(command, state, context)
        case WithdrawTask():
            return withdraw(command, state)


def assign(command: AssignTask, state: State, context: Context) -> list[Event]:
    told = TaskAssigned(
        task=command.task,
        person=command.person,
        importance=command.importance,
        urgency=command.urgency,
        due_at=command.due_at,
        assigner=PersonId(context.actor),
        title=command.title,
        kind=command.kind,
        plan=command.plan,
    )
    if told == state:
        return []
    if state:
        raise Refused("task.assigned_already", next="withdraw it and assign another, under an id of its own")
    if command.due_at <= context.now:
        raise Refused("task.due_already", due_at=command.due_at, next="give time for it")
    if command.plan is not None and context.state(plans, command.plan) is None:
        raise Refused("task.plan_unknown", plan=command.plan, next="adopt the plan first, or name none")
    return [told]


def complete(command: CompleteTask, state: State, context: Context) -> list[Event]:
    if state and state.person != command.person:
        raise Refused("task.of_another", next="whoever it was assigned to says that it is done")
    if isinstance(state, TaskCompleted) and state.result == command.result:
        return []
    there = running(state)
    done = TaskCompleted(
        task=there.task,
        person=there.person,
        importance=there.importance,
        urgency=there.urgency,
        due_at=there.due_at,
        completed_at=context.now,
        result=command.result,
        on_time=context.now <= there.due_at,
    )
    return [done]


def withdraw(command: WithdrawTask, state: State) -> list[Event]:
    if isinstance(state, TaskWithdrawn) and state.reason == command.reason:
        return []
    there = running(state)
    withdrawn = TaskWithdrawn(
        task=there.task,
        person=there.person,
        importance=there.importance,
        urgency=there.urgency,
        due_at=there.due_at,
        reason=command.reason,
    )
    return [withdrawn]


def running(state: State) -> TaskAssigned:
    match state:
        case TaskAssigned():
            return state
        case TaskCompleted():
            raise Refused("task.completed", completed_at=state.completed_at, next="what comes later is another task")
        case TaskWithdrawn():
            raise Refused("task.withdrawn", reason=state.reason, next="assign another")
        case None:
            raise Refused("task.unknown", next="look at the board, or assign it first")


def evolve(state: State, event: Event) -> State:
    return event


def sees(command: Command) -> list[Sight]:
    return [look(plans, command.plan)] if isinstance(command, AssignTask) and command.plan is not None else []


def nothing() -> State:
    return None


tasks = Decider(
    name="task", key=lambda command: (command.task,), initial=nothing, decide=decide, evolve=evolve, sees=sees
)
