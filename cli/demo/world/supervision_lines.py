"""What supervision is told: streams with their figures, and what was observed of them.

The clock of a stream is the file's; when it was scheduled, who was on and what it came to is generated or scaled.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from cli.demo.world.figures import Figures
from cli.demo.world.lines import Line, Origin
from cli.demo.world.observations import CRITERIA, Observation
from cli.demo.world.rosters import Stream
from cli.demo.world.world import World

PLANNED, MEASURED, REPORTED = timedelta(days=2), timedelta(hours=1), timedelta(hours=2)


def stream_lines(world: World) -> Iterator[Line]:
    """All lines of a stream stand together. A repeated row says its end again, which changes nothing."""
    for stream in world.streams:
        yield scheduled(stream)
        yield started(stream, world.origins.real)
        yield ended(stream, world, f"stream/{stream.id}/ended")
        yield measured(stream, world.figures[stream.id], world.origins.mixed)
        for number in range(world.repeats[stream.id]):
            yield ended(stream, world, f"stream/{stream.id}/repeated/{number}")


def scheduled(stream: Stream) -> Line:
    """For the five minutes in which it began."""
    at = stream.started_at
    starts_at = at - timedelta(minutes=at.minute % 5, seconds=at.second)
    body = {"stream": stream.id, "studio": stream.studio, "starts_at": starts_at}
    return line("ScheduleStream", body, starts_at - PLANNED, f"stream/{stream.id}/scheduled", Origin.GENERATED)


def started(stream: Stream, origin: Origin) -> Line:
    body = {"stream": stream.id, "studio": stream.studio, "started_at": stream.started_at}
    return line("StartStream", body, stream.started_at, f"stream/{stream.id}/started", origin)


def ended(stream: Stream, world: World, key: str) -> Line:
    body = {
        "stream": stream.id,
        "studio": stream.studio,
        "started_at": stream.started_at,
        "ended_at": stream.ended_at,
        "crew": [{"person": s.person, "post": s.post, "minutes": s.minutes} for s in stream.crew],
    }
    origin = world.origins.mixed if stream.crew else world.origins.real
    return line("EndStream", body, stream.ended_at, key, origin)


def measured(stream: Stream, figures: Figures, origin: Origin) -> Line:
    body = {
        "stream": stream.id,
        "viewers": figures.viewers,
        "interactions": figures.interactions,
        "clicks": figures.clicks,
        "buyers": figures.buyers,
        "gmv": figures.gmv,
        "new_followers": figures.new_followers,
        "ratings": figures.ratings,
        "satisfied": figures.satisfied,
        "complaints": figures.complaints,
        "other_complaints": figures.other_complaints,
    }
    at = stream.ended_at + MEASURED
    return line("StreamMetricsRecorded", body, at, f"stream/{stream.id}/figures", origin)


def observation_lines(world: World) -> Iterator[Line]:
    ends = {stream.id: stream.ended_at for stream in world.streams}
    for observation in world.observations:
        yield observed(observation, ends[observation.stream] + REPORTED)


def observed(observation: Observation, at: datetime) -> Line:
    body = {
        "observation": observation.id,
        "stream": observation.stream,
        "person": observation.person,
        "observed_at": observation.observed_at,
        "observer": observation.observer,
        "capacity": observation.capacity,
        **dict(zip(CRITERIA, observation.marks, strict=True)),
    }
    return line("ObserveStream", body, at, observation.id, Origin.GENERATED)


def line(command: str, body: dict[str, Any], at: datetime, key: str, origin: Origin) -> Line:
    return Line(service="supervision", command=command, body=body, occurred_at=at, key=key, origin=origin)
