"""What can be asked about observations. Who observed lies apart: explanations name the capacity alone (R5)."""

from dataclasses import replace
from datetime import datetime

from services.supervision.observations.events import StreamObserved
from services.vocabulary import Month, PersonId, Score, StreamId, month
from shared.privacy import Note
from shared.projection import Projection
from shared.value import value


@value
class Observation:
    """`month` is that of the stream's start in Asia/Shanghai."""

    observation: str
    person: PersonId | None = None
    stream: StreamId | None = None
    month: Month | None = None
    observed_at: datetime | None = None
    capacity: str = ""
    conflict: bool = False
    language: Score | None = None
    interaction: Score | None = None
    product_accuracy: Score | None = None
    emergency_handling: Score | None = None
    note: Note | None = None
    corrections: int = 0


def observation(row: Observation, event: StreamObserved) -> Observation:
    return replace(
        row,
        person=event.person,
        stream=event.stream,
        month=month(event.started_at),
        observed_at=event.observed_at,
        capacity=event.capacity,
        conflict=event.conflict,
        language=event.language,
        interaction=event.interaction,
        product_accuracy=event.product_accuracy,
        emergency_handling=event.emergency_handling,
        note=event.note,
        corrections=row.corrections + (row.person is not None),
    )


all_observations = Projection(
    name="observations", key=lambda event: Observation(observation=event.observation), evolve=observation
)


@value
class Observer:
    observation: str
    observer: PersonId | None = None
    person: PersonId | None = None
    stream: StreamId | None = None
    conflict: bool = False


def observer(row: Observer, event: StreamObserved) -> Observer:
    return replace(row, observer=event.observer, person=event.person, stream=event.stream, conflict=event.conflict)


observers = Projection(name="observers", key=lambda event: Observer(observation=event.observation), evolve=observer)
