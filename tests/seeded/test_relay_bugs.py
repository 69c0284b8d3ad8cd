"""Bugs seeded into the relay and the Kafka adapter: the test that guards the guarantee sees each of them. G2, G4."""

from collections.abc import Awaitable, Callable
from itertools import count

import pytest

from deploy.local.kafka import Kafka
from shared import kafka, relay, wire
from shared.event import Contract
from shared.kafka import KafkaBroker, KafkaSettings
from shared.memory import MemoryStore
from shared.memory_broker import MemoryBroker
from tests.integration import test_kafka, test_relay
from tests.integration.test_relay import Paid, Said, World
from tests.seeded.patching import mutated

Guard = Callable[[World], Awaitable[None]]
NUMBERS = count(1)

ONE_AT_A_TIME = """
                    for at_once in zip_longest(*(batches(self.producer, *chunk) for chunk in chunks.items())):
                        await self.deliver([batch for batch in at_once if batch is not None])
"""
FOUR_AT_A_TIME = """
                    rounds = list(zip_longest(*(batches(self.producer, *chunk) for chunk in chunks.items())))
                    for i in range(0, len(rounds), 4):
                        four = [self.deliver([b for b in at_once if b is not None]) for at_once in rounds[i : i + 4]]
                        for problem in await asyncio.gather(*four, return_exceptions=True):
                            if problem is not None:
                                raise problem
"""


async def test_four_outstanding_chunks_of_a_fresh_producer(
    kafka_broker: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the first one fails, those behind it are taken by the broker all the same."""
    broker = KafkaBroker(KafkaSettings(bootstrap_servers=kafka_broker.bootstrap_servers))
    guard = test_kafka.test_what_a_failing_batch_leaves_behind_has_no_hole
    try:
        with mutated(kafka, ONE_AT_A_TIME, FOUR_AT_A_TIME), pytest.raises(AssertionError):
            await guard(broker, f"seeded.{next(NUMBERS)}", monkeypatch)
        await guard(broker, f"seeded.{next(NUMBERS)}", monkeypatch)
    finally:
        await broker.close()


async def in_part(world: World) -> None:
    await test_relay.test_a_page_that_arrived_in_part_is_completed(world, 1)


async def from_where_it_was(world: World) -> None:
    await test_relay.test_a_start_does_not_read_the_log_from_its_beginning(world)


BUGS: dict[str, tuple[object, str, str, Guard]] = {
    "the cursors move before the broker has acknowledged": (
        relay,
        """
            if chunks:
                await self.broker.publish(chunks)
            await self.move(page)
""",
        """
            await self.move(page)
            if chunks:
                await self.broker.publish(chunks)
""",
        test_relay.test_cursors_wait_for_the_acknowledgement,
    ),
    "what arrived of a page is not looked at": (
        relay,
        "if stored.position > previous:",
        "if True:",
        test_relay.test_a_crash_before_the_cursors_move_sends_nothing_again,
    ),
    "what arrived of a page is taken for all of it": (
        relay,
        "min([max(self.moved.values()), *lost])",
        "max(self.sent.values())",
        in_part,
    ),
    "a topic that lost records is not filled again": (
        relay,
        "min([max(self.moved.values()), *lost])",
        "max(self.moved.values())",
        test_relay.test_what_a_topic_lost_is_published_again,
    ),
    "a refill moves cursors back": (
        relay,
        "if to > self.moved[place]}",
        "}",
        test_relay.test_a_refill_that_is_cut_short_is_taken_up_again,
    ),
    "the lowest cursor is where reading begins": (
        relay,
        "max(self.moved.values())",
        "min(self.moved.values())",
        from_where_it_was,
    ),
    "the position before is that of the log, not of the partition": (
        wire,
        '("ce_prevposition", b"%d" % previous)',
        '("ce_prevposition", b"%d" % (stored.position - 1))',
        test_relay.test_every_event_is_published_once_in_order,
    ),
    "any tail will do": (
        relay,
        "!= [found.id]:",
        "== []:",
        test_relay.test_nothing_is_published_on_top_of_another_log,
    ),
}


def world() -> World:
    contract = Contract(f"seeded{next(NUMBERS)}", Said, restricted=[Paid])
    return World(contract, MemoryStore(dict.fromkeys(contract.topics, 3)), MemoryBroker())


@pytest.mark.parametrize("bug", BUGS)
async def test_the_relay(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, old, new, guard = BUGS[bug]
    test_relay.hurry(monkeypatch)
    await guard(world())
    monkeypatch.setattr(test_relay, "BOUND", 2.0)
    with mutated(module, old, new), pytest.raises((AssertionError, TimeoutError, pytest.fail.Exception)):  # type: ignore[arg-type]
        await guard(world())
