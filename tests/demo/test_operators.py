"""What operators of live rooms export is read in all its shapes, and errors say where."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import xlsxwriter

from cli.demo.inputs.operators import COLUMNS, StreamMetrics, read_metrics
from cli.demo.inputs.tables import TableError

ROW = ["小雨", "2026/1/9 8:00:16", "12,345", "3.2万", "8000", "1,200", "96", "¥12,345.60", "-3"]
READ = StreamMetrics(
    row=2,
    anchor="小雨",
    day=date(2026, 1, 9),
    started_at=datetime(2026, 1, 9, 0, 0, 16, tzinfo=UTC),
    impressions=12_345,
    viewers=32_000,
    product_impressions=8_000,
    clicks=1_200,
    buyers=96,
    gmv=1_234_560,
    new_followers=-3,
)


def csv_file(path: Path, *rows: list[str], header: list[str] | None = None, encoding: str = "utf-8") -> Path:
    with path.open("w", newline="", encoding=encoding) as file:
        csv.writer(file).writerows([header or list(COLUMNS), *rows])
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv(tmp_path: Path, encoding: str) -> None:
    assert read_metrics(csv_file(tmp_path / "room.csv", ROW, encoding=encoding)) == ([READ], [])


def test_columns_stand_in_any_order_and_others_are_passed_over(tmp_path: Path) -> None:
    header = ["直播间", *reversed(COLUMNS)]
    assert read_metrics(csv_file(tmp_path / "room.csv", ["1", *reversed(ROW)], header=header)) == ([READ], [])


def test_workbooks_with_text_and_with_values(tmp_path: Path) -> None:
    path = tmp_path / "room.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet, moment = book.add_worksheet(), book.add_format({"num_format": "yyyy/m/d h:mm:ss"})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, COLUMNS)
        sheet.write_row(1, 0, ROW)
        sheet.write_row(2, 0, ["小雨", "", 12_345, 32_000, 8_000, 1_200, 96, 12_345.6, -3])
        sheet.write_datetime(2, 1, datetime(2026, 1, 9, 8, 0, 16), moment)  # noqa: DTZ001  a cell has no zone
        sheet.write_row(3, 0, ["小雨", "", 1, 2, 3, 4, 5, 6, 7])
        sheet.write_datetime(3, 1, datetime(2026, 1, 9), day)  # noqa: DTZ001
    (text, values, a_day), _ = read_metrics(path)
    assert text == READ
    assert (values.started_at, values.viewers, values.gmv) == (READ.started_at, READ.viewers, READ.gmv)
    assert (a_day.day, a_day.started_at, a_day.gmv) == (date(2026, 1, 9), None, 600)


@pytest.mark.parametrize(
    ("cell", "column", "read"),
    [
        ("2026-01-09", 1, (date(2026, 1, 9), None)),
        ("2026-01-09 23:30", 1, (date(2026, 1, 9), datetime(2026, 1, 9, 15, 30, tzinfo=UTC))),
        ("2026/1/10 0:30:00", 1, (date(2026, 1, 10), datetime(2026, 1, 9, 16, 30, tzinfo=UTC))),
    ],
)
def test_dates_are_the_organisations(tmp_path: Path, cell: str, column: int, read: object) -> None:
    row = [*ROW[:column], cell, *ROW[column + 1 :]]
    (found,), _ = read_metrics(csv_file(tmp_path / "room.csv", row))
    assert (found.day, found.started_at) == read


@pytest.mark.parametrize(
    ("cell", "fen"), [("¥1.2万", 1_200_000), ("￥99", 9_900), ("0", 0), ("1，234.5元", 123_450), ("0.01", 1)]
)
def test_money(tmp_path: Path, cell: str, fen: int) -> None:
    (found,), _ = read_metrics(csv_file(tmp_path / "room.csv", [*ROW[:7], cell, ROW[8]]))
    assert found.gmv == fen


@pytest.mark.parametrize(
    ("place", "cell", "wrong"),
    [
        (0, " ", "row 2, column 主播昵称: is empty"),
        (1, "9 January", "row 2, column 日期: '9 January' is no date such as 2026-01-09"),
        (1, "2026/13/9", "row 2, column 日期: '2026/13/9': month must be in 1..12"),
        (3, "", "row 2, column 直播间观看人数: is empty"),
        (3, "1,23", "row 2, column 直播间观看人数: '1,23' is no number"),
        (3, "12.5", "row 2, column 直播间观看人数: '12.5' is no whole number"),
        (3, "-4", "row 2, column 直播间观看人数: -4 is below 0"),
        (6, "n/a", "row 2, column 直播间成交人数: 'n/a' is no number"),
        (7, "1.005", "row 2, column 成交金额: '1.005' is finer than a fen"),
    ],
)
def test_errors_say_where(tmp_path: Path, place: int, cell: str, wrong: str) -> None:
    path = csv_file(tmp_path / "room.csv", [*ROW[:place], cell, *ROW[place + 1 :]])
    rows, (problem,) = read_metrics(path)
    assert not rows
    assert wrong in str(problem)


def test_every_wrong_cell_is_named_and_all_other_rows_are_taken(tmp_path: Path) -> None:
    two = [*ROW[:3], "x", *ROW[4:8], ""]
    rows, problems = read_metrics(csv_file(tmp_path / "room.csv", two, ROW[:5], [""] * 9, ROW))
    assert [row.row for row in rows] == [5]
    assert [(p.row, p.column) for p in problems] == [(2, "直播间观看人数"), (2, "新增粉丝数"), (3, "")]


def test_a_header_that_lacks_columns(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "room.csv", header=["主播昵称", "日期", "观看"])
    with pytest.raises(TableError, match=r"the header has no 直播间曝光人数, .*; it has 主播昵称, 日期, 观看"):
        read_metrics(path)


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    picture = tmp_path / "room.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe\xff")
    with pytest.raises(TableError, match="neither UTF-8, GB18030 nor XLSX"):
        read_metrics(picture)
    broken = tmp_path / "room.xlsx"
    broken.write_bytes(b"PK\x03\x04 and nothing more")
    with pytest.raises(TableError, match="no readable workbook"):
        read_metrics(broken)
