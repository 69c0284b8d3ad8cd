"""An objection to a review was upheld: the figures that it names are corrected here. Clause: A-39; ruling R7."""

from collections.abc import Iterator

from services.performance.contracts import ReviewObjectionResolved
from services.supervision.streams.decisions import CorrectFigure, Figure, streams
from services.vocabulary import StreamId
from shared.reaction import Reaction


def correct_figures(resolved: ReviewObjectionResolved) -> Iterator[CorrectFigure]:
    for correction in resolved.told.corrections:
        thing, *names = correction.about
        if thing == "figures":
            yield CorrectFigure(stream=StreamId(names[0]), figure=Figure(correction.field), now=int(correction.now))


objected_figures = Reaction(name="objected_figure", to=streams, react=correct_figures)
