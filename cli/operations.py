"""`kaibo readers`, `kaibo parked` and `kaibo imports`: what an operator looks at and asks for.

What is asked for is written into the service's database; the worker that owns the partition does it.
"""

import asyncio
import getpass
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from cli.state import State
from cli.status import progress, reader_table
from deploy.local.processes import StartFailed
from shared.build import Build
from shared.operations import (
    accept,
    ask,
    compare,
    discarded,
    end,
    filling,
    imports,
    log_of,
    outdated,
    published,
    rebuild,
    renew,
    republish,
    retire,
    stop,
    waiting,
)
from shared.readers import Difference, known
from shared.status import Overview, Reading
from shared.store import Asking, Import, Unknown

if TYPE_CHECKING:
    Connection = asyncpg.Connection[Any]

T = TypeVar("T")
LOOK_SECONDS = 1.0
MEET_SECONDS = 3.0  # what is served stands still meanwhile, at the most


def list_readers(state: State) -> None:
    """Where every reader stands."""

    async def find() -> None:
        async with Overview(state.database_urls()) as overview:
            standings = await overview.measured()
        Console().print(reader_table([reader for one in standings for reader in one.readers]))

    asyncio.run(find())


def rebuild_reader(state: State, service: str, reader: str, comparing: bool) -> None:
    """Fill it beside the one that is served; compared first where that is asked for. Raises StartFailed."""
    url = state.database_url(service)
    build = on(url, lambda connection: rebuild(connection, reader, comparing))
    left_out = [one for one in on(url, discarded) if one.reader.partition("/")[0] == build.name]
    for one in left_out:
        print(f"leaves out {one.id} of {one.stream}, discarded by {one.actor or 'an operator'}: {one.reason}")
    if not comparing:
        print(f"{build.reader} is built beside what is served; `kaibo readers list` shows how far it is")
        return
    while (found := on(url, lambda connection: compare(connection, build.reader, MEET_SECONDS))) is None:
        for at in (at for at in readings(state, service) if at.reader == build.reader):
            if at.state == "stopped":
                raise StartFailed(f"{build.reader} is stopped: {at.error or 'somebody asked for that'}")
            Console().print(progress(at))
        time.sleep(LOOK_SECONDS)
    show_differences(build, *found)


def readings(state: State, service: str) -> list[Reading]:
    async def find() -> list[Reading]:
        async with Overview(state.database_urls()) as overview:
            return [r for one in await overview.standings() if one.service == service for r in one.readers]

    return asyncio.run(find())


def show_differences(build: Build, count: int, found: list[Difference]) -> None:
    if not count:
        print(f"{build.reader} and what is served agree on every row they share")
    else:
        table = Table("key", "served", build.reader, box=None, pad_edge=False)
        for one in found:
            table.add_row(Text(one.key), Text(differing(one.served, one.built)), Text(differing(one.built, one.served)))
        Console().print(table)
        print(f"{count} differ{f', the first {len(found)} are shown' if count > len(found) else ''}")
    print("`kaibo readers switch` serves it, `kaibo readers retire` drops it")


def differing(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> str:
    """The columns in which they differ."""
    if one is None:
        return "no row"
    shown = {name: value for name, value in one.items() if other is None or other.get(name) != value}
    return ", ".join(f"{name}={value}" for name, value in shown.items())


def switch_reader(state: State, service: str, reader: str) -> str:
    """A build that was held to be compared. Raises StartFailed."""
    url = state.database_url(service)
    build = on(url, lambda connection: filling(connection, reader))
    on(url, lambda connection: rebuild(connection, f"{build.name}/{build.version}"))
    return f"{build.reader} of {service} is served as soon as it is behind on no partition"


def stop_build(state: State, service: str, reader: str) -> str:
    """What it has filled stays. Raises StartFailed."""
    build = on(state.database_url(service), lambda connection: stop(connection, reader))
    return f"{build.reader} of {service} is stopped; `kaibo readers rebuild {service} {build.name}` goes on with it"


def retire_reader(state: State, service: str, reader: str) -> str:
    """With its rows. Raises StartFailed where this release works on it."""
    url = state.database_url(service)
    name = reader.partition("/")[0]
    beside = [b for b in on(url, known) if b.reader == reader and b.state != "served"]
    if not beside and name in names_of(service):
        raise StartFailed(f"this release of {service} reads {name}; what is built beside it has a name like {name}/1.2")
    gone = on(url, lambda connection: retire(connection, reader))
    return f"{', '.join(b.reader for b in gone)} of {service} is retired and its rows are dropped"


def names_of(service: str) -> set[str]:
    """The readers of this release."""
    from cli.serve import load

    loaded = load(service)
    return {s.name for group in (loaded.projections, loaded.facts, loaded.reactions) for s in group}


def accept_log(state: State, service: str, reader: str | None) -> str:
    """That logs were replaced which this reader has read, or every reader of the service. Raises StartFailed."""
    urls = state.database_urls()
    for name, url in urls.items():
        wait_for_relay(name, url)
    logs = logs_of(urls)
    readers = [reader] if reader else on(urls[service], lambda connection: outdated(connection, logs))
    accepted = on(urls[service], lambda connection: every(connection, readers, logs))
    told = [
        f"{one.reader} of {service} is built from the new log; `kaibo readers list` shows how far it is"
        if one.version
        else f"{one.reader} of {service} reads the new log; what had its consequence has it once"
        for one in accepted
    ] or [f"no reader of {service} waits for that"]
    return "\n".join([*told, *still_to_accept(urls, logs)])


async def every(connection: "Connection", readers: Sequence[str], logs: Mapping[str, str]) -> list[Build]:
    return [await accept(connection, name, logs) for name in readers]


def logs_of(urls: Mapping[str, str]) -> dict[str, str]:
    """The id of the log behind each topic."""
    return {topic: log for url in urls.values() for topic, log in on(url, log_of).items()}


def still_to_accept(urls: Mapping[str, str], logs: Mapping[str, str]) -> list[str]:
    """A line for each service with readers that stand because a log was replaced."""
    found = {service: on(url, lambda connection: outdated(connection, logs)) for service, url in urls.items()}
    return [
        f"next: `kaibo readers accept {service}` for {', '.join(names)}" for service, names in found.items() if names
    ]


def renew_log(state: State, service: str) -> str:
    """Of a database that was restored or replaced. Raises StartFailed."""
    urls = state.database_urls()
    log = on(state.database_url(service), renew)
    told = [
        f"The log of {service} is {log} from now on, and its relay makes its topics again: `kaibo relay republish"
        f" {service}` shows how far it is. Whoever has read the old one stands until it is accepted."
    ]
    return "\n".join([*told, *still_to_accept(urls, logs_of(urls))])


def republish_topics(state: State, service: str) -> None:
    """Delete and fill the topics of a service from its log, telling how far it is. Raises StartFailed."""
    url = state.database_url(service)
    if not on(url, published)[0]:
        on(url, republish)
    print(f"{wait_for_relay(service, url):,} events of {service} are published")


def wait_for_relay(service: str, url: str) -> int:
    """Until all is published that is recorded now, telling how far it is. Returns how many events."""
    began, (_, _, events) = time.monotonic(), on(url, published)
    while True:
        waits, upto, _ = on(url, published)
        if not waits and upto >= events:
            return events
        rate = upto / (time.monotonic() - began)
        left = f", {(events - upto) / rate:.0f} s left" if rate else ""
        way = "its relay has not begun" if waits else f"{upto:,} of {events:,} published, {rate:,.0f}/s{left}"
        print(f"{service}: {way}", flush=True)
        time.sleep(LOOK_SECONDS)


def list_parked(state: State, as_json: bool) -> None:
    """Everything that waits for an operator, in every service."""
    found = everywhere(state, waiting)
    if as_json:
        dump([{"service": service, **asdict(one)} for service, one in found])
        return
    table = Table("service", "reader", "id", "stream", "since", "asked", "error", box=None, pad_edge=False)
    for service, one in found:
        told = [line for line in one.error.splitlines() if line and not line.startswith((" ", "DETAIL", "HINT"))]
        error = told[-1] if told else one.error or "waits behind one of its stream"
        table.add_row(service, one.reader, one.id, one.stream, when(one.since), one.request, Text(error))
    Console().print(table if found else "Nothing is parked.")


def show_parked(state: State, service: str, identifier: str) -> None:
    """One parked event with its error, its content and what was asked for it. Raises StartFailed."""
    url = state.database_url(service)
    if found := on(url, lambda connection: waiting(connection, event=identifier)):
        dump([{"service": service, **asdict(one)} for one in found])
        return
    known = ", ".join(one.id for one in on(url, waiting)) or "nothing"
    raise StartFailed(f"{service} has no parked event {identifier}; there is: {known}")


def ask_for(state: State, service: str, asking: Asking) -> str:
    """What was asked for, in words. Raises StartFailed."""
    count = on(state.database_url(service), lambda connection: ask(connection, asking))
    return f"{asking.what} is asked for {count} parked at {asking.reader} of {service}"


def list_discarded(state: State, as_json: bool) -> None:
    """What readers pass over for ever, by whom and why, in every service."""
    found = everywhere(state, discarded)
    if as_json:
        dump([{"service": service, **asdict(one)} for service, one in found])
        return
    table = Table("service", "reader", "id", "stream", "at", "by", "reason", box=None, pad_edge=False)
    for service, one in found:
        table.add_row(service, one.reader, one.id, one.stream, when(one.at), one.actor, Text(one.reason))
    Console().print(table if found else "Nothing was discarded.")


def list_imports(state: State) -> None:
    """Which histories were taken over, and which still hold deadlines."""
    found = everywhere(state, imports)
    names = (Column(name, overflow="fold") for name in ("service", "import", "scope", "started", "by", "state"))
    table = Table(*names, box=None, pad_edge=False)
    for service, one in found:
        table.add_row(service, one.name, one.scope, when(one.started_at), one.started_by, Text(standing(one)))
    Console().print(table if found else "Nothing was imported.")


def standing(one: Import) -> str:
    if one.ended_by:
        return f"ended by {one.ended_by}: {one.reason}"
    if one.released_at:
        return f"released {when(one.released_at)}"
    return "complete; readers have not passed it yet" if one.completed_at else "open: its deadlines are held"


def end_import(state: State, service: str, name: str, by: str, reason: str) -> str:
    """An import that was left open. Raises StartFailed."""
    ended = on(state.database_url(service), lambda connection: end(connection, name, by, reason))
    return f"{name} of {service}: {standing(ended)}"


def who() -> str:
    """The account at the terminal: what it asks for is on record."""
    return getpass.getuser()


def when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%SZ}"


def dump(found: list[dict[str, Any]]) -> None:
    print(json.dumps(found, indent=2, ensure_ascii=False, default=str))


def everywhere(state: State, find: "Callable[[Connection], Awaitable[list[T]]]") -> list[tuple[str, T]]:
    return [(service, one) for service, url in state.database_urls().items() for one in on(url, find)]


def on(url: str, work: "Callable[[Connection], Awaitable[T]]") -> T:
    """Do it on a connection of its own. Raises StartFailed where there is no such thing."""

    async def connected() -> T:
        connection = await asyncpg.connect(url)
        try:
            return await work(connection)
        finally:
            await connection.close()

    try:
        return asyncio.run(connected())
    except Unknown as error:
        raise StartFailed(str(error)) from None
