"""What operators of live rooms export: one row per live stream, as CSV (UTF-8, GB18030) or XLSX, Chinese headers.

Numbers come as 12,345 or 1.2万, money as ¥1,234.50, moments as 2026/1/9 8:00:16 or 2026-01-09 in Asia/Shanghai.
An empty cell is an error, never a zero.
"""

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path

from cli.demo.inputs.tables import Cell, Problem, Row, Wrong, read_each, text, words
from shared.value import BUSINESS_ZONE, value

ANCHOR, DAY, IMPRESSIONS, VIEWERS = "主播昵称", "日期", "直播间曝光人数", "直播间观看人数"
PRODUCT_IMPRESSIONS, CLICKS, BUYERS = "直播间商品曝光人数", "直播间商品点击人数", "直播间成交人数"
GMV, NEW_FOLLOWERS = "成交金额", "新增粉丝数"
COLUMNS = (ANCHOR, DAY, IMPRESSIONS, VIEWERS, PRODUCT_IMPRESSIONS, CLICKS, BUYERS, GMV, NEW_FOLLOWERS)

MOMENT = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?")
AMOUNT = re.compile(r"[¥￥]?\s*(-?)(\d{1,3}(?:[,，]\d{3})+|\d+)(\.\d+)?\s*([万亿]?)元?")
UNITS = {"": 1, "万": 10_000, "亿": 100_000_000}


@value
class StreamMetrics:
    """The figures of one live stream as its operator exported them."""

    row: int  # of the file, its header being 1
    anchor: str  # the nickname that the platform shows
    day: date  # in Asia/Shanghai
    started_at: datetime | None  # UTC; none where the export has days only
    impressions: int  # persons to whom the room was shown
    viewers: int
    product_impressions: int
    clicks: int  # persons who opened a product
    buyers: int
    gmv: int  # fen
    new_followers: int  # less than none where more left than came


def read_metrics(path: Path) -> tuple[list[StreamMetrics], list[Problem]]:
    """The rows that can be read, for each speaks of a stream of its own; and every cell that cannot. Raises
    `TableError` for a file of another kind."""
    return read_each(path, metrics, columns=COLUMNS)


def metrics(row: Row) -> StreamMetrics:
    found = row.parsed(
        anchor=(ANCHOR, text),
        moment=(DAY, moment),
        impressions=(IMPRESSIONS, persons),
        viewers=(VIEWERS, persons),
        product_impressions=(PRODUCT_IMPRESSIONS, persons),
        clicks=(CLICKS, persons),
        buyers=(BUYERS, persons),
        gmv=(GMV, fen),
        new_followers=(NEW_FOLLOWERS, count),
    )
    day, started_at = found.pop("moment")
    return StreamMetrics(row=row.number, day=day, started_at=started_at, **found)


def moment(cell: Cell) -> tuple[date, datetime | None]:
    """The day, and the moment where the cell names one."""
    if isinstance(cell, datetime):
        return at(cell)
    if isinstance(cell, date):
        return cell, None
    found = words(cell)
    if not (parts := MOMENT.fullmatch(found)):
        raise Wrong(f"{found!r} is no date such as 2026-01-09 or 2026/1/9 8:00:16")
    numbers = [int(part) for part in parts.groups() if part is not None]
    try:
        return (date(*numbers), None) if len(numbers) == 3 else at(datetime(*numbers, tzinfo=BUSINESS_ZONE))  # type: ignore[misc, arg-type]
    except ValueError as error:
        raise Wrong(f"{found!r}: {error}") from None


def at(local: datetime) -> tuple[date, datetime | None]:
    """A workbook's date without a time is midnight there: it names a day."""
    if local.tzinfo is None and local.time() == time():
        return local.date(), None
    return local.date(), local.replace(tzinfo=BUSINESS_ZONE).astimezone(UTC)


def persons(cell: Cell) -> int:
    if (found := count(cell)) < 0:
        raise Wrong(f"{found} is below 0")
    return found


def count(cell: Cell) -> int:
    found = amount(cell)
    if found != found.to_integral_value():
        raise Wrong(f"{words(cell)!r} is no whole number")
    return int(found)


def fen(cell: Cell) -> int:
    found = amount(cell) * 100
    if found < 0:
        raise Wrong(f"{words(cell)!r} is below 0")
    if found != found.to_integral_value():
        raise Wrong(f"{words(cell)!r} is finer than a fen")
    return int(found)


def amount(cell: Cell) -> Decimal:
    if isinstance(cell, bool | date | time):
        raise Wrong(f"{cell} is no number")
    found = words(cell)
    if not found:
        raise Wrong("is empty")
    if isinstance(cell, int | float):
        try:
            return Decimal(found)
        except InvalidOperation:
            raise Wrong(f"{found!r} is no number") from None
    if not (parts := AMOUNT.fullmatch(found)):
        raise Wrong(f"{found!r} is no number such as 12,345 or 1.2万 or ¥1,234.50")
    sign, integer, fraction, unit = parts.groups()
    return Decimal(f"{sign}{re.sub('[,，]', '', integer)}{fraction or ''}") * UNITS[unit]
