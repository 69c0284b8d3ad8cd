"""Rows of projections, as the kernel folds them, from streams in any order."""

from typing import Any, TypeVar

from hypothesis import strategies as st

from shared.event import Meta, Recorded
from shared.projection import Projection
from tests.training.recorded import START

R = TypeVar("R")

META = Meta(id="", service="training", stream="", version=1, position=1, occurred_at=START, recorded_at=START, actor="")


def folded(projection: Projection[R, Any], *events: Any) -> dict[tuple[Any, ...], R]:
    rows: dict[tuple[Any, ...], R] = {}
    for event in events:
        projection.apply(rows, Recorded(event=event, meta=META))
    return rows


@st.composite
def interleaved(draw: st.DrawFn, streams: list[list[Any]]) -> list[Any]:
    """In order within each stream, in any order between them."""
    turns = draw(st.permutations([i for i, stream in enumerate(streams) for _ in stream]))
    places = [iter(stream) for stream in streams]
    return [next(places[turn]) for turn in turns]
