"""A fact, its envelope, and the contract that names it."""

import os
import time
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from functools import cache
from typing import Any, Generic, TypeVar, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from shared.value import value

E = TypeVar("E")
E_co = TypeVar("E_co", covariant=True)
Upcast = Callable[[dict[str, Any]], dict[str, Any]]

encode = msgspec.json.Encoder(decimal_format="string").encode


@value
class Meta:
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


@value
class Recorded(Generic[E_co]):
    event: E_co
    meta: Meta


class NewerSchema(Exception):
    """The event was written by a newer publisher: it waits, parked, until this service is upgraded."""


class Contract:
    """The events of one service by name: what others may rely on.

    `restricted` ones travel on a topic of their own that only the organisation's services may read. All events of a
    stream are in one of the two groups, so that its order holds. An event whose fields changed has as many upcasts as
    schemas behind it: the first lifts schema 1 to 2.
    """

    def __init__(
        self,
        service: str,
        *events: type,
        restricted: Sequence[type] = (),
        upcasts: Mapping[type, Sequence[Upcast]] | None = None,
    ) -> None:
        self.service = service
        self.events = {event.__name__: event for event in (*events, *restricted)}
        if len(self.events) != len(events) + len(restricted):
            raise ValueError(f"{service}: two events of one name")
        self.restricted = frozenset(restricted)
        self.upcasts = dict(upcasts or {})

    @property
    def topics(self) -> tuple[str, ...]:
        return (f"kaibo.{self.service}.events", f"kaibo.{self.service}.restricted")

    def topic(self, event: type) -> str:
        """Raises KeyError for an event that the contract does not name."""
        if self.events.get(event.__name__) is not event:
            raise KeyError(f"{event.__name__} is not in the contract of {self.service}")
        return self.topics[event in self.restricted]

    def schema(self, event: type) -> int:
        return 1 + len(self.upcasts.get(event, ()))

    def decode(self, name: str, schema: int, data: bytes) -> object:
        """Reads what we wrote ourselves: unknown fields are ignored, constraints are not checked again."""
        kind = self.events[name]
        known = self.schema(kind)
        if schema == known:
            return decoder(kind).decode(data)
        if schema > known:
            raise NewerSchema(f"{self.service}.{name} has schema {schema}, known is {known}")
        document = msgspec.json.decode(data)
        for upcast in self.upcasts[kind][schema - 1 :]:
            document = upcast(document)
        return msgspec.convert(document, kind, strict=False)


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

    def recorded(self, meta: Meta, name: str, schema: int, data: bytes) -> Recorded[Any]:
        return Recorded(event=self.by_service[meta.service].decode(name, schema, data), meta=meta)


def new_id() -> str:
    """A UUIDv7: ids made later sort later, to the millisecond."""
    raw = int(time.time() * 1000) << 80 | int.from_bytes(os.urandom(10), "big")
    return str(UUID(int=raw & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62))


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


@value
class Envelope:
    """What of a `Meta` the recorder decides; the store adds position and time. Kept beside the event as JSON."""

    actor: str
    capacity: str = ""
    cause: str = ""
    correlation: str = ""
    scope: str = ""
    origin: str = ""
    depth: int = 0
    policies: tuple[str, ...] = ()
    seen: tuple[str, ...] = field(default=())
