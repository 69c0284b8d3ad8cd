"""Excellent in consecutive months: how long the run is that reaches to the latest rated month. A-59; R5.

A month that is not rated neither counts nor breaks the run; one without a completed review breaks it. How many make
priority is the organisation's (P-12) and no part of this.
"""

from collections.abc import Mapping

from services.performance.periods.facts import about
from services.performance.reviews.events import ReviewCompleted, ScoreRestated
from services.vocabulary import Month, PersonId, first_day
from shared.explanation import Node, Occurrence, Sum, occurrence, walk
from shared.facts import Facts, Known
from shared.value import value

Event = ReviewCompleted | ScoreRestated


@value
class PersonStreak:
    person: PersonId


def subjects(event: Event) -> list[PersonStreak]:
    return [PersonStreak(person=event.subject.person)]


def in_a_row(subject: PersonStreak, known: Known[Event]) -> Sum:
    """One occurrence a month that counts; each is named by its month."""
    completed = {r.event.subject.month for r in known.last(ReviewCompleted).values()}
    results = {r.event.subject.month: r for r in known.last(ReviewCompleted, ScoreRestated).values()}
    run = reaching({month: verdict(results[month].event) for month in completed})
    return Sum(name="excellent_in_a_row", of=tuple(occurrence(results[month], month) for month in run))


def verdict(event: Event) -> bool | None:
    """Excellent or not; none: not rated."""
    return None if event.score is None else event.excellent


def reaching(completed: Mapping[Month, bool | None]) -> list[Month]:
    """The excellent months of the run that reaches to the last of them, in order."""
    run: list[Month] = []
    expected: int | None = None
    for month in sorted(completed, reverse=True):
        number = ordinal(month)
        if (expected is not None and number != expected) or completed[month] is False:
            break
        if completed[month]:
            run.append(month)
        expected = number - 1
    return run[::-1]


streaks = Facts(name="excellent_streak", about=about, subjects=subjects, result=in_a_row)


def ordinal(month: Month) -> int:
    on = first_day(month)
    return on.year * 12 + on.month


@value
class Streak:
    """`months` in their order; a month between two of them was not rated."""

    person: PersonId
    length: int
    months: tuple[str, ...]
    events: tuple[str, ...]  # the results that say so


def run_of(subject: PersonStreak, tree: Node) -> Streak:
    run = [leaf for leaf in walk(tree) if isinstance(leaf, Occurrence)]
    return Streak(
        person=subject.person,
        length=len(run),
        months=tuple(leaf.name for leaf in run),
        events=tuple(str(leaf.event) for leaf in run),
    )
