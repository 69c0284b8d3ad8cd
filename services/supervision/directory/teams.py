"""Who belongs to a team, from what people tells: a team is a unit, with the units below it. Clause: S-50; ruling R8."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

from services.people.contracts import PersonAssignedToPost
from services.vocabulary import PersonId, UnitId
from shared.facts import Facts, Known
from shared.value import value


@value
class Team:
    team: UnitId


@value
class Gathered:
    facts: int


def about(event: PersonAssignedToPost) -> tuple[str, ...]:
    return "person", event.person


def subjects(event: PersonAssignedToPost) -> list[Team]:
    return [Team(team=unit) for unit in (event.unit, *event.above)]


def gathered(subject: Team, known: Known[PersonAssignedToPost]) -> Gathered:
    return Gathered(facts=len(known.facts))


teams = Facts(name="teams", about=about, subjects=subjects, result=gathered)


def belonged(known: Known[PersonAssignedToPost], team: UnitId, since: date, until: date) -> set[PersonId]:
    """Who was of the team on any of these days. Each post holds until the person's next one, wherever that is."""
    words = known.words(PersonAssignedToPost).values()
    return {
        assigned.person
        for said in words
        for assigned, left_on in terms([recorded.event for recorded in said])
        if team in (assigned.unit, *assigned.above) and assigned.effective_on <= until and left_on > since
    }


def terms(said: Sequence[PersonAssignedToPost]) -> Iterator[tuple[PersonAssignedToPost, date]]:
    """A person's posts, each with the day of the next. The same date again was a correction."""
    from_ = {assigned.effective_on: assigned for assigned in said}
    for on, next_on in pairwise([*sorted(from_), date.max]):
        yield from_[on], next_on
