"""`kaibo status`: one screen of processes, readers and what waits for an operator."""

import asyncio
import json
from dataclasses import asdict, dataclass

import asyncpg
import psutil
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cli.state import Run, State
from shared.status import Overview, Reading, Standing

REFRESH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Running:
    """A process of ours. `memory` in bytes."""

    name: str
    pid: int
    alive: bool
    memory: int
    address: str


def show(state: State, watch: bool, as_json: bool) -> None:
    """Print once, or again every second until Ctrl-C."""
    try:
        asyncio.run(follow(state) if watch else once(state, as_json))
    except KeyboardInterrupt:
        return


async def once(state: State, as_json: bool) -> None:
    async with Overview(state.database_urls()) as overview:
        standings = await overview.measured()
    running = processes(state.read_run())
    if as_json:
        found = {"processes": [asdict(one) for one in running], "services": [asdict(one) for one in standings]}
        print(json.dumps(found, indent=2))
    else:
        Console().print(screen(running, standings))


async def follow(state: State) -> None:
    """A database that is away is said and asked again."""
    with Live(Text("…"), refresh_per_second=4) as live:
        while True:
            try:
                async with Overview(state.database_urls()) as overview:
                    while True:
                        live.update(screen(processes(state.read_run()), await overview.standings()))
                        await asyncio.sleep(REFRESH_SECONDS)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                live.update(Group(process_table(processes(state.read_run())), Text(f"A database is away: {error}")))
                await asyncio.sleep(REFRESH_SECONDS)


def processes(run: Run | None) -> list[Running]:
    """Those of a Kaibo that runs here, parts first."""
    if run is None:
        return []
    found = [running("supervisor", run.pid, "")]
    if run.postgres is not None:
        found.append(running("PostgreSQL", run.postgres.pid, run.postgres.url.rpartition("@")[2].partition("/")[0]))
    found += [running("Kafka", pid, run.kafka.bootstrap_servers) for pid in run.kafka.pids]
    for name, service in run.services.items():
        for role, pid in service.pids.items():
            found.append(running(f"{name} {role}", pid, service.url if role == "api" else service.metrics_url))
    return found


def running(name: str, pid: int, address: str) -> Running:
    """With what its own children hold: PostgreSQL is many processes."""
    try:
        process = psutil.Process(pid)
        if pid == 0 or process.status() == psutil.STATUS_ZOMBIE:
            return Running(name, pid, alive=False, memory=0, address=address)
        family = [process, *(process.children() if name == "PostgreSQL" else [])]
        return Running(name, pid, alive=True, memory=sum(map(memory, family)), address=address)
    except psutil.Error:
        return Running(name, pid, alive=False, memory=0, address=address)


def memory(process: psutil.Process) -> int:
    """Resident bytes; what several processes share is divided among them, where the system can tell."""
    info = process.memory_full_info()
    return int(getattr(info, "pss", info.rss))


def screen(running: list[Running], standings: list[Standing]) -> RenderableType:
    """What a person looks at."""
    tables: list[RenderableType] = [process_table(running)] if running else []
    waiting = sum(reader.parked for standing in standings for reader in standing.readers)
    failed = sum(standing.failed for standing in standings)
    return Group(
        *tables,
        service_table(standings),
        reader_table([reader for standing in standings for reader in standing.readers]),
        Text(f"{waiting} events are parked, {failed} consequences failed: `kaibo parked list`", style="bold red")
        if waiting or failed
        else Text("Nothing is parked."),
    )


def process_table(running: list[Running]) -> Table:
    table = Table("process", "id", "memory", "address", box=None, pad_edge=False)
    for one in running:
        table.add_row(
            one.name,
            str(one.pid) if one.alive else Text("not running", style="bold red"),
            f"{one.memory / 1_000_000:.0f} MB" if one.alive else "",
            one.address,
        )
    return table


def service_table(standings: list[Standing]) -> Table:
    columns = ("service", "events", "unpublished", "due", "to settle", "failed", "lack a policy", "imports open")
    table = Table(*columns, box=None, pad_edge=False)
    for one in standings:
        counts = (one.events, one.unpublished, one.due, one.dirty, one.failed, one.waits, one.importing)
        table.add_row(one.service, *(f"{count:,}" for count in counts))
    return table


def reader_table(readers: list[Reading]) -> RenderableType:
    """With a line below for each of which more is to be said than figures."""
    table = Table("service", "reader", "version", "position", "lag", "seconds", "parked", box=None, pad_edge=False)
    for one in readers:
        name, _, version = one.reader.partition("/")
        parked = Text(f"{one.parked}", style="bold red" if one.parked else "")
        lag, seconds = (f"{one.lag:,}", f"{one.seconds:.1f}") if one.state == "served" else ("", "")
        table.add_row(one.service, name, version, f"{one.position:,}", lag, seconds, parked)
    more = [(one, progress(one)) for one in readers]
    return Group(table, *(Text(f"{one.service} {one.reader}: ") + text for one, text in more if text))


def progress(one: Reading) -> Text:
    """What is to be said of it beyond figures."""
    left = f", {one.left:.0f} s left" if one.left is not None else ""
    if one.state == "served":
        still = "frozen" if one.frozen else ""
        if one.error or still:
            return Text(": ".join(filter(None, (still, one.error))), style="bold red")
        return Text(f"falls by {one.rate:,.0f}/s{left}" if left else "")
    way = f"stopped at {one.done:.0%}, `kaibo readers rebuild` goes on with it"
    if one.state == "building":
        way = f"building: {one.done:.0%}, {one.rate:,.0f}/s{left}"
        way += f", {one.unsettled:,} results to compute" if one.unsettled else ""
        way += ", `kaibo readers switch` serves it" if one.held else ""
    return Text(f"{way}: {one.error}" if one.error else way, style="bold red" if one.error else "yellow")
