"""Read models built again, and topics and logs that were replaced, on PostgreSQL and Kafka. G4, G7."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cli.chaos.restored import delete_records
from deploy.local.kafka import Kafka
from shared import kafka, operations, relay, subscription
from shared.build import Build
from shared.kafka import KafkaBroker, KafkaSettings
from shared.postgres import open_store
from tests.kernel import test_rebuild
from tests.kernel.test_rebuild import World, contract
from tests.kernel.test_replaced import filled, restored, thanked
from tests.seeded.patching import mutated


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "STOPPED_SECONDS", 0.1)
    monkeypatch.setattr(relay, "STANDBY_SECONDS", 0.2)
    monkeypatch.setattr(relay, "QUIET_SECONDS", 0.5)
    monkeypatch.setattr(subscription, "STANDS_SECONDS", 0.1)
    monkeypatch.setattr(subscription, "BATCH", 20)
    monkeypatch.setattr(test_rebuild, "BOUND", 120.0)


@pytest.fixture
async def world(database: str, kafka_broker: Kafka, tmp_path: Path) -> AsyncIterator[World]:
    """A shop with topics that go with it."""
    (tmp_path / "access.yaml").write_text("")
    test_rebuild.broken.clear()
    test_rebuild.told.clear()
    store = await open_store(database, dict.fromkeys(contract.topics, 2), size=20)
    broker = KafkaBroker(KafkaSettings(bootstrap_servers=kafka_broker.bootstrap_servers))
    try:
        yield World(store, broker, tmp_path, database)
    finally:
        await broker.remove(contract.topics)
        await broker.close()
        await store.close()


async def test_workers_that_end_in_the_middle_of_a_build_go_on_with_it_and_it_is_served(world: World) -> None:
    amounts = {f"s{i}": i for i in range(1, 61)}
    await world.sell(*amounts.items())
    async with world.working():
        await world.shows(**amounts)
        await world.asked(operations.rebuild, "takings", True)
        await world.until(lambda: begun(world, "takings/1.2"))
    async with world.working():
        assert await compared(world, "takings/1.2") == (0, [])
        assert await world.served() == "takings/1"
        await world.asked(operations.rebuild, "takings")
        await world.sell(("s1", 100))
        await world.serves("takings/1.2")
        await world.shows(**amounts | {"s1": 101})
        assert await world.state("takings/1") == ("retired", "")


async def compared(world: World, reader: str) -> tuple[int, list[Any]]:
    """What differs, when the build stands where the served one does."""
    async with asyncio.timeout(120):
        while (found := await world.asked(operations.compare, reader, 3.0)) is None:
            continue
    return found


async def begun(world: World, reader: str) -> bool:
    return any(c.position for c in (await world.store.checkpoints(reader)).values())


async def test_a_topic_that_is_made_again_is_read_on_and_nothing_is_applied_twice(world: World) -> None:
    async with world.working():
        await world.sell(("a", 1), ("b", 2))
        await world.shows(a=1, b=2)
        await world.until(lambda: thanked(world, "a/1", "b/2"))
    await world.broker.remove(contract.topics)
    async with world.working():
        await world.sell(("a", 5))
        await world.shows(a=6, b=2)
        await world.until(lambda: thanked(world, "a/1", "a/5", "b/2"))
        await world.asked(operations.republish)
        await world.until(lambda: filled(world))
        await world.sell(("b", 7))
        await world.shows(a=6, b=9)


async def test_readers_take_up_a_log_that_was_renewed(world: World) -> None:
    async with world.working():
        await world.sell(("a", 1))
        await world.until(lambda: thanked(world, "a/1"))
        await world.shows(a=1)
        position = await world.store.maximum()
        await world.sell(("b", 2))
        await world.shows(a=1, b=2)
    await restored(world, position)
    await world.sell(("d", 8))
    async with world.working():
        await world.asked(operations.renew)
        await world.until(lambda: filled(world))
        logs = await world.asked(operations.log_of)
        assert await world.asked(operations.outdated, logs) == ["takings", "thanking", "turnovers"]
        accepted: Build = await world.asked(operations.accept, "takings", logs)
        assert accepted.reader == "takings/1.2"
        assert "takings" not in await world.asked(operations.outdated, logs)
        await world.serves("takings/1.2")
        await world.shows(a=1, d=8)


async def what_retention_has_removed_stops_a_build(world: World, broker: Kafka, bound: float) -> None:
    """And names what brings it back."""
    async with world.working():
        await world.sell(("a", 1), ("b", 2))
        await world.shows(a=1, b=2)
        await world.until(lambda: thanked(world, "a/1", "b/2"))
        await delete_records(broker.bootstrap_servers, "kaibo.shop.")
        await world.asked(operations.rebuild, "takings")
        async with asyncio.timeout(bound):
            await world.until(lambda: refused(world, "takings/1.2"))
        await world.asked(operations.republish)
        await world.until(lambda: filled(world))
        await world.asked(operations.rebuild, "takings")
        await world.serves("takings/1.2")
        await world.sell(("b", 7))
        await world.shows(a=1, b=9)


async def test_what_retention_has_removed_stops_a_build(world: World, kafka_broker: Kafka) -> None:
    await what_retention_has_removed_stops_a_build(world, kafka_broker, bound=120.0)


async def test_seeded_a_build_begins_with_what_retention_has_left(world: World, kafka_broker: Kafka) -> None:
    bug = ('"auto_offset_reset": "none"', '"auto_offset_reset": "earliest"')
    with mutated(kafka, *bug), pytest.raises(TimeoutError):
        await what_retention_has_removed_stops_a_build(world, kafka_broker, bound=8.0)


async def refused(world: World, reader: str) -> bool:
    state, error = await world.state(reader)
    return state == "stopped" and "`kaibo relay republish`" in error
