"""Commands over HTTP beside a bare route; what processes weigh, and cost while nothing happens."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import uvloop

from cli.bench.databases import fresh
from cli.bench.figure import Figure, Plan, in_turns
from cli.running import running
from cli.state import Run
from deploy.local.environment import ROOT
from deploy.local.processes import StartFailed, free_port, spawn, stop, until

CONNECTIONS = 64
SECONDS = 4.0
START_SECONDS = 30.0
IDLE_SECONDS = 20.0
PATH = "/courses/design"


def commands(directory: Path, plan: Plan) -> Iterator[Figure]:
    """Commands a second."""
    with running(directory / "http", ["training"]) as run:
        ours = Server(run.services["training"].url, caller(run))
        with bare(directory, run) as twin:
            mine, byhand = in_turns(
                plan, lambda turn: uvloop.run(ours.rate(f"a{turn}")), lambda turn: uvloop.run(twin.rate(f"b{turn}"))
            )
    name = f"http/{CONNECTIONS} connections"
    yield Figure(name=name, unit="commands/s", ours=mine, twin=byhand, beside="a bare route that inserts one row")


def processes(directory: Path, plan: Plan) -> Iterator[Figure]:
    """What each process weighs, and what all of them cost while nothing happens."""
    with running(directory / "idle") as run:
        own = {f"{name} {role}": pid for name, s in run.services.items() for role, pid in s.pids.items()}
        others = {"kafka": run.kafka.pids[0]} if run.kafka.pids else {}
        time.sleep(IDLE_SECONDS)  # what starting left to do
        before = {pid: cpu_seconds(pid) for pid in (*own.values(), *others.values())}
        time.sleep(IDLE_SECONDS)
        busy = {pid: (cpu_seconds(pid) - was) / IDLE_SECONDS for pid, was in before.items()}
        for name, pid in (own | others).items():
            yield Figure(name=f"memory/{name}", unit="MB", ours=[proportional_megabytes(pid)])
        for name, pid in (own | others).items():
            yield Figure(name=f"idle/{name}", unit="% of a core", ours=[busy[pid] * 100])


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def proportional_megabytes(pid: int) -> float:
    """Its own pages, and its part of those that it shares."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def caller(run: Run) -> dict[str, str]:
    return {"Authorization": f"Bearer {run.secret}", "Kaibo-Person": "chen", "Kaibo-Capacity": "hr"}


@contextmanager
def bare(directory: Path, run: Run) -> Iterator["Server"]:
    """The twin, on the same database server."""
    assert run.postgres is not None
    port = free_port()
    url = uvloop.run(fresh(run.postgres.url, "bare"))
    process = spawn(
        [sys.executable, "-P", "-m", "cli.bench.bare"],
        log=directory / "bare.log",
        death_signal=signal.SIGKILL,
        environment={**os.environ, "PYTHONPATH": str(ROOT), "BARE_DATABASE_URL": url, "BARE_PORT": str(port)},
    )
    try:
        server = Server(f"http://127.0.0.1:{port}", {})
        for _ in until(START_SECONDS):
            if uvloop.run(server.answers()):
                break
        else:
            raise StartFailed(f"the bare route did not answer, see {directory / 'bare.log'}")
        yield server
    finally:
        stop(process, ((signal.SIGTERM, 5.0),))


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Connection:
    """HTTP/1.1 kept alive, with as little of our own as can be: the client is on the same cores."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fixed: str) -> None:
        self.reader, self.writer, self.fixed = reader, writer, fixed

    async def ask(self, method: str, path: str, body: bytes = b"", headers: str = "") -> Reply:
        self.writer.write(
            f"{method} {path} HTTP/1.1\r\n{self.fixed}{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body
        )
        status, *lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().rstrip().split("\r\n")
        found = dict(line.lower().split(": ", 1) for line in lines)
        return Reply(int(status.split()[1]), found, await self.reader.readexactly(int(found["content-length"])))


@dataclass(frozen=True)
class Server:
    url: str
    headers: Mapping[str, str]

    async def answers(self) -> bool:
        try:
            async with self.connections(1) as (connection,):
                return (await connection.ask("GET", "/openapi.json")).status == 200
        except OSError:
            return False

    @asynccontextmanager
    async def connections(self, count: int) -> AsyncIterator[list[Connection]]:
        place = urlsplit(self.url)
        fixed = f"Host: {place.netloc}\r\nContent-Type: application/json\r\n"
        fixed += "".join(f"{name}: {content}\r\n" for name, content in self.headers.items())
        opened = [await asyncio.open_connection(place.hostname, place.port) for _ in range(count)]
        try:
            yield [Connection(reader, writer, fixed) for reader, writer in opened]
        finally:
            for _, writer in opened:
                writer.close()

    async def design(self, connection: Connection, course: str) -> Reply:
        """A command on a stream of its own. Raises RuntimeError where it is not accepted."""
        body = json.dumps({"course": course, "title": "直播合规", "areas": ["laws"]}, ensure_ascii=False)
        reply = await connection.ask("POST", PATH, body.encode())
        if reply.status != 202:
            raise RuntimeError(f"{reply.status}: {reply.body.decode()}")
        return reply

    async def rate(self, run: str) -> float:
        """Commands a second, each connection asking again as soon as it is answered."""
        began, done = time.perf_counter(), 0

        async def calls(number: int, connection: Connection) -> None:
            nonlocal done
            turn = 0
            while time.perf_counter() - began < SECONDS:
                await self.design(connection, f"{run}-{number}-{turn}")
                turn, done = turn + 1, done + 1

        async with self.connections(CONNECTIONS) as opened:
            await asyncio.gather(*(calls(number, connection) for number, connection in enumerate(opened)))
        return done / (time.perf_counter() - began)
