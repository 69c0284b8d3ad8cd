"""What operators see and ask for over HTTP: parked events, and imports. The same is on the command line."""

from typing import Annotated, Any, cast

from annotated_types import Len
from fastapi import Request
from pydantic import Field, StringConstraints

from shared.access import IMPORT, OPERATE, identify, requires
from shared.limits import STREAM, wrong
from shared.store import EVERYWHERE, Asking, Discarded, Import, Store, Waiting
from shared.value import value
from shared.web import Invalid, NotFound, Router, place

router = Router(tags=["operations"])
ABSENT: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such thing."}}
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Stream = Annotated[str, StringConstraints(max_length=STREAM)]
Event = Annotated[str, StringConstraints(max_length=300)]
Position = Annotated[str, StringConstraints(max_length=200), Field(examples=["orders.events/3/4711"])]
Told = Annotated[str, StringConstraints(min_length=1, max_length=500)]


@value
class RetryParked:
    """The first parked event of a stream, or of every stream; `event` names one by its id. Or consequences."""

    reader: Name
    stream: Stream = ""
    event: Event = ""


@value
class DiscardParked:
    """For ever, and on record: the first parked event of a stream, or the one of this id."""

    reader: Name
    reason: Told
    stream: Stream = ""
    event: Event = ""


@value
class StartImport:
    name: Name
    scope: Name = EVERYWHERE


@value
class CompleteImport:
    """`positions`: the last one of each partition that its commands were answered with, in every service."""

    name: Name
    positions: Annotated[tuple[Position, ...], Len(0, 1_000)] = ()


@value
class EndImport:
    name: Name
    reason: Told


@value
class Asked:
    """How many events, or consequences, it was asked for."""

    count: int


def there(request: Request, body: object = None) -> Store:
    """Raises Invalid."""
    if wrongs := list(wrong(body)):
        raise Invalid(wrongs)
    return cast(Store, request.app.state.store)


@router.get("/parked", dependencies=[requires(OPERATE)])
async def parked(request: Request, reader: str = "") -> tuple[Waiting, ...]:
    """What waits for an operator, oldest first, without its content."""
    return tuple(await there(request, [reader]).waiting(reader))


@router.get("/parked/event", dependencies=[requires(OPERATE)], responses=ABSENT)
async def parked_event(request: Request, reader: str, event: str) -> Waiting:
    """One parked event with its error, its content, and who asked what for it."""
    if not (reader and event and (found := await there(request, [reader, event]).waiting(reader, event))):
        raise NotFound("parked")
    return found[0]


@router.get("/parked/discarded", dependencies=[requires(OPERATE)])
async def discarded(request: Request) -> tuple[Discarded, ...]:
    """What was left out, by whom and why, newest first."""
    return tuple(await there(request).discards())


@router.post("/parked/retry", status_code=202, dependencies=[requires(OPERATE)], responses=ABSENT)
async def retry(command: RetryParked, request: Request) -> Asked:
    """Have it handled again, by whoever owns its partition."""
    return await ask(request, command, "retry")


@router.post("/parked/discard", status_code=202, dependencies=[requires(OPERATE)], responses=ABSENT)
async def discard(command: DiscardParked, request: Request) -> Asked:
    """Have a reader pass over it. It is kept on record with who asked and why, and stays out of a rebuild."""
    if not (command.stream or command.event):
        raise Invalid([("body", "a stream or an event is to be named: nobody discards everything")])
    return await ask(request, command, "discard", command.reason)


async def ask(request: Request, command: RetryParked | DiscardParked, what: str, reason: str = "") -> Asked:
    store, c = there(request, command), command
    who = identify(request).person
    asking = Asking(actor=who, what=what, reader=c.reader, stream=c.stream, event=c.event, reason=reason)
    return Asked(count=await store.ask(asking))


@router.get("/imports", dependencies=[requires(IMPORT)])
async def imports(request: Request) -> tuple[Import, ...]:
    """Newest first. One that was not released holds the deadlines of its scope."""
    return tuple(await there(request).imports())


@router.post("/imports/start", status_code=202, dependencies=[requires(IMPORT)])
async def start(command: StartImport, request: Request) -> Import:
    """From now on the deadlines of its scope are held. Asked again, nothing changes."""
    return await there(request, command).start_import(command.name, command.scope, identify(request).person)


@router.post("/imports/complete", status_code=202, dependencies=[requires(IMPORT)], responses=ABSENT)
async def complete(command: CompleteImport, request: Request) -> Import:
    """All of it was sent: its deadlines follow, in order of time, once every reader here has passed the positions."""
    positions = dict(place(text) for text in command.positions)
    return await there(request, command).complete_import(command.name, positions)


@router.post("/imports/end", status_code=202, dependencies=[requires(OPERATE)], responses=ABSENT)
async def end(command: EndImport, request: Request) -> Import:
    """One that was left open: what it holds follows at once, on record with who asked and why."""
    return await there(request, command).end_import(command.name, identify(request).person, command.reason)
