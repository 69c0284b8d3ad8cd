"""How an event stands in a Kafka record: CloudEvents 1.0, binary mode. Key: its stream; value: its JSON, as stored.

Attributes of our own, beside those of the specification: `schema` and `streamversion`; `logid`, `position` and
`prevposition`, by which a reader knows the log, drops what comes again and sees what is missing; `recordedtime`;
`correlationid`, `causationid`, `depth`; `actor`, `capacity`, `scope`, `origin`; `policies`, a JSON array; `formerly`,
the names that the event had before, with commas between. One without content is not written. What else a decision
looked at stays in the log of its service.
"""

from datetime import UTC, datetime
from functools import lru_cache, partial
from struct import unpack_from
from typing import Any

import msgspec

from shared.broker import Headers, Record
from shared.event import Contract, Contracts, Envelope, Meta, Recorded, encode
from shared.store import Stored

envelope = msgspec.json.Decoder(Envelope).decode
policies = msgspec.json.Decoder(tuple[str, ...]).decode
FIELDS = {
    "ce_type": "service",
    "ce_id": "id",
    "ce_subject": "stream",
    "ce_streamversion": "version",
    "ce_position": "position",
    "ce_time": "occurred_at",
    "ce_recordedtime": "recorded_at",
    "ce_actor": "actor",
    "ce_capacity": "capacity",
    "ce_causationid": "cause",
    "ce_correlationid": "correlation",
    "ce_scope": "scope",
    "ce_origin": "origin",
    "ce_depth": "depth",
    "ce_policies": "policies",
}  # of a `Meta`, by header


class NotOurs(Exception):
    """A record that no relay of ours wrote: somebody else may write to the topic."""


class Heading(msgspec.Struct, frozen=True):
    """What a reader looks at before it decodes."""

    service: str
    type: str  # OrderPlaced
    schema: int
    stream: str
    id: str
    log: str  # the random id of the log
    position: int
    previous: int  # the position before it in its partition; 0: it is the first
    formerly: tuple[str, ...] = ()  # what the event was called before: who knows it so alone has to be upgraded first


def to_record(contract: Contract, log: str, stored: Stored, previous: int) -> Record:
    """`previous` is the position of the event before it in its partition, 0 where there is none."""
    stream = stored.stream.encode()
    headers = (
        *fixed(contract, log, stored.type, stored.schema),
        ("ce_id", stored.id.encode()),
        ("ce_subject", stream),
        ("ce_time", moment(stored.occurred_at)),
        ("ce_streamversion", b"%d" % stored.version),
        ("ce_position", b"%d" % stored.position),
        ("ce_prevposition", b"%d" % previous),
        ("ce_recordedtime", moment(stored.recorded_at)),
        *carried(stored.meta),
    )
    return Record(key=stream, value=stored.data, headers=headers)


@lru_cache
def fixed(contract: Contract, log: str, event: str, schema: int) -> Headers:
    """The headers that all events of a type and schema have in common."""
    service, formerly = contract.service, ",".join(contract.former(event)).encode()
    return (
        ("ce_specversion", b"1.0"),
        ("ce_source", f"/kaibo/{service}".encode()),
        ("ce_type", f"kaibo.{service}.{event}".encode()),
        ("ce_dataschema", f"urn:kaibo:{service}:{event}:{schema}".encode()),
        ("content-type", b"application/json"),
        ("ce_schema", b"%d" % schema),
        ("ce_logid", log.encode()),
        *((("ce_formerly", formerly),) if formerly else ()),
    )


@lru_cache(4_096)
def carried(meta: bytes) -> Headers:
    """The headers from an `Envelope`, which the events of an import share."""
    found = envelope(meta)
    headers = [("ce_actor", found.actor.encode())]
    if found.correlation:
        headers.append(("ce_correlationid", found.correlation.encode()))
    if found.cause:
        headers.append(("ce_causationid", found.cause.encode()))
    if found.scope:
        headers.append(("ce_scope", found.scope.encode()))
    if found.capacity:
        headers.append(("ce_capacity", found.capacity.encode()))
    if found.origin:
        headers.append(("ce_origin", found.origin.encode()))
    if found.depth:
        headers.append(("ce_depth", b"%d" % found.depth))
    if found.policies:
        headers.append(("ce_policies", encode(found.policies)))
    return tuple(headers)


def moment(at: datetime) -> bytes:
    """RFC 3339, UTC."""
    return encode(at if at.tzinfo is UTC else at.astimezone(UTC))[1:-1]


def heading(record: Record) -> Heading:
    """Raises NotOurs."""
    headers = dict(record.headers)
    try:
        service, event, schema, log, formerly = origin(
            headers["ce_type"], headers["ce_schema"], headers["ce_logid"], headers.get("ce_formerly", b"")
        )
        return Heading(
            service,
            event,
            schema,
            headers["ce_subject"].decode(),
            headers["ce_id"].decode(),
            log,
            int(headers["ce_position"]),
            int(headers["ce_prevposition"]),
            formerly,
        )
    except (KeyError, ValueError) as problem:
        raise NotOurs(f"offset {record.offset}, key {record.key!r}: {problem!r}") from problem


@lru_cache(1_000)
def origin(ce_type: bytes, schema: bytes, log: bytes, formerly: bytes) -> tuple[str, str, int, str, tuple[str, ...]]:
    """What the events of one type, schema and log have in common: service, event, schema, log, former names."""
    return *names(ce_type), int(schema), log.decode(), tuple(formerly.decode().split(",")) if formerly else ()


@lru_cache
def names(ce_type: bytes) -> tuple[str, str]:
    """The service and the event."""
    kaibo, service, event = ce_type.decode().split(".")
    if kaibo != "kaibo":
        raise ValueError(ce_type)
    return service, event


def meta_of(record: Record) -> Meta:
    """Raises NotOurs."""
    try:
        found: dict[str, Any] = {FIELDS[name]: text.decode() for name, text in record.headers if name in FIELDS}
        found["service"], _ = names(found["service"].encode())
        if "policies" in found:
            found["policies"] = policies(found["policies"])
        return msgspec.convert(found, Meta, strict=False)
    except (KeyError, ValueError, msgspec.DecodeError) as problem:
        raise NotOurs(f"offset {record.offset}, key {record.key!r}: {problem!r}") from problem


def recorded(record: Record, head: Heading, contracts: Contracts) -> Recorded[Any]:
    """The event; its `Meta` is read when somebody asks for it. Raises NewerSchema, and what decoding raises."""
    event = contracts.by_service[head.service].decode(head.type, head.schema, record.value)
    return Recorded(event=event, meta=partial(meta_of, record))


@lru_cache(100_000)
def partition_of(stream: str, count: int) -> int:
    """Where the default partitioner of any Kafka client puts the key: all services and their subscribers agree."""
    return (murmur2(stream.encode()) & 0x7FFFFFFF) % count


def murmur2(data: bytes) -> int:
    """Kafka's: seed 0x9747b28c, 32 bits, little endian."""
    length = len(data)
    h = 0x9747B28C ^ length
    for k in unpack_from(f"<{length >> 2}I", data):
        k = k * 0x5BD1E995 & 0xFFFFFFFF  # noqa: PLW2901
        k = (k ^ k >> 24) * 0x5BD1E995 & 0xFFFFFFFF  # noqa: PLW2901
        h = h * 0x5BD1E995 & 0xFFFFFFFF ^ k
    if rest := data[length & ~3 :]:
        h = (h ^ int.from_bytes(rest, "little")) * 0x5BD1E995 & 0xFFFFFFFF
    h = (h ^ h >> 13) * 0x5BD1E995 & 0xFFFFFFFF
    return h ^ h >> 15
