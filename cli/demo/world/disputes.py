"""Whoever objects to the result of a month: what an observer marked of him is wrong, he says.

Where he is right, the observer had marked all four criteria out of ten instead of out of a hundred. Clauses: O-107,
A-38, A-39.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import cycle

from cli.demo.chance import Chance
from cli.demo.world.observations import Observation
from cli.demo.world.organisation import Person
from cli.demo.world.verdict import Verdict
from shared.value import value

SHARE, LEAST = 60, 5  # one of so many reviewed months is objected to, and so many at least


@value
class Dispute:
    """`marks` are those that he calls right."""

    person: str
    post: str
    studio: str
    month: str
    observation: str
    marks: tuple[int, ...]
    verdict: Verdict  # open: nobody answers

    @property
    def stream(self) -> str:
        """Of the observation's events."""
        return f"observation/{self.observation}"


def disputes(
    observed: Sequence[Observation],
    persons: Sequence[Person],
    months: Mapping[str, str],
    *,
    rated: Sequence[str],
    heroine: str,
    chance: Chance,
) -> list[Dispute]:
    """`months` are those of the streams. The heroine is right about the first month that is rated."""
    by_id = {person.id: person for person in persons}
    first: dict[tuple[str, str], Observation] = {}
    for observation in observed:
        first.setdefault((observation.person, months[observation.stream]), observation)
    hers = (heroine, rated[0])
    others = [key for key in first if key[1] in rated and key[0] != heroine]
    others.sort(key=lambda key: chance.digest("dispute", *key))
    chosen = [*([hers] if hers in first else []), *others[: max(LEAST, len(others) // SHARE)]]
    return [
        Dispute(
            person=person,
            post=by_id[person].post,
            studio=by_id[person].studio,
            month=month,
            observation=first[person, month].id,
            marks=first[person, month].marks,
            verdict=verdict,
        )
        for (person, month), verdict in zip(chosen, cycle(Verdict), strict=False)
    ]


def as_recorded(observed: Sequence[Observation], found: Sequence[Dispute]) -> Iterator[Observation]:
    """What the observers entered, their slips included."""
    slips = {dispute.observation for dispute in found if dispute.verdict is Verdict.YES}
    for observation in observed:
        marks = tuple(mark // 10 for mark in observation.marks) if observation.id in slips else observation.marks
        yield replace(observation, marks=marks)
