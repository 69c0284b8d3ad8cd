"""A member of the group watches a stream and marks one person on it. Clauses: A-26, A-27, A-51; C-44; ruling R7."""

from dataclasses import replace
from typing import Any

from services.calendar import Moment
from services.supervision.observations.events import StreamObserved
from services.supervision.observations.rules import Conflict, ObservationRules
from services.supervision.streams.decisions import Ended, streams
from services.vocabulary import Criterion, PersonId, Score, StreamId, day
from shared.decider import Context, Decider, Refused, Sight, look
from shared.privacy import Note
from shared.value import value


@value
class ObserveStream:
    """All four criteria, 0 to 100 each. The same observation again, by the same observer, corrects its marks.

    The observer is whoever asks, in his capacity; an importing account names both.
    """

    observation: str
    stream: StreamId
    person: PersonId
    observed_at: Moment
    language: Score
    interaction: Score
    product_accuracy: Score
    emergency_handling: Score
    note: Note | None = None
    observer: PersonId | None = None
    capacity: str = ""


@value
class CorrectMark:
    """An objection was upheld: the mark was another (R7)."""

    observation: str
    criterion: Criterion
    mark: Score


Command = ObserveStream | CorrectMark
State = StreamObserved | None


def decide(command: Command, state: State, context: Context) -> list[StreamObserved]:
    match command:
        case ObserveStream():
            return observe(command, state, context)
        case CorrectMark():
            return correct(command, state)


def correct(command: CorrectMark, before: State) -> list[StreamObserved]:
    if before is None:
        raise Refused("observation.unknown", observation=command.observation, next="name one that was recorded")
    mark: dict[str, Any] = {command.criterion.value: command.mark}
    now = replace(before, settled=True, **mark)
    return [] if now == before else [now]


def observe(command: ObserveStream, state: State, context: Context) -> list[StreamObserved]:
    observer, capacity = seen_by(command, context)
    if observer == command.person:
        raise Refused("observation.of_himself", next="another member of the group observes him")
    stream = context.state(streams, command.stream)
    if not isinstance(stream, Ended):
        raise Refused("stream.not_ended", stream=command.stream, next="record it once the stream has its roster")
    check_subject(command, stream)
    observed = StreamObserved(
        observation=command.observation,
        stream=command.stream,
        person=command.person,
        observer=observer,
        capacity=capacity,
        observed_at=command.observed_at,
        started_at=stream.told.started_at,
        language=command.language,
        interaction=command.interaction,
        product_accuracy=command.product_accuracy,
        emergency_handling=command.emergency_handling,
        note=command.note,
        conflict=conflict(observer, stream, context.policy(ObservationRules, on=day(command.observed_at))),
    )
    if observed == state:
        return []
    if state is not None:
        check_correction(observed, state)
    return [observed]


def seen_by(command: ObserveStream, context: Context) -> tuple[PersonId, str]:
    if context.capacity == "system" and command.observer and command.capacity:
        return command.observer, command.capacity
    if command.observer not in (None, context.actor) or command.capacity not in ("", context.capacity):
        raise Refused("observation.for_another", next="the observer records what he saw himself")
    return PersonId(context.actor), context.capacity


def check_subject(command: ObserveStream, stream: Ended) -> None:
    if command.person not in stream.crew:
        raise Refused("observation.not_on_stream", stream=command.stream, next="correct the roster or the person")
    if not stream.told.started_at <= command.observed_at <= stream.told.ended_at:
        raise Refused(
            "observation.outside_the_stream",
            started_at=stream.told.started_at,
            ended_at=stream.told.ended_at,
            next="state when during the stream he was watched",
        )


def conflict(observer: PersonId, stream: Ended, rules: ObservationRules) -> bool:
    if observer not in stream.crew or rules.same_stream is Conflict.ALLOW:
        return False
    if rules.same_stream is Conflict.FORBID:
        raise Refused("observation.conflict", next="somebody who was not on this stream observes it")
    return True


def check_correction(observed: StreamObserved, before: StreamObserved) -> None:
    if (observed.stream, observed.person) != (before.stream, before.person):
        raise Refused("observation.of_another", next="give another stream or person an observation of its own")
    if observed.observer != before.observer:
        raise Refused("observation.by_another", next="only the observer corrects what he saw")
    if before.settled:
        raise Refused("observation.settled", next="its marks were corrected upon an objection, and stand")


def evolve(state: State, event: StreamObserved) -> State:
    return event


def sees(command: Command) -> list[Sight]:
    return [look(streams, command.stream)] if isinstance(command, ObserveStream) else []


observations: Decider[Command, State, StreamObserved] = Decider(
    name="observation",
    key=lambda command: (command.observation,),
    initial=lambda: None,
    decide=decide,
    evolve=evolve,
    sees=sees,
)
