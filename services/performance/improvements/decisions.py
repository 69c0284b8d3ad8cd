"""What becomes of an improvement plan: proposed by one side, agreed by the other, its measures done, closed.

No review waits for it: the regulation asks for the feedback alone before a review is completed (R10). Clauses: O-106,
S-49; C-10.
"""

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Annotated

from annotated_types import Ge, Len

from services.calendar import Day
from services.deciding import check_decider
from services.performance.improvements.events import (
    Event,
    ImprovementMeasureCompleted,
    ImprovementPlanAgreed,
    ImprovementPlanClosed,
    ImprovementPlanProposed,
    Measure,
    Outcome,
)
from services.performance.reviews.decisions import published, reviews
from services.vocabulary import Month, PersonId
from shared.decider import Context, Decider, Refused, Sight, look
from shared.privacy import Note
from shared.value import value


@value
class ProposeImprovementPlan:
    """By the person or by whoever makes the plan with him; before both agreed, another one takes its place."""

    person: PersonId
    month: Month
    measures: Annotated[tuple[Measure, ...], Len(1, 50)]

    def __post_init__(self) -> None:
        if any(measure.person != self.person for measure in self.measures):
            raise ValueError("every measure names the person whose plan it is")


@value
class AgreeImprovementPlan:
    """To the plan of that number, by the other side."""

    person: PersonId
    month: Month
    plan: Annotated[int, Ge(1)]


@value
class CompleteImprovementMeasure:
    """By the measure's owner."""

    person: PersonId
    month: Month
    measure: Annotated[int, Ge(1)]
    completed_on: Day
    result: Note


@value
class CloseImprovementPlan:
    person: PersonId
    month: Month
    outcome: Outcome
    finding: Note


Command = ProposeImprovementPlan | AgreeImprovementPlan | CompleteImprovementMeasure | CloseImprovementPlan


@value
class Agreed:
    told: ImprovementPlanAgreed
    measures: tuple[Measure, ...]
    completed: Mapping[int, ImprovementMeasureCompleted] = field(default_factory=dict)
    closed: ImprovementPlanClosed | None = None


State = Agreed | ImprovementPlanProposed | None  # none: no plan was proposed


def decide(command: Command, state: State, context: Context) -> list[Event]:
    match command:
        case ProposeImprovementPlan():
            return propose(command, state, context)
        case AgreeImprovementPlan():
            return agree(command, state, context)
        case CompleteImprovementMeasure():
            return complete(command, agreed(state), context)
        case CloseImprovementPlan():
            return close(command, agreed(state), context)


def propose(command: ProposeImprovementPlan, state: State, context: Context) -> list[Event]:
    """From a result that the person was told of in the interview."""
    if isinstance(state, Agreed):
        raise Refused("improvement.agreed_already", next="complete its measures, or close it")
    check_side(command.person, context)
    review = published(context.state(reviews, command.person, command.month).stage)
    if review.feedback is None:
        raise Refused("improvement.interview_first", clause="O-106", next="record the feedback interview first")
    told = ImprovementPlanProposed(
        person=command.person,
        month=command.month,
        plan=state.plan if state else 1,
        version=review.feedback.version,
        measures=command.measures,
        proposer=PersonId(context.actor),
        capacity=context.capacity,
    )
    return [] if told == state else [replace(told, plan=told.plan + 1) if state else told]


def check_side(person: PersonId, context: Context) -> None:
    """The person himself, or a named person in a capacity of his own."""
    if context.actor != person:
        check_decider("improvement", person, context)


def agree(command: AgreeImprovementPlan, state: State, context: Context) -> list[Event]:
    check_side(command.person, context)
    if isinstance(state, Agreed) and state.told.plan == command.plan and context.actor in state.told.agreed_by:
        return []
    if not isinstance(state, ImprovementPlanProposed) or state.plan != command.plan:
        raise Refused("improvement.not_proposed", next="look at the board: another plan is proposed, agreed, or none")
    sides = (state.proposer, PersonId(context.actor))
    if sides.count(command.person) != 1:
        raise Refused("improvement.both_sides", clause="O-106", next="the person and his superior make it together")
    if strangers := sorted({measure.owner for measure in state.measures}.difference(sides)):
        raise Refused("improvement.owner", owners=strangers, next="propose it with measures of you both alone")
    told = ImprovementPlanAgreed(
        person=command.person,
        month=command.month,
        plan=state.plan,
        agreed_by=sides,
        capacity=context.capacity,
        agreed_on=context.today,
    )
    return [told]


def agreed(state: State) -> Agreed:
    if not isinstance(state, Agreed):
        raise Refused("improvement.not_agreed", clause="O-106", next="both agree to a plan first")
    return state


def complete(command: CompleteImprovementMeasure, state: Agreed, context: Context) -> list[Event]:
    if command.measure > len(state.measures):
        raise Refused("improvement.unknown_measure", measures=len(state.measures), next="name one of these by number")
    owner = state.measures[command.measure - 1].owner
    if context.actor != owner:
        raise Refused("improvement.by_another", owner=owner, next="whoever owns the measure says that it is done")
    if command.completed_on > context.today:
        raise Refused("improvement.not_yet", completed_on=command.completed_on, next="say it when it is done")
    told = ImprovementMeasureCompleted(
        person=command.person,
        month=command.month,
        measure=command.measure,
        completed_on=command.completed_on,
        result=command.result,
        owner=owner,
    )
    if state.completed.get(command.measure) == told:
        return []
    check_running(state)
    return [told]


def check_running(state: Agreed) -> None:
    if state.closed:
        raise Refused("improvement.closed", outcome=state.closed.outcome, next="what comes later is another plan")


def close(command: CloseImprovementPlan, state: Agreed, context: Context) -> list[Event]:
    check_decider("improvement", command.person, context)
    told = ImprovementPlanClosed(
        person=command.person,
        month=command.month,
        outcome=command.outcome,
        finding=command.finding,
        decider=PersonId(context.actor),
        capacity=context.capacity,
    )
    if state.closed == told:
        return []
    check_running(state)
    left = [number for number in range(1, len(state.measures) + 1) if number not in state.completed]
    if left and command.outcome is Outcome.ACHIEVED:
        raise Refused("improvement.measures_left", measures=left, next="complete them first, or close it not achieved")
    return [told]


def evolve(state: State, event: Event) -> State:
    """Raises ValueError for a history that no decision makes."""
    match state, event:
        case ImprovementPlanProposed() | None, ImprovementPlanProposed():
            return event
        case ImprovementPlanProposed(), ImprovementPlanAgreed():
            return Agreed(told=event, measures=state.measures)
        case Agreed(closed=None), ImprovementMeasureCompleted():
            return replace(state, completed={**state.completed, event.measure: event})
        case Agreed(closed=None), ImprovementPlanClosed():
            return replace(state, closed=event)
        case _:
            raise ValueError(f"{type(event).__name__} does not follow where a plan is {type(state).__name__}")


def sees(command: Command) -> list[Sight]:
    return [look(reviews, command.person, command.month)] if isinstance(command, ProposeImprovementPlan) else []


improvements: Decider[Command, State, Event] = Decider(
    name="improvement",
    key=lambda command: (command.person, command.month),
    initial=lambda: None,
    decide=decide,
    evolve=evolve,
    sees=sees,
)
