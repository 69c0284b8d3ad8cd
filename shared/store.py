"""The port to the database: the log, its guards, and what readers keep. One per service."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import field
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

import msgspec

from shared.broker import Partition, Unavailable
from shared.build import Build, Source
from shared.facts import Facts
from shared.projection import Projection
from shared.value import value

R = TypeVar("R")


class Stored(msgspec.Struct, frozen=True):
    """An event as the log holds it. `data` is its JSON, `meta` the JSON of an `Envelope`."""

    position: int
    stream: str
    version: int
    topic: str
    partition: int
    id: str
    type: str
    schema: int
    occurred_at: datetime
    recorded_at: datetime
    data: bytes
    meta: bytes


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """What folding a stream needs of an event."""

    position: int
    type: str
    schema: int
    data: bytes


class New(msgspec.Struct, frozen=True, kw_only=True):
    """An event that is to be stored."""

    id: str
    type: str
    schema: int
    occurred_at: datetime
    data: bytes
    meta: bytes


class Once(msgspec.Struct, frozen=True, kw_only=True):
    """A key under which something happens once. `digest` tells a repeat from another request under the same key."""

    key: str
    digest: bytes = b""
    version: int = 0  # of the stream, after it
    outcome: str = "stored"  # or unchanged, or refused:<code>


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided on one stream: stored whole or not at all."""

    stream: str
    expected: int  # version before
    topic: str
    partition: int
    events: Sequence[New]
    guards: Collection[tuple[str, int]] = ()  # other streams that the decision saw, with their versions
    once: Sequence[Once] = ()


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """`stale`: its stream, or one that was seen, moved. `taken`: a key exists already."""

    outcome: str  # stored, stale, taken
    position: int | None = None  # of the last event


@value
class Kept:
    """What stands under a key."""

    digest: bytes
    stream: str
    version: int
    position: int
    outcome: str


@value
class Due:
    """What a reaction has to do. `trigger` is an event with its envelope, or a subject."""

    id: int
    reaction: str
    at: datetime | None  # a deadline; none: at once
    stream: str  # of the causing event: a failed one holds back the later ones of its stream
    trigger: bytes
    made: datetime
    failed: str = ""


class NewDue(msgspec.Struct, frozen=True, kw_only=True):
    reaction: str
    at: datetime | None
    stream: str
    trigger: bytes
    scope: str = ""  # of the cause: an import of the scope holds its deadlines


@value
class Import:
    """A history that is being taken over. The deadlines of its scope are held until it is complete and the readers of
    this service have passed the positions that its events have in all services."""

    name: str
    scope: str
    started_at: datetime
    started_by: str
    completed_at: datetime | None = None
    released_at: datetime | None = None
    ended_by: str = ""  # the operator who ended it
    reason: str = ""


EVERYWHERE = "organisation"  # the scope that holds all others


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    log: str
    offset: int  # of the last record that took effect
    position: int
    past: int = 0  # what was there when it began: nobody is told of what follows from that; 0 once it is settled


@value
class Parked:
    """An event whose handler failed, or that waits behind one of its stream."""

    reader: str
    partition: Partition
    position: int
    stream: str
    record: bytes  # key, headers and value
    error: str = ""  # empty: it only waits
    request: str = ""  # retry, discard


TAIL_BYTES = 8_000_000
AT_MOST = 1_000  # rows of a list for operators


class Unknown(Exception):
    """There is no such reader, stream, parked event or import here: what there is instead."""


@value
class Asking:
    """What an operator asks for: `retry` or `discard` the first parked event of a stream, or of every stream of a
    reader where no stream and no event is named."""

    actor: str
    what: str
    reader: str
    stream: str = ""
    event: str = ""  # its id
    reason: str = ""
    at: datetime | None = None  # given when it is written down


@value
class Waiting:
    """A parked event, or a consequence that failed."""

    reader: str  # or reaction
    id: str  # topic/partition/position, or due/7
    stream: str
    error: str  # empty: it only waits behind one of its stream
    since: datetime
    request: str = ""  # asked for and not done yet
    event: Mapping[str, Any] = field(default_factory=dict)
    requests: tuple[Asking, ...] = ()


@value
class Discarded:
    """What a reader passes over for ever, by whom and why."""

    reader: str
    id: str
    stream: str
    error: str
    at: datetime
    actor: str
    reason: str
    event: Mapping[str, Any] = field(default_factory=dict)


@value
class Backlog:
    """What is left to do, for whoever watches. Ages in seconds; 0 where there is nothing."""

    parked: Mapping[str, tuple[int, float]]  # by reader: how many, and the age of the oldest
    due: float  # lateness of the oldest consequence that nothing holds back
    stuck: int  # consequences that failed
    waits: int  # consequences that wait for a policy
    importing: float  # age of the oldest import that holds deadlines


class Moved(Exception):
    """Another worker owns this reader's partition now, or two transactions met: nothing was written, try again."""


class Unfit(Unavailable):
    """What is served was built by another version, and its rows cannot be read as this one's: the switch is waited
    for."""


class Work(Protocol):
    """One transaction of a reader: rows, facts, due rows and its checkpoint, all or none."""

    async def state(self, reader: str) -> str:
        """Of a build, as this transaction sees it; empty where there is none."""

    async def rows(self, projection: Projection[R, Any], keys: Sequence[tuple[Any, ...]]) -> list[R]: ...

    async def put_rows(self, projection: Projection[R, Any], rows: Sequence[R]) -> None: ...

    async def gather(self, facts: Facts[Any, Any, Any, Any], found: Sequence["Gathered"]) -> None:
        """Add events by thing and things by subject, and mark every subject of a touched thing as dirty."""

    async def dirty(self, facts: Facts[Any, Any, Any, Any], limit: int) -> list[str]:
        """Take subjects whose result is to be computed again; they are clean when this commits."""

    async def soil(self, facts: Facts[Any, Any, Any, Any], codes: Sequence[str]) -> None:
        """Mark as dirty every subject whose result was refused with one of these codes."""

    async def in_the_past(self, facts: Facts[Any, Any, Any, Any], reader: str) -> bool:
        """Whether nobody is to be told of what this transaction settles. Where all of the past is read, and no subject
        is dirty, it ends with this transaction."""

    async def facts(self, facts: Facts[Any, Any, Any, Any], subjects: Sequence[str]) -> dict[str, list["Held"]]: ...

    async def put_results(self, facts: Facts[Any, Any, Any, Any], results: Sequence["NewResult"]) -> list[str]:
        """Returns the subjects whose result is another one than before."""

    async def add_due(self, due: Sequence[NewDue]) -> None: ...

    async def erase(self, persons: Sequence[str]) -> None:
        """Their keys go, and no new ones can be added."""

    async def parked(self, reader: str) -> list[Parked]:
        """In order of position."""

    async def park(self, parked: Sequence[Parked]) -> None: ...

    async def unpark(self, parked: Sequence[Parked], discard: bool) -> None:
        """Raises Moved where somebody else has one of them."""

    async def discarded(self, name: str) -> list[bytes]:
        """The records that an operator left out of any build of a reader; they stay out of every later one."""

    async def checkpoint(
        self, reader: str, before: Mapping[Partition, Checkpoint | None], after: Mapping[Partition, Checkpoint]
    ) -> None:
        """Compare and set; `past` stays. Raises Moved where another one stands than `before`."""


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """An event for a set of facts. Thing and subjects are JSON."""

    thing: str
    subjects: tuple[str, ...]
    held: "Held"


class Held(msgspec.Struct, frozen=True):
    """An event as a set of facts keeps it: decoded when it is used."""

    service: str
    type: str
    schema: int
    data: bytes
    meta: bytes  # JSON of a `Meta`
    id: str


class NewResult(msgspec.Struct, frozen=True, kw_only=True):
    subject: str
    document: bytes  # JSON
    used: tuple[str, ...]
    error: str = ""


@value
class Result:
    """What was computed about a subject, from which events, when."""

    document: Any
    used: tuple[str, ...]
    computed_at: datetime
    error: str = ""


@value
class Identity:
    """The random id of a log, those that it had before its database was restored or replaced, and whether an operator
    asked for its topics to be made again."""

    id: str
    former: tuple[str, ...] = ()
    republish: bool = False


class Store(Protocol):
    log: str  # the random id of this log, as it was read last

    async def identity(self) -> Identity: ...

    async def republished(self) -> None:
        """The topics are empty now."""

    async def history(self, streams: Iterable[str]) -> dict[str, list[Stored]]:
        """All events of each stream, by version."""

    async def past(self, streams: Iterable[str]) -> dict[str, list[Past]]:
        """The same for whoever folds them."""

    async def append(self, groups: Sequence[Group]) -> list[Answer]:
        """The only way to write events, each group whole or not at all. A stream stands in one group only."""

    async def kept(self, keys: Sequence[str]) -> dict[str, Kept]: ...

    async def kept_policies(self) -> dict[str, Kept]:
        """Every key that begins with `policy:`."""

    async def forget(self, age: timedelta) -> int:
        """Keys of requests that are older go; a request under one of them is a new one then. Returns how many."""

    async def tail(self, after: int, limit: int) -> list[Stored]:
        """The log in order of position. Whatever is committed later has a higher one. At most `limit` events, and no
        more after `TAIL_BYTES` of them."""

    async def maximum(self) -> int: ...

    async def topics(self) -> dict[str, int]:
        """Partition counts, fixed for ever."""

    async def cursors(self) -> dict[Partition, int]: ...

    async def move_cursors(self, moved: Mapping[Partition, tuple[int, int]]) -> None:
        """From, to. Raises Moved where another relay moved one."""

    async def checkpoints(self, reader: str) -> dict[Partition, Checkpoint]: ...

    async def pass_over(
        self, reader: str, before: Mapping[Partition, Checkpoint | None], after: Mapping[Partition, Checkpoint]
    ) -> None:
        """Move checkpoints past what does not concern the reader. Raises Moved."""

    def work(self, number: int = 1) -> AbstractAsyncContextManager[Work]:
        """A transaction on the tables of that build. Raises Moved where it met another one."""

    async def prepare(self, readers: Sequence[Source]) -> None:
        """Enlist the builds that this release adds."""

    async def furnish(self, source: Source, build: Build) -> None:
        """Make the tables of a build, where it has none."""

    async def builds(self) -> list[Build]:
        """Of all readers, retired ones too."""

    async def standing(self, name: str) -> tuple[Build, dict[Partition, Checkpoint]] | None:
        """The served build of a reader, and where it stands."""

    async def stand(self, reader: str, error: str) -> None:
        """Write down why it stands; one that is not served yet is stopped by that. Empty: it goes on."""

    async def switch(self, build: Build, patience: float) -> bool:
        """Serve a build instead of the one that is served, if within so many seconds it is not behind it on any
        partition; the other one stands still meanwhile, and is retired by this."""

    async def sweep(self) -> None:
        """Drop the tables of retired builds."""

    async def due(self, now: datetime, limit: int, reactions: Sequence[str]) -> list[Due]:
        """Deadlines in the order of their moments, a quarter of `limit` at the most, then what is due at once in the
        order in which it was left. Without what an import holds, what waits for a policy, and what stands behind a
        failed one. Of these reactions alone: a row of one that is not deployed here waits for whoever knows it."""

    async def next_due(self, reactions: Sequence[str]) -> datetime | None:
        """When the earliest waiting row is due."""

    async def settle_due(
        self, done: Sequence[int], failed: Mapping[int, str], waits: Mapping[int, str] | None = None
    ) -> None:
        """Rows whose consequences are stored go; a failed one waits for an operator and holds back its stream; one that
        waits for a policy, by name, holds back nobody."""

    async def take_up(self, reactions: Sequence[str]) -> int:
        """What waits for a policy is due again. Returns how many rows."""

    async def start_import(self, name: str, scope: str, by: str) -> Import:
        """One of this name that there is already stays as it is."""

    async def complete_import(self, name: str, positions: Mapping[Partition, int]) -> Import:
        """Raises Unknown. Completed again, it stays as it is."""

    async def end_import(self, name: str, by: str, reason: str) -> Import:
        """Release what it holds, whatever was passed. Raises Unknown; one that is released stays as it is."""

    async def imports(self) -> list[Import]:
        """Newest first."""

    async def waiting(self, reader: str = "", event: str = "") -> list[Waiting]:
        """What waits for an operator, oldest first; of one reader, or one event with its content and what was asked."""

    async def ask(self, asking: Asking) -> int:
        """Write it down; whoever owns the partition does it. Returns for how many events. Raises Unknown."""

    async def backlog(self) -> Backlog: ...

    async def discards(self) -> list[Discarded]:
        """Newest first."""

    async def release(self, readers: Sequence[str]) -> list[str]:
        """Completed imports whose positions all these readers have passed, once nothing is due at once, hold nothing
        any more. Returns their names."""

    async def wait(self, channel: str, timeout: float) -> None:
        """Until somebody wrote to the log (`log`) or left something to do (`due`), or so many seconds passed.

        A hint: it may come late or in vain, so whoever waits looks again."""

    async def rows(self, projection: Projection[R, Any], keys: Sequence[tuple[Any, ...]]) -> list[R]:
        """Those that are there, in no order: of the served build, as far as its columns fit. Raises Unfit."""

    async def page(
        self, projection: Projection[R, Any], equal: Mapping[str, Any], after: tuple[Any, ...] | None, limit: int
    ) -> list[R]: ...

    async def result(self, facts: Facts[Any, Any, Any, Any], subject: str) -> Result | None: ...

    async def results(self, facts: Facts[Any, Any, Any, Any], after: str, limit: int) -> dict[str, Result]:
        """By subject, in order, from the first one after `after`."""

    async def known(self, facts: Facts[Any, Any, Any, Any], subjects: Sequence[str]) -> dict[str, list[Held]]: ...

    async def person_keys(self, owners: Sequence[tuple[str, str]]) -> dict[tuple[str, str], bytes | None]:
        """Wrapped keys by (person, class); None where it was erased; absent where there never was one."""

    async def add_person_keys(self, keys: Mapping[tuple[str, str], bytes]) -> None:
        """A key that stands already stays; none is added for a person who was erased."""

    async def close(self) -> None: ...


def until(history: Sequence[Stored], version: int | None = None, at: datetime | None = None) -> list[Stored]:
    """A stream as it was: up to a version, and what had been recorded by a time."""
    return [s for s in history if (version is None or s.version <= version) and (at is None or s.recorded_at <= at)]
