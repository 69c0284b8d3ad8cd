"""An improvement plan 绩效改进计划, made by both sides in the feedback interview. Clauses: O-106, S-49; C-10."""

from datetime import date
from enum import StrEnum

from services.calendar import Day
from services.vocabulary import Month, PersonId
from shared.privacy import Note
from shared.value import value


@value
class Measure:
    """With its day: a plan has a timetable (C-10). `person`: whose plan it is; its text is about him."""

    person: PersonId
    what: Note
    due_on: Day
    owner: PersonId  # who does it: the person, or whoever makes the plan with him


@value
class ImprovementPlanProposed:
    """By either side. `version`: of the result from which it is made."""

    person: PersonId
    month: Month
    plan: int
    version: int
    measures: tuple[Measure, ...]
    proposer: PersonId
    capacity: str


@value
class ImprovementPlanAgreed:
    """By the other side: the plan is what both said."""

    person: PersonId
    month: Month
    plan: int
    agreed_by: tuple[PersonId, PersonId]  # whoever proposed it first
    capacity: str  # of whoever agreed
    agreed_on: date


@value
class ImprovementMeasureCompleted:
    """Said by its owner; said anew until the plan is closed."""

    person: PersonId
    month: Month
    measure: int  # of the plan, from 1
    completed_on: date
    result: Note
    owner: PersonId


class Outcome(StrEnum):
    ACHIEVED = "achieved"
    NOT_ACHIEVED = "not_achieved"


@value
class ImprovementPlanClosed:
    person: PersonId
    month: Month
    outcome: Outcome
    finding: Note
    decider: PersonId
    capacity: str


Event = ImprovementPlanProposed | ImprovementPlanAgreed | ImprovementMeasureCompleted | ImprovementPlanClosed
