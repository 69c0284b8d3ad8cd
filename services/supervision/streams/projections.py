"""What can be asked about streams."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from services.supervision.streams.events import (
    Shift,
    StreamEnded,
    StreamMetricsRecorded,
    StreamScheduled,
    StreamStarted,
)
from services.vocabulary import Fen, Month, StreamId, UnitId, month
from shared.projection import Projection
from shared.value import value


class Phase(StrEnum):
    SCHEDULED = "scheduled"
    LIVE = "live"
    ENDED = "ended"


@value
class Stream:
    """`month` is that of its start in Asia/Shanghai (R5), of its schedule until then. No figures yet: none."""

    stream: StreamId
    studio: UnitId | None = None
    month: Month | None = None
    phase: Phase | None = None
    starts_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    minutes: int | None = None
    too_long: bool = False
    crew: tuple[Shift, ...] = ()
    viewers: int | None = None
    interactions: int | None = None
    clicks: int | None = None
    buyers: int | None = None
    gmv: Fen | None = None
    new_followers: int | None = None
    ratings: int | None = None
    satisfied: int | None = None
    complaints: int | None = None
    other_complaints: int | None = None


def stream(row: Stream, event: StreamScheduled | StreamStarted | StreamEnded | StreamMetricsRecorded) -> Stream:
    match event:
        case StreamScheduled():
            return replace(
                row,
                studio=event.studio,
                month=month(event.starts_at),
                phase=Phase.SCHEDULED,
                starts_at=event.starts_at,
            )
        case StreamStarted():
            return replace(
                row,
                studio=event.studio,
                month=month(event.started_at),
                phase=Phase.LIVE,
                started_at=event.started_at,
            )
        case StreamEnded():
            return replace(
                row,
                studio=event.studio,
                month=month(event.started_at),
                phase=Phase.ENDED,
                started_at=event.started_at,
                ended_at=event.ended_at,
                minutes=event.minutes,
                too_long=event.too_long,
                crew=event.crew,
            )
        case StreamMetricsRecorded():
            return replace(
                row,
                viewers=event.viewers,
                interactions=event.interactions,
                clicks=event.clicks,
                buyers=event.buyers,
                gmv=event.gmv,
                new_followers=event.new_followers,
                ratings=event.ratings,
                satisfied=event.satisfied,
                complaints=event.complaints,
                other_complaints=event.other_complaints,
            )


all_streams = Projection(name="streams", key=lambda event: Stream(stream=event.stream), evolve=stream)
