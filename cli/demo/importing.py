"""The import in its phases: send what rests on nothing else, wait until all is caught up, decide, go on.

People decide over single requests, each in his own capacity; no importing account may. All else is bulk.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Protocol

import msgspec

from cli.demo.client import Answer, Caller, Client, Reached, Unanswered
from cli.demo.deciding import Act, Decisions
from cli.demo.world.disputes import Dispute
from cli.demo.world.lines import Line
from cli.demo.world.observations import CRITERIA
from cli.demo.world.people_lines import people_lines
from cli.demo.world.performance_lines import CYCLES, closing_lines, line, opening_lines, scoring_lines, ticket_lines
from cli.demo.world.supervision_lines import observation_lines, stream_lines
from cli.demo.world.training_lines import sick_note, training_lines
from cli.demo.world.verdicts import Deciders
from cli.demo.world.world import World
from shared.status import Overview
from shared.value import value

PATIENCE = 120.0  # seconds in which nothing at all moved
HANDS = 6  # decisions that are sent at once


class Screen(Protocol):
    """Where a person sees how far it is."""

    def begin(self, name: str, total: int | None) -> "Callable[[int], None]": ...

    def wait(self, name: str) -> "Callable[[int, int], None]": ...

    def end(self) -> None: ...


@value
class Phase:
    name: str
    lines: int
    events: int  # recorded until all was caught up
    seconds: float  # until the last line was answered
    lag: float  # seconds more until every reader had everything


class Refusals(Exception):
    """Lines that a rule refused: none of the demo's own may be."""

    def __init__(self, refused: list[str]) -> None:
        shown = "\n".join(f"  {one}" for one in refused[:10])
        super().__init__(f"{len(refused)} lines were refused:\n{shown}")


class Import:
    def __init__(
        self,
        client: Client,
        databases: Mapping[str, str],
        world: World,
        *,
        deciders: Deciders,
        metrics: Path,
        screen: Screen,
    ) -> None:
        self.client, self.databases, self.world = client, databases, world
        self.decisions, self.metrics, self.screen = Decisions(client, deciders), metrics, screen
        self.events = 0
        self.answers: Counter[str] = Counter()
        self.refused: list[str] = []
        self.lock = Lock()

    def run(self) -> Iterator[Phase]:
        """Raises Refusals, Unanswered, StandsStill."""
        world = self.world
        self.events = self.caught_up("before")
        with self.phase("history") as sent:
            history = {
                "people": people_lines(world.organisation),
                "training": training_lines(world.sessions),
                "supervision": chain(stream_lines(world), observation_lines(world)),
                "performance": chain(self.definitions(), ticket_lines(world.complaints)),
            }
            sent.append(self.send(history))
        yield self.done
        with self.phase("proposals decided") as sent:
            self.act("awards", chain(self.decisions.awards(), self.decisions.team_award()))
            self.act("penalties", self.decisions.penalties())
            sent.append(self.send({"training": [sick_note(world.heroine, world.sessions)]}))
        yield self.done
        with self.phase("reviews opened") as sent:
            sent.append(self.send({"performance": opening_lines(world.organisation)}))
        yield self.done
        with self.phase("months judged"):
            self.act("penalties", self.decisions.penalties())
        yield self.done
        with self.phase("reviews scored") as sent:
            sent.append(self.send({"performance": scoring_lines(world.organisation)}))
        yield self.done
        with self.phase("reviews completed") as sent:
            disputes = {dispute: self.named(dispute) for dispute in world.disputes}
            sent.append(self.send({"performance": closing_lines(world.organisation, disputes)}))
        yield self.done
        with self.phase("objections raised"):
            self.act("rectifications", self.decisions.rectifications())
            self.act("objections", self.decisions.objections())
        yield self.done
        with self.phase("objections answered"):
            self.act("objections", self.decisions.answers())
        yield self.done
        with self.phase("results told anew"):
            self.act("reviews", self.decisions.completions())
        yield self.done

    def definitions(self) -> Iterator[Line]:
        """The metrics, as the organisation defines them."""
        for raw in self.metrics.read_bytes().splitlines():
            body = msgspec.json.decode(raw)["body"]
            yield line("DefineMetric", body, CYCLES[0].opened_at, f"metric/{body['metric']}")

    def named(self, dispute: Dispute) -> dict[str, str]:
        """The event that says the marks in question, as the person's own explanation of the first result names it."""
        himself = Caller(person=dispute.person, capacity=dispute.post)
        path = f"/reviews/{dispute.person}/{dispute.month}/explanation"
        document = self.client.read("performance", path, himself, version=1)["document"]
        (event,) = (event for event, stream, _ in document["events"] if stream == dispute.stream)
        return dict.fromkeys(CRITERIA, event)

    @contextmanager
    def phase(self, name: str) -> Iterator[list[int]]:
        """Measures what is done in it; waits at its end until all is caught up."""
        before, began = self.events, monotonic()
        sent: list[int] = []
        yield sent
        answered = monotonic()
        self.events = self.caught_up(name)
        self.done = Phase(
            name=name,
            lines=sum(sent),
            events=self.events - before,
            seconds=answered - began,
            lag=monotonic() - answered,
        )
        self.screen.end()

    # Bulk

    def send(self, by_service: Mapping[str, Iterable[Line]]) -> int:
        """The services side by side, the lines of each in their order; until all of it is read, no deadline fires."""
        told = {service: list(lines) for service, lines in by_service.items()}
        with (
            self.client.history(named(told)) as reached,
            ThreadPoolExecutor(len(told)) as senders,
            self.closing(),
        ):
            for sending in [senders.submit(self.send_to, service, lines, reached) for service, lines in told.items()]:
                sending.result()
        if self.refused:
            raise Refusals(self.refused)
        return sum(len(lines) for lines in told.values())

    def send_to(self, service: str, lines: list[Line], reached: Reached) -> None:
        advance = self.screen.begin(service, len(lines))

        def told(line: Line, answer: Answer) -> None:
            with self.lock:
                self.answers[answer.status] += 1
                reached.add(answer)
                if answer.status not in ("stored", "unchanged"):
                    self.refused.append(f"{service} {line.command} {line.key}: {answer.problem}")
            advance(1)

        self.client.bulk(service, lines, told)

    # What people decide

    def act(self, name: str, acts: Iterable[Act]) -> None:
        due = [act for act in acts if act]
        advance = self.screen.begin(name, len(due))

        def do(act: Act) -> None:
            for step in act:
                reply = self.client.post(step.service, step.path, step.body, step.caller)
                if reply.status != 202:
                    asked = f"POST {step.path} {step.body} as {step.caller.capacity}"
                    raise Unanswered(f"{step.service} answered {asked} with {reply.status}: {reply.body}")
            advance(1)

        with ThreadPoolExecutor(HANDS) as hands, self.closing():
            for done in [hands.submit(do, act) for act in due]:
                done.result()

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Ctrl-C, or an error of one thread, is not waited for by the others."""
        try:
            yield
        except BaseException:
            self.client.close()
            raise

    # Waiting

    def caught_up(self, name: str) -> int:
        return caught_up(self.databases, self.screen.wait(name))


def named(told: Mapping[str, Iterable[Line]]) -> str:
    """Of an import, by what it says: lines that are new here are another import, whose deadlines are held too, and the
    same ones that one again, which goes on where it broke off and has nothing to hold where it is complete."""
    digest = blake2b(digest_size=8)
    for service, lines in told.items():
        digest.update(service.encode())
        for told_line in lines:
            digest.update(told_line.wire())
    return f"demo/{digest.hexdigest()}"


def caught_up(databases: Mapping[str, str], progress: Callable[[int, int], None] | None = None) -> int:
    """Number of events, once relays, readers and reactions have nothing left to do. Raises StandsStill."""

    async def wait() -> int:
        async with Overview(databases) as overview:
            return await overview.caught_up(patience=PATIENCE, progress=progress)

    return asyncio.run(wait())
