"""Who is excellent several months in a row has priority. Clause: A-59; rulings R6, R7; P-12.

In the person's favour a rule grants it; what it rests on is looked at again whenever a result changes. While one of its
results is objected to, it is held: neither granted, nor taken away.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from services.performance.priorities.events import (
    CareerPriorityEnded,
    CareerPriorityGranted,
    CareerPriorityHeld,
    Event,
)
from services.performance.priorities.facts import CompletedMonth, PersonMonths, Record, months_completed
from services.performance.priorities.policies import PriorityRules
from services.vocabulary import Month, PersonId, first_day
from shared.decider import Context, Decider, Refused, Sight, look
from shared.value import value

Run = tuple[CompletedMonth, ...]


@value
class DeterminePriority:
    """From what is known of the person's months."""

    person: PersonId


@value
class Priority:
    granted: CareerPriorityGranted | None = None  # none: nothing stands
    held: bool = False


def decide(command: DeterminePriority, priority: Priority, context: Context) -> Sequence[Event]:
    record = months_completed(PersonMonths(person=command.person), context)
    before = priority.granted
    if before and contested(record, before):
        return [] if priority.held else [CareerPriorityHeld(person=command.person, held=True)]
    try:
        found = earned(record, record.run(), None, context)
    except Refused:
        if before and (said := judged(record, priority, None, context)):
            return said  # what stands does not wait for what is not configured
        raise
    return judged(record, priority, found, context)


def judged(
    record: Record, priority: Priority, found: CareerPriorityGranted | None, context: Context
) -> Sequence[Event]:
    """What becomes of it, where the latest run gives `found`; where that is nothing, by the run on which it rests."""
    before = priority.granted
    if found is None and before:
        found = earned(record, record.run(before.months[-1]), before, context)
        if found is None:
            return [ended(record, before)]
    if found and not contested(record, found) and (before is None or found.months != before.months):
        return [found]
    return [CareerPriorityHeld(person=record.person, held=False)] if priority.held else []


def earned(
    record: Record, run: Run, before: CareerPriorityGranted | None, context: Context
) -> CareerPriorityGranted | None:
    """What the run gives, under the rules of its last month; under those under which it was granted, where it was."""
    if not run:
        return None
    rules = as_granted(before, context) if before else in_force(run[-1], context)
    if not rules.opportunities:
        return None
    if rules.months is None:
        raise Refused(
            "policy.not_configured", policy="PriorityRules", setting="months", clause=rules.clause, next="set it"
        )
    if len(run) < rules.months.amount:
        return None
    return CareerPriorityGranted(
        person=record.person,
        opportunities=rules.opportunities,
        months=tuple(one.month for one in run),
        results=tuple(one.result for one in run),
        valid_until=last_day(run[-1].month, int(rules.lasts_months.amount)) if rules.lasts_months else None,
        rules=str(rules.issue),
        clause=rules.clause,
    )


def in_force(last: CompletedMonth, context: Context) -> PriorityRules:
    return context.policy(PriorityRules, on=first_day(last.month), post=last.post, studio=last.studio)


def as_granted(before: CareerPriorityGranted, context: Context) -> PriorityRules:
    return context.policy_as(PriorityRules, before.rules)


def contested(record: Record, granted: CareerPriorityGranted) -> bool:
    return any(one.contested for one in record.months if one.month in granted.months)


def ended(record: Record, before: CareerPriorityGranted) -> CareerPriorityEnded:
    now = [one for one in record.months if one.month in before.months]
    return CareerPriorityEnded(person=before.person, months=before.months, results=tuple(one.result for one in now))


def last_day(of: Month, later: int) -> date:
    """Of the month that is so many months later."""
    on = first_day(of)
    years, month = divmod(on.month + later, 12)
    return date(on.year + years, month + 1, 1) - timedelta(days=1)


def evolve(priority: Priority, event: Event) -> Priority:
    match event:
        case CareerPriorityGranted():
            return Priority(granted=event)
        case CareerPriorityHeld():
            return replace(priority, held=event.held)
        case CareerPriorityEnded():
            return Priority()


def sees(command: DeterminePriority) -> list[Sight]:
    return [look(months_completed, PersonMonths(person=command.person))]


priorities = Decider(
    name="priority",
    key=lambda command: (command.person,),
    initial=Priority,
    decide=decide,
    evolve=evolve,
    sees=sees,
)
