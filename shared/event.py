"""A fact, its envelope, and the contract that names it."""

import os
import time
import types
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Generic, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgspec

E = TypeVar("E")
E_co = TypeVar("E_co", covariant=True)
Upcast = Callable[[dict[str, Any]], dict[str, Any]]

encode = msgspec.json.Encoder(decimal_format="string").encode


class Meta(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What the kernel knows of an event; never part of its payload."""

    id: str  # UUIDv7
    service: str  # that recorded it
    stream: str
    version: int  # of the stream, from 1
    position: int  # in the log of the service, in commit order, from 1
    occurred_at: datetime  # business time: what the order of facts goes by
    recorded_at: datetime  # the store's
    actor: str
    capacity: str = ""  # in which the actor acted
    cause: str = ""  # id of the event or request that led to this one
    correlation: str = ""  # id of the request that began it all
    scope: str = ""
    origin: str = ""  # the source system, or demo-generated
    depth: int = 0  # causations since the request
    policies: tuple[str, ...] = ()  # names and versions of the policies that the decision asked for
    seen: tuple[str, ...] = ()  # what else the decision looked at, with versions


class Citation(str):
    """The id of an event as an explanation names it: it knows its stream and when it occurred."""

    __slots__ = ("said",)
    said: tuple[str, str, datetime | None]

    def __new__(cls, event: str, stream: str = "", at: datetime | None = None) -> "Citation":
        self = super().__new__(cls, event)
        self.said = event, stream, at
        return self

    @property
    def stream(self) -> str:
        return self.said[1]

    @property
    def at(self) -> datetime | None:
        return self.said[2]


class Recorded(Generic[E_co]):
    """An event with what is known of it; that may be read when it is first asked for, most folds never do."""

    __slots__ = ("cited", "event", "known")

    def __init__(self, *, event: E_co, meta: Meta | Callable[[], Meta]) -> None:
        self.event, self.known = event, meta
        self.cited: Citation | None = None

    @property
    def meta(self) -> Meta:
        if not isinstance(self.known, Meta):
            self.known = self.known()
        return self.known

    @property
    def citation(self) -> Citation:
        """Made once, however many leaves rest on it."""
        if self.cited is None:
            meta = self.meta
            self.cited = Citation(meta.id, meta.stream, meta.occurred_at)
        return self.cited


class NewerSchema(Exception):
    """The event was written by a newer publisher: it waits, parked, until this service is upgraded."""


class Contract:
    """The events of one service by name: what others may rely on.

    `restricted` ones travel on a topic of their own that only the organisation's services may read. All events of a
    stream are in one of the two groups, so that its order holds. An event whose fields changed has an upcast for each
    schema behind it, under its number: `{OrderPlaced: {1: lift}}` makes of schema 1 what schema 2 says. One that was
    renamed is read under its former names too, `{"Ordered": OrderPlaced}`, and its schemas are counted on.

    Raises ValueError for what does not fit together: a service that could not read its own log does not start.
    """

    def __init__(
        self,
        service: str,
        *events: type,
        restricted: Sequence[type] = (),
        upcasts: Mapping[type, Mapping[int, Upcast]] | None = None,
        renamed: Mapping[str, type] | None = None,
    ) -> None:
        self.service = service
        self.topics = (f"kaibo.{service}.events", f"kaibo.{service}.restricted")
        self.events = {event.__name__: event for event in (*events, *restricted)}
        if len(self.events) != len(events) + len(restricted):
            raise ValueError(f"{service}: two events of one name")
        self.restricted = frozenset(restricted)
        self.upcasts = {event: dict(chain) for event, chain in (upcasts or {}).items()}
        self.renamed = dict(renamed or {})
        self.reading: dict[tuple[str, int], Callable[[bytes], object]] = {}  # what is read as it stands
        self.check()

    def check(self) -> None:
        for event in (*self.upcasts, *self.renamed.values()):
            if self.events.get(event.__name__) is not event:
                raise ValueError(f"{self.service}: {event.__name__} has upcasts or a former name, and is no event")
        if twice := self.renamed.keys() & self.events:
            raise ValueError(f"{self.service}: {', '.join(sorted(twice))} is a former name and the name of an event")
        for event, chain in self.upcasts.items():
            if gaps := set(range(1, max(chain, default=0))) - chain.keys():
                missing = ", ".join(map(str, sorted(gaps)))
                raise ValueError(
                    f"{self.service}.{event.__name__} has no upcast from schema {missing} and one from {max(chain)}: "
                    f"what was recorded under schema {missing} could not be read. Put the missing one back."
                )
            if min(chain, default=1) < 1:
                raise ValueError(f"{self.service}.{event.__name__}: schemas are counted from 1")

    def topic(self, event: type) -> str:
        """Raises KeyError for an event that the contract does not name."""
        if self.events.get(event.__name__) is not event:
            raise KeyError(f"{event.__name__} is not in the contract of {self.service}")
        return self.topics[event in self.restricted]

    def schema(self, event: type) -> int:
        return 1 + len(self.upcasts.get(event, ()))

    def named(self, name: str) -> type | None:
        """The event that has this name, or had it once."""
        return self.events.get(name) or self.renamed.get(name)

    def former(self, name: str) -> tuple[str, ...]:
        """What an event was called before."""
        kind = self.named(name)
        return tuple(sorted(old for old, now in self.renamed.items() if now is kind and old != name))

    def reads(self, name: str, schema: int) -> bool:
        kind = self.named(name)
        return kind is not None and 1 <= schema <= self.schema(kind)

    def decode(self, name: str, schema: int, data: bytes) -> object:
        """Reads what we wrote ourselves: unknown fields are ignored, constraints are not checked again.

        Raises NewerSchema for a schema, or a name, that only a newer one of us can have written."""
        if (read := self.reading.get((name, schema))) is not None:
            return read(data)
        kind = self.named(name)
        if kind is None:
            raise NewerSchema(f"{self.service}.{name} is a name that is not known here yet")
        known = self.schema(kind)
        if schema == known:
            read = self.reading[name, schema] = decoder(kind).decode
            return read(data)
        if schema > known:
            raise NewerSchema(f"{self.service}.{name} has schema {schema}, known is {known}")
        return msgspec.convert(self.lifted(kind, schema, msgspec.json.decode(data)), kind, strict=False)

    def lifted(self, event: type, schema: int, document: dict[str, Any]) -> dict[str, Any]:
        """What was recorded under an older schema, as today's says it."""
        for older in range(schema, self.schema(event)):
            document = self.upcasts[event][older](document)
        return document


class Contracts:
    """Those of this service and of the ones that it listens to."""

    def __init__(self, *contracts: Contract) -> None:
        self.by_service = {contract.service: contract for contract in contracts}

    def of(self, event: type) -> Contract:
        """Raises KeyError for an event that nobody among them publishes."""
        for contract in self.by_service.values():
            if contract.events.get(event.__name__) is event:
                return contract
        raise KeyError(f"{event.__module__}.{event.__name__} is in no contract that this service listens to")

    def names(self, event: type) -> tuple[tuple[str, str], ...]:
        """Service and name of an event, and what it was called before: records carry any of them."""
        contract, name = self.of(event), event.__name__
        return tuple((contract.service, each) for each in (name, *contract.former(name)))


def new_id() -> str:
    """A UUIDv7: ids made later sort later, to the millisecond."""
    raw = int(time.time() * 1000) << 80 | int.from_bytes(os.urandom(10), "big")
    text = f"{raw & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@cache
def decoder(kind: type[E]) -> msgspec.json.Decoder[E]:
    return msgspec.json.Decoder(kind)


@cache
def takes(function: Callable[..., Any], parameter: int) -> tuple[type, ...]:
    """The classes that a parameter of a function accepts, read from its annotation."""
    names = list(function.__annotations__)
    return classes(get_type_hints(function)[names[parameter]])


def classes(hint: Any) -> tuple[type, ...]:
    return cast(tuple[type, ...], get_args(hint)) if get_origin(hint) in (types.UnionType, Union) else (hint,)


class Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What of a `Meta` the recorder decides; the store adds position and time. Kept beside the event as JSON."""

    actor: str
    capacity: str = ""
    cause: str = ""
    correlation: str = ""
    scope: str = ""
    origin: str = ""
    depth: int = 0
    policies: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
