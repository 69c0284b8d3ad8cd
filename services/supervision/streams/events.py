"""A live stream 直播场次: scheduled, started, ended, its figures, and who was on when. Ruling R5 (attribution), R11."""

from datetime import datetime
from typing import Annotated

from annotated_types import Interval

from services.vocabulary import Fen, PersonId, PostId, StreamId, UnitId
from shared.value import value

Count = Annotated[int, Interval(ge=0, le=10**12)]


@value
class Shift:
    """A person's time on the stream."""

    person: PersonId
    post: PostId  # in which he was on: anchor, assistant_anchor
    minutes: Count


@value
class StreamScheduled:
    stream: StreamId
    studio: UnitId
    starts_at: datetime


@value
class StreamStarted:
    stream: StreamId
    studio: UnitId
    started_at: datetime


@value
class StreamEnded:
    """The roster as it was; a correction is the same event again."""

    stream: StreamId
    studio: UnitId
    started_at: datetime
    ended_at: datetime
    minutes: int
    crew: tuple[Shift, ...]
    too_long: bool  # over the organisation's `stream.max_hours`: kept, flagged and not scored (R11)


@value
class StreamMetricsRecorded:
    """The figures of a live stream; the same again with other figures corrects them.

    Clauses: S-33 to S-36, A-54; C-35 (whose complaint it is).
    """

    stream: StreamId
    viewers: Count  # 直播观看人数
    interactions: Count  # 互动次数
    clicks: Count  # 商品点击人数
    buyers: Count  # 成交人数
    gmv: Annotated[Fen, Interval(ge=0, le=10**15)]  # 成交金额
    new_followers: Count
    ratings: Count  # answers of viewers
    satisfied: Count  # of them, top two boxes
    complaints: Count  # about the stream or who was on it
    other_complaints: Count = 0  # about an order or a product: nobody's on the stream (C-35)


Event = StreamScheduled | StreamStarted | StreamEnded | StreamMetricsRecorded
