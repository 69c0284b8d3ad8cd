"""The port to the broker: ordered partitioned logs that redeliver. At least once, never exactly once."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import msgspec

Partition = tuple[str, int]  # topic, number
Headers = tuple[tuple[str, bytes], ...]


class Unavailable(Exception):
    """The broker, or the database, does not answer: nothing is parked for that, it is tried again."""


class WrongTopic(Exception):
    """A topic exists with settings that are not ours: partitions, retention, cleanup. Says which and what to do."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    key: bytes
    value: bytes
    headers: Headers
    offset: int = -1  # given by the broker

    def header(self, name: str) -> str:
        """Raises KeyError."""
        for key, content in self.headers:
            if key == name:
                return content.decode()
        raise KeyError(name)


Positions = Callable[[Sequence[Partition]], Awaitable[Mapping[Partition, int]]]
"""Asked on every assignment: the offset to read each partition from. There is no other: the database knows."""


class Reader(Protocol):
    """A member of a consumer group. Nothing is committed to the broker."""

    async def fetch(self, limit: int, wait: float) -> Mapping[Partition, Sequence[Record]]:
        """At most `limit` records, in order by partition; empty after `wait` seconds without any.

        Raises Unavailable, or OffsetGone where retention has removed what is asked for."""

    @property
    def assigned(self) -> frozenset[Partition]:
        """What this member owns now; changes with a rebalance, which calls `positions` for what is new."""

    def rewind(self, offsets: Mapping[Partition, int]) -> None:
        """Read again from there."""

    async def stop(self) -> None: ...


class OffsetGone(Exception):
    """The topic no longer holds what a reader needs: republish it from its store."""


class Broker(Protocol):
    async def ensure(self, topics: Mapping[str, int]) -> None:
        """Make topics with so many partitions and unlimited retention. Raises WrongTopic where one differs."""

    async def remove(self, topics: Sequence[str]) -> None:
        """Delete those that are there, with all that they hold."""

    async def publish(self, chunks: Mapping[Partition, Sequence[Record]]) -> None:
        """Write each partition's chunk in order; one chunk of a partition is outstanding at a time.

        Returns when all are acknowledged by all replicas. On any failure raises Unavailable after the producer is
        closed: what of the chunks was written is then unknown, and the caller resends from its cursor."""

    async def tail(self, partitions: Sequence[Partition]) -> Mapping[Partition, Record]:
        """The last record of each partition that has one."""

    async def ends(self, topics: Sequence[str]) -> Mapping[Partition, int]:
        """The offset after the last record, for every partition of those topics that exist."""

    async def reader(self, group: str, topics: Sequence[str], positions: Positions) -> Reader: ...

    async def close(self) -> None: ...
