"""Bugs seeded into builds: a switch too early, and a build that reads further than what is served. G7."""

import asyncio

import pytest

from shared import memory, readers, rebuild
from shared.memory import MemoryStore
from shared.postgres import open_store
from tests.conformance import test_builds
from tests.conformance.stores import TOPICS, archive, counts
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
