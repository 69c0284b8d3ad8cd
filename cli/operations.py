"""`kaibo readers`, `kaibo parked` and `kaibo imports`: what an operator looks at and asks for.

What is asked for is written into the service's database; the worker that owns the partition does it.
"""

import asyncio
import getpass
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.state import State
from cli.status import reader_table
from deploy.local.processes import StartFailed
from shared.operations import ask, discarded, end, imports, rebuild, waiting
from shared.status import Overview
from shared.store import Asking, Import, Unknown

if TYPE_CHECKING:
    Connection = asyncpg.Connection[Any]

T = TypeVar("T")


def list_readers(state: State) -> None:
    """Where every reader stands."""

    async def find() -> None:
        async with Overview(state.database_urls()) as overview:
            standings = await overview.standings()
        Console().print(reader_table([reader for one in standings for reader in one.readers]))

    asyncio.run(find())


def rebuild_reader(state: State, service: str, reader: str) -> str:
    """Read its topics from the beginning; the answer in words. Raises StartFailed."""
    partitions = on(state.database_url(service), lambda connection: rebuild(connection, reader))
    return f"{reader} of {service} reads {partitions} partitions from the beginning; `kaibo status` shows how far it is"


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
    table = Table("service", "import", "scope", "started", "by", "state", box=None, pad_edge=False)
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
