"""What reactions owe: due rows become commands, once, now or at their moment.

A due row is written with the checkpoint of whoever read its cause, and goes when its commands have been decided and
stored. In between everything may be repeated: the once-key of each command stands in the same call of `append` that
stores its events.
"""

import asyncio
import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import msgspec
import structlog

from shared.broker import Unavailable
from shared.decider import Context
from shared.desk import Decided, Desk, Request
from shared.event import Contracts, Meta
from shared.facts import Facts
from shared.policy import Policies
from shared.reaction import Reaction
from shared.refusal import LACKING, Refused
from shared.store import Due, Moved, Store
from shared.telemetry import CONSEQUENCES, DUE_FAILED, DUE_LATENESS
from shared.value import value

log = structlog.get_logger()

BATCH = 500
TAKE_UP_SECONDS = 600.0
CHAIN = 16  # causations since a request: more is a loop of rules


class Trigger(msgspec.Struct):
    """What a due row holds: an event, or a subject whose result changed with its set of facts as the occasion."""

    meta: Meta
    type: str = ""
    schema: int = 1
    event: msgspec.Raw = msgspec.Raw(b"null")
    subject: str = ""
    occasion: str = ""


@value
class Owed:
    """The commands of one due row."""

    due: Due
    requests: tuple[Request, ...]


class Consequences:
    def __init__(
        self,
        service: str,
        reactions: Sequence[Reaction[Any, Any]],
        facts: Sequence[Facts[Any, Any, Any, Any]],
        store: Store,
        desk: Desk,
        contracts: Contracts,
        policies: Policies,
        readers: Sequence[str] = (),
    ) -> None:
        """`readers` have to pass what belongs to an import before its deadlines are released."""
        self.readers = readers
        self.service, self.store, self.desk, self.contracts, self.policies = service, store, desk, contracts, policies
        self.reactions: Mapping[str, Reaction[Any, Any]] = {r.name: r for r in reactions}
        self.subjects = {f.subject: f for f in facts}

    async def run(self) -> None:
        """Until cancelled. An outage is waited out. A start may have brought the policies that rows wait for; while an
        older process still runs without them, it may have a row wait again."""
        taken_up = -math.inf
        while True:
            try:
                if monotonic() - taken_up >= TAKE_UP_SECONDS:
                    if again := await self.store.take_up(list(self.reactions)):
                        log.info("consequences.taken_up", rows=again)
                    taken_up = monotonic()
                if not await self.step():
                    await self.release()
                    await self.store.wait("due", await self.pause())
            except (Unavailable, Moved) as error:
                log.warning("consequences.wait", error=str(error))
                await asyncio.sleep(random.uniform(0.2, 1))

    async def release(self) -> None:
        """What completed imports hold, once the readers have taken up what belongs to them."""
        served = [b.reader for b in await self.store.builds() if b.state == "served" and b.name in self.readers]
        for name in await self.store.release(served):
            log.info("import.released", name=name)

    async def pause(self) -> float:
        """Seconds until the next row is due, at most two: another process may have left one."""
        at = await self.store.next_due(list(self.reactions))
        left = (at - datetime.now(UTC)).total_seconds() if at else 2.0
        return min(max(left, 0.01), 2.0)

    async def step(self) -> int:
        """Take up what is due. Returns how many rows that were."""
        now = datetime.now(UTC)
        rows = wave(await self.store.due(now + timedelta(milliseconds=1), BATCH, list(self.reactions)))
        owed, settled = [], Settled()
        for due in rows:
            try:
                owed.append(self.owed(due, now))
            except Exception as error:  # noqa: BLE001 whatever a rule raises, its row waits and the others go on
                self.put_off(due, error, settled)
        answers = iter(await self.desk.decide([r for o in owed for r in o.requests]))
        for o in owed:
            if wrong := self.judge(o, [next(answers) for _ in o.requests]):
                self.put_off(o.due, wrong, settled)
            else:
                settled.done.append(o.due.id)
        if rows:
            await self.store.settle_due(settled.done, settled.failed, settled.waits)
            log.info(
                "consequences.taken",
                rows=len(rows),
                commands=sum(len(o.requests) for o in owed),
                failed=len(settled.failed),
                waits=len(settled.waits),
            )
        return len(rows)

    def owed(self, due: Due, now: datetime) -> Owed:
        """Raises KeyError for a reaction that is no longer deployed: the row then waits, visible, for an operator."""
        reaction = self.reactions[due.reaction]
        trigger = msgspec.json.decode(due.trigger, type=Trigger)
        cause = trigger.meta
        if cause.depth >= CHAIN:
            raise RuntimeError(f"more than {CHAIN} consequences of one request: the rules go in a circle")
        context = Context(now=due.at or cause.occurred_at, actor="system", scope=cause.scope, policies=self.policies)
        what = self.what(reaction, trigger)
        DUE_LATENESS.labels(due.reaction).set(max((now - (due.at or due.made)).total_seconds(), 0.0))
        keys: Counter[str] = Counter()
        requests = []
        for command in reaction(what, context):
            request = self.request(reaction, command, trigger, context)
            keys[request.once] += 1
            nth = keys[request.once]
            requests.append(request if nth == 1 else msgspec.structs.replace(request, once=f"{request.once}:{nth}"))
        return Owed(due=due, requests=tuple(requests))

    def what(self, reaction: Reaction[Any, Any], trigger: Trigger) -> Any:
        if trigger.subject:
            (subject,) = (f for kind, f in self.subjects.items() if kind in reaction.events)
            return subject.named(trigger.subject)
        contract = self.contracts.by_service[trigger.meta.service]
        return contract.decode(trigger.type, trigger.schema, bytes(trigger.event))

    def request(self, reaction: Reaction[Any, Any], command: Any, trigger: Trigger, context: Context) -> Request:
        cause = trigger.meta
        stream = reaction.to.stream(command)
        return Request(
            decider=reaction.to,
            command=command,
            now=context.now,
            actor="system",
            capacity=f"reaction:{reaction.name}",
            scope=cause.scope,
            origin=cause.origin,
            cause=cause.id,
            correlation=cause.correlation,
            depth=cause.depth + 1,
            once=reaction.once(stream, trigger.occasion or cause.id),
            final=True,
        )

    def judge(self, owed: Owed, answers: Sequence[Decided]) -> Exception | None:
        """Why the row cannot go. A refusal is a recorded outcome, not poison; that a policy is missing is none: once it
        is there the consequence follows. Raises Unavailable where others were faster again and again."""
        wrong: Exception | None = None
        for answer in answers:
            CONSEQUENCES.labels(owed.due.reaction, answer.outcome).inc()
            if answer.refusal is not None:
                log.info(
                    "consequence.refused", reaction=owed.due.reaction, stream=answer.stream, why=str(answer.refusal)
                )
                if answer.refusal.code in LACKING:
                    wrong = wrong or answer.refusal
            if answer.outcome == "failed":
                return answer.error
            if answer.outcome == "contested":
                raise Unavailable(f"{answer.stream} is contested")
        return wrong

    def put_off(self, due: Due, error: Exception, settled: "Settled") -> None:
        if isinstance(error, Refused) and error.code in LACKING:
            settled.waits[due.id] = str(error.facts.get("policy") or error.facts.get("issue", "a policy"))
            return
        DUE_FAILED.labels(due.reaction).inc()
        log.error("consequence.failed", reaction=due.reaction, due=due.id, stream=due.stream, error=repr(error))
        settled.failed[due.id] = repr(error)


@dataclass
class Settled:
    """What became of a step's rows, by id: why one failed, which policy one waits for."""

    done: list[int] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)
    waits: dict[int, str] = field(default_factory=dict)


def wave(rows: Sequence[Due]) -> list[Due]:
    """The first of each stream: what follows it waits until it is done, or behind it if it fails. Deadlines are taken
    in the order of time, so none after one that waits."""
    taken: dict[tuple[str, str], Due] = {}
    waiting = False
    for due in rows:
        if (due.reaction, due.stream) in taken:
            waiting = waiting or due.at is not None
        elif due.at is None or not waiting:
            taken[due.reaction, due.stream] = due
    return list(taken.values())
