"""An objection to a review was upheld: the figures that it names are corrected here. Clause: A-39; ruling R7."""

from collections import defaultdict
from collections.abc import Iterator

from services.performance.contracts import ReviewObjectionResolved
from services.supervision.streams.decisions import CorrectFigures, streams
from services.vocabulary import Figure, StreamId
from shared.reaction import Reaction


def correct_figures(resolved: ReviewObjectionResolved) -> Iterator[CorrectFigures]:
    found = defaultdict[StreamId, dict[Figure, int]](dict)
    for correction in resolved.told.corrections:
        thing, *names = correction.about
        if thing == "figures":
            found[StreamId(names[0])][Figure(correction.field)] = int(correction.now)
    for stream, now in found.items():
        yield CorrectFigures(stream=stream, now=now)


objected_figures = Reaction(name="objected_figure", to=streams, react=correct_figures)
