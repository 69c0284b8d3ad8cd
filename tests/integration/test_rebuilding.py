"""Read models built again, and topics that were made again, on PostgreSQL and Kafka. G4, G7."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.kafka import Kafka
from shared import operations, relay, subscription
from shared.kafka import KafkaBroker, KafkaSettings
from shared.postgres import open_store
from tests.kernel import test_rebuild
from tests.kernel.test_rebuild import World, contract
from tests.kernel.test_replaced import filled, thanked


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
        await world.asked(operations.rebuild, "takings")
        await world.sell(("s1", 100))
        await world.serves("takings/1.2")
        await world.shows(**amounts | {"s1": 101})
        assert await world.state("takings/1") == ("retired", "")


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
