"""Days, moments and months as the organisation counts them: in Asia/Shanghai. A leaf beside the vocabulary."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from annotated_types import Interval
from pydantic import AwareDatetime

from services.vocabulary import Month, first_day
from shared.value import BUSINESS_ZONE

# Of the last century or this one: what lies beyond is a slip, and at the ends of the calendar time zones overflow.
Day = Annotated[date, Interval(ge=date(1900, 1, 1), lt=date(2100, 1, 1))]
Moment = Annotated[AwareDatetime, Interval(ge=datetime(1900, 1, 1, tzinfo=UTC), lt=datetime(2100, 1, 1, tzinfo=UTC))]


def last_day(month: Month) -> date:
    first = first_day(month)
    return first.replace(day=monthrange(first.year, first.month)[1])


def end_of(day: date) -> datetime:
    """The midnight that ends a business day: the first moment after it, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), BUSINESS_ZONE).astimezone(UTC)
