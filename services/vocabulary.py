"""Ids and units that all services share: the leaf of the import graph."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, NewType

from annotated_types import Interval, Len
from pydantic import Field, StringConstraints

from shared.value import BUSINESS_ZONE, value

PersonId = NewType("PersonId", str)  # random, or a digest under a secret: never a badge or telephone number
UnitId = NewType("UnitId", str)  # a studio or a unit within one
PostId = NewType("PostId", str)  # 岗位: anchor, assistant_anchor, operations_specialist …
CourseId = NewType("CourseId", str)
SessionId = NewType("SessionId", str)  # one run of a course 培训班次
StreamId = NewType("StreamId", str)  # a live stream 直播场次
Month = NewType(
    "Month", Annotated[str, Field(pattern=r"^(1[89]|2[0-2])[0-9]{2}-(0[1-9]|1[0-2])$", examples=["2024-05"])]
)
Score = Annotated[Decimal, Interval(ge=0, le=100)]  # points, two places
Fen = NewType("Fen", int)  # 分: money
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]  # about no person
Names = Annotated[tuple[str, ...], Len(0, 50)]


class Unit(StrEnum):
    COUNT = "count"
    PERSONS = "persons"
    PERCENT = "percent"
    FEN = "fen"
    MINUTES = "minutes"
    POINTS = "points"


class Figure(StrEnum):
    """What is recorded of a live stream, as `StreamMetricsRecorded` names it (S-33 to S-36)."""

    VIEWERS = "viewers"  # 直播观看人数
    INTERACTIONS = "interactions"  # 互动次数
    CLICKS = "clicks"  # 商品点击人数
    BUYERS = "buyers"  # 成交人数
    GMV = "gmv"  # 成交金额
    NEW_FOLLOWERS = "new_followers"
    RATINGS = "ratings"
    SATISFIED = "satisfied"
    COMPLAINTS = "complaints"

    @property
    def unit(self) -> Unit:
        match self:
            case Figure.VIEWERS | Figure.CLICKS | Figure.BUYERS | Figure.NEW_FOLLOWERS:
                return Unit.PERSONS
            case Figure.GMV:
                return Unit.FEN
            case _:
                return Unit.COUNT


class Criterion(StrEnum):
    """What an observer marks, in points, as `StreamObserved` names it (A-27)."""

    LANGUAGE = "language"  # 语言表达
    INTERACTION = "interaction"  # 互动效果
    PRODUCT_ACCURACY = "product_accuracy"  # 产品介绍准确性
    EMERGENCY_HANDLING = "emergency_handling"  # 应急处理能力


RANKED = dict.fromkeys(
    (
        "rank", "ranking", "percentile", "quantile", "top_percent", "bottom_percent", "distribution",
        "forced_distribution", "quota",
    ),
    "whatever may lead to a penalty, demotion or dismissal depends on no rank or percentile, and on no grade given by"
    " forced distribution (R4)",
)  # fmt: skip


@lru_cache(100_000)
def month(moment: datetime) -> Month:
    """A moment belongs to its month in Asia/Shanghai (R5)."""
    return Month(f"{moment.astimezone(BUSINESS_ZONE):%Y-%m}")


def day(moment: datetime) -> date:
    """The business date of a moment."""
    return moment.astimezone(BUSINESS_ZONE).date()


@lru_cache(10_000)
def first_day(month: Month) -> date:
    return date.fromisoformat(f"{month}-01")


@value
class PersonMonth:
    person: PersonId
    month: Month

    def __post_init__(self) -> None:
        first_day(self.month)  # ValueError for what is no month
