"""What members of the supervision group saw of a share of the streams: generated, by nobody who was on air then."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from cli.demo.chance import Chance
from cli.demo.world.organisation import Organisation, Studio
from cli.demo.world.rosters import Diary, Stream
from shared.value import value

SHARE = 0.55  # of the streams with a crew
CRITERIA = ("language", "interaction", "product_accuracy", "emergency_handling")


@value
class Observation:
    id: str
    stream: str
    person: str
    observer: str
    capacity: str
    observed_at: datetime
    marks: tuple[int, ...]  # of CRITERIA, 0 to 100


def observations(
    streams: Sequence[Stream], organisation: Organisation, diary: Diary, chance: Chance
) -> Iterator[Observation]:
    """Everybody on an observed stream is marked, by one member of the studio's group."""
    groups = {studio.id: members(studio) for studio in organisation.studios}
    for stream in streams:
        if not stream.crew or chance.unit("observed", stream.id) >= SHARE:
            continue
        free = [
            (person, capacity)
            for person, capacity in groups[stream.studio]
            if not diary.on_air(person, stream.started_at, stream.ended_at)
        ]
        observer, capacity = free[chance.below(len(free), "observer", stream.id)]
        into = timedelta(minutes=stream.minutes * (20 + chance.below(60, "looked", stream.id)) // 100)
        for shift in stream.crew:
            yield Observation(
                id=chance.name("observation", stream.id, shift.person),
                stream=stream.id,
                person=shift.person,
                observer=observer,
                capacity=capacity,
                observed_at=stream.started_at + into,
                marks=marks(shift.person, stream.id, chance),
            )


def members(studio: Studio) -> list[tuple[str, str]]:
    """Of the supervision group (A-08), with the capacity in which each looks. Human resources are never on air."""
    return [
        *((person.id, "live_ops_supervisor") for person in studio.supervisors[:1]),
        *((person.id, "senior_anchor") for person in studio.senior_anchors),
        *((person.id, "hr") for person in studio.hr[:2]),
    ]


def marks(person: str, stream: str, chance: Chance) -> tuple[int, ...]:
    """Around what the person can do, which stays the same."""
    draws = chance.draws("marks", person, stream)
    able = 66 + chance.below(24, "able", person)
    return tuple(min(100, max(0, round(draws.gauss(able, 6)))) for _ in CRITERIA)
