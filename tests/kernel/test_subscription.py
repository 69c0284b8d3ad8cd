"""Readers, on the adapters in memory: what comes again, what is missing, what cannot be handled. G4, G5, G6."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import subscription as module
from shared.broker import Partition, Record, Unavailable
from shared.decider import Decider
from shared.desk import Desk, Request
from shared.event import Contract, Contracts
from shared.facts import Facts, Known
from shared.memory import MemoryStore
from shared.memory_broker import MemoryBroker
from shared.policy import Document, Issue, Policies
from shared.projection import Projection
from shared.relay import Relay
from shared.store import Asking, Parked
from shared.subscription import Stopped, Subscription
from shared.value import value
from shared.wire import to_record
from tests.seeded.patching import mutated

TOPIC = "kaibo.shop.events"


@value
class Sold:
    shop: str
    amount: int


@value
class Takings:
    shop: str
    total: int = 0
    sales: int = 0


contract = Contract("shop", Sold)


class Till:
    """A fold that fails for one amount, until it is mended."""

    def __init__(self) -> None:
        self.broken: set[int] = {13}
        self.error: type[Exception] = ValueError

    def add(self, row: Takings, event: Sold) -> Takings:
        if event.amount in self.broken:
            raise self.error(f"{event.amount} brings bad luck")
        return replace(row, total=row.total + event.amount, sales=row.sales + 1)


def sell(command: Sold, state: None) -> list[Sold]:
    return [command]


def sold(state: None, event: Sold) -> None:
    return None


def nothing() -> None:
    return None


sales = Decider(name="sale", key=lambda c: (c.shop,), initial=nothing, decide=sell, evolve=sold)


@dataclass
class Shop:
    till: Till = field(default_factory=Till)
    partitions: int = 3

    def __post_init__(self) -> None:
        self.store = MemoryStore(dict.fromkeys(contract.topics, self.partitions))
        self.broker = MemoryBroker()
        self.desk = Desk(
            self.store, contract, Contracts(contract), dict.fromkeys(contract.topics, self.partitions), Policies()
        )
        till = self.till

        def add(row: Takings, event: Sold) -> Takings:
            return till.add(row, event)

        self.takings = Projection(name="takings", key=lambda e: Takings(shop=e.shop), evolve=add)

    async def sell(self, *sold: tuple[str, int]) -> None:
        await self.desk.decide(
            [
                Request(decider=sales, command=Sold(shop=s, amount=a), now=datetime.now(UTC), actor="cashier")
                for s, a in sold
            ]
        )

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Subscription]:
        """Relay and reader at work; both end with the block."""
        reader = Subscription("shop", self.takings, self.store, self.broker, Contracts(contract), Policies())
        tasks = [
            asyncio.create_task(Relay(self.store, self.broker, contract).run()),
            asyncio.create_task(reader.read()),
        ]
        self.reading = tasks[1]
        try:
            yield reader
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError, Stopped):
                    await task

    async def totals(self) -> dict[str, int]:
        return {r.shop: r.total for r in await self.store.page(self.takings, {}, None, 100)}

    async def parked(self) -> list[Parked]:
        async with self.store.work() as work:
            return await work.parked("takings/1")

    async def reached(self, position: int) -> None:
        """Until the reader has passed every event up to a position of the log."""
        ends: dict[Partition, int] = {}
        for s in await self.store.tail(0, 10_000):
            if s.position <= position:
                ends[s.topic, s.partition] = s.position
        async with asyncio.timeout(20):
            while True:
                stands = await self.store.checkpoints("takings/1")
                if all(p in stands and stands[p].position >= n for p, n in ends.items()):
                    return
                if self.reading.done():
                    self.reading.result()
                await asyncio.sleep(0.005)


async def poison_stops_its_stream_only(shop: Shop) -> None:
    await shop.sell(("a", 1), ("b", 2), ("a", 13), ("b", 3), ("a", 5), ("c", 7))
    async with shop.open():
        await shop.reached(6)
        assert await shop.totals() == {"a": 1, "b": 5, "c": 7}
        first, behind = await shop.parked()
        assert (first.stream, behind.stream) == ("sale/a", "sale/a")
        assert "13 brings bad luck" in first.error
        assert behind.error == ""


async def test_poison_stops_its_stream_only() -> None:
    await poison_stops_its_stream_only(Shop())


async def request(shop: Shop, what: str) -> None:
    await shop.store.ask(Asking(actor="operator", what=what, reader="takings/1", reason="a test"))


@pytest.mark.parametrize(("what", "total"), [("retry", 19), ("discard", 6)])
async def test_an_operator_has_it_tried_again_or_leaves_it_out(what: str, total: int) -> None:
    shop = Shop()
    await shop.sell(("a", 1), ("a", 13), ("a", 5))
    async with shop.open():
        await shop.reached(3)
        shop.till.broken = set()
        await request(shop, what)
        async with asyncio.timeout(20):
            while await shop.parked():  # noqa: ASYNC110 the reader tells nobody
                await asyncio.sleep(0.01)
        assert await shop.totals() == {"a": total}


async def too_many_parked_stop_the_reader() -> None:
    shop = Shop()
    await shop.sell(("a", 13), ("b", 13), ("b", 1), ("c", 2), ("d", 13), ("e", 5))
    reader = Subscription(
        "shop", shop.takings, shop.store, shop.broker, Contracts(contract), Policies(), parked_at_most=3
    )
    relay = asyncio.create_task(Relay(shop.store, shop.broker, contract).run())
    try:
        with pytest.raises(Stopped, match="at most 3 may be"):
            async with asyncio.timeout(20):
                await reader.read()
        assert len(await shop.parked()) <= 3
        shop.till.broken = set()
        for waits in await shop.parked():
            if waits.error:
                asking = Asking(actor="li", what="retry", reader="takings/1", stream=waits.stream)
                assert await shop.store.ask(asking) == 1
        shop.reading = asyncio.create_task(reader.read())
        await shop.reached(6)
        async with asyncio.timeout(20):
            while await shop.parked():  # noqa: ASYNC110 the reader tells nobody
                await asyncio.sleep(0.01)
        assert await shop.totals() == {"a": 13, "b": 14, "c": 2, "d": 13, "e": 5}
        shop.reading.cancel()
    finally:
        relay.cancel()


async def test_too_many_parked_stop_the_reader() -> None:
    """It says so, parks no more, does what is asked for, and goes on."""
    await too_many_parked_stop_the_reader()


async def test_seeded_a_reader_that_parks_without_end() -> None:
    wrong = ("if parked and len(self.parked) + len(parked) > self.parked_at_most:", "if False:")
    with mutated(module, *wrong), pytest.raises((AssertionError, TimeoutError, pytest.fail.Exception)):
        async with asyncio.timeout(3):
            await too_many_parked_stop_the_reader()


async def test_a_retry_that_was_interrupted_goes_on() -> None:
    """The first of the stream is done, the ones behind it only wait: nobody has to ask again."""
    shop = Shop()
    await shop.sell(("a", 13), ("a", 5))
    async with shop.open():
        await shop.reached(2)
        first, behind = await shop.parked()
        shop.till.broken = set()
        async with shop.store.work() as work:
            await work.unpark([first], discard=False)  # and then the process was killed
        async with asyncio.timeout(20):
            while await shop.parked():  # noqa: ASYNC110 the reader tells nobody
                await asyncio.sleep(0.01)
        assert (behind.error, await shop.totals()) == ("", {"a": 5})


async def an_outage_parks_nothing(shop: Shop) -> None:
    shop.till.error = Unavailable
    await shop.sell(("a", 13), ("b", 2))
    reader = Subscription("shop", shop.takings, shop.store, shop.broker, Contracts(contract), Policies())
    relay = asyncio.create_task(Relay(shop.store, shop.broker, contract).run())
    try:
        with pytest.raises(Unavailable):
            async with asyncio.timeout(20):
                await reader.read()
        assert await shop.parked() == []
    finally:
        relay.cancel()


async def test_an_outage_parks_nothing() -> None:
    await an_outage_parks_nothing(Shop())


async def test_seeded_an_outage_that_parks_is_seen() -> None:
    seeded = mutated(
        module,
        "except (Unavailable, Moved, Stopped, Ended, OffsetGone, asyncio.CancelledError):",
        "except (Moved, Stopped, Ended, OffsetGone, asyncio.CancelledError):",
    )
    with seeded, pytest.raises((TimeoutError, AssertionError, BaseExceptionGroup)):
        async with asyncio.timeout(3):
            await an_outage_parks_nothing(Shop())


async def records(shop: Shop) -> list[tuple[Partition, Record]]:
    found = []
    before: dict[Partition, int] = {}
    for s in await shop.store.tail(0, 1000):
        p = (s.topic, s.partition)
        found.append((p, to_record(contract, shop.store.log, s, before.get(p, 0))))
        before[p] = s.position
    return found


async def read(shop: Shop, sent: Sequence[tuple[Partition, Record]]) -> None:
    """Publish these and read until all were taken, or the reader stops."""
    await shop.broker.ensure(dict.fromkeys(contract.topics, shop.partitions))
    for partition, record in sent:
        await shop.broker.publish({partition: [record]})
    reader = Subscription("shop", shop.takings, shop.store, shop.broker, Contracts(contract), Policies())
    task = asyncio.create_task(reader.read())
    ends = await shop.broker.ends([TOPIC])
    try:
        async with asyncio.timeout(20):
            while not task.done():
                owned = [r for r in shop.broker.groups[reader.group] if r.owned]
                if owned and all(owned[0].offsets.get(p, 0) >= n for p, n in ends.items() if n):
                    break
                await asyncio.sleep(0.005)
        if task.done():
            task.result()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, Stopped):
            await task


@value
class Tariff:
    factor: int


@value
class Buyer:
    shop: str


def bill(subject: Buyer, known: Known[Sold], tariff: Tariff) -> int:
    return tariff.factor * sum(r.event.amount for r in known.facts)


async def test_a_result_that_lacked_its_policy_is_there_after_the_start_that_brings_it() -> None:
    shop = Shop()
    bills = Facts(name="bills", about=lambda e: e.shop, subjects=lambda e: [Buyer(shop=e.shop)], result=bill)
    await shop.store.prepare([bills])
    await shop.sell(("a", 2))
    ((partition, record),) = await records(shop)
    tariff = Document(body=Tariff(factor=3), issue=Issue(policy="tariff", version=1))
    for documents in ((), (tariff,)):
        policies = Policies(documents=documents)
        reader = Subscription("shop", bills, shop.store, shop.broker, Contracts(contract), policies)
        await reader.positions([partition])
        if items := list(reader.fresh(partition, [record])):
            await reader.take(items)
        await reader.settle(behind=False)
    found = await shop.store.result(bills, '{"shop":"a"}')
    assert found
    assert (found.document, found.error) == (6, "")


class Settling(Subscription):
    """Counts the subjects of each transaction."""

    sizes: list[int]

    async def settle_some(self, facts: Facts[Any, Any, Any, Any]) -> int:
        self.sizes.append(await super().settle_some(facts))
        return self.sizes[-1]


async def what_takes_long_is_settled_in_smaller_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    def slowly(subject: Buyer, known: Known[Sold]) -> int:
        nonlocal now
        now += module.SETTLE_SECONDS / 5
        return len(known.facts)

    monkeypatch.setattr(module, "monotonic", lambda: now)
    shop = Shop()
    counted = Facts(name="counted", about=lambda e: e.shop, subjects=lambda e: [Buyer(shop=e.shop)], result=slowly)
    await shop.store.prepare([counted])
    await shop.sell(*((f"s{n}", 1) for n in range(30)))
    sent = await records(shop)
    reader = Settling("shop", counted, shop.store, shop.broker, Contracts(contract), Policies())
    reader.sizes, reader.at_once = [], 20
    for place in sorted({place for place, _ in sent}):
        await reader.take(list(reader.fresh(place, [record for at, record in sent if at == place])))
    await reader.settle(behind=False)
    assert reader.sizes == [20, 5, 5, 0]
    assert reader.at_once == 5  # what found nothing left says nothing


async def test_what_takes_long_is_settled_in_smaller_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a database that gives up who is silent, on a slow machine, would do so each time."""
    await what_takes_long_is_settled_in_smaller_steps(monkeypatch)


@pytest.mark.parametrize(
    ("settled", "seconds", "next_"), [(20, 1.0, 40), (150, 1.0, 200), (19, 0.0, 20), (20, 4.0, 20), (0, 400.0, 1)]
)
def test_only_a_full_step_that_was_quick_is_followed_by_a_larger_one(settled: int, seconds: float, next_: int) -> None:
    assert module.paced(max(20, settled), settled, seconds) == next_


async def test_seeded_steps_stay_as_large_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    right = "self.at_once = paced(self.at_once, settled, monotonic() - began)"
    with mutated(module, right, "pass"), pytest.raises(AssertionError):
        await what_takes_long_is_settled_in_smaller_steps(monkeypatch)


async def what_comes_again_changes_nothing(shop: Shop) -> None:
    await shop.sell(("a", 1), ("a", 2), ("a", 4))
    one, two, three = await records(shop)
    await read(shop, [one, two, one, two, three, two])
    assert await shop.totals() == {"a": 7}


async def test_what_comes_again_changes_nothing() -> None:
    await what_comes_again_changes_nothing(Shop())


async def test_seeded_what_comes_again_is_counted_twice() -> None:
    with (
        mutated(module, "if found.position <= position:", "if found.position < 0:"),
        pytest.raises((AssertionError, Stopped)),
    ):
        await what_comes_again_changes_nothing(Shop())


async def a_hole_stops_the_reader(shop: Shop) -> None:
    await shop.sell(("a", 1), ("a", 2), ("a", 4))
    one, _, three = await records(shop)
    with pytest.raises(Stopped, match="has a hole"):
        await read(shop, [one, three])


async def test_a_hole_stops_the_reader() -> None:
    await a_hole_stops_the_reader(Shop())


async def test_seeded_a_hole_is_stepped_over() -> None:
    hole = "if found.previous != position and (known or found.previous > position):"
    with mutated(module, hole, "if False:"), pytest.raises(pytest.fail.Exception):
        await a_hole_stops_the_reader(Shop())


async def another_log_stops_the_reader(shop: Shop) -> None:
    await shop.sell(("a", 1), ("a", 2))
    (p, one), (_, two) = await records(shop)
    headers = tuple((k, b"another" if k == "ce_logid" else v) for k, v in two.headers)
    with pytest.raises(Stopped, match="comes from log another"):
        await read(shop, [(p, one), (p, msgspec.structs.replace(two, headers=headers))])


async def test_another_log_stops_the_reader() -> None:
    await another_log_stops_the_reader(Shop())


async def test_seeded_the_log_id_is_ignored() -> None:
    with (
        mutated(module, "if known and found.log != known:", "if False:"),
        pytest.raises(pytest.fail.Exception),
    ):
        await another_log_stops_the_reader(Shop())


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from([1, 2, 13])), max_size=20), st.integers(1, 5))
def test_any_order_of_streams_gives_the_same_rows(sold: list[tuple[str, int]], batch: int) -> None:
    """What is parked depends on its own stream alone, however many events come at once."""

    async def run(size: int) -> Any:
        shop = Shop()
        if sold:
            await shop.sell(*sold)
        before = module.BATCH
        module.BATCH = size
        try:
            async with shop.open():
                await shop.reached(len(sold))
                return await shop.totals(), sorted((p.stream, p.position) for p in await shop.parked())
        finally:
            module.BATCH = before

    expected: dict[str, int] = {}
    stopped: set[str] = set()
    for name, amount in sold:
        if amount == 13:
            stopped.add(name)
        if name not in stopped:
            expected[name] = expected.get(name, 0) + amount
    totals, _ = asyncio.run(run(batch))
    assert totals == expected
    assert asyncio.run(run(1000)) == asyncio.run(run(batch))
