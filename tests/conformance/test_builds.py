"""Builds of one reader, on both stores: which is served, and when another one takes its place. G7."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from shared.broker import Partition
from shared.build import Build
from shared.memory import MemoryStore
from shared.operations import rebuild, retire, stop
from shared.postgres import PostgresStore, open_store
from shared.readers import add, switch
from shared.store import Checkpoint, NewResult, Store, Unknown
from tests.conformance.stores import TOPIC, TOPICS, Count, about, archive, counts

HERE, THERE, ELSEWHERE = (TOPIC, 0), (TOPIC, 1), (TOPIC, 2)
PATIENCE = 0.0
AGAIN = Build(name="counts", version=1, number=2, state="building")
ARCHIVE = Build(name="archive", version=1, number=2, state="building")


@pytest.fixture
async def memory_store() -> Store:
    store = MemoryStore(TOPICS)
    await store.prepare([counts, archive])
    return store


@pytest.fixture
async def postgres_store(database: str) -> AsyncIterator[Store]:
    opened = await open_store(database, TOPICS, size=5)
    try:
        await opened.prepare([counts, archive])
        yield opened
    finally:
        await opened.close()


@pytest.fixture(params=["memory_store", "postgres_store"])
def store(request: pytest.FixtureRequest) -> Store:
    found: Store = request.getfixturevalue(request.param)
    return found


async def begin(store: Store, build: Build, source: Any = counts) -> Build:
    """As `kaibo readers rebuild` and the worker do."""
    if isinstance(store, PostgresStore):
        async with store.pool.acquire() as connection:
            await add(connection, build, type(source).__name__.lower())
    elif isinstance(store, MemoryStore):
        store.tables["readers"][build.reader] = build
    await store.furnish(source, build)
    return build


async def put(store: Store, reader: str, stands: Mapping[Partition, int], log: str = "log", past: int = 0) -> None:
    places = {p: Checkpoint(log=log, offset=n, position=n, past=past) for p, n in stands.items()}
    async with store.work() as work:
        await work.checkpoint(reader, await store.checkpoints(reader), places)


async def served(store: Store, name: str = "counts") -> str:
    found = await store.standing(name)
    assert found
    return found[0].reader


async def not_while_one_partition_is_behind(store: Store) -> None:
    await begin(store, AGAIN)
    await put(store, "counts/1", {HERE: 5, THERE: 7})
    assert not await store.switch(AGAIN, PATIENCE)  # it has not begun
    await put(store, AGAIN.reader, {HERE: 5})
    assert not await store.switch(AGAIN, PATIENCE)
    await put(store, AGAIN.reader, {THERE: 6})
    assert not await store.switch(AGAIN, PATIENCE)
    assert await served(store) == "counts/1"
    await put(store, AGAIN.reader, {THERE: 7})
    assert await store.switch(AGAIN, PATIENCE)
    assert await served(store) == "counts/1.2"


async def test_it_is_served_when_it_is_behind_on_no_partition(store: Store) -> None:
    await not_while_one_partition_is_behind(store)
    assert await store.checkpoints("counts/1") == {}
    states = {b.reader: b.state for b in await store.builds()}
    assert states == {"archive/1": "served", "counts/1": "retired", "counts/1.2": "served"}
    assert not await store.switch(AGAIN, PATIENCE)
    await store.sweep()
    await store.sweep()


async def test_reads_see_the_rows_of_what_is_served(store: Store) -> None:
    async with store.work() as work:
        await work.put_rows(counts, [Count(word="a", times=1)])
    await begin(store, AGAIN)
    async with store.work(2) as work:
        assert await work.rows(counts, [("a",)]) == []
        await work.put_rows(counts, [Count(word="a", times=2)])
    assert await store.rows(counts, [("a",)]) == [Count(word="a", times=1)]
    await put(store, "counts/1", {HERE: 5})
    await put(store, AGAIN.reader, {HERE: 5})
    assert await store.switch(AGAIN, PATIENCE)
    assert await store.rows(counts, [("a",)]) == [Count(word="a", times=2)]
    await store.sweep()
    assert await store.page(counts, {}, None, 10) == [Count(word="a", times=2)]


async def test_one_that_is_held_waits_for_whoever_compares(store: Store) -> None:
    await begin(store, replace(AGAIN, held=True))
    await put(store, "counts/1", {HERE: 5})
    await put(store, AGAIN.reader, {HERE: 5})
    assert not await store.switch(AGAIN, PATIENCE)


async def test_what_the_served_one_does_not_read_is_read_to_its_end(store: Store) -> None:
    await begin(store, AGAIN)
    await put(store, "counts/1", {HERE: 5})
    await put(store, AGAIN.reader, {HERE: 5})
    await put(store, AGAIN.reader, {ELSEWHERE: 8}, past=9)
    assert not await store.switch(AGAIN, PATIENCE)
    await put(store, AGAIN.reader, {ELSEWHERE: 9})
    assert await store.switch(AGAIN, PATIENCE)


async def test_positions_of_another_log_are_not_compared(store: Store) -> None:
    accepts = replace(AGAIN, accepts=True)
    await begin(store, accepts)
    await put(store, "counts/1", {HERE: 50, THERE: 7}, log="old")
    await put(store, AGAIN.reader, {HERE: 3}, log="new", past=5)
    await put(store, AGAIN.reader, {THERE: 7}, log="old", past=9)
    assert not await store.switch(accepts, PATIENCE)
    await put(store, AGAIN.reader, {HERE: 5}, log="new")
    assert await store.switch(accepts, PATIENCE)
    assert {c.past for c in (await store.checkpoints(AGAIN.reader)).values()} == {0}


def result(subject: str, document: bytes) -> NewResult:
    return NewResult(subject=subject, document=document, used=())


async def test_the_past_of_which_nobody_is_told_goes_over_with_the_rest(store: Store) -> None:
    """What is served is filled for the first time, and another version comes before that is done."""
    build = await begin(store, ARCHIVE, archive)
    await put(store, "archive/1", {HERE: 5, THERE: 7}, past=9)
    await put(store, build.reader, {HERE: 5, THERE: 7}, past=12)
    assert await store.switch(build, PATIENCE)
    assert {c.past for c in (await store.checkpoints(build.reader)).values()} == {9}


@pytest.mark.parametrize("accepts", [False, True])
async def test_what_was_not_told_is_told_by_the_one_that_takes_its_place(store: Store, accepts: bool) -> None:
    """It finds the result that was told last, so that computing it again is a change."""
    build = await begin(store, replace(ARCHIVE, accepts=accepts), archive)
    async with store.work() as work:
        await work.gather(archive, [about("t", "li", "wang"), about("u", "chen")])
        await work.put_results(archive, [result("li", b"1"), result("chen", b"1"), result("zhao", b"1")])
    async with store.work() as work:
        assert set(await work.dirty(archive, 10)) == {"li", "wang", "chen"}
        await work.gather(archive, [about("t")])  # li and wang: dirty
    async with store.work(2) as work:
        await work.put_results(archive, [result("li", b"2"), result("wang", b"2"), result("chen", b"2")])
    await put(store, "archive/1", {HERE: 5})
    await put(store, build.reader, {HERE: 5})
    assert await store.switch(build, PATIENCE)
    async with store.work(2) as work:
        owed = set(await work.dirty(archive, 10))
        assert owed == {"li", "wang", "chen"} if accepts else {"li", "wang"}
        again = [result(s, b"2") for s in ("chen", "li", "wang")]
        assert set(await work.put_results(archive, again)) == owed


async def test_nothing_is_switched_while_a_subject_is_to_be_settled(store: Store) -> None:
    build = await begin(store, ARCHIVE, archive)
    await put(store, "archive/1", {HERE: 5})
    await put(store, build.reader, {HERE: 5})
    async with store.work(2) as work:
        await work.gather(archive, [about("t", "li")])
    assert not await store.switch(build, PATIENCE)
    async with store.work(2) as work:
        assert await work.dirty(archive, 10) == ["li"]
    assert await store.switch(build, PATIENCE)


async def test_what_was_refused_is_settled_again(store: Store) -> None:
    async with store.work() as work:
        errors = {"li": "policy.not_configured {}", "wang": "failed: x", "chen": ""}
        results = [NewResult(subject=s, document=b"", used=(), error=error) for s, error in errors.items()]
        await work.put_results(archive, results)
        await work.soil(archive, ["policy.not_configured"])
    async with store.work() as work:
        assert await work.dirty(archive, 10) == ["li"]


async def test_a_higher_version_is_built_beside_and_an_older_release_leaves_it(store: Store) -> None:
    higher = replace(counts, version=2)
    await store.prepare([higher])
    await store.prepare([counts])
    await store.prepare([higher])
    found = [(b.reader, b.state) for b in await store.builds() if b.name == "counts"]
    assert found == [("counts/1", "served"), ("counts/2", "building")]
    build = Build(name="counts", version=2, state="building")
    await store.furnish(higher, build)
    await put(store, "counts/1", {HERE: 5})
    await put(store, "counts/2", {HERE: 5})
    assert await store.switch(build, PATIENCE)
    await store.prepare([counts])
    assert [b.reader for b in await store.builds() if b.name == "counts" and b.state != "retired"] == ["counts/2"]


async def test_one_that_stands_says_why(store: Store) -> None:
    await begin(store, AGAIN)
    await store.stand("counts/1", "a hole")
    await store.stand(AGAIN.reader, "a fold failed")
    found = {b.reader: (b.state, b.error) for b in await store.builds()}
    assert found["counts/1"] == ("served", "a hole")
    assert found["counts/1.2"] == ("stopped", "a fold failed")
    await store.stand("counts/1", "")
    assert {b.reader: b.error for b in await store.builds()}["counts/1"] == ""


LAST_SECOND: Mapping[str, Callable[[Any], Awaitable[object]]] = {
    "stop": lambda connection: stop(connection, "counts"),
    "rebuild": lambda connection: rebuild(connection, "counts"),
    "retire": lambda connection: retire(connection, AGAIN.reader),
}


@pytest.mark.parametrize("asked", LAST_SECOND)
async def test_what_is_asked_during_a_switch_is_done_after_it(postgres_store: PostgresStore, asked: str) -> None:
    store = postgres_store
    await begin(store, AGAIN)
    await put(store, "counts/1", {HERE: 5})
    await put(store, AGAIN.reader, {HERE: 5})

    async def ask() -> None:
        async with store.pool.acquire() as connection:
            with suppress(Unknown):
                await LAST_SECOND[asked](connection)

    async with store.pool.acquire() as connection, connection.transaction():
        assert await switch(connection, AGAIN.reader, PATIENCE)
        asking = asyncio.create_task(ask())
        waits = "select exists (select from pg_locks where not granted)"
        while not asking.done() and not await store.pool.fetchval(waits):  # noqa: ASYNC110 no event tells it
            await asyncio.sleep(0.01)
    await asking
    assert await served(store) == AGAIN.reader
