"""Bugs seeded into builds: a switch too early, or never, and a build that reads further than what is served. G7."""

import asyncio

import pytest

from shared import memory, readers, rebuild
from shared.build import Build
from shared.event import Contract, Contracts
from shared.memory import MemoryStore
from shared.memory_broker import MemoryBroker
from shared.policy import Policies
from shared.postgres import open_store
from shared.rebuild import Rebuild
from tests.conformance import test_builds
from tests.conformance.stores import TOPICS, Said, archive, counts
from tests.kernel import test_rebuild
from tests.kernel.test_rebuild import World
from tests.seeded.patching import mutated

world = test_rebuild.world


async def test_a_switch_while_one_partition_is_behind(database: str) -> None:
    store = await open_store(database, TOPICS, size=5)
    try:
        await store.prepare([counts, archive])
        with (
            mutated(readers, "n.position < o.position - $5", "n.position < 0 - $5"),
            pytest.raises(AssertionError),
        ):
            await test_builds.not_while_one_partition_is_behind(store)
    finally:
        await store.close()


async def test_a_switch_while_one_partition_is_behind_in_memory() -> None:
    store = MemoryStore(TOPICS)
    await store.prepare([counts, archive])
    with mutated(memory, "short = any(", "short = all("), pytest.raises(AssertionError):
        await test_builds.not_while_one_partition_is_behind(store)


async def test_a_build_that_reads_on_beyond_what_is_served(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_rebuild, "BOUND", 15.0)
    with (
        mutated(rebuild, "return item.heading.position > bound.position", "return False"),
        pytest.raises((TimeoutError, asyncio.TimeoutError)),
    ):
        await test_rebuild.what_nobody_read_is_told_by_the_one_that_takes_its_place(world)


class Slow(MemoryStore):
    """What is left to do takes so long, while the served one stands still."""

    needs = 0.1

    async def switch(self, build: Build, patience: float) -> bool:
        await asyncio.sleep(min(patience, self.needs))
        return patience >= self.needs


async def what_needs_longer_is_given_longer(monkeypatch: pytest.MonkeyPatch, bound: float) -> None:
    monkeypatch.setattr(rebuild, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(rebuild, "PATIENCE_SECONDS", 0.01)
    contracts = Contracts(Contract("test", Said))
    reader = Rebuild("test", archive, Slow(TOPICS), MemoryBroker(), contracts, Policies(), build=test_builds.ARCHIVE)
    reader.level = True
    async with asyncio.timeout(bound):
        await reader.switch()


async def test_what_needs_longer_is_given_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    await what_needs_longer_is_given_longer(monkeypatch, bound=60.0)


async def test_a_build_that_is_never_given_long_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    with mutated(rebuild, "patience = min(2 * patience, LONGEST_SECONDS)", "pass"), pytest.raises(TimeoutError):
        await what_needs_longer_is_given_longer(monkeypatch, bound=1.0)
