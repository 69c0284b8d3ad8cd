"""The board of improvement plans: what is agreed, done, due and overdue. Clauses: O-106, S-49; C-10."""

from dataclasses import replace
from datetime import date
from enum import StrEnum

from services.performance.improvements.events import (
    Event,
    ImprovementMeasureCompleted,
    ImprovementPlanAgreed,
    ImprovementPlanClosed,
    ImprovementPlanProposed,
    Measure,
    Outcome,
)
from services.vocabulary import Month, PersonId
from shared.privacy import Note
from shared.projection import Projection
from shared.value import value


class Stage(StrEnum):
    PROPOSED = "proposed"
    AGREED = "agreed"
    CLOSED = "closed"


@value
class MeasureDone:
    person: PersonId
    measure: int  # of the plan, from 1
    completed_on: date
    result: Note


@value
class ImprovementPlan:
    """`next_due_on`: the first day on which something is due that is not done; before today it is overdue."""

    person: PersonId
    month: Month
    stage: Stage | None = None
    plan: int = 0
    version: int = 0  # of the result from which it is made
    measures: tuple[Measure, ...] = ()
    done: tuple[MeasureDone, ...] = ()
    next_due_on: date | None = None
    proposer: str = ""
    agreed_by: tuple[PersonId, ...] = ()
    agreed_on: date | None = None
    outcome: Outcome | None = None
    finding: Note | None = None
    decider: str = ""
    capacity: str = ""

    def overdue(self, today: date) -> bool:
        return self.next_due_on is not None and self.next_due_on < today


def improvement(row: ImprovementPlan, event: Event) -> ImprovementPlan:
    match event:
        case ImprovementPlanProposed():
            return replace(
                row,
                stage=Stage.PROPOSED,
                plan=event.plan,
                version=event.version,
                measures=event.measures,
                proposer=event.proposer,
                capacity=event.capacity,
            )
        case ImprovementPlanAgreed():
            agreed = replace(row, stage=Stage.AGREED, agreed_by=event.agreed_by, agreed_on=event.agreed_on)
            return replace(agreed, next_due_on=next_due(agreed))
        case ImprovementMeasureCompleted():
            others = (done for done in row.done if done.measure != event.measure)
            now = MeasureDone(
                person=event.person, measure=event.measure, completed_on=event.completed_on, result=event.result
            )
            done = replace(row, done=tuple(sorted((*others, now), key=lambda d: d.measure)))
            return replace(done, next_due_on=next_due(done))
        case ImprovementPlanClosed():
            return replace(
                row,
                stage=Stage.CLOSED,
                next_due_on=None,
                outcome=event.outcome,
                finding=event.finding,
                decider=event.decider,
                capacity=event.capacity,
            )


def next_due(row: ImprovementPlan) -> date | None:
    done = {one.measure for one in row.done}
    return min((m.due_on for number, m in enumerate(row.measures, 1) if number not in done), default=None)


improvement_plans = Projection(
    name="improvement_plans",
    key=lambda event: ImprovementPlan(person=event.person, month=event.month),
    evolve=improvement,
)
