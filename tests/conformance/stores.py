"""What the tests of stores put into them."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, NewType

from annotated_types import Ge

from shared.event import encode, new_id
from shared.facts import Facts, Known
from shared.projection import Projection
from shared.store import Gathered, Group, Held, New, Once
from shared.value import value

TOPIC = "kaibo.test.events"
TOPICS = {TOPIC: 4, "kaibo.test.restricted": 1}
NOON = datetime(2026, 1, 9, 12, tzinfo=UTC)


def new() -> New:
    return New(
        id=new_id(), type="Said", schema=1, occurred_at=NOON, data='{"word":"好"}'.encode(), meta=b'{"actor":"li"}'
    )


def group(
    stream: str, expected: int = 0, events: int = 1, guards: Iterable[tuple[str, int]] = (), once: Iterable[Once] = ()
) -> Group:
    return Group(
        stream=stream,
        expected=expected,
        topic=TOPIC,
        partition=1,
        events=tuple(new() for _ in range(events)),
        guards=tuple(guards),
        once=tuple(once),
    )


PersonId = NewType("PersonId", str)


class Grade(StrEnum):
    GOOD = "good"
    BAD = "bad"


@value
class Part:
    """A value within a row."""

    name: str
    points: Decimal
    on: date
    at: datetime
    grade: Grade | None = None


@value
class Wide:
    """A row with a field of every type."""

    person: PersonId
    held_on: date
    grade: Grade
    passed: bool = False
    attempts: int = 0
    score: Decimal = Decimal(0)
    share: Annotated[Decimal, Ge(0)] | None = None
    at: datetime | None = None
    note: str | None = None
    worst: Grade | None = None
    part: Part | None = None
    parts: tuple[Part, ...] = ()
    days: tuple[date, ...] = ()
    by_month: Mapping[str, Decimal] = field(default_factory=dict)


@value
class Count:
    """How often a word was said."""

    word: str
    times: int = 0


@value
class Said:
    word: str


def count(row: Count, event: Said) -> Count:
    return Count(word=row.word, times=row.times + 1)


def examined(event: Said) -> Wide:
    return Wide(person=PersonId(event.word), held_on=NOON.date(), grade=Grade.GOOD)


def examine(row: Wide, event: Said) -> Wide:
    return row


counts = Projection(name="counts", key=lambda e: Count(word=e.word), evolve=count)
wides = Projection(name="wides", key=examined, evolve=examine)


@value
class Speaker:
    person: str


def words(subject: Speaker, known: Known[Said]) -> int:
    return len(known.facts)


archive = Facts(name="archive", about=lambda e: e.word, subjects=lambda e: [Speaker(person=e.word)], result=words)


def about(thing: str, *subjects: str, identity: str = "") -> Gathered:
    """An event that speaks of a thing and names these subjects."""
    data = encode(Said(word=thing))
    return Gathered(
        thing=thing,
        subjects=subjects,
        held=Held(service="test", type="Said", schema=1, data=data, meta=b"{}", id=identity or new_id()),
    )
