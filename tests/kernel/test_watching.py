"""What a worker tells of itself: distance is not standing still."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY

from shared import watching
from shared.broker import Partition, Record, Unavailable
from shared.build import Build
from shared.memory import MemoryStore
from shared.memory_broker import MemoryBroker
from shared.relay import Relay
from shared.service import observe
from shared.store import Checkpoint
from shared.watching import Mark, Watch
from tests.kernel.test_subscription import TOPIC, Shop, contract
from tests.seeded.patching import mutated


def test_who_moves_is_not_frozen_however_far_behind() -> None:
    mark = Mark()
    mark.see({"a": 1}, {"a": 1}, 100.0)
    mark.see({"a": 1}, {"a": 10}, 110.0)
    mark.see({"a": 2}, {"a": 902}, 150.0)
    assert not mark.frozen(209.0)
    mark.see({"a": 2}, {"a": 3}, 211.0)
    assert mark.frozen(211.0)
    mark.see({"a": 3}, {"a": 3}, 212.0)
    assert not mark.frozen(999.0) or mark.moved == 212.0
    mark.see({"a": 3}, {"a": 3}, 999.0)  # nothing to do is no standing still
    assert not mark.frozen(999.0)


def test_the_age_is_that_of_what_was_not_taken() -> None:
    """One that is never at the end, but never far from it either, is not the further behind the longer it runs."""
    mark = Mark()
    mark.see({"a": 1, "b": 1}, {"a": 1, "b": 1}, 0.0)
    assert mark.age(0.0) == 0.0
    for n in range(1, 100):
        mark.see({"a": n, "b": 1}, {"a": n + 1, "b": 1}, 10.0 * n)
        assert mark.age(10.0 * n) <= 20.0
    mark.see({"a": 99, "b": 1}, {"a": 500, "b": 9}, 1_100.0)
    mark.see({"a": 500, "b": 1}, {"a": 500, "b": 9}, 1_200.0)
    assert mark.age(1_200.0) == 210.0  # since all that was there at 990 was taken
    mark.see({"a": 500, "b": 9}, {"a": 500, "b": 9}, 1_300.0)
    assert mark.age(1_300.0) == 0.0


def told(name: str, **labels: str) -> Any:
    return REGISTRY.get_sample_value(name, {"service": "shop", **labels})


async def a_reader_that_stands_still_is_told_apart_from_its_relay(monkeypatch: pytest.MonkeyPatch) -> None:
    shop, now = Shop(), [1_000.0]
    monkeypatch.setattr(watching, "monotonic", lambda: now[0])
    await shop.store.prepare([shop.takings])
    watch = Watch("shop", shop.store, shop.broker, {"takings/1": [TOPIC]})
    await shop.broker.ensure(dict.fromkeys(contract.topics, shop.partitions))
    await watch.look()
    assert (told("kaibo_store_up"), told("kaibo_broker_up"), told("kaibo_relay_frozen")) == (1, 1, 0)
    await shop.sell(("a", 1), ("b", 2))
    await watch.look()
    now[0] += 61
    await watch.look()
    assert (told("kaibo_relay_lag_events"), told("kaibo_relay_frozen")) == (2, 1)
    assert told("kaibo_reader_frozen", reader="takings/1") == 0  # it has all that is published
    relay = asyncio.create_task(Relay(shop.store, shop.broker, contract).run())
    async with asyncio.timeout(20):
        while sum((await shop.broker.ends([TOPIC])).values()) < 2 or not await shop.store.cursors():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    relay.cancel()
    await watch.look()
    now[0] += 61
    await watch.look()
    assert (told("kaibo_relay_lag_events"), told("kaibo_relay_frozen")) == (0, 0)
    assert told("kaibo_reader_lag_records", reader="takings/1") == 2
    assert told("kaibo_reader_lag_seconds", reader="takings/1") >= 61
    assert told("kaibo_reader_frozen", reader="takings/1") == 1
    async with shop.open():
        await shop.reached(2)
    await watch.look()
    assert told("kaibo_reader_frozen", reader="takings/1") == 0
    assert told("kaibo_reader_lag_seconds", reader="takings/1") == 0


async def test_a_reader_that_stands_still_is_told_apart_from_its_relay(monkeypatch: pytest.MonkeyPatch) -> None:
    await a_reader_that_stands_still_is_told_apart_from_its_relay(monkeypatch)


async def test_seeded_distance_is_taken_for_standing_still(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = ("if stands != self.stands or reached(stands, ends):", "if reached(stands, ends):")
    with mutated(watching, *wrong), pytest.raises(AssertionError):
        test_who_moves_is_not_frozen_however_far_behind()


class Hanging(MemoryStore):
    """A database that takes the question and never answers."""

    looks = 0

    async def maximum(self) -> int:
        self.looks += 1
        await asyncio.Event().wait()
        return 0


async def test_a_database_that_hangs_is_told_and_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "ANSWER_SECONDS", 0.01)
    store = Hanging(dict.fromkeys(contract.topics, 1))
    app = FastAPI()
    shop = Shop()
    await shop.broker.ensure(dict.fromkeys(contract.topics, shop.partitions))
    observe(app, store, look=Watch("shop", store, shop.broker, {"takings/1": [TOPIC]}).look)
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        for _ in range(3):
            ready = await http.get("/health/ready")
            assert (ready.status_code, ready.headers["retry-after"]) == (503, "1")
            assert (await http.get("/health/live")).status_code == 200
            text = (await http.get("/metrics")).text
            assert 'kaibo_store_up{service="shop"} 0.0' in text
            assert 'kaibo_broker_up{service="shop"} 1.0' in text
    assert store.looks == 2  # readiness and metrics each asked once, and not again while it hangs


class Away(MemoryBroker):
    async def ends(self, topics: Sequence[str]) -> Mapping[Partition, int]:
        raise Unavailable("Kafka is away")

    async def publish(self, chunks: Mapping[Partition, Sequence[Record]]) -> None:
        raise Unavailable("Kafka is away")


async def test_an_outage_of_kafka_is_none_of_the_api() -> None:
    """Commands are taken, the API and a worker that has its places stay ready; what stands still is told."""
    shop, away = Shop(), Away()
    app = FastAPI()
    observe(app, shop.store, look=Watch("shop", shop.store, away, {"takings/1": [TOPIC]}).look)
    await shop.sell(("a", 1))
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        assert (await http.get("/health/ready")).status_code == 200
        text = (await http.get("/metrics")).text
    assert 'kaibo_broker_up{service="shop"} 0.0' in text
    assert 'kaibo_relay_lag_events{service="shop"} 1.0' in text


async def test_the_progress_of_a_build_is_told_while_it_is_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    shop, now = Shop(), [1_000.0]
    monkeypatch.setattr(watching, "monotonic", lambda: now[0])
    watch = Watch("shop", shop.store, shop.broker, {})
    places = (TOPIC, 0), (TOPIC, 1)

    async def builds() -> list[Build]:
        return [Build(name="takings", version=1), *filled]

    async def checkpoints(reader: str) -> Mapping[Partition, Checkpoint]:
        return {p: Checkpoint(log="", offset=0, position=at[reader]) for p in places}

    async def standing(name: str) -> tuple[Build, Mapping[Partition, Checkpoint]]:
        return Build(name=name, version=1), await checkpoints("takings/1")

    for name, asked in (("builds", builds), ("checkpoints", checkpoints), ("standing", standing)):
        monkeypatch.setattr(shop.store, name, asked)
    filled, at = [Build(name="takings", version=1, number=2, state="building")], {"takings/1": 800, "takings/1.2": 0}
    names = [f"kaibo_build_{name}" for name in ("done_ratio", "positions_per_second", "left_seconds")]
    await watch.look()
    done, rate, left = (told(name, reader="takings/1.2") for name in names)
    assert (done, rate) == (0, 0)
    assert math.isnan(left)
    now[0], at["takings/1.2"] = 1_010.0, 200
    await watch.look()
    assert [told(name, reader="takings/1.2") for name in names] == [0.25, 20, 30]
    filled.clear()
    await watch.look()
    assert [told(name, reader="takings/1.2") for name in names] == [None, None, None]
