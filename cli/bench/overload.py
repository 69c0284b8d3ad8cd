"""Three minutes of far more than can be answered: what is let in, what is sent away, and what each process weighs."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression, median
from urllib.parse import urlsplit

import uvloop

from cli.bench.figure import Figure, Plan
from cli.bench.http import PATH, Connection, caller
from cli.running import running
from cli.state import Run

SECONDS = 180.0
CALLERS = 1_024  # eight times what is answered at once, without a pause but the one that they are told
LOOK_SECONDS = 5.0
FILES = 4  # sent in bulk all the while
LINES = 2_000  # of a file


def measure(directory: Path, plan: Plan) -> Iterator[Figure]:
    """Answers by status, latency of what was accepted, and the resident memory of each process over time."""
    with running(directory / "overload", ["training"]) as run:
        load = Load(run)
        curve = uvloop.run(load.press())
        yield Figure(name="overload/accepted", ours=[load.statuses[202] / SECONDS], unit="commands/s")
        for status, count in sorted(load.statuses.items()):
            yield Figure(name=f"overload/answered {status or 'nothing'}", ours=[count], unit="answers")
        for status, count in sorted(load.files.items()):
            yield Figure(name=f"overload/files answered {status}", ours=[count], unit="answers")
        yield Figure(name="overload/lines in bulk", ours=[load.lines / SECONDS], unit="lines/s")
        waits = sorted(load.waits) or [0.0]
        for part in (50, 99):
            found = waits[len(waits) * part // 100] * 1000
            yield Figure(name=f"overload/accepted within, {part} %", ours=[found], unit="ms")
        for name, seen in curve.items():
            later = seen[len(seen) // 3 :]  # what a process takes to get warm is over
            for told, weight in (("min", min(later)), ("median", median(later)), ("max", max(later))):
                yield Figure(name=f"overload/{name} RSS {told}", ours=[weight], unit="MB")
            slope = linear_regression(range(len(later)), later).slope * 60 / LOOK_SECONDS
            yield Figure(name=f"overload/{name} RSS slope", ours=[slope], unit="MB/min")


def resident_megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


@dataclass
class Load:
    run: Run
    statuses: Counter[int] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    files: Counter[int] = field(default_factory=Counter)
    lines: int = 0

    @property
    def processes(self) -> Mapping[str, int]:
        found = {f"{name} {role}": pid for name, s in self.run.services.items() for role, pid in s.pids.items()}
        return found | ({"kafka": self.run.kafka.pids[0]} if self.run.kafka.pids else {})

    async def press(self) -> dict[str, list[float]]:
        """The resident memory of each process, every five seconds."""
        until = time.monotonic() + SECONDS
        pressing = [asyncio.create_task(self.call(n, until)) for n in range(CALLERS)]
        pressing += [asyncio.create_task(self.send(n, until)) for n in range(FILES)]
        curve: dict[str, list[float]] = {name: [] for name in self.processes}
        while time.monotonic() < until:
            for name, pid in self.processes.items():
                curve[name].append(resident_megabytes(pid))
            await asyncio.sleep(LOOK_SECONDS)
        for task in pressing:
            task.cancel()
        await asyncio.gather(*pressing, return_exceptions=True)
        return curve

    async def connect(self, kind: str, capacity: str) -> tuple[Connection, asyncio.StreamWriter]:
        place = urlsplit(self.run.services["training"].url)
        headers = {**caller(self.run), "Kaibo-Capacity": capacity, "Content-Type": kind, "Host": place.netloc}
        fixed = "".join(f"{name}: {content}\r\n" for name, content in headers.items())
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        return Connection(reader, writer, fixed), writer

    async def call(self, number: int, until: float) -> None:
        turn = 0
        while time.monotonic() < until:
            with suppress(OSError, EOFError):
                connection, writer = await self.connect("application/json", "hr")
                try:
                    while time.monotonic() < until:
                        turn += 1
                        body = {"course": f"o{number}-{turn}", "title": "直播合规 " * 20, "areas": ["laws"]}
                        began = time.monotonic()
                        status = (await connection.ask("POST", PATH, json.dumps(body).encode())).status
                        self.statuses[status] += 1
                        if status == 202:
                            self.waits.append(time.monotonic() - began)
                        else:
                            await asyncio.sleep(random.uniform(0.5, 1.5))  # Retry-After: 1
                finally:
                    writer.close()
            self.statuses[0] += time.monotonic() < until
            await asyncio.sleep(random.uniform(0.5, 1.5))

    async def send(self, number: int, until: float) -> None:
        """Files in bulk, one after the other; their answers are read as they come."""
        turn = 0
        while time.monotonic() < until:
            turn += 1
            with suppress(OSError, EOFError):
                connection, writer = await self.connect("application/x-ndjson", "system")
                courses = (f"f{number}-{turn}-{n}" for n in range(LINES))
                lines = [
                    json.dumps({"command": "DesignCourse", "body": {"course": c, "title": "t", "areas": ["laws"]}})
                    for c in courses
                ]
                content = "\n".join(lines).encode()
                writer.write(f"POST /bulk HTTP/1.1\r\n{connection.fixed}Connection: close\r\n".encode())
                writer.write(f"Content-Length: {len(content)}\r\n\r\n".encode() + content)
                status = int((await connection.reader.readline()).split()[1])
                self.files[status] += 1
                while answer := await connection.reader.readline():
                    self.lines += b'"status":"stored"' in answer
                writer.close()
                if status == 503:
                    await asyncio.sleep(random.uniform(0.5, 1.5))  # Retry-After: 1
