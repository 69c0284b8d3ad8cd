"""The register of priority: who has it for what, from which run, until when. Clause: A-59."""

from dataclasses import replace
from datetime import date
from enum import StrEnum

from services.performance.priorities.events import (
    CareerPriorityEnded,
    CareerPriorityGranted,
    CareerPriorityHeld,
    Event,
    Opportunity,
)
from services.vocabulary import Month, PersonId, day
from shared.event import Meta
from shared.projection import Projection
from shared.value import value


class Standing(StrEnum):
    GRANTED = "granted"  # until its last day, where it has one
    HELD = "held"  # a result of the run is objected to
    ENDED = "ended"  # the run was restated away


@value
class PriorityRow:
    """`causes` are the results on which it rests; of one that ended, those that took it away."""

    person: PersonId
    standing: Standing | None = None
    opportunities: tuple[Opportunity, ...] = ()
    months: tuple[Month, ...] = ()
    granted_on: date | None = None
    valid_until: date | None = None  # none: the organisation has set no end
    causes: tuple[str, ...] = ()
    rules: str = ""  # policy:version
    clause: str = ""


def priority(row: PriorityRow, event: Event, meta: Meta) -> PriorityRow:
    match event:
        case CareerPriorityGranted():
            return PriorityRow(
                person=event.person,
                standing=Standing.GRANTED,
                opportunities=event.opportunities,
                months=event.months,
                granted_on=day(meta.occurred_at),
                valid_until=event.valid_until,
                causes=event.results,
                rules=event.rules,
                clause=event.clause,
            )
        case CareerPriorityHeld():
            return replace(row, standing=Standing.HELD if event.held else Standing.GRANTED)
        case CareerPriorityEnded():
            return replace(row, standing=Standing.ENDED, causes=event.results)


priority_register = Projection(name="priorities", key=lambda event: PriorityRow(person=event.person), evolve=priority)
