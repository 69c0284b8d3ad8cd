"""A live stream 直播场次: scheduled, started, ended, its figures, and who was on when. Ruling R5 (attribution), R11."""

from datetime import datetime

from services.vocabulary import Fen, PersonId, PostId, StreamId, UnitId
from shared.value import value


@value
class Shift:
    """A person's time on the stream."""

    person: PersonId
    post: PostId  # in which he was on: anchor, assistant_anchor
    minutes: int


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
    """The figures of a live stream; the same again with other figures corrects them. Clauses: S-33 to S-36, A-54."""

    stream: StreamId
    viewers: int  # 直播观看人数
    interactions: int  # 互动次数
    clicks: int  # 商品点击人数
    buyers: int  # 成交人数
    gmv: Fen  # 成交金额
    new_followers: int
    ratings: int  # answers of viewers
    satisfied: int  # of them, top two boxes
    complaints: int


Event = StreamScheduled | StreamStarted | StreamEnded | StreamMetricsRecorded
