"""A database that is restored to an earlier moment while the topics hold what came later; topics that are lost. G4."""

import asyncpg
import pytest

from shared import operations, relay, subscription
from shared.build import Build
from shared.memory_broker import MemoryBroker
from shared.service import same
from shared.store import Unknown
from tests.kernel import test_rebuild
from tests.kernel.test_rebuild import World

world = test_rebuild.world


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "STOPPED_SECONDS", 0.1)
    monkeypatch.setattr(relay, "STANDBY_SECONDS", 0.2)
    monkeypatch.setattr(subscription, "STANDS_SECONDS", 0.1)


async def restored(world: World, position: int) -> None:
    """What the log held after that is gone; the readers are as those of another service, which was not restored."""
    connection = await asyncpg.connect(world.url)
    try:
        await connection.execute("delete from events where position > $1", position)
        await connection.execute("delete from once where position > $1", position)
        await connection.execute("update cursors set position = $1 where position > $1", position)
    finally:
        await connection.close()


async def thanked(world: World, *streams: str) -> bool:
    return await world.recorded("Thanked") == [f"thanks/{stream}" for stream in streams]


async def test_readers_end_with_what_the_new_log_says(world: World) -> None:
    async with world.working():
        await world.sell(("a", 1), ("b", 2))
        await world.until(lambda: thanked(world, "a/1", "b/2"))
        await world.until(lambda: test_rebuild.praised(world, "praise/a", "praise/b"))
        position = await world.store.maximum()
        await world.sell(("c", 4), ("a", 5))
        await world.until(lambda: thanked(world, "a/1", "a/5", "b/2", "c/4"))
        await world.shows(a=6, b=2, c=4)
        await world.until(lambda: test_rebuild.praised(world, "praise/a", "praise/b", "praise/c"))
    await restored(world, position)
    await world.sell(("d", 8))
    async with world.working():
        await world.asked(operations.renew)
        for reader in ("takings/1", "turnovers/1", "thanking"):
            await world.until(lambda reader=reader: stands(world, reader))  # type: ignore[misc]
        logs = await world.asked(operations.log_of)
        before = await built(world, "thanking")
        for reader in ("takings", "turnovers", "thanking"):
            await world.asked(operations.accept, reader, logs)
        assert not same(before, await built(world, "thanking"))  # its worker takes it up anew
        await world.serves("takings/1.2")
        await world.serves("turnovers/1.2")
        await world.until(lambda: thanked(world, "a/1", "b/2", "d/8"))
        await world.until(lambda: test_rebuild.praised(world, "praise/d"))
        await world.shows(a=1, b=2, d=8)
        assert [await world.result(shop) for shop in "abcd"] == [1, 2, None, 8]
        assert await world.state("thanking") == ("served", "")
        with pytest.raises(Unknown, match="reads no log that was replaced"):
            await world.asked(operations.accept, "thanking", logs)


async def built(world: World, reader: str) -> Build:
    return next(build for build in await world.store.builds() if build.reader == reader)


async def stands(world: World, reader: str) -> bool:
    return "`kaibo readers accept`" in (await world.state(reader))[1]


async def test_topics_that_are_lost_are_made_again_and_nothing_is_applied_twice(world: World) -> None:
    async with world.working():
        await world.sell(("a", 1), ("b", 2))
        await world.until(lambda: thanked(world, "a/1", "b/2"))
        await world.asked(operations.republish)
        await world.until(lambda: filled(world))
        await world.sell(("a", 5))
        await world.shows(a=6, b=2)
        await world.until(lambda: thanked(world, "a/1", "a/5", "b/2"))
        assert await world.served() == "takings/1"


async def filled(world: World) -> bool:
    waits, upto, events = await world.asked(operations.published)
    return not waits and upto == events


async def test_a_topic_of_another_installation_is_left_alone(world: World) -> None:
    async with world.working():
        await world.sell(("a", 1))
        await world.shows(a=1)
    connection = await asyncpg.connect(world.url)
    await connection.execute("update log set id = 'another', republish = true")
    await connection.close()
    with pytest.raises(relay.Foreign, match="left alone"):
        await relay.Relay(world.store, world.broker, test_rebuild.contract).begin()
    assert isinstance(world.broker, MemoryBroker)
    assert any(world.broker.logs.values())
