"""What people is told: units, posts, persons, their assignments and roles. None waits for another service."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

from cli.demo.world.lines import Line, Origin
from cli.demo.world.organisation import POSTS, Organisation, Person, Studio
from shared.value import BUSINESS_ZONE

FOUNDED = datetime(2023, 1, 3, 1, tzinfo=UTC)
ROLES_FROM = datetime(2024, 4, 1, 1, tzinfo=UTC)


def people_lines(organisation: Organisation) -> Iterator[Line]:
    """In order of what rests on what."""
    for unit in sorted(organisation.units, key=lambda unit: unit.parent is not None):
        place = {"unit": unit.id, "name": unit.name, "parent": unit.parent}
        yield line("DefineUnit", place, FOUNDED, f"unit/{unit.id}", organisation.persons[0].origin)
    for post, (title, categories) in POSTS.items():
        defined = {"post": post, "title": title, "categories": categories}
        yield line("PostDefined", defined, FOUNDED, f"post/{post}", Origin.GENERATED)
    for person in organisation.persons:
        yield registration(person)
    for person in organisation.persons:
        yield assignment(person)
    for studio in organisation.studios:
        for holder, capacity in offices(studio):
            office = {"person": holder.id, "capacity": capacity, "scope": studio.id}
            yield line("RoleGranted", office, ROLES_FROM, f"role/{holder.id}/{capacity}", Origin.GENERATED)


def registration(person: Person) -> Line:
    """Whoever stands in the files is theirs, whatever had to be drawn about him."""
    body = {
        "person": person.id,
        "name": person.name,
        "categories": POSTS[person.post][1],
        "engagement": person.engagement,
        "joined_on": person.joined_on,
    }
    return line("PersonRegistered", body, morning(person.joined_on), f"person/{person.id}", person.origin)


def assignment(person: Person) -> Line:
    body = {
        "person": person.id,
        "post": person.post,
        "unit": person.unit,
        "effective_on": person.joined_on,
        "reports_to": person.reports_to,
    }
    return line("AssignPersonToPost", body, morning(person.joined_on), f"assigned/{person.id}", person.origin)


def offices(studio: Studio) -> Iterator[tuple[Person, str]]:
    """The supervision group (A-08): a supervisor, senior anchors, human resources."""
    for supervisor in studio.supervisors[:1]:
        for capacity in ("live_ops_supervisor", "supervision_group", "appraiser"):
            yield supervisor, capacity
    for anchor in studio.senior_anchors:
        for capacity in ("senior_anchor", "supervision_group"):
            yield anchor, capacity
    for number, officer in enumerate(studio.hr[:2]):
        for capacity in ("hr", "supervision_group", ("training_admin", "archive_approver")[number]):
            yield officer, capacity


def morning(day: date) -> datetime:
    """Nine o'clock in Asia/Shanghai."""
    return datetime.combine(day, time(9), BUSINESS_ZONE).astimezone(UTC)


def line(command: str, body: dict[str, Any], at: datetime, key: str, origin: Origin) -> Line:
    return Line(service="people", command=command, body=body, occurred_at=at, key=key, origin=origin)
