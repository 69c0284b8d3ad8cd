"""Consequences on the adapters in memory: in order by stream, never half known, lifted to today's schema."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared import consequence, memory
from shared import desk as desk_module
from shared.broker import Unavailable
from shared.consequence import Consequences
from shared.decider import Context, Decider
from shared.desk import Desk
from shared.event import Contract, Contracts, Meta, encode
from shared.memory import MemoryStore
from shared.policy import Document, Issue, Policies
from shared.reaction import Reaction
from shared.store import EVERYWHERE, NewDue
from shared.value import value
from tests.seeded.patching import mutated

NOON = datetime(2026, 1, 9, 12, tzinfo=UTC)


@value
class Rang:
    bell: str
    times: int


@value
class Bow:
    bell: str


@value
class Answered:
    bell: str
    times: int


def answer(command: Answered, state: int) -> list[Answered]:
    return [command]


def answered(state: int, event: Answered) -> int:
    return state + 1


answers = Decider(name="answer", key=lambda c: (c.bell,), initial=int, decide=answer, evolve=answered)
broken: set[int] = set()


@value
class Manners:
    greeting: str


def open_up(event: Rang) -> Iterator[Answered]:
    if event.times in broken:
        raise ValueError(f"{event.times} rings are too many")
    yield Answered(bell=event.bell, times=event.times)


door = Reaction(name="door", to=answers, react=open_up)


def greet(event: Rang, context: Context) -> Iterator[Answered]:
    context.policy(Manners)
    yield Answered(bell=event.bell, times=event.times)


def bow(command: Bow, state: int, context: Context) -> list[Answered]:
    context.policy(Manners)
    return [Answered(bell=command.bell, times=0)]


@value
class Curtsy:
    bell: str


def curtsy(command: Curtsy, state: int, context: Context) -> list[Answered]:
    context.policy_as(Manners, "manners:1")
    return [Answered(bell=command.bell, times=-1)]


curtsies = Decider(name="curtsy", key=lambda c: (c.bell,), initial=int, decide=curtsy, evolve=answered)


def curtsy_once(event: Rang) -> Iterator[Curtsy]:
    yield Curtsy(bell=event.bell)


bows = Decider(name="bow", key=lambda c: (c.bell,), initial=int, decide=bow, evolve=answered)


def bow_down(event: Rang) -> Iterator[Bow]:
    yield Bow(bell=event.bell)


greeting = Reaction(name="greeting", to=answers, react=greet)
curtsying = Reaction(name="curtsying", to=curtsies, react=curtsy_once)
bowing = Reaction(name="bowing", to=bows, react=bow_down)


def remind(event: Rang) -> Iterator[Answered]:
    yield Answered(bell=event.bell, times=event.times)


def moment(event: Rang) -> datetime | None:
    return NOON + timedelta(hours=event.times)


reminding = Reaction(name="reminding", to=answers, react=remind, at=moment)
REACTIONS: list[Reaction[Any, Any]] = [door, greeting, bowing, curtsying, reminding]
contract = Contract("house", Rang, Answered, upcasts={Rang: {1: lambda d: {"bell": d["name"], "times": d["times"]}}})
TOPICS = dict.fromkeys(contract.topics, 3)
NONE = Policies()


def rang(
    number: int, bell: str, data: object, schema: int = 2, reaction: str = "door", at: datetime | None = None
) -> NewDue:
    meta = Meta(
        id=f"01920000-0000-7000-8000-{number:012}",
        service="house",
        stream=f"bell/{bell}",
        version=number,
        position=number,
        occurred_at=NOON,
        recorded_at=NOON,
        actor="somebody",
    )
    trigger = encode({"type": "Rang", "schema": schema, "event": data, "meta": meta})
    return NewDue(reaction=reaction, at=at, stream=meta.stream, trigger=trigger, scope="studio/1")


def consequences_of(store: MemoryStore, policies: Policies = NONE) -> Consequences:
    contracts = Contracts(contract)
    desk = Desk(store, contract, contracts, TOPICS, policies)
    return Consequences("house", REACTIONS, [], store, desk, contracts, policies)


async def told(store: MemoryStore) -> list[int]:
    """What was answered, in the order of the log."""
    events = [contract.decode(s.type, s.schema, s.data) for s in await store.tail(0, 99)]
    return [e.times for e in events if isinstance(e, Answered)]


async def at_work(*rows: NewDue) -> tuple[MemoryStore, Consequences]:
    store = MemoryStore(TOPICS)
    async with store.work() as work:
        await work.add_due(rows)
    consequences = consequences_of(store)
    while await consequences.step():
        pass
    return store, consequences


async def test_what_follows_a_failed_one_waits_behind_it() -> None:
    broken.add(2)
    rings = [rang(n, bell, Rang(bell=bell, times=n)) for n, bell in ((1, "a"), (2, "a"), (3, "a"), (4, "b"))]
    store, consequences = await at_work(*rings)
    assert {s.stream: s.version for s in await store.tail(0, 9)} == {"answer/a": 1, "answer/b": 1}
    broken.clear()
    for number, row in list(store.tables["due"].items()):  # as an operator's retry does
        store.tables["due"][number] = replace(row, failed="")
    while await consequences.step():
        pass
    events = [contract.decode(s.type, s.schema, s.data) for s in await store.tail(0, 9)]
    assert [e.times for e in events if isinstance(e, Answered) and e.bell == "a"] == [1, 2, 3]


async def test_a_row_of_an_older_schema_is_lifted() -> None:
    store, _ = await at_work(rang(1, "a", {"name": "a", "times": 7}, schema=1))
    (stored,) = await store.tail(0, 9)
    assert contract.decode(stored.type, stored.schema, stored.data) == Answered(bell="a", times=7)


async def test_a_row_that_comes_twice_has_one_consequence() -> None:
    ring = rang(1, "a", Rang(bell="a", times=1))
    store, _ = await at_work(ring, ring)
    assert await store.maximum() == 1


# Time


async def deadlines_fire_once_in_order_of_time() -> None:
    """Those that passed while nobody was there, left in another order than that of their moments; the process dies once
    between storing and settling."""
    rows = [
        rang(n, bell, Rang(bell=bell, times=n), reaction="reminding", at=moment(Rang(bell=bell, times=n)))
        for n, bell in ((3, "a"), (1, "a"), (2, "b"), (5, "c"), (4, "b"))
    ]
    store = Forgetful(TOPICS)
    async with store.work() as work:
        await work.add_due(rows)
    for _ in range(12):
        with suppress(Unavailable):
            await consequences_of(store).step()
    assert await told(store) == [1, 2, 3, 4, 5]
    assert [s.occurred_at.hour for s in await store.tail(0, 99)] == [13, 14, 15, 16, 17]  # the state of that moment
    assert await store.next_due(["reminding"]) is None


class Forgetful(MemoryStore):
    """Every other time the process dies when all is stored and nothing is settled."""

    settled = 0

    async def settle_due(
        self, done: Sequence[int], failed: Mapping[int, str], waits: Mapping[int, str] | None = None
    ) -> None:
        self.settled += 1
        if self.settled % 2:
            raise Unavailable("the process died")
        await super().settle_due(done, failed, waits)


async def test_deadlines_fire_once_in_order_of_time() -> None:
    await deadlines_fire_once_in_order_of_time()


FIRING = {
    "a deadline fires twice": ("once=reaction.once(stream, trigger.occasion or cause.id),", "once='',"),
    "no order of time": ("elif due.at is None or not waiting:", "else:"),
    "the moment is that of the cause": ("now=due.at or cause.occurred_at,", "now=cause.occurred_at,"),
}


@pytest.mark.parametrize("bug", FIRING)
async def test_seeded_deadlines(bug: str) -> None:
    with mutated(consequence, *FIRING[bug]), pytest.raises(AssertionError):
        await deadlines_fire_once_in_order_of_time()


async def test_a_deadline_is_not_early() -> None:
    ahead = datetime.now(UTC) + timedelta(hours=1)
    store, _ = await at_work(rang(1, "a", Rang(bell="a", times=1), reaction="reminding", at=ahead))
    assert await told(store) == []
    assert await store.next_due(["reminding"]) == ahead


async def a_held_deadline_waits() -> None:
    store = MemoryStore(TOPICS)
    later = rang(2, "a", Rang(bell="a", times=2), reaction="reminding", at=NOON)
    async with store.work() as work:
        await work.add_due([later, rang(1, "a", Rang(bell="a", times=1))])
    await store.start_import("2024", EVERYWHERE, "li")
    consequences = consequences_of(store)
    while await consequences.step():
        await consequences.release()
    assert await told(store) == [1]  # what is due at once goes on
    await store.complete_import("2024", {})
    await consequences.release()
    while await consequences.step():
        pass
    assert await told(store) == [1, 2]


async def test_a_held_deadline_waits() -> None:
    await a_held_deadline_waits()


async def test_seeded_a_held_deadline_fires_during_the_import() -> None:
    wrong = ("if r.at and not held & {EVERYWHERE", "if r.at and not set() & {EVERYWHERE")
    with mutated(memory, *wrong), pytest.raises(AssertionError):
        await a_held_deadline_waits()


# Policies that are not there yet


def mannered() -> Policies:
    return Policies(documents=(Document(body=Manners(greeting="hm"), issue=Issue(policy="manners", version=1)),))


async def a_consequence_waits_for_its_policy() -> None:
    store = MemoryStore(TOPICS)
    async with store.work() as work:
        lacking = ((1, "greeting"), (2, "bowing"), (4, "curtsying"))
        rings = [rang(n, "a", Rang(bell="a", times=n), reaction=r) for n, r in lacking]
        await work.add_due([*rings, rang(3, "a", Rang(bell="a", times=3))])
    without = consequences_of(store)
    while await without.step():
        pass
    assert (await told(store), set(store.waits.values())) == ([3], {"Manners", "manners:1"})
    assert await store.take_up(["greeting", "bowing", "curtsying"]) == 3
    having = consequences_of(store, mannered())
    while await having.step():
        pass
    assert (await told(store), store.tables["due"]) == ([3, 1, 0, -1], {})


async def test_a_consequence_waits_for_its_policy() -> None:
    await a_consequence_waits_for_its_policy()


class Rolling(MemoryStore):
    """An older process, which lacks the policy, has what is taken up at first wait again."""

    starts = 0

    async def take_up(self, reactions: Sequence[str]) -> int:
        self.starts += 1
        return 0 if self.starts == 1 else await super().take_up(reactions)


async def test_what_an_older_process_had_wait_again_is_taken_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consequence, "TAKE_UP_SECONDS", 0.0)
    store = Rolling(TOPICS)
    async with store.work() as work:
        await work.add_due([rang(1, "a", Rang(bell="a", times=1), reaction="greeting")])
    await consequences_of(store).step()
    assert store.waits
    running = asyncio.create_task(consequences_of(store, mannered()).run())
    async with asyncio.timeout(60):
        while store.tables["due"]:  # noqa: ASYNC110 nobody tells that it is gone
            await asyncio.sleep(0.01)
    running.cancel()
    assert await told(store) == [1]


async def test_seeded_a_missing_policy_is_a_final_refusal() -> None:
    wrong = ("final = request.final and not (refusal and refusal.code in LACKING)", "final = request.final")
    with mutated(desk_module, *wrong), pytest.raises(AssertionError):
        await a_consequence_waits_for_its_policy()
