"""A command on a stream of so many events: all of them are read and folded, for there are no snapshots."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import uvloop

from cli.bench.databases import fresh
from cli.bench.exams import TOPICS, Graded, asked, contract, decide, exams
from cli.bench.figure import Figure, Plan, in_turns, tell
from deploy.local.postgres import Postgres, postgres
from shared.desk import Desk, Request
from shared.event import Contracts, Envelope, encode, new_id
from shared.policy import Policies
from shared.postgres import open_store
from shared.store import Group, New, Store
from shared.wire import partition_of

LENGTHS = (1, 10, 100, 300, 1_000, 10_000)
COMMANDS = 7  # of which the median counts; each adds an event


def measure(directory: Path, plan: Plan) -> Iterator[Figure]:
    """Beside a command on a stream of one event, which is what reading a snapshot would cost at the least."""
    with postgres(directory / "streams") as server:
        for length in LENGTHS:
            tell(f" {length} events: wall clock and CPU of this process")
            found: list[tuple[float, float]] = []

            def ours(turn: int, length: int = length, found: list[tuple[float, float]] = found) -> float:
                found.append(uvloop.run(command(server, f"ours_{length}_{turn}", length)))
                return found[-1][0]

            mine, one = in_turns(
                plan,
                ours,
                lambda turn, n=length: uvloop.run(command(server, f"one_{n}_{turn}", 1))[0],  # type: ignore[misc]
            )
            name = f"stream of {length} events"
            yield Figure(name=name, unit="ms", ours=mine, twin=one, beside="a stream of 1 to 7 events", better="less")
            yield Figure(name=name, unit="ms of CPU", ours=[cpu for _, cpu in found], better="less")


async def command(server: Postgres, name: str, length: int) -> tuple[float, float]:
    """Milliseconds of a command by the clock, and of this process's CPU."""
    store = await open_store(await fresh(server.url(), name), TOPICS)
    desk = Desk(store, contract, Contracts(contract), TOPICS, Policies())
    await fill(store, length)
    clock, cpu = [], []
    for _ in range(COMMANDS):
        wanted = Request(decider=exams, command=asked(0, 0, ""), now=datetime.now(UTC), actor="chen")
        began, spent = time.perf_counter(), time.process_time()
        await desk.decide([wanted])
        clock.append(1_000 * (time.perf_counter() - began))
        cpu.append(1_000 * (time.process_time() - spent))
    await store.close()
    return median(clock), median(cpu)


async def fill(store: Store, length: int) -> None:
    stream = exams.stream(asked(0, 0, ""))
    meta, (event,) = encode(Envelope(actor="chen")), decide(asked(0, 0, ""), 0)
    events = tuple(
        New(id=new_id(), type="Graded", schema=1, occurred_at=datetime.now(UTC), data=encode(event), meta=meta)
        for _ in range(length)
    )
    topic = contract.topic(Graded)
    await store.append(
        [Group(stream=stream, expected=0, topic=topic, partition=partition_of(stream, TOPICS[topic]), events=events)]
    )
