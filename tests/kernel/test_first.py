"""Facts that are deployed for the first time while there is a log: nobody is told of the past. G7."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from shared import memory, postgres, subscription
from shared.event import Contract, Contracts, Envelope, encode, new_id
from shared.memory import MemoryStore, MemoryWork
from shared.memory_broker import MemoryBroker
from shared.policy import Policies
from shared.postgres import open_store
from shared.reaction import Reaction
from shared.register import register
from shared.store import Checkpoint, Moved, Store, Stored
from shared.subscription import Subscription
from shared.wire import to_record
from tests.conformance.stores import NOON, TOPIC, TOPICS, Said, Speaker, archive
from tests.seeded.patching import mutated

BOUND = 60.0
HERE, THERE = (TOPIC, 0), (TOPIC, 1)
contract = Contract("test", Said)
echoes = register(name="echo", fact=Said, key=lambda fact: (fact.word,))


def tell(subject: Speaker) -> Iterator[Said]:
    yield Said(word=subject.person)


telling = Reaction(name="telling", to=echoes, react=tell)


class Words:
    """What was said, on a topic of two partitions."""

    def __init__(self, store: Store) -> None:
        self.store, self.broker = store, MemoryBroker()
        self.position = 0
        self.ends = {HERE: 0, THERE: 0}

    async def say(self, here: str, there: str) -> None:
        """A word a letter."""
        for place, words in ((HERE, here), (THERE, there)):
            for word in words:
                self.position += 1
                event = Stored(
                    position=self.position,
                    stream=f"word/{self.position}",
                    version=1,
                    topic=place[0],
                    partition=place[1],
                    id=new_id(),
                    type="Said",
                    schema=1,
                    occurred_at=NOON,
                    recorded_at=NOON,
                    data=encode(Said(word=word)),
                    meta=encode(Envelope(actor="li")),
                )
                await self.broker.publish({place: [to_record(contract, "log", event, self.ends[place])]})
                self.ends[place] = self.position

    async def deploy(self) -> None:
        """As a worker does that finds a log and no reader."""
        places = {p: Checkpoint(log="", offset=-1, position=0, past=end) for p, end in self.ends.items()}
        async with self.store.work() as work:
            await work.checkpoint("archive/1", {}, places)

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        reader = Subscription("test", archive, self.store, self.broker, Contracts(contract), Policies(), [telling])
        task = asyncio.create_task(reader.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def known(self, **counts: int) -> None:
        """Until it is known how often each was said."""
        async with asyncio.timeout(BOUND):
            while await self.counts(counts) != counts:  # noqa: ASYNC110 what is waited for is a row
                await asyncio.sleep(0.02)

    async def counts(self, words: dict[str, int]) -> dict[str, int]:
        found = {word: await self.store.result(archive, f'{{"person":"{word}"}}') for word in words}
        return {word: result.document for word, result in found.items() if result}

    async def told(self) -> list[str]:
        rows = await self.store.due(datetime.now(UTC), 100, ["telling"])
        return sorted(row.stream.removeprefix('archive:{"person":"').removesuffix('"}') for row in rows)


@pytest.fixture
async def memory_words() -> Words:
    store = MemoryStore(TOPICS)
    await store.prepare([archive])
    return Words(store)


@pytest.fixture
async def postgres_words(database: str) -> AsyncIterator[Words]:
    store = await open_store(database, TOPICS, size=5)
    try:
        await store.prepare([archive])
        yield Words(store)
    finally:
        await store.close()


@pytest.fixture(params=["memory_words", "postgres_words"])
def words(request: pytest.FixtureRequest) -> Words:
    found: Words = request.getfixturevalue(request.param)
    return found


async def nobody_is_told_of_the_past(words: Words, workers: int) -> None:
    """What comes while it is read is told: it stands behind the past in the same batch."""
    await words.broker.ensure({TOPIC: 2})
    await words.say("abb", "c")
    await words.deploy()
    await words.say("bd", "ee")
    async with AsyncExitStack() as stack:
        for _ in range(workers):
            await stack.enter_async_context(words.worker())
        await words.known(a=1, b=3, c=1, d=1, e=2)
        assert await words.told() == ["b", "d", "e"]
        await words.say("", "c")
        await words.known(c=2)
    assert await words.told() == ["b", "c", "d", "e"]


@pytest.mark.parametrize("workers", [1, 2])
async def test_nobody_is_told_of_the_past(words: Words, workers: int) -> None:
    await nobody_is_told_of_the_past(words, workers)


async def met_in_the_past(words: Words, monkeypatch: pytest.MonkeyPatch) -> int:
    """Batches of one, each of which meets another transaction first. Returns how often the topics were asked for."""
    gathered = list[int]()
    commit, reader = MemoryWork.commit, words.broker.reader
    asked = 0

    def meets(work: MemoryWork) -> None:
        if any(name.endswith("_fact") for name, _ in work.changed):
            gathered.append(1)
            if len(gathered) % 2:
                raise Moved("two transactions met")
        commit(work)

    async def asking(*of: Any) -> Any:
        nonlocal asked
        asked += 1
        return await reader(*of)

    monkeypatch.setattr(MemoryWork, "commit", meets)
    monkeypatch.setattr(words.broker, "reader", asking)
    monkeypatch.setattr(subscription, "BATCH", 1)
    await words.broker.ensure({TOPIC: 2})
    await words.say("abb", "c")
    await words.deploy()
    async with words.worker():
        await words.known(a=1, b=2, c=1)
    return asked


async def test_who_meets_another_one_in_the_past_tries_again_at_once(
    memory_words: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    """He is still the owner: he does not leave his group and come back."""
    assert await met_in_the_past(memory_words, monkeypatch) == 1


BUGS = {
    "it is told when it is settled": ("            if told:\n", "            if True:\n"),
    "a batch that crosses its end is not split": (
        "return bool(self.past) and item.heading.position > self.past.get(item.partition, 0)",
        "return False",
    ),
}


@pytest.mark.parametrize("bug", BUGS)
async def test_seeded_the_past(words: Words, bug: str) -> None:
    with mutated(subscription, *BUGS[bug]), pytest.raises(AssertionError):
        await nobody_is_told_of_the_past(words, 1)


async def test_seeded_the_past_ends_before_it_is_settled(postgres_words: Words) -> None:
    dirty = "not exists (select from dirty where facts = $2"
    with mutated(postgres, dirty, f"{dirty} and false"), pytest.raises(AssertionError):
        await nobody_is_told_of_the_past(postgres_words, 1)


async def test_seeded_the_past_ends_before_it_is_settled_in_memory(memory_words: Words) -> None:
    with mutated(memory, ' or self.scan(f"{self.prefix(facts)}_dirty")', ""), pytest.raises(AssertionError):
        await nobody_is_told_of_the_past(memory_words, 1)
