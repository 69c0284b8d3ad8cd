"""Priority for being excellent several months in a row: granted, held, ended. Clause: A-59; C-19.

It is no promotion: a named person decides on that, with this before him.
"""

from datetime import date
from enum import StrEnum

from services.vocabulary import Month, PersonId
from shared.value import value


class Opportunity(StrEnum):
    PROMOTION = "promotion"  # 职位晋升
    TRAINING = "training"  # 培训机会


@value
class CareerPriorityGranted:
    """By a rule. Said again where its run goes on, or becomes shorter and is still long enough: the last word holds."""

    person: PersonId
    opportunities: tuple[Opportunity, ...]
    months: tuple[Month, ...]  # the run, in order
    results: tuple[str, ...]  # the events that say so, month by month
    valid_until: date | None  # the last day; none: the organisation has set no end
    rules: str  # policy:version
    clause: str


@value
class CareerPriorityHeld:
    """A result of the run is objected to, or no longer is."""

    person: PersonId
    held: bool


@value
class CareerPriorityEnded:
    """The run was restated away: `months` do not make it any more."""

    person: PersonId
    months: tuple[Month, ...]
    results: tuple[str, ...]  # what is said of these months now


Event = CareerPriorityGranted | CareerPriorityHeld | CareerPriorityEnded
