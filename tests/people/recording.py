"""Events as the log of their service would hold them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.event import Meta, Recorded
from shared.projection import Projection

MORNING = datetime(2024, 5, 14, 1, tzinfo=UTC)


def recorded(
    said: Iterable[tuple[str, Any]], actor: str = "hr", happened: Sequence[datetime] = ()
) -> list[Recorded[Any]]:
    """(stream, event) in the order of the log; each a minute after the one before where `happened` says no other."""
    versions: dict[str, int] = {}
    facts = []
    for position, (stream, event) in enumerate(said, 1):
        versions[stream] = versions.get(stream, 0) + 1
        meta = Meta(
            id=f"e{position:03}",
            service="anybody",
            stream=stream,
            version=versions[stream],
            position=position,
            occurred_at=happened[position - 1] if happened else MORNING + timedelta(minutes=position),
            recorded_at=MORNING + timedelta(minutes=position),
            actor=actor,
        )
        facts.append(Recorded(event=event, meta=meta))
    return facts


def rows(projection: Projection[Any, Any], facts: Iterable[Recorded[Any]]) -> list[Any]:
    """What a projection lists after those of these facts that it takes."""
    found: dict[tuple[Any, ...], Any] = {}
    for fact in facts:
        if isinstance(fact.event, projection.events):
            projection.apply(found, fact)
    return list(found.values())
