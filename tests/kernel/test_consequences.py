"""Consequences on the adapters in memory: in order by stream, never half known, lifted to today's schema."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from shared.consequence import Consequences
from shared.decider import Decider
from shared.desk import Desk
from shared.event import Contract, Contracts, Meta, encode
from shared.memory import MemoryStore
from shared.policy import Policies
from shared.reaction import Reaction
from shared.store import NewDue
from shared.value import value

NOON = datetime(2026, 1, 9, 12, tzinfo=UTC)


@value
class Rang:
    bell: str
    times: int


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


def open_up(event: Rang) -> Iterator[Answered]:
    if event.times in broken:
        raise ValueError(f"{event.times} rings are too many")
    yield Answered(bell=event.bell, times=event.times)


door = Reaction(name="door", to=answers, react=open_up)
contract = Contract("house", Rang, Answered, upcasts={Rang: {1: lambda d: {"bell": d["name"], "times": d["times"]}}})
TOPICS = dict.fromkeys(contract.topics, 3)


def rang(number: int, bell: str, data: object, schema: int = 2) -> NewDue:
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
    return NewDue(reaction="door", at=NOON, stream=meta.stream, trigger=trigger)


async def at_work(*rows: NewDue) -> tuple[MemoryStore, Consequences]:
    store = MemoryStore(TOPICS)
    contracts = Contracts(contract)
    async with store.work() as work:
        await work.add_due(rows)
    desk = Desk(store, contract, contracts, TOPICS, Policies())
    consequences = Consequences("house", [door], [], store, desk, contracts, Policies())
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
