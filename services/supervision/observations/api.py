"""Observations over HTTP."""

from services.supervision.observations.decisions import ObserveStream, observations
from services.supervision.observations.projections import Observation, Observer, all_observations, observers
from services.vocabulary import Month, PersonId, StreamId
from shared.access import requires
from shared.web import Accepted, Handle, Page, Paging, Read, Router

router = Router(prefix="/observations", tags=["observations"])


@router.post("/observe", status_code=202, dependencies=[requires("observation.record")])
async def observe(command: ObserveStream, handle: Handle) -> Accepted:
    """Record what was seen of one person on one stream. Clauses: A-26, A-27, A-51; C-44."""
    return await handle(observations, command)


@router.get("/observers", dependencies=[requires("observer.read")])
async def who_observed(
    read: Read,
    paging: Paging,
    observer: PersonId | None = None,
    person: PersonId | None = None,
    conflict: bool | None = None,
) -> Page[Observer]:
    """Who observed whom, and who was on the stream himself. Clause: A-51; ruling R5."""
    return await read.page(observers, paging, observer=observer, person=person, conflict=conflict)


@router.get("/of/{person}", dependencies=[requires("observation.read_person")])
async def of_person(person: PersonId, read: Read, paging: Paging, month: Month | None = None) -> Page[Observation]:
    """What was seen of a person; he may read it himself. Clause: A-51."""
    return await read.page(all_observations, paging, person=person, month=month)


@router.get("/{observation}", dependencies=[requires("observation.read")])
async def observation(observation: str, read: Read) -> Observation:
    return await read(all_observations, Observation(observation=observation))


@router.get("", dependencies=[requires("observation.read")])
async def listed(
    read: Read,
    paging: Paging,
    *,
    person: PersonId | None = None,
    stream: StreamId | None = None,
    month: Month | None = None,
    conflict: bool | None = None,
) -> Page[Observation]:
    """Observations of a person, of a stream, of a month (Asia/Shanghai), with a conflict (C-44)."""
    return await read.page(all_observations, paging, person=person, stream=stream, month=month, conflict=conflict)
