"""Append, relay, readers and reactions in every order that processes cannot be brought into, against a plain oracle.

The oracle knows what was asked and answered, and reads log and topics as plain JSON: it shares nothing with the kernel
but the records. After every step it holds the world against G1 to G6 and G9; at the end everything is healed, and what
was acknowledged must have come everywhere, once.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count
from typing import Any
from unittest.mock import patch

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from shared import consequence as consequence_module
from shared import desk as desk_module
from shared import relay as relay_module
from shared import subscription as subscription_module
from shared.broker import Partition, Record, Unavailable
from shared.consequence import Consequences
from shared.desk import Decided, Desk, Request
from shared.event import Contracts, decoder, encode, new_id
from shared.memory import MemoryStore
from shared.memory_broker import MemoryBroker
from shared.policy import Policies
from shared.relay import Relay
from shared.store import Asking, Group, New, Parked, Stored, Unknown
from shared.subscription import Subscription
from shared.wire import heading, to_record
from tests.model.actors import Actor, GatedBroker, GatedStore, Timeless, now
from tests.model.bank import (
    ACCOUNTS,
    CAP,
    POISON,
    TOPIC,
    Close,
    Give,
    Put,
    Till,
    Total,
    accounts,
    contract,
    gratitude,
    lids,
    tariff,
    wealth,
)

PARTITIONS = 2
PLACES = [(TOPIC, n) for n in range(PARTITIONS)]
EPOCH = datetime(2026, 1, 9, 12, tzinfo=UTC)
ROUNDS = 100  # in which whatever is whole comes to rest
READERS = ("totals", "wealth", "gratitude")


@dataclass
class Gift:
    """What the oracle knows of a command: `asked`, `stored`, `not`, or `unknown` where the answer was lost."""

    account: str
    ref: str
    amount: int
    key: str
    state: str = "asked"
    asks: int = 0


@lru_cache(10_000)
def content(data: bytes) -> dict[str, Any]:
    """What an event or a trigger says; nobody changes it."""
    found: dict[str, Any] = json.loads(data)
    return found


class Silent:
    """Thousands of processes die here."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args, **told: None


def several(parts: Sequence[Actor], nth: int) -> Actor:
    return parts[nth % len(parts)]


class Bank(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.patches = ExitStack()
        self.patches.enter_context(patch.object(subscription_module, "monotonic", count(0, 10).__next__))
        self.patches.enter_context(patch.object(relay_module, "PAGE", 2))
        for module in (desk_module, relay_module, subscription_module, consequence_module):
            self.patches.enter_context(patch.object(module, "log", Silent()))
        self.loop = Timeless()
        self.store, self.broker = MemoryStore(dict.fromkeys(contract.topics, PARTITIONS)), MemoryBroker()
        now(self.broker.ensure(dict.fromkeys(contract.topics, PARTITIONS)))
        self.till, self.rate = Till(), 1
        self.gifts: dict[str, Gift] = {}
        self.actors: list[Actor] = []
        self.zombies: set[Actor] = set()
        self.ended = self.lost = False
        self.names = {"totals": "totals/1", "wealth": "wealth/1", "gratitude": "gratitude"}

    # What happens

    @initialize(state=st.sampled_from(["broken", "away"]))
    def all_are_there(self, state: str) -> None:
        for kind in ("relay", *READERS, "consequences"):
            self.begin(kind)
        self.mend_or_break(state)

    @rule(
        account=st.sampled_from(ACCOUNTS),
        amount=st.sampled_from([1, 2, POISON]),
        key=st.sampled_from(["none", "own", "last"]),
        late=st.booleans(),
    )
    def give(self, account: str, amount: int, key: str, late: bool) -> None:
        """Somebody asks, and is about to store what was decided; `late`: on a version that he saw before; under the
        `last` key: which was given to another request."""
        used = [g.key for g in self.gifts.values() if g.key]
        gift = self.gift(account, amount, key != "none", used[-1] if used and key == "last" else "")
        expected = len(self.store.streams.get(accounts.named(account), ())) - 2 if late else None
        self.ask([gift], expected=expected if expected is None or expected >= 0 else None)

    @rule(amounts=st.lists(st.sampled_from([1, 2]), min_size=2, max_size=4))
    def give_at_once(self, amounts: list[int]) -> None:
        """Several commands in one batch, of several streams."""
        self.ask([self.gift(ACCOUNTS[i % len(ACCOUNTS)], amount, True) for i, amount in enumerate(amounts)])

    @precondition(lambda self: any(g.key for g in self.gifts.values()))
    @rule(nth=st.integers(0, 9))
    def ask_again(self, nth: int) -> None:
        """Under the same key: the answer was lost, or somebody is impatient."""
        keyed = [g for g in self.gifts.values() if g.key]
        self.ask([sorted(keyed, key=lambda g: g.state != "unknown")[nth % len(keyed)]])

    @precondition(lambda self: any(a.place == "append" for a in self.of("client")))
    @rule()
    def close(self) -> None:
        """While somebody is about to store what he decided on an open lid."""
        desk = self.desk(self.store)
        now(desk.decide([Request(decider=lids, command=Close(), now=datetime.now(UTC), actor="bank")]))

    @rule(kind=st.sampled_from(["relay", "relay", *READERS, "consequences"]))
    def start(self, kind: str) -> None:
        if len(self.of(kind)) < 2:
            self.begin(kind)

    @precondition(lambda self: self.of())
    @rule(
        nth=st.integers(0, 20),
        steps=st.integers(1, 8),
        limit=st.integers(1, 6),
        fails=st.sampled_from([False, False, True]),
    )
    def go_on(self, nth: int, steps: int, limit: int, fails: bool) -> None:
        """One process goes some steps; the last one may find the database or the broker away."""
        actor = several(self.of(), nth)
        actor.limit = limit
        for left in range(steps, 0, -1):
            if actor.alive:
                actor.step(fails=fails and left == 1)

    @rule(steps=st.integers(1, 12))
    def all_go_on(self, steps: int) -> None:
        for _ in range(steps):
            for actor in self.of():
                actor.step()

    @rule(arrive=st.integers(0, 3), direction=st.sampled_from([1, -1]))
    def half_arrives(self, arrive: int, direction: int) -> None:
        """The broker dies while it takes a chunk, and so does the relay."""
        relay = self.publishing()
        if relay.place == "publish":
            relay.arrives = arrive, direction
            relay.step()
            relay.kill()

    @precondition(lambda self: self.of())
    @rule(nth=st.integers(0, 20))
    def die(self, nth: int) -> None:
        several(self.of(), nth).kill()

    @precondition(lambda self: self.at_an_effect())
    @rule(nth=st.integers(0, 20), dies=st.booleans())
    def break_off(self, nth: int, dies: bool) -> None:
        """Before an effect, or between it and its acknowledgement."""
        actor = several(self.at_an_effect(), nth)
        if dies:
            actor.kill()
        else:
            actor.step(fails=True)

    @precondition(lambda self: self.members())
    @rule(nth=st.integers(0, 20))
    def be_taken_for_dead(self, nth: int) -> None:
        member = several(self.members(), nth)
        member.cut_off()
        self.zombies.add(member)

    @rule(kind=st.sampled_from(READERS), place=st.sampled_from(["fetched", "commit"]))
    def change_owner(self, kind: str, place: str) -> None:
        """In the middle of a batch: another member reads what the first one held, and then that one goes on."""
        member = self.member(kind)
        if self.come_to(place, member):
            member.cut_off()
            self.zombies.add(member)
            other = self.member(kind)
            for actor in [other] * 8 + [member] * 8:
                if actor.alive:
                    actor.step()

    @rule(kind=st.sampled_from(READERS))
    def meet(self, kind: str) -> None:
        """Two members of one group, a partition each, are in a transaction at once."""
        while len(self.members(kind)) < 2:
            self.begin(kind)
        met = [member for member in self.members(kind) if self.come_to("commit", member)]
        for member in met:
            member.step()

    @rule(state=st.sampled_from(["mended", "broken", "away"]))
    def mend_or_break(self, state: str) -> None:
        """The fold of the totals, or what it needs is away."""
        self.till.broken, self.till.error = state != "mended", Unavailable if state == "away" else ValueError

    @rule()
    def adopt_another_tariff(self) -> None:
        """Processes that start from now on know it."""
        self.rate += 1

    @precondition(lambda self: self.parked())
    @rule(what=st.sampled_from(["retry", "discard"]), nth=st.integers(0, 5))
    def ask_for(self, what: str, nth: int) -> None:
        """An operator, of the first parked event of a stream."""
        first = list({p.stream: p for p in reversed(self.parked())}.values())
        self.request(first[nth % len(first)], what)

    @rule(place=st.sampled_from(PLACES), last=st.integers(1, 4))
    def come_again(self, place: Partition, last: int) -> None:
        """What a relay sends that was not told of its success."""
        now(self.broker.publish({place: self.broker.logs[place][-last:]}))

    @rule(place=st.sampled_from(PLACES), last=st.integers(1, 6), steps=st.integers(0, 12), again=st.integers(0, 6))
    def be_lost(self, place: Partition, last: int, steps: int, again: int) -> None:
        """The broker's disk held less than it had acknowledged; relays start anew, and die while they fill it again."""
        relay = self.publishing()
        for _ in range(steps):
            relay.step()
        for actor in self.of("relay"):
            actor.kill()
        self.lost = True
        del self.broker.logs[place][-last:]
        if again:
            relay = self.publishing()
            for _ in range(again):
                relay.step()
            relay.kill()

    @precondition(lambda self: len(self.store.events) > 3 and not self.ended)
    @rule(back=st.integers(1, 2))
    def be_restored(self, back: int) -> None:
        """The database, to an earlier moment; the topics go on. Nothing is published on top of them, and nobody takes
        for the next event what another log says."""
        self.come_to_rest()
        self.end()
        before = {place: list(records) for place, records in self.broker.logs.items()}
        rows, kept = self.rows(), self.store.events[:-back]
        other = MemoryStore(self.store.partitions)
        other.events, other.moved = list(kept), {p: min(n, len(kept)) for p, n in self.store.moved.items()}
        for stored in kept:
            other.streams[stored.stream].append(stored)
        self.add(other)
        old, self.store = self.store, other
        relay = self.begin("relay")
        for _ in range(20):
            relay.step()
        tails = {r[-1].header("ce_id") for r in before.values() if r}
        if not tails <= {s.id for s in other.events}:
            assert self.broker.logs == before, "published on top of another log"
        self.store = old
        place = PLACES[0]
        if not before[place]:
            return  # whoever has read nothing of a partition takes the first log that it meets there
        follows = max(int(record.header("ce_position")) for record in before[place])
        foreign = to_record(contract, "another", replace(other.events[-1], position=follows + 1), follows)
        now(self.broker.publish({place: [foreign]}))
        self.read_on()
        assert self.rows() == rows, "what another log says was taken for the next event"

    @precondition(lambda self: len(self.store.events) > 1 and not self.ended)
    @rule()
    def miss_one(self) -> None:
        """A record is not there. Nobody goes on as if it were."""
        self.come_to_rest()
        self.end()
        rows = self.rows()
        first, second = self.add(self.store)
        now(self.broker.publish({PLACES[0]: [to_record(contract, self.store.log, second, first.position)]}))
        self.read_on()
        assert self.rows() == rows, "a hole was stepped over"

    # What must hold whatever happened

    @invariant()
    def the_log_is_whole(self) -> None:
        """G1: a command is stored whole, once, or not at all, and on nothing that had changed meanwhile."""
        events = self.store.events
        assert [s.position for s in events] == list(range(1, len(events) + 1))
        halves: dict[str, list[Stored]] = defaultdict(list)
        versions: Counter[str] = Counter()
        for s in events:
            versions[s.stream] += 1
            assert s.version == versions[s.stream], f"{s.stream} has a gap"
            if s.type == "Put":
                halves[content(s.data)["ref"]].append(s)
        for ref, found in halves.items():
            assert len(found) == 2, f"{ref} is there {len(found)} times"
            assert found[1].version == found[0].version + 1
            assert ref not in self.gifts or self.gifts[ref].state != "not", f"{ref} was not to be stored"
        for gift in self.gifts.values():
            assert gift.state != "stored" or gift.ref in halves, f"{gift.ref} was acknowledged"
        assert all(versions[accounts.named(a)] <= 2 * CAP for a in ACCOUNTS), "decided on a version that had gone"
        end = next((s.position for s in events if s.type == "Closed"), len(events) + 1)
        under = Counter(gift.key for gift in self.gifts.values() if gift.key and gift.ref in halves)
        assert all(n == 1 for n in under.values()), f"two requests were stored under one key: {under}"
        asked = (found[-1] for ref, found in halves.items() if ref in self.gifts)
        assert all(s.position < end for s in asked), "decided on a lid that had closed"

    @invariant()
    def the_topics_hold_the_log(self) -> None:
        """G2, G4: whoever drops what comes again sees every event of the log in order, without a hole."""
        if self.ended:
            return
        for place in PLACES:
            logged = [s for s in self.store.events if s.partition == place[1]]
            last, seen = 0, []
            for record in self.broker.logs[place]:
                position = int(record.header("ce_position"))
                if position > last:
                    assert int(record.header("ce_prevposition")) == last, f"a hole before {position}"
                    seen.append(record.header("ce_id"))
                    last = position
            assert seen == [s.id for s in logged[: len(seen)]]
            assert self.lost or self.store.moved.get(place, 0) <= last, "a cursor is ahead of what was acknowledged"

    @invariant()
    def rows_are_the_fold_of_what_was_read(self) -> None:
        """G3, G5: up to the checkpoints, without what is parked or discarded; in whatever order it came."""
        if self.ended:
            return
        read = self.read("totals")
        aside = {(p.partition, p.position) for p in self.parked()} | now(self.discarded())
        folded: dict[str, list[int]] = {}
        for s in read:
            if s.type == "Put" and ((TOPIC, s.partition), s.position) not in aside:
                event = content(s.data)
                folded.setdefault(event["account"].split("/")[1], []).append(event["amount"])
        expected = {place: (len(amounts), sum(amounts)) for place, amounts in folded.items()}
        assert {r.place: (r.events, r.amount) for r in self.rows()} == expected

    @invariant()
    def poison_stops_its_stream_only(self) -> None:
        """G6: the first of a stream is what cannot be handled, and all that was read behind it waits."""
        if self.ended:
            return
        streams: dict[str, list[Parked]] = defaultdict(list)
        for p in self.parked():
            streams[p.stream].append(p)
        discarded = now(self.discarded())
        for stream, found in streams.items():
            positions = [p.position for p in found]
            behind = [s for s in self.read("totals") if s.stream == stream and s.position >= positions[0]]
            assert positions == [s.position for s in behind if ((TOPIC, s.partition), s.position) not in discarded]
            assert "Unavailable" not in found[0].error, "an outage parked an event"
            if found[0].error:
                assert content(behind[0].data)["amount"] == POISON

    @invariant()
    def a_consequence_follows_once(self) -> None:
        """G9: of every gift that the reaction has read, owed or stored, never twice."""
        thanked = Counter(content(s.data)["ref"] for s in self.store.events if s.type == "Echoed")
        assert all(n == 1 for n in thanked.values()), f"thanked twice: {thanked}"
        if self.ended:
            return
        owed = Counter(content(row.trigger)["event"]["ref"] for row in self.store.tables["due"].values())
        for s in self.read("gratitude"):
            if s.type == "Put":
                ref = content(s.data)["ref"]
                assert thanked[ref] or owed[ref], f"{ref} has no consequence"

    def teardown(self) -> None:
        try:
            if not self.ended:
                self.come_to_rest()
                self.everything_has_come()
        finally:
            self.end()
            self.loop.close()
            self.patches.close()

    def everything_has_come(self) -> None:
        self.the_log_is_whole()
        self.the_topics_hold_the_log()
        self.rows_are_the_fold_of_what_was_read()
        self.a_consequence_follows_once()
        for account in ACCOUNTS:
            stands = sum(e["amount"] for e in self.puts() if e["account"] == account)
            found = now(self.store.result(wealth, json.dumps({"account": account}, separators=(",", ":"))))
            assert (found.document if found else 0) == stands

    # How it is done

    def of(self, kind: str = "") -> list[Actor]:
        return [a for a in self.actors if a.alive and kind in ("", a.name)]

    def publishing(self) -> Actor:
        """A relay, about to publish where there is something."""
        relay = next(iter(self.of("relay")), None) or self.begin("relay")
        for _ in range(8):
            if relay.place != "publish":
                relay.step()
        return relay

    def at_an_effect(self) -> list[Actor]:
        return [a for a in self.of() if a.place not in ("idle", "fetch", "cursors", "tail")]

    def members(self, kind: str = "") -> list[Actor]:
        return [a for a in self.of(kind) if a.name in READERS and a not in self.zombies]

    def member(self, kind: str) -> Actor:
        return next(iter(self.members(kind)), None) or self.begin(kind)

    def come_to(self, place: str, actor: Actor) -> bool:
        """Whether it stands there after some steps."""
        for _ in range(8):
            if actor.alive and actor.place != place:
                actor.step()
        return actor.alive and actor.place == place

    def desk(self, store: Any) -> Desk:
        topics = dict.fromkeys(contract.topics, PARTITIONS)
        return Desk(store, contract, Contracts(contract), topics, tariff(self.rate))

    def begin(self, kind: str) -> Actor:
        self.actors.append(actor := Actor(self.loop, kind, lambda a: self.work(kind, a)))
        return actor

    async def work(self, kind: str, actor: Actor) -> None:
        store: Any = GatedStore(actor, self.store)
        broker: Any = GatedBroker(actor, self.broker)
        if kind == "relay":
            await Relay(store, broker, contract).run()
        elif kind == "consequences":
            contracts, policies = Contracts(contract), tariff(self.rate)
            await Consequences("bank", [gratitude], [], store, self.desk(store), contracts, policies).run()
        else:
            source: Any = {"totals": self.till.totals, "wealth": wealth, "gratitude": gratitude}[kind]
            reader = Subscription("bank", source, store, broker, Contracts(contract), Policies())
            self.names[kind] = reader.name
            await reader.run()

    def gift(self, account: str, amount: int, keyed: bool, key: str = "") -> Gift:
        ref = f"gift-{len(self.gifts)}"
        self.gifts[ref] = gift = Gift(account, ref, amount, key or (f"http:{ref}" if keyed else ""))
        return gift

    def ask(self, gifts: Sequence[Gift], expected: int | None = None) -> None:
        """A client that asks for these in one batch, up to where they are about to be stored."""
        requests = [
            Request(
                decider=accounts,
                command=Give(account=g.account, ref=g.ref, amount=g.amount),
                now=datetime.now(UTC),
                actor="somebody",
                expected=expected,
                once=g.key,
                digest=g.ref.encode(),
            )
            for g in gifts
        ]
        for g in gifts:
            g.asks += 1

        async def client(actor: Actor) -> None:
            try:
                answers: Sequence[Decided | None] = await self.desk(GatedStore(actor, self.store)).decide(requests)
            except Unavailable:
                answers = [None] * len(gifts)
            for g, answered in zip(gifts, answers, strict=True):
                self.answered(g, answered)

        self.actors.append(Actor(self.loop, "client", client))

    def answered(self, gift: Gift, answer: Decided | None) -> None:
        if answer is not None and answer.outcome == "stored":
            gift.state = "stored"
        elif answer is None and gift.state == "asked":
            gift.state = "unknown"
        elif answer is not None and gift.asks == 1:
            gift.state = "not"

    def add(self, store: MemoryStore) -> list[Stored]:
        """One more gift, of an account that no rule names: two events on the first partition."""
        account = f"extra{len(store.events)}/east"
        halves = [Put(account=account, ref=account, amount=1, half=half) for half in (1, 2)]
        events = tuple(
            New(id=new_id(), type="Put", schema=1, occurred_at=EPOCH, data=encode(h), meta=b'{"actor":"bank"}')
            for h in halves
        )
        stream = accounts.named(account)
        now(store.append([Group(stream=stream, expected=0, topic=TOPIC, partition=0, events=events)]))
        return store.events[-2:]

    def parked(self) -> list[Parked]:
        async def find() -> list[Parked]:
            async with self.store.work() as work:
                return await work.parked(self.names["totals"])

        found: list[Parked] = now(find())
        return found

    async def discarded(self) -> set[tuple[Partition, int]]:
        async with self.store.work() as work:
            records = [decoder(Record).decode(r) for r in await work.discarded("totals")]
        ids = {heading(r).id for r in records}
        return {((s.topic, s.partition), s.position) for s in self.store.events if s.id in ids}

    def request(self, parked: Parked, what: str) -> None:
        with suppress(Unknown):  # it only waits now
            asking = Asking(actor="operator", what=what, reader=parked.reader, stream=parked.stream)
            now(self.store.ask(asking))

    def read(self, reader: str) -> list[Stored]:
        """Events that took effect, or were put aside."""
        stands = now(self.store.checkpoints(self.names[reader]))
        ends = {place: checkpoint.position for place, checkpoint in stands.items()}
        return [s for s in self.store.events if s.position <= ends.get((TOPIC, s.partition), 0)]

    def rows(self) -> list[Total]:
        found: list[Total] = now(self.store.rows(self.till.totals, [("east",), ("west",)]))
        return sorted(found, key=lambda row: row.place)

    def puts(self) -> Iterator[dict[str, Any]]:
        return (content(s.data) for s in self.store.events if s.type == "Put")

    def come_to_rest(self) -> None:
        """Everything healed, and one of each at least: in bounded time nothing is left to do."""
        self.till.broken, self.till.error = False, ValueError
        for actor in [*self.of("relay"), *(a for a in self.of() if a in self.zombies)]:
            actor.kill()
        for kind in ("relay", *READERS, "consequences"):
            if not self.of(kind):
                self.begin(kind)
        for _ in range(ROUNDS):
            for actor in self.of() * 4:
                if actor.alive:
                    actor.limit = 50
                    actor.step()
            for parked in self.parked():
                self.request(parked, "retry")
            if not (left := self.left()):
                return
        raise AssertionError(f"it does not come to rest: {left}")

    def left(self) -> str:
        """What is still to be done: the first of it."""
        if self.of("client"):
            return "clients"
        if behind := [r for r in READERS if len(self.read(r)) < len(self.store.events)]:
            return f"{behind[0]} is behind"
        if self.parked() or self.store.tables["due"]:
            return "parked events, or consequences"
        return next((f"what {a} has" for a in ACCOUNTS if not self.settled(a)), "")

    def settled(self, account: str) -> bool:
        stands = sum(e["amount"] for e in self.puts() if e["account"] == account)
        found = now(self.store.result(wealth, json.dumps({"account": account}, separators=(",", ":"))))
        return bool((found.document if found else 0) == stands)

    def end(self) -> None:
        """All of them die; the world is looked at as it stands."""
        self.ended = True
        for actor in self.of():
            actor.kill()

    def read_on(self) -> None:
        """A fresh reader goes on for a while."""
        reader = self.begin("totals")
        for _ in range(12):
            reader.step()
        self.end()
