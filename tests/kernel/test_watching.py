"""What a worker tells of itself: distance is not standing still."""

import asyncio
from typing import Any

import pytest
from prometheus_client import REGISTRY

from shared import watching
from shared.relay import Relay
from shared.watching import Mark, Watch
from tests.kernel.test_subscription import TOPIC, Shop, contract
from tests.seeded.patching import mutated


def test_who_moves_is_not_frozen_however_far_behind() -> None:
    mark = Mark()
    mark.see({"a": 1}, 0, 100.0)
    mark.see({"a": 1}, 9, 110.0)
    mark.see({"a": 2}, 900, 150.0)
    assert not mark.frozen(209.0)
    mark.see({"a": 2}, 1, 211.0)
    assert mark.frozen(211.0)
    assert 211.0 - mark.had_all == 111.0
    mark.see({"a": 3}, 0, 212.0)
    assert not mark.frozen(999.0) or mark.moved == 212.0
    mark.see({"a": 3}, 0, 999.0)  # nothing to do is no standing still
    assert not mark.frozen(999.0)


def told(name: str, **labels: str) -> Any:
    return REGISTRY.get_sample_value(name, {"service": "shop", **labels})


async def a_reader_that_stands_still_is_told_apart_from_its_relay(monkeypatch: pytest.MonkeyPatch) -> None:
    shop, now = Shop(), [1_000.0]
    monkeypatch.setattr(watching, "monotonic", lambda: now[0])
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
    wrong = ("if stands != self.stands or not behind:", "if not behind:")
    with mutated(watching, *wrong), pytest.raises(AssertionError):
        test_who_moves_is_not_frozen_however_far_behind()
