"""A stream is scheduled, started and ended with its crew; its figures follow. Rulings R5 (attribution), R11."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

from annotated_types import Len

from services.calendar import Moment
from services.supervision.streams.events import (
    Count,
    Event,
    Shift,
    StreamEnded,
    StreamMetricsRecorded,
    StreamScheduled,
    StreamStarted,
)
from services.supervision.streams.rules import StreamRules
from services.vocabulary import Figure, PersonId, StreamId, UnitId, day
from shared.decider import Context, Decider, Refused
from shared.value import value

MINUTE = timedelta(minutes=1)


@value
class ScheduleStream:
    stream: StreamId
    studio: UnitId
    starts_at: Moment


@value
class StartStream:
    stream: StreamId
    studio: UnitId
    started_at: Moment


@value
class EndStream:
    """With the shifts of everybody who was on. The same stream again corrects its times and its roster."""

    stream: StreamId
    studio: UnitId
    started_at: Moment
    ended_at: Moment
    crew: Annotated[tuple[Shift, ...], Len(0, 100)]


@value
class CorrectFigures:
    """An objection was upheld: the figures were others, together, so that they fit each other (R7)."""

    stream: StreamId
    now: Mapping[Figure, Count]


Command = ScheduleStream | StartStream | EndStream | StreamMetricsRecorded | CorrectFigures


@value
class Unknown:
    pass


@value
class Scheduled:
    told: StreamScheduled


@value
class Live:
    told: StreamStarted


@value
class Ended:
    told: StreamEnded
    metrics: StreamMetricsRecorded | None = None

    @property
    def crew(self) -> frozenset[PersonId]:
        return frozenset(shift.person for shift in self.told.crew)


State = Unknown | Scheduled | Live | Ended


def decide(command: Command, state: State, context: Context) -> list[Event]:
    match command, state:
        case ScheduleStream(), Unknown() | Scheduled():
            told = StreamScheduled(stream=command.stream, studio=command.studio, starts_at=command.starts_at)
            return [] if state == Scheduled(told=told) else [told]
        case StartStream(), Unknown() | Scheduled() | Live():
            return start(command, state)
        case EndStream(), _:
            ended = end(command, context)
            return [] if isinstance(state, Ended) and state.told == ended else [ended]
        case StreamMetricsRecorded(), Ended():
            check_ratings(command)
            return [] if state.metrics == command else [command]
        case CorrectFigures(), Ended(metrics=StreamMetricsRecorded() as before):
            return corrected(command, before)
        case StreamMetricsRecorded() | CorrectFigures(), _:
            raise Refused("stream.not_ended", stream=command.stream, next="end the stream first")
        case _:
            raise Refused("stream.out_of_turn", stream=command.stream, next="end it again to correct its times")


def start(command: StartStream, state: Unknown | Scheduled | Live) -> list[Event]:
    started = StreamStarted(stream=command.stream, studio=command.studio, started_at=command.started_at)
    if not isinstance(state, Live):
        return [started]
    if state.told == started:
        return []
    raise Refused("stream.started_already", started_at=state.told.started_at, next="its end states the true start")


def end(command: EndStream, context: Context) -> StreamEnded:
    lasted = command.ended_at - command.started_at
    if lasted <= timedelta(0):
        raise Refused("stream.ends_before_start", next="state when it started and when it ended")
    too_long = is_too_long(lasted, context.policy(StreamRules, on=day(command.started_at)))
    check_crew(command.crew, lasted, too_long)
    return StreamEnded(
        stream=command.stream,
        studio=command.studio,
        started_at=command.started_at,
        ended_at=command.ended_at,
        minutes=lasted // MINUTE,
        crew=command.crew,
        too_long=too_long,
    )


def is_too_long(lasted: timedelta, rules: StreamRules) -> bool:
    return rules.max_hours is not None and lasted > timedelta(hours=float(rules.max_hours.amount))


def check_crew(crew: tuple[Shift, ...], lasted: timedelta, too_long: bool) -> None:
    """A minute that has begun counts. Only where the times cannot be true may nobody have been on."""
    if not crew and not too_long:
        raise Refused("stream.without_crew", next="state who was on, in which post, for how many minutes")
    most = -(-lasted // MINUTE)
    minutes = Counter[PersonId]()
    for shift in crew:
        minutes[shift.person] += shift.minutes
    if longer := {person: on for person, on in minutes.items() if on > most}:
        raise Refused("stream.shift_too_long", persons=longer, minutes=most, next="nobody is on longer than the stream")


def corrected(command: CorrectFigures, before: StreamMetricsRecorded) -> list[Event]:
    figures: dict[str, Any] = {figure.value: now for figure, now in command.now.items()}
    now = replace(before, **figures)
    check_ratings(now)
    return [] if now == before else [now]


def check_ratings(metrics: StreamMetricsRecorded) -> None:
    if metrics.satisfied > metrics.ratings:
        raise Refused("metrics.more_satisfied_than_asked", ratings=metrics.ratings, next="correct the figures")


def evolve(state: State, event: Event) -> State:
    match event:
        case StreamScheduled() if isinstance(state, Unknown | Scheduled):
            return Scheduled(told=event)
        case StreamStarted() if isinstance(state, Unknown | Scheduled):
            return Live(told=event)
        case StreamEnded():
            return Ended(told=event, metrics=state.metrics if isinstance(state, Ended) else None)
        case StreamMetricsRecorded() if isinstance(state, Ended):
            return Ended(told=state.told, metrics=event)
        case StreamScheduled() | StreamStarted() | StreamMetricsRecorded():
            raise ValueError(f"{type(event).__name__} of a stream that is {type(state).__name__.lower()}")


streams: Decider[Command, State, Event] = Decider(
    name="stream",
    key=lambda command: (command.stream,),
    initial=Unknown,
    decide=decide,
    evolve=evolve,
)
