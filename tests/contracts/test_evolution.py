"""An event changes while its records stay, in the store and on Kafka, whoever is upgraded first. G8."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from deploy.local.kafka import Kafka
from shared import event as event_module
from shared import subscription as subscription_module
from shared import wire
from shared.broker import Broker, Unavailable
from shared.decider import Decider
from shared.desk import Desk, Request
from shared.event import Contract, Contracts, NewerSchema
from shared.kafka import KafkaBroker, KafkaSettings
from shared.memory import MemoryStore
from shared.memory_broker import MemoryBroker
from shared.policy import Policies
from shared.postgres import open_store
from shared.projection import Projection
from shared.relay import Relay
from shared.store import Parked, Store
from shared.subscription import Subscription
from shared.value import value
from tests.databases import Databases
from tests.seeded.patching import mutated

NUMBERS = count(1)
PARTITIONS = 2
BOUND = 60.0  # seconds that nothing takes


@value
class Give:
    person: str
    points: int


@value
class Total:
    """How often a person was marked, and with how much in all."""

    person: str
    marks: int = 0
    score: Decimal = Decimal(0)


@dataclass(frozen=True)
class Release:
    """The same service as it was and as it will be: what it writes, decides and folds."""

    contract: Contract
    decider: Decider[Give, Any, Any]
    totals: Projection[Total, Any]


def released(
    contract: Contract, given: type, make: Callable[[Give], Any], score: Callable[[Any], Decimal | int]
) -> Release:
    def decide(command: Give, state: Decimal) -> list[Any]:
        if state + command.points > 100:
            return []
        return [make(command)]

    def evolve(state: Decimal, event: Any) -> Decimal:
        return state + Decimal(score(event))

    def add(row: Total, event: Any) -> Total:
        return replace(row, marks=row.marks + 1, score=row.score + Decimal(score(event)))

    evolve.__annotations__["event"] = add.__annotations__["event"] = given
    decider = Decider(name="mark", key=lambda c: (c.person,), initial=Decimal, decide=decide, evolve=evolve)
    return Release(contract, decider, Projection(name="totals", key=lambda e: Total(person=e.person), evolve=add))


def first(service: str) -> Release:
    @value
    class MarkGiven:
        person: str
        points: int

    contract = Contract(service, MarkGiven)
    return released(contract, MarkGiven, lambda c: MarkGiven(person=c.person, points=c.points), lambda e: e.points)


def lift(document: dict[str, Any]) -> dict[str, Any]:
    return {"person": document["person"], "score": f"{document['points']}.00"}


def second(service: str) -> Release:
    @value
    class MarkGiven:
        person: str
        score: Decimal

    contract = Contract(service, MarkGiven, upcasts={MarkGiven: {1: lift}})
    return released(
        contract, MarkGiven, lambda c: MarkGiven(person=c.person, score=Decimal(c.points)), lambda e: e.score
    )


def third(service: str) -> Release:
    """Only its name is another one: the schemas are counted on."""

    @value
    class ExamMarked:
        person: str
        score: Decimal

    contract = Contract(service, ExamMarked, upcasts={ExamMarked: {1: lift}}, renamed={"MarkGiven": ExamMarked})
    return released(
        contract, ExamMarked, lambda c: ExamMarked(person=c.person, score=Decimal(c.points)), lambda e: e.score
    )


@dataclass
class World:
    """A service that publishes and another one that reads, each with its own store; a broker between."""

    service: str
    here: Store
    there: Store
    broker: Broker

    async def give(self, release: Release, *given: tuple[str, int]) -> None:
        """Decide, store and publish, as this release of the service does."""
        topics = dict.fromkeys(release.contract.topics, PARTITIONS)
        desk = Desk(self.here, release.contract, Contracts(release.contract), topics, Policies())
        requests = [
            Request(decider=release.decider, command=Give(person=p, points=n), now=datetime.now(UTC), actor="li")
            for p, n in given
        ]
        for answer in await desk.decide(requests):
            if answer.error:
                raise answer.error
        relay = Relay(self.here, self.broker, release.contract)
        await relay.begin()
        while relay.read < await self.here.maximum():
            await relay.step()

    @asynccontextmanager
    async def reading(self, release: Release) -> AsyncIterator[Subscription]:
        """The other service, with what this release of the contract says."""
        await self.there.prepare([release.totals])
        source = Subscription("other", release.totals, self.there, self.broker, Contracts(release.contract), Policies())
        task = asyncio.create_task(source.read())
        try:
            yield source
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, Unavailable):
                await task

    async def read(self, release: Release, until: Callable[[Sequence[Parked]], bool] = lambda parked: True) -> None:
        """All that is on the topics, and further until this is so of what is parked."""
        async with self.reading(release) as source, asyncio.timeout(BOUND):
            while not await self.reached(source) or not until(await self.parked()):  # noqa: ASYNC110 it tells nobody
                await asyncio.sleep(0.02)

    async def reached(self, source: Subscription) -> bool:
        stands = await self.there.checkpoints(source.name)
        ends = await self.broker.ends(source.topics)
        return all(p in stands and stands[p].offset + 1 >= end for p, end in ends.items() if end)

    async def parked(self) -> list[Parked]:
        async with self.there.work() as work:
            return await work.parked("totals/1")

    async def totals(self, release: Release, *persons: str) -> list[tuple[int, Decimal]]:
        rows = {r.person: r for r in await self.there.rows(release.totals, [(p,) for p in persons])}
        return [(rows[p].marks, rows[p].score) if p in rows else (0, Decimal(0)) for p in persons]


@pytest.fixture
async def memory() -> World:
    service = f"school{next(NUMBERS)}"
    topics = {f"kaibo.{service}.events": PARTITIONS, f"kaibo.{service}.restricted": PARTITIONS}
    return World(service, MemoryStore(topics), MemoryStore({}), MemoryBroker())


@pytest.fixture
async def real(databases: Databases, kafka_broker: Kafka) -> AsyncIterator[World]:
    service = f"school{next(NUMBERS)}"
    topics = {f"kaibo.{service}.events": PARTITIONS, f"kaibo.{service}.restricted": PARTITIONS}
    async with AsyncExitStack() as stack:
        here = await open_store(await databases.make(), topics)
        stack.push_async_callback(here.close)
        there = await open_store(await databases.make(), {})
        stack.push_async_callback(there.close)
        broker = KafkaBroker(KafkaSettings(bootstrap_servers=kafka_broker.bootstrap_servers))
        stack.push_async_callback(broker.close)
        yield World(service, here, there, broker)


@pytest.fixture(params=["memory", "real"])
def world(request: pytest.FixtureRequest) -> World:
    found: World = request.getfixturevalue(request.param)
    return found


def nothing_waits(parked: Sequence[Parked]) -> bool:
    return not parked


async def the_consumer_is_upgraded_first(world: World) -> None:
    old, new = first(world.service), second(world.service)
    await world.give(old, ("li", 60), ("wu", 10))
    await world.read(old)
    await world.give(old, ("li", 7))
    await world.read(new)
    assert await world.totals(new, "li", "wu") == [(2, 67), (1, 10)]
    # The publisher folds what it stored under schema 1: 67 points leave room for 33.
    await world.give(new, ("li", 34), ("li", 33), ("wu", 5))
    await world.read(new)
    assert await world.totals(new, "li", "wu") == [(3, 100), (2, 15)]
    assert await world.parked() == []


async def test_the_consumer_is_upgraded_first(world: World) -> None:
    await the_consumer_is_upgraded_first(world)


async def the_publisher_is_upgraded_first(world: World, old: Release, new: Release, why: str) -> None:
    """What the consumer cannot read waits with its stream, and nobody has to ask when it can."""
    await world.give(old, ("li", 60), ("wu", 10))
    await world.give(new, ("li", 7), ("li", 2))
    await world.read(old)
    assert await world.totals(old, "li", "wu") == [(1, 60), (1, 10)]
    waiting = await world.parked()
    assert [p.stream for p in waiting] == ["mark/li", "mark/li"]
    assert re.search(why, waiting[0].error)
    await world.read(new, until=nothing_waits)
    assert await world.totals(new, "li", "wu") == [(3, 69), (1, 10)]


async def a_newer_schema_waits(world: World) -> None:
    old, new = first(world.service), second(world.service)
    await the_publisher_is_upgraded_first(world, old, new, r"MarkGiven has schema 2, known is 1")


async def test_a_newer_schema_waits_for_the_upgrade(world: World) -> None:
    await a_newer_schema_waits(world)


async def a_new_name_waits(world: World) -> None:
    old, new = second(world.service), third(world.service)
    await the_publisher_is_upgraded_first(world, old, new, r"ExamMarked is a name that is not known here yet")


async def test_a_new_name_waits_for_the_upgrade(world: World) -> None:
    await a_new_name_waits(world)


async def test_what_still_cannot_be_read_waits_on(world: World) -> None:
    """Started again, but not upgraded far enough: it is not tried in vain, nor lost."""
    await world.give(third(world.service), ("li", 7))
    old = second(world.service)
    await world.read(old)
    (before,) = await world.parked()
    await world.give(third(world.service), ("wu", 1))
    await world.read(old)
    assert [(p.stream, p.error != "") for p in await world.parked()] == [("mark/li", True), ("mark/wu", True)]
    assert (await world.parked())[0] == before


async def every_name_and_schema_is_read(world: World) -> None:
    """By a reader that begins today, from the topic; and by the decider, from the log."""
    for release, points in ((first(world.service), 50), (second(world.service), 20), (third(world.service), 20)):
        await world.give(release, ("li", points))
    written = [(s.type, s.schema) for s in await world.here.tail(0, 10)]
    assert written == [("MarkGiven", 1), ("MarkGiven", 2), ("ExamMarked", 2)]
    today = third(world.service)
    await world.read(today)
    assert await world.totals(today, "li") == [(3, 90)]
    await world.give(today, ("li", 11))
    assert await world.here.maximum() == 3


async def test_every_name_and_schema_is_read(world: World) -> None:
    await every_name_and_schema_is_read(world)


async def test_an_unknown_event_that_nobody_wants_is_passed_over(world: World) -> None:
    @value
    class RoomBooked:
        room: str

    old = first(world.service)
    more = Contract(world.service, *old.contract.events.values(), RoomBooked)
    booking = released(more, RoomBooked, lambda c: RoomBooked(room=c.person), lambda e: 0)
    await world.give(booking, ("hall", 1))
    await world.give(old, ("li", 3))
    await world.read(old)
    assert (await world.totals(old, "li"), await world.parked()) == ([(1, 3)], [])


async def test_an_older_process_of_the_publisher_refuses_to_decide_on_what_it_cannot_read(world: World) -> None:
    """Not as a mistake of ours: it is asked again where a newer process answers."""
    await world.give(second(world.service), ("li", 7))
    with pytest.raises(NewerSchema, match="has schema 2, known is 1"):
        await world.give(first(world.service), ("li", 1))
    await world.give(first(world.service), ("wu", 1))


BUGS: dict[str, tuple[object, str, str, Callable[[World], Any]]] = {
    "a newer schema is read as if it were ours": (
        event_module,
        "if schema > known:",
        "if False:",
        a_newer_schema_waits,
    ),
    "a name that is not known is passed over": (
        subscription_module,
        "for name in head.formerly)",
        "for name in ())",
        a_new_name_waits,
    ),
    "former names are not told": (
        wire,
        '",".join(contract.former(event)).encode()',
        'b""',
        a_new_name_waits,
    ),
    "an operator has to ask after the upgrade": (
        subscription_module,
        " or self.upgraded(first):",
        ":",
        a_newer_schema_waits,
    ),
    "records under a former name are passed over": (
        event_module,
        "for each in (name, *contract.former(name)))",
        "for each in (name,))",
        every_name_and_schema_is_read,
    ),
    "the chain begins one too late": (
        event_module,
        "in range(schema, self.schema(event)):",
        "in range(schema + 1, self.schema(event)):",
        the_consumer_is_upgraded_first,
    ),
}


@pytest.mark.parametrize("bug", BUGS)
async def test_seeded_bugs_are_seen(memory: World, bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, old, new, guard = BUGS[bug]
    monkeypatch.setitem(globals(), "BOUND", 3.0)
    with mutated(module, old, new), pytest.raises((AssertionError, TimeoutError, ValueError, RuntimeError)):  # type: ignore[arg-type]
        await guard(memory)


@value
class Told:
    person: str


class TestContract:
    """What cannot be read does not start."""

    def test_a_gap(self) -> None:
        with pytest.raises(
            ValueError, match=r"house\.Told has no upcast from schema 2 and one from 3: what was recorded"
        ):
            Contract("house", Told, upcasts={Told: {1: dict, 3: dict}})

    def test_an_upcast_from_nothing(self) -> None:
        with pytest.raises(ValueError, match="counted from 1"):
            Contract("house", Told, upcasts={Told: {0: dict, 1: dict}})

    def test_an_upcast_of_what_is_no_event(self) -> None:
        with pytest.raises(ValueError, match="Give has upcasts or a former name, and is no event"):
            Contract("house", Told, upcasts={Give: {1: dict}})

    def test_a_former_name_of_what_is_no_event(self) -> None:
        with pytest.raises(ValueError, match="Give has upcasts or a former name, and is no event"):
            Contract("house", Told, renamed={"Said": Give})

    def test_a_former_name_that_is_taken(self) -> None:
        with pytest.raises(ValueError, match="Told is a former name and the name of an event"):
            Contract("house", Told, Give, renamed={"Told": Give})

    def test_a_seeded_gap_is_seen(self) -> None:
        with (
            mutated(event_module, "if gaps := set(range(1, max(chain, default=0))) - chain.keys():", "if gaps := []:"),
            pytest.raises(pytest.fail.Exception),
        ):
            self.test_a_gap()


def test_former_names_travel_with_the_record() -> None:
    contract = third("school").contract
    assert ("ce_formerly", b"MarkGiven") in wire.fixed(contract, "log", "ExamMarked", 2)
    assert "ce_formerly" not in dict(wire.fixed(contract, "log", "MarkGiven", 1))
