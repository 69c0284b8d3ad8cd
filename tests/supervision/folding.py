"""Rows of a projection from events, as if each had been recorded a minute after the one before."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from shared.event import Meta, Recorded
from shared.projection import Projection
from tests.supervision.organisation import NOON


def recorded(event: Any, number: int, stream: str = "stream", cause: str = "") -> Recorded[Any]:
    meta = Meta(
        id=f"e{number:03}",
        service="supervision",
        stream=stream,
        version=number,
        position=number,
        occurred_at=NOON + timedelta(minutes=number),
        recorded_at=NOON + timedelta(minutes=number),
        actor="somebody",
        cause=cause,
        policies=("a_policy:1",),
    )
    return Recorded(event=event, meta=meta)


def folded(projection: Projection[Any, Any], *events: Any) -> Sequence[Any]:
    rows: dict[tuple[Any, ...], Any] = {}
    for number, event in enumerate(events, 1):
        projection.apply(rows, recorded(event, number, cause=f"cause{number}"))
    return list(rows.values())
