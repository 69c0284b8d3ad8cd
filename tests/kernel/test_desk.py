"""The desk: batches, groups, guards, keys. On the store in memory."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest

from shared import desk as desk_module
from shared.decider import Context, Decider, look
from shared.desk import Decided, Desk, KeyReused, Request, TooLarge
from shared.event import Contract, Contracts, NewerSchema
from shared.memory import MemoryStore
from shared.policy import Policies
from shared.refusal import Refused
from shared.store import Answer, Group, Past
from shared.value import value
from tests.seeded.patching import mutated

NOW = datetime(2026, 1, 9, tzinfo=UTC)


@value
class Opened:
    door: str


@value
class Shut:
    door: str


@value
class Passed:
    door: str
    who: str


@value
class Pass:
    door: str
    who: str


def turn(command: Opened | Shut, state: bool) -> list[Opened | Shut]:
    if isinstance(command, Opened) == state:
        return []
    return [command]


def turned(state: bool, event: Opened | Shut) -> bool:
    if isinstance(event, Opened) == state:
        raise ValueError("a door that is open cannot open")
    return isinstance(event, Opened)


doors = Decider(name="door", key=lambda c: (c.door,), initial=bool, decide=turn, evolve=turned)


def go(command: Pass, state: int, context: Context) -> list[Passed]:
    if not context.state(doors, command.door):
        raise Refused("door.shut", door=command.door)
    return [Passed(door=command.door, who=command.who)]


def gone(state: int, event: Passed) -> int:
    return state + 1


passages = Decider(
    name="passage",
    key=lambda c: (c.who,),
    initial=int,
    decide=go,
    evolve=gone,
    sees=lambda c: [look(doors, c.door)],
)
contract = Contract("house", Opened, Shut, Passed)
TOPICS = dict.fromkeys(contract.topics, 3)


def desk(store: MemoryStore) -> Desk:
    return Desk(store, contract, Contracts(contract), TOPICS, Policies())


def asking(command: Opened | Shut | Pass, once: str = "", digest: bytes = b"") -> Request:
    decider = passages if isinstance(command, Pass) else doors
    return Request(decider=decider, command=command, now=NOW, actor="somebody", once=once, digest=digest)


def outcomes(decided: Sequence[Decided]) -> list[tuple[str, int]]:
    return [(d.outcome, d.version) for d in decided]


async def test_commands_on_one_stream_are_decided_on_the_evolving_state() -> None:
    store = MemoryStore(TOPICS)
    commands: list[Opened | Shut | Pass] = [Opened(door="a"), Opened(door="a"), Shut(door="a"), Opened(door="b")]
    assert outcomes(await desk(store).decide([asking(c) for c in commands])) == [
        ("stored", 1), ("unchanged", 1), ("stored", 2), ("stored", 1),
    ]  # fmt: skip
    assert [(s.stream, s.version) for s in await store.tail(0, 9)] == [("door/a", 1), ("door/a", 2), ("door/b", 1)]


async def test_a_command_sees_what_an_earlier_one_of_its_batch_decided() -> None:
    store = MemoryStore(TOPICS)
    commands: list[Opened | Shut | Pass] = [
        Opened(door="a"),
        Pass(door="a", who="li"),
        Shut(door="a"),
        Pass(door="a", who="li"),
    ]
    assert outcomes(await desk(store).decide([asking(c) for c in commands])) == [
        ("stored", 1), ("stored", 1), ("stored", 2), ("refused", 1),
    ]  # fmt: skip


class Slipping(MemoryStore):
    """Somebody shuts the door between a decision and its storing."""

    slipped = False

    async def past(self, streams: Iterable[str]) -> dict[str, list[Past]]:
        found = await super().past(streams)
        if "passage/li" in found and not self.slipped:
            self.slipped = True
            await Desk(self, contract, Contracts(contract), TOPICS, Policies()).decide([asking(Shut(door="a"))])
        return found


async def test_what_a_decision_saw_is_checked_again_when_it_is_stored() -> None:
    store = Slipping(TOPICS)
    await desk(store).decide([asking(Opened(door="a"))])
    (decided,) = await desk(store).decide([asking(Pass(door="a", who="li"))])
    assert (decided.outcome, str(decided.refusal)) == ("refused", "('door.shut', {'door': 'a'})")


class Locking(MemoryStore):
    """Somebody locks the door for good between the decisions of a batch and their storing."""

    locked = False

    async def append(self, groups: Sequence[Group]) -> list[Answer]:
        if not self.locked:
            self.locked = True
            await Desk(self, contract, Contracts(contract), TOPICS, Policies()).decide([asking(Opened(door="a"))])
        return await super().append(groups)


async def test_an_answer_stands_or_falls_with_what_it_rests_on() -> None:
    """The second is decided on the first one's event, which was never stored: it is decided again too."""
    store = Locking(TOPICS)
    first, second = await desk(store).decide([asking(Opened(door="a")), asking(Opened(door="a"))])
    assert outcomes([first, second]) == [("unchanged", 1), ("unchanged", 1)]
    assert (first.position, second.position, await store.maximum()) == (1, 1, 1)


async def test_a_command_that_cannot_even_be_looked_at_fails_alone() -> None:
    store = MemoryStore(TOPICS)
    broken = replace(doors, sees=lambda c: [c.window])  # type: ignore[union-attr]
    unseen = msgspec.structs.replace(asking(Opened(door="b")), decider=broken)
    good, bad, other = await desk(store).decide([asking(Opened(door="a")), unseen, asking(Opened(door="c"))])
    assert [d.outcome for d in (good, bad, other)] == ["stored", "failed", "stored"]
    assert await store.maximum() == 2


async def test_an_event_that_no_record_can_hold_is_refused() -> None:
    store = MemoryStore(TOPICS)
    big, small = await desk(store).decide([asking(Opened(door="a" * 1_000_000)), asking(Opened(door="b"))])
    assert isinstance(big.error, TooLarge)
    assert small.outcome == "stored"


async def test_a_key_answers_as_before_and_refuses_another_request() -> None:
    store = MemoryStore(TOPICS)
    first, again, other = await desk(store).decide(
        [asking(Opened(door="a"), "k", b"1"), asking(Opened(door="a"), "k", b"1"), asking(Opened(door="b"), "k", b"2")]
    )
    assert (first.outcome, again.outcome, again.repeated) == ("stored", "stored", True)
    assert isinstance(other.error, KeyReused)
    assert await store.maximum() == 1


async def test_an_impossible_history_fails_who_looks_at_it_and_nobody_else() -> None:
    store = MemoryStore(TOPICS)
    await desk(store).decide([asking(Opened(door="a"))])
    (stored,) = store.streams["door/a"]
    store.streams["door/a"].append(stored)
    commands: list[Opened | Shut | Pass] = [Opened(door="a"), Pass(door="a", who="li"), Opened(door="b")]
    assert [d.outcome for d in await desk(store).decide([asking(c) for c in commands])] == [
        "failed", "failed", "stored",
    ]  # fmt: skip


async def test_many_callers_are_served_together_each_with_its_own_answer() -> None:
    store = MemoryStore(TOPICS)
    served = desk(store)
    running = asyncio.create_task(served.run())
    answers = await asyncio.gather(*(served.submit(asking(Opened(door=f"d{i}"))) for i in range(300)))
    running.cancel()
    assert [a.stream for a in answers] == [f"door/d{i}" for i in range(300)]
    assert await store.maximum() == 300


async def test_older_schemas_are_lifted_and_newer_ones_wait() -> None:
    lifted = Contract(
        "house", Opened, upcasts={Opened: {1: lambda d: {"gate": d["name"]}, 2: lambda d: {"door": d["gate"]}}}
    )
    assert lifted.schema(Opened) == 3
    assert lifted.decode("Opened", 1, b'{"name": "a"}') == Opened(door="a")
    assert lifted.decode("Opened", 2, b'{"gate": "a"}') == Opened(door="a")
    assert lifted.decode("Opened", 3, b'{"door": "a", "unknown": 1}') == Opened(door="a")
    with pytest.raises(NewerSchema, match="has schema 4, known is 3"):
        lifted.decode("Opened", 4, b'{"door": "a"}')


class Counting(MemoryStore):
    appends = 0

    async def append(self, groups: Sequence[Group]) -> list[Answer]:
        self.appends += 1
        return await super().append(groups)


async def rounds_follow_the_longest_chain() -> None:
    """Two hundred doors, each opened, gone through, shut and tried again: four rounds, not four hundred."""
    store = Counting(TOPICS)
    commands: list[Opened | Shut | Pass] = []
    for n in range(200):
        door = f"d{n}"
        commands += [Opened(door=door), Pass(door=door, who=f"w{n}"), Shut(door=door), Pass(door=door, who=f"w{n}")]
    decided = outcomes(await desk(store).decide([asking(c) for c in commands]))
    assert decided == [("stored", 1), ("stored", 1), ("stored", 2), ("refused", 1)] * 200
    assert store.appends <= 4


async def test_rounds_follow_the_longest_chain() -> None:
    await rounds_follow_the_longest_chain()


async def test_what_follows_a_command_that_waits_waits_too() -> None:
    """In the order in which they were asked: nobody goes through a door before it was opened for him."""
    store = MemoryStore(TOPICS)
    commands: list[Opened | Shut | Pass] = [
        Opened(door="a"),
        Pass(door="a", who="li"),  # waits for the first
        Shut(door="a"),  # and this for the second, which sees the door
        Opened(door="b"),
        Pass(door="b", who="li"),  # and this for the second, whose stream it is
        Pass(door="b", who="wu"),
    ]
    assert {o for o, _ in outcomes(await desk(store).decide([asking(c) for c in commands]))} == {"stored"}
    at = [(s.stream, s.type) for s in await store.tail(0, 99)]
    assert at.index(("passage/li", "Passed")) < at.index(("door/a", "Shut"))


WAITS = {
    "a stream that a waiting one sees moves before it": ("or stream in self.seen_later\n", "\n"),
    "the first that depends ends the round": ("continue\n            if (answer", "break\n            if (answer"),
}


@pytest.mark.parametrize("bug", WAITS)
async def test_seeded_rounds(bug: str) -> None:
    guard = rounds_follow_the_longest_chain if "round" in bug else test_what_follows_a_command_that_waits_waits_too
    with mutated(desk_module, *WAITS[bug]), pytest.raises(AssertionError):
        await guard()
