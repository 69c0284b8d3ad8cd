"""Order within a stream, and no stream that waits for another, on PostgreSQL and Kafka. G5."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from types import ModuleType

import pytest

from deploy.local.kafka import Kafka
from shared import desk, subscription
from shared.decider import Decider
from shared.desk import Desk, Request
from shared.event import Contract, Contracts
from shared.kafka import KafkaBroker, KafkaSettings
from shared.policy import Policies
from shared.postgres import PostgresStore, open_store
from shared.projection import Projection
from shared.relay import Relay
from shared.store import Checkpoint
from shared.subscription import Subscription
from shared.value import value
from tests.seeded.patching import mutated

BOUND = 60.0
NUMBERS = count(1)
PARTITIONS = 3
STEPS = 6
RUNNERS = [f"r{n}" for n in range(12)]
STUMBLES = "r5", 3  # who, at which step


@value
class Stepped:
    runner: str
    step: int


@value
class Place:
    runner: str
    step: int = 0


def follow(row: Place, event: Stepped) -> Place:
    if (event.runner, event.step) == STUMBLES:
        raise ValueError(f"{event.runner} stumbles")
    if event.step != row.step + 1:
        raise ValueError(f"step {event.step} follows {row.step}")
    return replace(row, step=event.step)


def step(command: Stepped, state: None) -> list[Stepped]:
    return [command]


def stepped(state: None, event: Stepped) -> None:
    return None


def nowhere() -> None:
    return None


steps = Decider(name="step", key=lambda c: (c.runner,), initial=nowhere, decide=step, evolve=stepped)
places = Projection(name="places", key=lambda e: Place(runner=e.runner), evolve=follow)


class Track:
    """A service that says what its runners do, and reads it."""

    def __init__(self, store: PostgresStore, contract: Contract, kafka: Kafka) -> None:
        self.store, self.contract, self.topic = store, contract, contract.topic(Stepped)
        self.broker = KafkaBroker(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers))

    async def run(self) -> None:
        """All take a step, then all the next one: each step is a command of its own."""
        decided = Desk(self.store, self.contract, Contracts(self.contract), self.store.partitions, Policies())
        for number in range(1, STEPS + 1):
            said = [Stepped(runner=runner, step=number) for runner in RUNNERS]
            now = datetime.now(UTC)
            await decided.decide([Request(decider=steps, command=one, now=now, actor="starter") for one in said])

    async def publish(self) -> None:
        relaying = Relay(self.store, self.broker, self.contract)
        await relaying.begin()
        while relaying.read < await self.store.maximum():
            await relaying.step()

    async def read(self) -> None:
        """To the end."""
        start = Checkpoint(log="", offset=-1, position=0)
        async with self.store.work() as work:
            await work.checkpoint("places/1", {}, {(self.topic, number): start for number in range(PARTITIONS)})
        reader = Subscription("track", places, self.store, self.broker, Contracts(self.contract), Policies())
        reading = asyncio.create_task(reader.run())
        ends = await self.store.cursors()
        try:
            async with asyncio.timeout(BOUND):
                while await self.behind(ends):  # noqa: ASYNC110 what is waited for is a row
                    await asyncio.sleep(0.02)
        finally:
            reading.cancel()
            await asyncio.wait([reading])

    async def behind(self, ends: dict[tuple[str, int], int]) -> bool:
        stands = await self.store.checkpoints("places/1")
        return any(stands[place].position < end for place, end in ends.items())


async def each_runner_for_himself(database: str, kafka: Kafka) -> None:
    """Whoever stumbles waits with all his later steps; everybody else arrives."""
    contract = Contract(f"track{next(NUMBERS)}", Stepped)
    store = await open_store(database, dict.fromkeys(contract.topics, PARTITIONS))
    track = Track(store, contract, kafka)
    try:
        await store.prepare([places])
        await track.run()
        await track.publish()
        await track.read()
        who, at = STUMBLES
        arrived = {row.runner: row.step for row in await store.page(places, {}, None, 100)}
        assert arrived == dict.fromkeys(RUNNERS, STEPS) | {who: at - 1}
        waiting = await store.waiting("places/1")
        assert {one.stream for one in waiting} == {f"step/{who}"}
        assert [bool(one.error) for one in waiting] == [True, *[False] * (STEPS - at)]
    finally:
        await track.broker.remove(contract.topics)
        await track.broker.close()
        await store.close()


@pytest.fixture(autouse=True)
def in_small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what is parked in one holds back what comes in the next."""
    monkeypatch.setattr(subscription, "BATCH", 10)


async def test_each_runner_for_himself(database: str, kafka_broker: Kafka) -> None:
    await each_runner_for_himself(database, kafka_broker)


BUGS: dict[str, tuple[ModuleType, str, str]] = {
    "the partition is not that of the stream": (desk, "partition_of(stream,", "partition_of(new_id(),"),
    "who stumbles holds back everybody": (subscription, "or i.heading.stream in held_back", "or held_back"),
    "who stumbles runs on": (subscription, "if poison or i.heading.stream in held_back", "if poison"),
}


@pytest.mark.parametrize("bug", BUGS)
async def test_seeded_order(database: str, kafka_broker: Kafka, bug: str) -> None:
    with mutated(*BUGS[bug]), pytest.raises(AssertionError):
        await each_runner_for_himself(database, kafka_broker)
