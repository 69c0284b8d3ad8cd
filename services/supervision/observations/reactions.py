"""An objection to a review was upheld: the marks that it names are corrected here. Clause: A-39; ruling R7."""

from collections.abc import Iterator
from decimal import Decimal

from services.performance.contracts import ReviewObjectionResolved
from services.supervision.observations.decisions import CorrectMark, observations
from services.vocabulary import Criterion
from shared.reaction import Reaction


def correct_marks(resolved: ReviewObjectionResolved) -> Iterator[CorrectMark]:
    for correction in resolved.told.corrections:
        thing, *names = correction.about
        if thing == "observation":
            yield CorrectMark(observation=names[0], criterion=Criterion(correction.field), mark=Decimal(correction.now))


objected_marks = Reaction(name="objected_mark", to=observations, react=correct_marks)
