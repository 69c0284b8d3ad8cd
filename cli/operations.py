"""`kaibo readers` and `kaibo parked`: what an operator looks at and asks for.

What is asked for is written into the service's database; the worker that owns the partition does it.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.state import State
from cli.status import reader_table
from deploy.local.processes import StartFailed
from shared.operations import Unknown, Waiting, ask, parked, rebuild
from shared.status import Overview

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
    found = everything_parked(state.database_urls())
    if as_json:
        print(json.dumps([asdict(one) for one in found], indent=2, ensure_ascii=False, default=str))
        return
    table = Table("service", "reader", "id", "stream", "since", "asked", "error", box=None, pad_edge=False)
    for one in found:
        since = f"{one.since:%Y-%m-%d %H:%M:%SZ}" if one.since else ""
        error = one.error.strip().splitlines()[-1] if one.error else "waits behind one of its stream"
        table.add_row(one.service, one.reader, one.id, one.stream, since, one.request, Text(error))
    Console().print(table if found else "Nothing is parked.")


def show_parked(state: State, service: str, identifier: str) -> None:
    """One parked event with its error and content. Raises StartFailed."""
    found = everything_parked({service: state.database_url(service)})
    for one in found:
        if one.id == identifier:
            print(json.dumps(asdict(one), indent=2, ensure_ascii=False, default=str))
            return
    known = ", ".join(one.id for one in found) or "nothing"
    raise StartFailed(f"{service} has no parked event {identifier}; there is: {known}")


def ask_for(state: State, what: str, service: str, reader: str, stream: str | None) -> str:
    """`retry` or `discard`; the answer in words. Raises StartFailed."""
    count = on(state.database_url(service), lambda connection: ask(connection, what, reader, stream))
    return f"{what} is asked for {count} parked at {reader} of {service}"


def everything_parked(urls: Mapping[str, str]) -> list[Waiting]:
    found: list[Waiting] = []
    for service, url in urls.items():

        async def find(connection: "Connection", service: str = service) -> list[Waiting]:
            return await parked(connection, service)

        found += on(url, find)
    return found


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
