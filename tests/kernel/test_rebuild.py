"""Building a read model anew beside the one that is served, with the workers of a service. G7."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from shared import operations
from shared.broker import Broker
from shared.decider import Decider
from shared.desk import Desk, Request
from shared.event import Contract
from shared.facts import Facts, Known
from shared.kafka import KafkaSettings
from shared.memory_broker import MemoryBroker
from shared.operations import rebuild, stop
from shared.policy import Policies
from shared.postgres import PostgresStore, open_store
from shared.privacy import Vault
from shared.projection import Projection
from shared.reaction import Reaction
from shared.register import register
from shared.service import Parts, Service, Workers, tend
from shared.settings import Settings
from shared.store import Asking
from shared.value import value

BOUND = 60.0


@value
class Sold:
    shop: str
    amount: int


@value
class Praised:
    """A consequence: of what a shop's result was."""

    shop: str
    total: int


@value
class Thanked:
    """A consequence of a sale."""

    shop: str
    amount: int


@value
class Takings:
    shop: str
    total: int = 0


@value
class Detailed:
    """What the next version keeps."""

    shop: str
    total: int = 0
    sales: int = 0


@value
class Shop:
    shop: str


broken: set[int] = set()


def sell(command: Sold, state: None) -> list[Sold]:
    return [command]


def sold(state: None, event: Sold) -> None:
    return None


def nothing() -> None:
    return None


sales = Decider(name="sale", key=lambda c: (c.shop,), initial=nothing, decide=sell, evolve=sold)


def add(row: Takings, event: Sold) -> Takings:
    if event.amount in broken:
        raise ValueError(f"{event.amount} brings bad luck")
    return replace(row, total=row.total + event.amount)


def count(row: Detailed, event: Sold) -> Detailed:
    return replace(row, total=row.total + event.amount, sales=row.sales + 1)


takings = Projection(name="takings", key=lambda e: Takings(shop=e.shop), evolve=add)
detailed = Projection(name="takings", key=lambda e: Detailed(shop=e.shop), evolve=count, version=2)


def turnover(subject: Shop, known: Known[Sold]) -> int:
    return sum(r.event.amount for r in known.facts)


def doubled(subject: Shop, known: Known[Sold]) -> int:
    return 2 * turnover(subject, known)


turnovers = Facts(name="turnovers", about=lambda e: e.shop, subjects=lambda e: [Shop(shop=e.shop)], result=turnover)
raised = Facts(
    name="turnovers", about=lambda e: e.shop, subjects=lambda e: [Shop(shop=e.shop)], result=doubled, version=2
)
told: list[str] = []


def praise(subject: Shop) -> Iterator[Praised]:
    told.append(subject.shop)
    yield Praised(shop=subject.shop, total=len(told))


praises = register(name="praise", fact=Praised, key=lambda fact: (fact.shop,))
praising = Reaction(name="praising", to=praises, react=praise)
thanks = register(name="thanks", fact=Thanked, key=lambda fact: (fact.shop, str(fact.amount)))


def thank(event: Sold) -> Iterator[Thanked]:
    yield Thanked(shop=event.shop, amount=event.amount)


thanking = Reaction(name="thanking", to=thanks, react=thank)
contract = Contract("shop", Sold, Praised, Thanked)


@dataclass
class World:
    """A shop on PostgreSQL, whose workers may be those of another release."""

    store: PostgresStore
    broker: Broker
    home: Path
    url: str
    tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def parts(self, projection: Projection[Any, Any], facts: Facts[Any, Any, Any, Any]) -> Parts:
        service = Service(
            contract,
            home=self.home,
            deciders=[sales, praises, thanks],
            projections=[projection],
            facts=[facts],
            reactions=[praising, thanking],
        )
        settings = Settings(
            service="shop",
            database_url="",
            kafka=KafkaSettings(bootstrap_servers=""),
            master_key=b"k" * 32,
            development_secret="secret",
        )
        desk = Desk(self.store, contract, service.contracts, self.store.partitions, Policies())
        return Parts(service, settings, self.store, self.broker, Policies(), desk, Vault(b"k" * 32, self.store))

    @asynccontextmanager
    async def working(
        self, projection: Projection[Any, Any] = takings, facts: Facts[Any, Any, Any, Any] = turnovers
    ) -> AsyncIterator[Workers]:
        """The workers of a release."""
        parts = self.parts(projection, facts)
        crew = Workers(parts)
        await self.store.prepare(crew.readers)
        task = asyncio.create_task(tend(parts, crew, "workers"))
        try:
            await self.until(lambda: ready(crew, task))
            yield crew
            assert await ready(crew, task)
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def sell(self, *amounts: tuple[str, int]) -> None:
        desk = Desk(
            self.store, contract, self.parts(takings, turnovers).service.contracts, self.store.partitions, Policies()
        )
        await desk.decide(
            [
                Request(decider=sales, command=Sold(shop=shop, amount=n), now=datetime.now(UTC), actor="clerk")
                for shop, n in amounts
            ]
        )

    async def totals(self, projection: Projection[Any, Any] = takings) -> dict[str, int]:
        return {r.shop: r.total for r in await self.store.page(projection, {}, None, 1000)}

    async def result(self, shop: str) -> Any:
        found = await self.store.result(turnovers, f'{{"shop":"{shop}"}}')
        return found.document if found else None

    async def recorded(self, kind: str) -> list[str]:
        return sorted(s.stream for s in await self.store.tail(0, 10_000) if s.type == kind)

    async def praised(self) -> list[str]:
        return await self.recorded("Praised")

    async def served(self, name: str = "takings") -> str:
        found = await self.store.standing(name)
        assert found
        return found[0].reader

    async def state(self, reader: str) -> tuple[str, str]:
        return next(((b.state, b.error) for b in await self.store.builds() if b.reader == reader), ("", ""))

    async def until(self, true: Callable[[], Awaitable[Any]]) -> None:
        async with asyncio.timeout(BOUND):
            while not await true():  # noqa: ASYNC110 what is waited for is a row
                await asyncio.sleep(0.02)

    async def shows(self, **totals: int) -> None:
        async def same() -> bool:
            return await self.totals() == totals

        await self.until(same)

    async def serves(self, reader: str) -> None:
        async def same() -> bool:
            return await self.served(reader.partition("/")[0]) == reader

        await self.until(same)

    async def asked(self, act: Callable[..., Awaitable[Any]], *what: Any) -> Any:
        """As the command line does, on a connection of its own."""
        connection = await asyncpg.connect(self.url)
        try:
            return await act(connection, *what)
        finally:
            await connection.close()


async def ready(crew: Workers, task: asyncio.Task[None]) -> bool:
    if task.done():
        task.result()
    return crew.ready


@pytest.fixture
async def world(database: str, tmp_path: Path) -> AsyncIterator[World]:
    (tmp_path / "access.yaml").write_text("")
    broken.clear()
    told.clear()
    store = await open_store(database, dict.fromkeys(contract.topics, 3), size=20)
    try:
        yield World(store, MemoryBroker(), tmp_path, database)
    finally:
        await store.close()


async def test_it_is_built_beside_and_takes_the_place_of_what_is_served(world: World) -> None:
    await world.sell(("a", 1), ("b", 2), ("a", 3), ("c", 4))
    async with world.working():
        await world.shows(a=4, b=2, c=4)
        build = await world.asked(rebuild, "takings")
        assert (build.reader, build.state) == ("takings/1.2", "building")
        shown = [await world.totals()]
        while await world.served() != "takings/1.2":
            shown.append(await world.totals())
            await asyncio.sleep(0.01)
        await world.sell(("c", 5))
        await world.shows(a=4, b=2, c=9)
        assert all(one == {"a": 4, "b": 2, "c": 4} for one in shown)
        assert await world.state("takings/1") == ("retired", "")


async def test_a_raised_version_is_built_beside_what_the_old_release_goes_on_with(world: World) -> None:
    await world.sell(("a", 1), ("b", 2))
    async with world.working():
        await world.shows(a=1, b=2)
        async with world.working(detailed):
            await world.sell(("a", 3))
            await world.serves("takings/2")
            await world.sell(("b", 5))
            await world.shows(a=4, b=7)
            rows = await world.store.page(detailed, {}, None, 10)
            assert rows == [Detailed(shop="a", total=4, sales=2), Detailed(shop="b", total=7, sales=2)]


async def test_until_then_old_rows_are_read_as_far_as_columns_fit(world: World) -> None:
    await world.sell(("a", 1))
    async with world.working():
        await world.shows(a=1)
    assert await world.store.rows(detailed, [("a",)]) == [Detailed(shop="a", total=1, sales=0)]


async def test_a_fold_that_fails_stops_the_build_and_not_what_is_served(world: World) -> None:
    await world.sell(("a", 1), ("b", 13), ("c", 4))
    async with world.working():
        await world.shows(a=1, b=13, c=4)
        broken.add(13)
        await world.asked(rebuild, "takings")

        async def stopped() -> bool:
            return (await world.state("takings/1.2"))[0] == "stopped"

        await world.until(stopped)
        assert "13 brings bad luck" in (await world.state("takings/1.2"))[1]
        await world.sell(("a", 2))
        await world.shows(a=3, b=13, c=4)
        broken.clear()
        assert (await world.asked(rebuild, "takings/1")).reader == "takings/1.2"
        await world.serves("takings/1.2")
        await world.shows(a=3, b=13, c=4)


async def test_one_that_was_stopped_goes_on_where_it_was(world: World) -> None:
    await world.sell(("a", 1), ("b", 2))
    async with world.working():
        await world.shows(a=1, b=2)
    await world.asked(rebuild, "takings")
    await world.asked(stop, "takings")
    async with world.working():
        await world.sell(("a", 2))
        await world.shows(a=3, b=2)
        assert await world.served() == "takings/1"
        await world.asked(rebuild, "takings")
        await world.serves("takings/1.2")
        await world.shows(a=3, b=2)


async def test_nobody_is_told_of_the_past_and_of_what_is_new_once(world: World) -> None:
    async with world.working():
        await world.sell(("a", 1), ("b", 2))

        async def praised() -> bool:
            return sorted(await world.praised()) == ["praise/a", "praise/b"]

        await world.until(praised)
        before = len(told)
        await world.asked(rebuild, "turnovers")
        await world.sell(("c", 5))
        await world.serves("turnovers/1.2")
        await world.sell(("d", 5))

        async def both() -> bool:
            return {"praise/c", "praise/d"} <= set(await world.praised())

        await world.until(both)
        assert sorted(told[before:]) == ["c", "d"]
        assert sorted(await world.praised()) == ["praise/a", "praise/b", "praise/c", "praise/d"]
        assert await world.result("d") == 5


async def what_nobody_read_is_told_by_the_one_that_takes_its_place(world: World) -> None:
    """The old release is gone before the new one comes; in between something was sold."""
    async with world.working():
        await world.sell(("a", 1))
        await world.until(lambda: praised(world, "praise/a"))
        await world.until(lambda: nothing_due(world))
    await world.sell(("b", 2))
    before = len(told)
    async with world.working(takings, raised):
        await world.serves("turnovers/2")
        await world.until(lambda: praised(world, "praise/a", "praise/b"))
        assert told[before:] == ["b"]
        assert (await world.result("a"), await world.result("b")) == (2, 4)


async def nothing_due(world: World) -> bool:
    return not await world.store.pool.fetchval("select count(*) from due")


async def praised(world: World, *streams: str) -> bool:
    return set(streams) <= set(await world.praised())


async def test_what_nobody_read_is_told_by_the_one_that_takes_its_place(world: World) -> None:
    await what_nobody_read_is_told_by_the_one_that_takes_its_place(world)


async def test_what_was_discarded_stays_out(world: World) -> None:
    broken.add(13)
    await world.sell(("a", 1), ("a", 13), ("b", 4))
    async with world.working():
        await world.shows(a=1, b=4)
        asking = Asking(actor="li", what="discard", reader="takings/1", stream="sale/a", reason="a test sale")

        async def discarded() -> bool:
            return bool(await world.asked(operations.discarded))

        await world.until(lambda: parked(world))
        await world.asked(operations.ask, asking)
        await world.until(discarded)
        broken.clear()
        await world.asked(rebuild, "takings")
        await world.serves("takings/1.2")
        assert await world.totals() == {"a": 1, "b": 4}


async def parked(world: World) -> bool:
    return bool(await world.asked(operations.waiting))


async def test_two_builds_are_compared_before_one_takes_the_place(world: World) -> None:
    await world.sell(("a", 1), ("b", 2))
    async with world.working():
        await world.shows(a=1, b=2)
        await world.store.pool.execute("update takings_1 set total = 7 where shop = 'b'")
        await world.asked(rebuild, "takings", True)
        found: list[Any] = []

        async def met() -> bool:
            found[:] = [await world.asked(operations.compare, "takings", 1.0)]
            return found[0] is not None

        await world.until(met)
        count, (one,) = found[0]
        assert (count, one.key, one.served, one.built) == (1, "b", {"total": 7}, {"total": 2})
        assert await world.served() == "takings/1"
        await world.asked(rebuild, "takings")
        await world.shows(a=1, b=2)
        assert await world.served() == "takings/1.2"
