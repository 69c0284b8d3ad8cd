"""The marks of one exam: for each attempt its questions' marks, of one point each, and the sum that is expected."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path

from cli.demo.inputs.tables import Cell, Row, Wrong, read_table, whole, words
from shared.value import value

QUESTIONS = 7
MARKS = tuple(f"slots.{number}.mark" for number in range(1, QUESTIONS + 1))


@value
class QuizAttempt:
    number: int
    marks: tuple[Decimal, ...]  # 0 to 1 a question

    @property
    def score(self) -> Decimal:
        """Of 100, two places."""
        return (sum(self.marks, Decimal(0)) / QUESTIONS * 100).quantize(Decimal("0.01"), ROUND_HALF_UP)


def read_quiz(path: Path) -> list[QuizAttempt]:
    return read_table(path, attempt, columns=("quizattempt", *MARKS, "summarks"))


def attempt(row: Row) -> QuizAttempt:
    marks = {name: (name, mark) for name in MARKS}
    cells = row.parsed(number=("quizattempt", whole), expected=("summarks", points), **marks)
    found = QuizAttempt(number=cells["number"], marks=tuple(cells[name] for name in MARKS))
    expected, total = cells["expected"], sum(found.marks, Decimal(0))
    if abs(expected - total) > Decimal("0.00001"):
        raise Wrong(f"says {expected}, the marks sum to {total}", "summarks")
    return found


def mark(cell: Cell) -> Decimal:
    if not 0 <= (found := points(cell)) <= 1:
        raise Wrong(f"{found} is not between 0 and 1")
    return found


def points(cell: Cell) -> Decimal:
    found = words(cell)
    try:
        return Decimal(found)
    except InvalidOperation:
        raise Wrong(f"{found!r} is no number") from None
