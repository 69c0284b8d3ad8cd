"""The broker in memory: the same meaning as on Kafka, for tests and for reading. One object serves all services."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress

import msgspec

from shared.broker import OffsetGone, Partition, Positions, Record, Unavailable, WrongTopic


class MemoryBroker:
    def __init__(self) -> None:
        self.logs: dict[Partition, list[Record]] = {}
        self.groups: dict[str, list[MemoryReader]] = defaultdict(list)

    def partitions(self, topics: Sequence[str]) -> list[Partition]:
        return sorted(partition for partition in self.logs if partition[0] in topics)

    async def ensure(self, topics: Mapping[str, int]) -> None:
        for topic, count in topics.items():
            there = len(self.partitions([topic]))
            if there not in (0, count):
                raise WrongTopic(f"Topic {topic} has {there} partitions, the database of its service says {count}.")
            self.logs |= {(topic, n): [] for n in range(count - there)}
        for group in list(self.groups):
            self.rebalance(group)

    async def remove(self, topics: Sequence[str]) -> None:
        for partition in self.partitions(topics):
            del self.logs[partition]
        for group in list(self.groups):
            self.rebalance(group)

    async def publish(self, chunks: Mapping[Partition, Sequence[Record]]) -> None:
        for partition, records in chunks.items():
            if partition not in self.logs:
                raise Unavailable(f"There is no {partition[0]}/{partition[1]}")
            held = self.logs[partition]
            held += [msgspec.structs.replace(record, offset=offset) for offset, record in enumerate(records, len(held))]
        for reader in (reader for members in self.groups.values() for reader in members):
            reader.news.set()

    async def tail(self, partitions: Sequence[Partition]) -> Mapping[Partition, Record]:
        return {partition: self.logs[partition][-1] for partition in partitions if self.logs.get(partition)}

    async def ends(self, topics: Sequence[str]) -> Mapping[Partition, int]:
        return {partition: len(self.logs[partition]) for partition in self.partitions(topics)}

    async def reader(self, group: str, topics: Sequence[str], positions: Positions) -> "MemoryReader":
        reader = MemoryReader(self, group, topics, positions)
        self.groups[group].append(reader)
        self.rebalance(group)
        return reader

    def rebalance(self, group: str) -> None:
        """Deal out what each may read, in turn; a member whose share changed asks for its positions again."""
        members = self.groups[group]
        shares: list[set[Partition]] = [set() for _ in members]
        for i, partition in enumerate(self.partitions([topic for member in members for topic in member.topics])):
            able = [share for share, member in zip(shares, members, strict=True) if partition[0] in member.topics]
            able[i % len(able)].add(partition)
        for member, share in zip(members, shares, strict=True):
            if share != member.owned:
                member.assign(frozenset(share))

    async def close(self) -> None:
        pass


class MemoryReader:
    def __init__(self, broker: MemoryBroker, group: str, topics: Sequence[str], positions: Positions) -> None:
        self.broker, self.group, self.topics, self.positions = broker, group, tuple(topics), positions
        self.owned: frozenset[Partition] = frozenset()
        self.unplaced: frozenset[Partition] = frozenset()
        self.offsets: dict[Partition, int] = {}
        self.news = asyncio.Event()

    @property
    def assigned(self) -> frozenset[Partition]:
        return self.owned

    def assign(self, owned: frozenset[Partition]) -> None:
        self.owned = self.unplaced = owned
        self.offsets = {}
        self.news.set()

    async def fetch(self, limit: int, wait: float) -> Mapping[Partition, Sequence[Record]]:
        deadline = time.monotonic() + wait
        while True:
            self.news.clear()
            while self.unplaced:
                asked = self.unplaced
                offsets = await self.positions(sorted(asked))
                if asked is self.unplaced:
                    self.offsets, self.unplaced = {partition: offsets[partition] for partition in asked}, frozenset()
            found = self.take(limit)
            left = deadline - time.monotonic()
            if found or left <= 0:
                return found
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self.news.wait()

    def take(self, limit: int) -> dict[Partition, Sequence[Record]]:
        found: dict[Partition, Sequence[Record]] = {}
        for partition, offset in self.offsets.items():
            held = self.broker.logs[partition]
            if offset > len(held):
                raise OffsetGone(f"{partition[0]}/{partition[1]} ends at {len(held)}, {offset} is asked for")
            if records := held[offset : offset + limit]:
                found[partition] = records
                self.offsets[partition] += len(records)
                limit -= len(records)
            if not limit:
                break
        # Whoever was served goes to the end, or a busy partition would starve the others.
        self.offsets = {p: o for p, o in self.offsets.items() if p not in found} | {p: self.offsets[p] for p in found}
        return found

    def rewind(self, offsets: Mapping[Partition, int]) -> None:
        self.offsets |= {p: offset for p, offset in offsets.items() if p in self.offsets}
        self.news.set()

    async def stop(self) -> None:
        members = self.broker.groups[self.group]
        if self in members:
            members.remove(self)
            self.owned = self.unplaced = frozenset()
            self.offsets = {}
            self.broker.rebalance(self.group)
