"""The people of an organisation of several companies: badge, name, company, department, position, manager, joining."""

from collections import Counter
from datetime import date
from pathlib import Path

from cli.demo.inputs.tables import Cell, Problem, Row, TableError, Wrong, read_table, text, words
from shared.value import value

COLUMNS = (
    "badge", "first_name", "last_name", "gender", "company", "department", "position", "role", "manager_badge",
    "date_joining",
)  # fmt: skip


@value
class PersonRow:
    badge: str
    first_name: str
    last_name: str
    gender: str
    company: str
    department: str
    position: str = ""
    role: str = ""
    manager_badge: str = ""
    joined_on: date | None = None


def read_people(path: Path) -> list[PersonRow]:
    people = read_table(path, person, columns=COLUMNS)
    badges = Counter(row.badge for row in people)
    if repeated := [badge for badge, times in badges.items() if times > 1]:
        raise TableError(path, [Problem(row=0, column="badge", wrong=f"{b} stands there twice") for b in repeated])
    return people


def person(row: Row) -> PersonRow:
    cells = row.parsed(
        badge=("badge", text),
        first_name=("first_name", text),
        last_name=("last_name", text),
        gender=("gender", words),
        company=("company", text),
        department=("department", text),
        position=("position", words),
        role=("role", words),
        manager_badge=("manager_badge", words),
        joined_on=("date_joining", joined),
    )
    return PersonRow(**cells)


def joined(cell: Cell) -> date | None:
    found = words(cell)
    try:
        return date.fromisoformat(found) if found else None
    except ValueError:
        raise Wrong(f"{found!r} is no date such as 2024-05-22") from None
