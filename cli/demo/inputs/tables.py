"""Rows of a table, from CSV in UTF-8 or GB18030 or from XLSX, and errors that say where in it.

Spreadsheet numbers and dates come as their values, everything else as text.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeVar

from python_calamine import CalamineError, CalamineWorkbook

from shared.value import value

T = TypeVar("T")
Cell = str | float | int | bool | date | datetime | time | timedelta


@value
class Problem:
    """What is wrong at one place. `row` is the line of the file, its header being 1; 0: the file as a whole."""

    row: int
    column: str
    wrong: str

    def __str__(self) -> str:
        place = f"row {self.row}" if self.row else "file"
        return f"{place}, column {self.column}: {self.wrong}" if self.column else f"{place}: {self.wrong}"


class TableError(Exception):
    """A file that cannot be read as it is: every place with what is wrong there. Nothing was taken from it."""

    def __init__(self, path: Path, problems: Sequence[Problem]) -> None:
        self.path, self.problems = path, tuple(problems)
        shown = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"{path.name} cannot be used:\n{shown}")


class Wrong(ValueError):
    """What is wrong with a row, or with one of its cells; the reader of the table adds where it stands."""

    def __init__(self, wrong: str, column: str = "") -> None:
        super().__init__(wrong)
        self.wrong, self.column = wrong, column


class WrongCells(ValueError):
    """What is wrong with several cells of a row."""

    def __init__(self, wrongs: Sequence[Wrong]) -> None:
        super().__init__("; ".join(wrong.wrong for wrong in wrongs))
        self.wrongs = tuple(wrongs)


@value
class Row:
    number: int
    cells: Mapping[str, Cell]

    def parsed(self, **fields: tuple[str, Callable[[Cell], Any]]) -> dict[str, Any]:
        """Each field from its column by its parser. Raises `WrongCells` with every one that cannot be parsed."""
        found, wrongs = dict[str, Any](), list[Wrong]()
        for name, (column, parse) in fields.items():
            try:
                found[name] = parse(self.cells.get(column, ""))
            except Wrong as wrong:
                wrongs.append(Wrong(wrong.wrong, column))
        if wrongs:
            raise WrongCells(wrongs)
        return found


def read_table(path: Path, make: Callable[[Row], T], *, columns: Sequence[str], header: bool = True) -> list[T]:
    """Every row made into a `T`, all or none. Raises `TableError` with all that is wrong, not only the first."""
    made, problems = read_each(path, make, columns=columns, header=header)
    if problems:
        raise TableError(path, problems)
    return made


def read_each(
    path: Path, make: Callable[[Row], T], *, columns: Sequence[str], header: bool = True
) -> tuple[list[T], list[Problem]]:
    """Whatever rows can be made into a `T`, and what is wrong with the others. `columns` must be there; without a
    header they name the cells by their place. Raises `TableError` for a file that is no such table."""
    rows = read_rows(path)
    first = 1
    names: Sequence[str] = columns
    if header:
        names = [str(cell).strip() for cell in next(rows, [])]
        first = 2
        if missing := [column for column in columns if column not in names]:
            wrong = f"the header has no {', '.join(missing)}; it has {', '.join(names) or 'nothing'}"
            raise TableError(path, [Problem(row=1, column="", wrong=wrong)])
    made, problems = [], []
    for number, cells in enumerate(rows, first):
        if not any(str(cell).strip() for cell in cells):
            continue
        try:
            if len(cells) != len(names):
                raise Wrong(f"{len(cells)} cells under {len(names)} columns")
            made.append(make(Row(number=number, cells=dict(zip(names, cells, strict=True)))))
        except Wrong as wrong:
            problems.append(Problem(row=number, column=wrong.column, wrong=wrong.wrong))
        except WrongCells as several:
            problems += [Problem(row=number, column=wrong.column, wrong=wrong.wrong) for wrong in several.wrongs]
    return made, problems


def read_rows(path: Path) -> Iterator[Sequence[Cell]]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TableError(path, [Problem(row=0, column="", wrong=error.strerror or "cannot be opened")]) from error
    if data.startswith(b"PK\x03\x04"):
        try:
            return iter(CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python())
        except CalamineError as error:
            raise TableError(path, [Problem(row=0, column="", wrong=f"no readable workbook ({error})")]) from error
    return iter(csv.reader(io.StringIO(decoded(path, data), newline="")))


def decoded(path: Path, data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableError(path, [Problem(row=0, column="", wrong="neither UTF-8, GB18030 nor XLSX")])


def text(cell: Cell) -> str:
    if not (found := str(cell).strip()):
        raise Wrong("is empty")
    return found


def words(cell: Cell) -> str:
    """Text that may be absent."""
    return str(cell).strip()


def whole(cell: Cell) -> int:
    found = str(cell).strip()
    try:
        return int(found)
    except ValueError:
        raise Wrong(f"{found!r} is no whole number") from None
