"""All of supervision's reactions and decisions in memory, each reader at a pace of its own.

A reader is given the events of one stream in their order, those of different streams in any; it may be given again
what it was given already. Facts are computed, and consequences decided, whenever it pleases the pace.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any

from msgspec.structs import replace

from services.supervision.main import service
from shared.decider import Context, Decider
from shared.event import Meta, Recorded, encode
from shared.facts import Facts
from shared.policy import Policies
from shared.projection import Projection
from shared.reaction import Reaction
from shared.refusal import Refused

BEGAN = datetime(2024, 10, 1, tzinfo=UTC)
Step = Callable[[], None]
Source = Reaction[Any, Any] | Facts[Any, Any, Any, Any]


class World:
    def __init__(self, policies: Policies, pace: Random) -> None:
        self.policies, self.pace = policies, pace
        self.log: dict[str, list[Recorded[Any]]] = defaultdict(list)
        self.once: set[str] = set()
        self.owed: dict[tuple[str, str], list[tuple[Any, Recorded[Any], str]]] = defaultdict(list)
        self.heard: dict[tuple[str, str], list[Recorded[Any]]] = defaultdict(list)  # by reader and stream
        self.given: dict[tuple[str, str], int] = defaultdict(int)
        self.gathered: dict[tuple[str, Hashable], dict[str, Recorded[Any]]] = defaultdict(dict)
        self.named: dict[tuple[str, Hashable], set[Hashable]] = defaultdict(set)
        self.dirty: dict[str, set[Hashable]] = defaultdict(set)
        self.results: dict[tuple[str, Hashable], bytes] = {}
        self.asked: list[tuple[Decider[Any, Any, Any], Any, str, str]] = []
        self.count = 0
        readers: list[Source] = [*service.own_reactions(), *service.facts]
        self.readers = {reader.name: reader for reader in readers}

    # Facts come in

    def tell(
        self, stream: str, event: Any, at: datetime, cause: str = "", actor: str = "somebody", capacity: str = ""
    ) -> None:
        self.count += 1
        version = len(self.log[stream]) + 1
        meta = Meta(
            id=f"e{self.count:04}",
            service="somewhere",
            stream=stream,
            version=version,
            position=self.count,
            occurred_at=at,
            recorded_at=BEGAN + timedelta(seconds=self.count),
            actor=actor,
            capacity=capacity,
            cause=cause,
        )
        recorded = Recorded(event=event, meta=meta)
        self.log[stream].append(recorded)
        for reader in self.readers.values():
            if isinstance(event, reader.events):
                self.heard[reader.name, stream].append(recorded)

    def ask(self, decider: Decider[Any, Any, Any], command: Any, by: str, capacity: str) -> None:
        """What a person asks for, at whatever moment."""
        self.asked.append((decider, command, by, capacity))

    def run(self) -> None:
        """Until nothing is left to do."""
        while steps := list(self.possible()):
            self.pace.choice(steps)()
            if self.pace.random() < 0.2:
                self.repeat()

    def possible(self) -> Iterator[Step]:
        for queue, events in self.heard.items():
            if self.given[queue] < len(events):
                yield lambda queue=queue: self.deliver_next(queue)  # type: ignore[misc]
        if self.asked:
            yield self.hear
        for facts in service.facts:
            if self.dirty[facts.name]:
                yield lambda facts=facts: self.settle(facts)  # type: ignore[misc]
        for key, waiting in self.owed.items():
            if waiting:
                yield lambda key=key: self.consequence(*key)  # type: ignore[misc]

    def hear(self) -> None:
        decider, command, by, capacity = self.asked.pop(0)
        latest = max((r for events in self.log.values() for r in events), key=lambda r: r.meta.position)
        self.decide(decider, command, latest, replace(self.context(latest), actor=by, capacity=capacity))

    def deliver_next(self, queue: tuple[str, str]) -> None:
        number = self.given[queue]
        self.given[queue] += 1
        self.deliver(self.readers[queue[0]], self.heard[queue][number])

    def repeat(self) -> None:
        delivered = [(queue, number) for queue, number in self.given.items() if number]
        if delivered:
            queue, number = self.pace.choice(delivered)
            self.deliver(self.readers[queue[0]], self.heard[queue][self.pace.randrange(number)])

    def deliver(self, reader: Source, recorded: Recorded[Any]) -> None:
        if isinstance(reader, Reaction):
            self.owed[reader.name, recorded.meta.stream].append((recorded.event, recorded, ""))
            return
        thing = reader.about(recorded.event)
        self.gathered[reader.name, thing][recorded.meta.id] = recorded
        self.named[reader.name, thing].update(reader.subjects(recorded.event))
        self.dirty[reader.name] |= self.named[reader.name, thing]

    # Consequences go out

    def settle(self, facts: Facts[Any, Any, Any, Any]) -> None:
        subjects, self.dirty[facts.name] = self.dirty[facts.name], set()
        for subject in sorted(subjects, key=repr):
            known = facts.gathered(subject, self.facts_of(facts, subject))
            document = encode(facts.compute(subject, known, self.context(known.facts[-1])))
            if self.results.get((facts.name, subject)) == document:
                continue
            self.results[facts.name, subject] = document
            occasion = sha256("".join(sorted(known.ids)).encode()).hexdigest()
            for reaction in service.told(facts):
                self.owed[reaction.name, repr(subject)].append((subject, known.facts[-1], occasion))

    def facts_of(self, facts: Facts[Any, Any, Any, Any], subject: Hashable) -> Sequence[Recorded[Any]]:
        things = [thing for (name, thing), named in self.named.items() if name == facts.name and subject in named]
        return [r for thing in things for r in self.gathered[facts.name, thing].values()]

    def consequence(self, name: str, stream: str) -> None:
        trigger, cause, occasion = self.owed[name, stream].pop(0)
        reaction = next(r for r in service.reactions if r.name == name)
        for command in reaction(trigger, self.context(cause)):
            target = reaction.to.stream(command)
            key = reaction.once(target, occasion or cause.meta.id)
            if key not in self.once:
                self.once.add(key)
                by_rule = replace(self.context(cause), capacity=f"reaction:{reaction.name}")
                self.decide(reaction.to, command, cause, by_rule)

    def decide(self, decider: Decider[Any, Any, Any], command: Any, cause: Recorded[Any], context: Context) -> None:
        stream = decider.stream(command)
        context = replace(context, seen=dict(self.look(decider, command)))
        try:
            events = decider(command, self.state(decider, stream), context)
        except Refused:
            return
        for event in events:
            self.tell(stream, event, context.now, cause.meta.id, context.actor, context.capacity)

    def look(self, decider: Decider[Any, Any, Any], command: Any) -> Iterator[tuple[tuple[str, Hashable], object]]:
        for sight in decider.sees(command):
            match sight.source:
                case Decider() as other:
                    found: object = self.state(other, other.named(*sight.key))  # type: ignore[misc]
                case Facts() as facts:
                    found = facts.gathered(sight.key, self.facts_of(facts, sight.key))
                case Projection() as directory:
                    wanted = directory.identity(sight.key)
                    found = next((r for r in self.rows(directory) if directory.identity(r) == wanted), sight.key)
                case source:
                    raise LookupError(f"nothing looks at {source.name}")
            yield (sight.source.name, sight.key), found

    def state(self, decider: Decider[Any, Any, Any], stream: str) -> Any:
        return decider.state([r.event for r in self.log.get(stream, [])])

    def context(self, cause: Recorded[Any]) -> Context:
        return Context(now=cause.meta.occurred_at, actor="system", policies=self.policies)

    # What came of it

    def rows(self, projection: Projection[Any, Any]) -> list[Any]:
        rows: dict[tuple[Any, ...], Any] = {}
        for events in self.log.values():
            for recorded in events:
                if isinstance(recorded.event, projection.events):
                    projection.apply(rows, recorded)
        return list(rows.values())
