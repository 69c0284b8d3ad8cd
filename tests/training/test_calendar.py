"""Days and moments as commands state them, and the ends of days and months."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from services.calendar import Day, Moment, end_of, last_day
from services.people.persons.decisions import AssignPersonToPost
from services.people.persons.events import EngagementChanged, PersonRegistered
from services.training.exams.decisions import ScheduleExam
from services.vocabulary import Month

BEYOND = ("0001-01-01", "1899-12-31", "2100-01-01", "9999-12-31")


@pytest.mark.parametrize("moment", ["2024-05-06T09:00:00", *(f"{day}T12:00:00Z" for day in BEYOND)])
def test_a_moment_has_an_offset_and_lies_in_our_centuries(moment: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Moment).validate_python(moment)


@pytest.mark.parametrize("day", BEYOND)
def test_a_day_lies_in_our_centuries(day: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Day).validate_python(day)
    assert TypeAdapter(Day).validate_python("1987-02-28") == date(1987, 2, 28)


@pytest.mark.parametrize("day", BEYOND)
@pytest.mark.parametrize(
    ("command", "field"),
    [
        (PersonRegistered, "joined_on"),
        (EngagementChanged, "effective_on"),
        (AssignPersonToPost, "effective_on"),
        (ScheduleExam, "held_on"),
    ],
)
def test_what_is_said_of_a_person_is_said_of_such_a_day(command: type[Any], field: str, day: str) -> None:
    with pytest.raises(ValidationError) as error:
        TypeAdapter(command).validate_python({field: day})
    assert (field,) in [e["loc"] for e in error.value.errors() if e["type"] != "missing"]


def test_a_day_ends_at_midnight_in_shanghai() -> None:
    assert end_of(date(2024, 5, 31)) == datetime(2024, 5, 31, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("month", "day"), [("2024-02", 29), ("2023-02", 28), ("2100-02", 28), ("2024-04", 30), ("2024-12", 31)]
)
def test_a_month_ends_with_its_last_day(month: str, day: int) -> None:
    assert last_day(Month(month)) == date.fromisoformat(f"{month}-{day}")
