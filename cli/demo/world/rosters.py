"""Who was on air when: one anchor and one assistant a stream, or two who share its time; nobody in two at once.

A greedy over intervals: streams in order of their starts, each to whoever is free and has been on air least. As many
people as streams at once suffice, and no order needs fewer. Streams that are too long get nobody.
"""

import heapq
from bisect import bisect
from collections.abc import Iterable, Sequence
from datetime import datetime

from cli.demo.chance import Chance
from cli.demo.inputs.streams import StreamRow
from cli.demo.world.organisation import ANCHOR, ASSISTANT, Organisation, Person, Studio
from shared.value import value

MAX_HOURS = 12
SHARED, SHARED_FROM = 0.15, 120  # share of the streams that two share, of those with so many minutes
PORTIONS = (50, 60, 75)  # per cent of the first one


@value
class Shift:
    person: str
    post: str
    minutes: int


@value
class Stream:
    """A live stream as it was."""

    id: str
    studio: str
    started_at: datetime
    ended_at: datetime
    minutes: int
    crew: tuple[Shift, ...]

    @property
    def too_long(self) -> bool:
        return (self.ended_at - self.started_at).total_seconds() > MAX_HOURS * 3600


class Understaffed(ValueError):
    """More streams run at once than there are people to be on them."""


class Pool:
    """People who take streams in order of their starts."""

    def __init__(self, persons: Iterable[Person]) -> None:
        self.free = [(0, person.id) for person in persons]  # minutes on air so far
        heapq.heapify(self.free)
        self.busy: list[tuple[datetime, int, str]] = []  # until when

    def take(self, row: StreamRow) -> str:
        while self.busy and self.busy[0][0] <= row.started_at:
            _, minutes, person = heapq.heappop(self.busy)
            heapq.heappush(self.free, (minutes, person))
        if not self.free:
            raise Understaffed(f"{len(self.busy) + 1} streams at once on {row.started_at}, {len(self.busy)} people")
        minutes, person = heapq.heappop(self.free)
        heapq.heappush(self.busy, (row.ended_at, minutes + row.minutes, person))
        return person


class Diary:
    """When each person is on air."""

    def __init__(self) -> None:
        self.spans: dict[str, list[tuple[datetime, datetime]]] = {}

    def enter(self, person: str, start: datetime, end: datetime) -> None:
        spans = self.spans.setdefault(person, [])
        spans.insert(bisect(spans, (start, end)), (start, end))

    def on_air(self, person: str, start: datetime, end: datetime) -> bool:
        spans = self.spans.get(person, [])
        before = bisect(spans, (end,))
        return any(s < end and e > start for s, e in spans[max(0, before - 1) : before])


def distinct(rows: Sequence[StreamRow]) -> list[StreamRow]:
    """The first of each id: the same row again changes nothing."""
    return list({row.stream: row for row in reversed(rows)}.values())[::-1]


def too_long(row: StreamRow) -> bool:
    return row.seconds > MAX_HOURS * 3600


def rostered(rows: Sequence[StreamRow], organisation: Organisation, chance: Chance) -> tuple[list[Stream], Diary]:
    """Every distinct stream, in order of the starts. Raises `Understaffed`."""
    studios = {studio.id: studio for studio in organisation.studios}
    names = sorted(studios)
    anchors = Pool(person for studio in organisation.studios for person in studio.anchors)
    assistants = {studio.id: Pool(studio.assistants) for studio in organisation.studios}
    home = {person.id: person.studio for person in organisation.persons}
    leads: list[tuple[StreamRow, str, str, str]] = []
    diary = Diary()
    for row in sorted(distinct(rows), key=lambda row: (row.started_at, row.stream)):
        if too_long(row):
            leads.append((row, chance.among(names, "studio", row.stream), "", ""))
            continue
        anchor = anchors.take(row)
        assistant = assistants[home[anchor]].take(row)
        for person in (anchor, assistant):
            diary.enter(person, row.started_at, row.ended_at)
        leads.append((row, home[anchor], anchor, assistant))
    return [manned(row, studios[studio], (a, b), diary, chance) for row, studio, a, b in leads], diary


def manned(row: StreamRow, studio: Studio, leads: tuple[str, str], diary: Diary, chance: Chance) -> Stream:
    posts = ((leads[0], ANCHOR, studio.anchors), (leads[1], ASSISTANT, studio.assistants)) if all(leads) else ()
    crew = [
        shift for lead, post, pool in posts for shift in shifts(row, lead, post, pool=pool, diary=diary, chance=chance)
    ]
    return Stream(
        id=row.stream,
        studio=studio.id,
        started_at=row.started_at,
        ended_at=row.ended_at,
        minutes=row.minutes,
        crew=tuple(crew),
    )


def shifts(
    row: StreamRow, lead: str, post: str, *, pool: Sequence[Person], diary: Diary, chance: Chance
) -> Iterable[Shift]:
    """The one who was assigned, and for some streams a second one who is free from start to end."""
    purpose = ("shared", post, row.stream)
    if row.minutes >= SHARED_FROM and chance.unit(*purpose) < SHARED:
        first = chance.below(len(pool), "second", *purpose)
        for person in (*pool[first:], *pool[:first]):
            if not diary.on_air(person.id, row.started_at, row.ended_at):
                diary.enter(person.id, row.started_at, row.ended_at)
                own = row.minutes * PORTIONS[chance.below(len(PORTIONS), "portion", *purpose)] // 100
                yield Shift(person=lead, post=post, minutes=own)
                yield Shift(person=person.id, post=post, minutes=row.minutes - own)
                return
    yield Shift(person=lead, post=post, minutes=row.minutes)
