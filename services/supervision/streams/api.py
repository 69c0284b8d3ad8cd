"""Streams over HTTP."""

from services.supervision.streams.decisions import EndStream, ScheduleStream, StartStream, streams
from services.supervision.streams.events import StreamMetricsRecorded
from services.supervision.streams.projections import Phase, Stream, all_streams
from services.vocabulary import Month, StreamId, UnitId
from shared.access import requires
from shared.web import Accepted, Handle, Page, Paging, Read, Router

router = Router(prefix="/streams", tags=["streams"])


@router.post("/schedule", status_code=202, dependencies=[requires("stream.schedule")])
async def schedule(command: ScheduleStream, handle: Handle) -> Accepted:
    """Schedule a stream, or move one that has not started. Clause: S-02."""
    return await handle(streams, command)


@router.post("/start", status_code=202, dependencies=[requires("stream.run")])
async def start(command: StartStream, handle: Handle) -> Accepted:
    """The stream is on the air. Clause: S-08."""
    return await handle(streams, command)


@router.post("/end", status_code=202, dependencies=[requires("stream.run")])
async def end(command: EndStream, handle: Handle) -> Accepted:
    """The stream is over: who was on, in which post, for how long; again, to correct it. Rulings: R5, R11."""
    return await handle(streams, command)


@router.post("/metrics", status_code=202, dependencies=[requires("stream.measure")])
async def measure(command: StreamMetricsRecorded, handle: Handle) -> Accepted:
    """The figures of an ended stream; again, to correct them. Clauses: S-33 to S-36, A-54; C-35."""
    return await handle(streams, command)


@router.get("/{stream}", dependencies=[requires("stream.read")])
async def stream(stream: StreamId, read: Read) -> Stream:
    """A stream with its crew and its figures."""
    return await read(all_streams, Stream(stream=stream))


@router.get("", dependencies=[requires("stream.read")])
async def listed(
    read: Read,
    paging: Paging,
    *,
    studio: UnitId | None = None,
    month: Month | None = None,
    phase: Phase | None = None,
    too_long: bool | None = None,
) -> Page[Stream]:
    """Streams of a studio, of a month (Asia/Shanghai), in a phase, too long to be true (R11)."""
    return await read.page(all_streams, paging, studio=studio, month=month, phase=phase, too_long=too_long)
