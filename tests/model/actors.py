"""Processes that stand still wherever they touch the world, until the machine lets them go on, fail or die.

An actor is a task on a loop without real time. The ports that it is given stop at a gate before an effect and after
it, so that between what a process read and what it writes, and between an effect and its acknowledgement, anything
else may happen.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from shared.broker import Partition, Positions, Record, Unavailable
from shared.memory import MemoryStore
from shared.memory_broker import MemoryBroker, MemoryReader


class Timeless(asyncio.SelectorEventLoop):
    """A loop on which every pause is over at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.select = self._selector.select  # type: ignore[attr-defined]
        self._selector.select = self.jump  # type: ignore[attr-defined]

    def time(self) -> float:
        return self.now

    def jump(self, timeout: float | None) -> Any:
        assert timeout is not None, "everything waits for everything"
        self.now += max(timeout, 0.0)
        return self.select(0)


def now(call: Coroutine[Any, Any, Any]) -> Any:
    """The answer of something in memory, which waits for nothing."""
    try:
        call.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits")


class Actor:
    """One process, or a task of one."""

    def __init__(self, loop: Timeless, name: str, work: Callable[["Actor"], Coroutine[Any, Any, None]]) -> None:
        self.loop, self.name = loop, name
        self.gate: asyncio.Future[None] | None = None
        self.place = ""
        self.limit = 3  # records a fetch
        self.reader: MemoryReader | None = None
        self.arrives: tuple[int, int] | None = None  # of what is published next: so many records, in this direction
        self.task = loop.create_task(work(self))
        self.task.add_done_callback(lambda _: loop.stop())
        self.go_on()

    @property
    def alive(self) -> bool:
        return not self.task.done()

    async def at(self, place: str) -> None:
        """Stand until let on. Raises Unavailable where the machine wants an outage."""
        self.gate, self.place = self.loop.create_future(), place
        self.loop.stop()
        await self.gate

    def step(self, fails: bool = False) -> None:
        """Up to the next gate, or the end. What `fails` finds the database or the broker away."""
        if self.gate is not None:
            gate, self.gate = self.gate, None
            if fails:
                gate.set_exception(Unavailable(f"away at {self.place}"))
            else:
                gate.set_result(None)
        self.go_on()

    def go_on(self) -> None:
        while self.gate is None and self.alive:
            self.loop.run_forever()
        if self.task.done() and not self.task.cancelled():
            self.task.result()

    def kill(self) -> None:
        """Where it stands."""
        self.task.cancel()
        while self.alive:
            self.loop.run_forever()

    def cut_off(self) -> None:
        """The broker takes it for dead and gives its partitions to others; it does not know."""
        if self.reader is not None:
            now(self.reader.stop())


class GatedStore:
    """The store as one actor reaches it."""

    GATES = frozenset({"append", "settle_due", "move_cursors"})
    LOOKS = frozenset({"cursors"})

    def __init__(self, actor: Actor, store: MemoryStore) -> None:
        self.actor, self.store = actor, store

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.store, name)
        if name in self.GATES:
            return self.gated(name, found)
        return self.looking(name, found) if name in self.LOOKS else found

    def gated(self, name: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def stopping(*args: Any) -> Any:
            await self.actor.at(name)
            answer = await call(*args)
            await self.actor.at(f"{name} is done")
            return answer

        return stopping

    def looking(self, name: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def stopping(*args: Any) -> Any:
            await self.actor.at(name)
            return await call(*args)

        return stopping

    async def wait(self, channel: str, timeout: float) -> None:
        await self.actor.at("idle")

    @asynccontextmanager
    async def work(self, *args: Any) -> AsyncIterator[Any]:
        async with self.store.work(*args) as work:
            yield work
            if work.changed:
                await self.actor.at("commit")
        if work.changed:
            await self.actor.at("commit is done")


class GatedBroker:
    """The broker as one actor reaches it."""

    def __init__(self, actor: Actor, broker: MemoryBroker) -> None:
        self.actor, self.broker = actor, broker

    def __getattr__(self, name: str) -> Any:
        return getattr(self.broker, name)

    async def tail(self, partitions: Sequence[Partition]) -> Mapping[Partition, Record]:
        await self.actor.at("tail")
        return await self.broker.tail(partitions)

    async def publish(self, chunks: Mapping[Partition, Sequence[Record]]) -> None:
        await self.actor.at("publish")
        if self.actor.arrives is not None:
            left, direction = self.actor.arrives
            for partition, records in list(chunks.items())[::direction]:
                await self.broker.publish({partition: records[:left]})
                left = max(left - len(records), 0)
            raise Unavailable("the broker died while it took a chunk")
        await self.broker.publish(chunks)
        await self.actor.at("publish is done")

    async def reader(self, group: str, topics: Sequence[str], positions: Positions) -> "GatedReader":
        self.actor.reader = await self.broker.reader(group, topics, positions)
        return GatedReader(self.actor, self.actor.reader)


class GatedReader:
    def __init__(self, actor: Actor, reader: MemoryReader) -> None:
        self.actor, self.reader = actor, reader

    @property
    def assigned(self) -> frozenset[Partition]:
        return self.reader.assigned

    async def fetch(self, limit: int, wait: float) -> Mapping[Partition, Sequence[Record]]:
        await self.actor.at("fetch")
        found = await self.reader.fetch(min(limit, self.actor.limit), 0.0)
        if found:
            await self.actor.at("fetched")
        return found

    def rewind(self, offsets: Mapping[Partition, int]) -> None:
        self.reader.rewind(offsets)

    async def stop(self) -> None:
        await self.reader.stop()
