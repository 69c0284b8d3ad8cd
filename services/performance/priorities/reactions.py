"""What priority follows: the results of a person's months, and what is objected to. Clause: A-59; rulings R6, R7."""

from collections.abc import Iterator

from services.performance.priorities.decisions import DeterminePriority, priorities
from services.performance.priorities.facts import PersonMonths
from shared.reaction import Reaction


def determine(subject: PersonMonths) -> Iterator[DeterminePriority]:
    yield DeterminePriority(person=subject.person)


priority_of_the_excellent = Reaction(name="priority_of_the_excellent", to=priorities, react=determine)
