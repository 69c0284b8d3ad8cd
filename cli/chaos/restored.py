"""What an operator does when topics or records are gone, or the database is of yesterday; and that it was seen before.

These come at the end of a run, each once: they need somebody who acts.
"""

import asyncio
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from cli.chaos.evidence import Verdict
from cli.chaos.installation import Installation
from deploy.local.processes import StartFailed
from shared.status import Overview, Reading

NOTICED_SECONDS = 300.0
QUIET_SECONDS = 300.0  # without any progress
TELL_SECONDS = 10.0
REBUILT = "training", "exam_chains"
LOST = "lost"  # journals of what a restored database holds no more

T = TypeVar("T")


def topics_deleted(there: Installation, verdict: Verdict) -> None:
    """`.kaibo/kafka` is deleted while nothing runs. The relays say what the topics lost, and fill them again."""
    there.tell("All topics are deleted while nothing runs")
    down(there)
    delete_topics(there)
    there.start()
    await_word(there, verdict, '"lost": 0', said=False)


def records_deleted(there: Installation, verdict: Verdict) -> None:
    """As retention would: nothing that is served needs them. A read model that is built again does, and names what
    brings them back."""
    service, model = REBUILT
    there.tell(f"All records of {service} are deleted, and {model} is built again")
    asyncio.run(delete_records(there.run.kafka.bootstrap_servers, f"kaibo.{service}."))
    command(there, "readers", "rebuild", service, model)
    build = awaited(there, lambda all_: next((r for r in built(all_) if r.state == "stopped" or r.error), None))
    if build is None or "republish" not in build.error:
        verdict.differ(f"{service}: what builds {model} does not say that records are gone: {build}")
    verdict.checked["losses noticed"] += 1
    command(there, "relay", "republish", service)
    command(there, "readers", "rebuild", service, model)
    heal(there, verdict)


def database_restored(there: Installation, verdict: Verdict, meanwhile: Callable[[], None]) -> None:
    """The databases go back to before `meanwhile`, the topics do not. Every relay stands still and says so.

    The operator gives the logs another id, and has every reader accept that. What was answered meanwhile is lost: its
    journals are put aside.
    """
    there.tell("The databases are restored to before what follows")
    cluster, copy = (there.directory / "postgres" / "cluster").resolve(), there.directory / "backup"
    down(there)
    subprocess.run(["cp", "-a", cluster, copy], check=True)
    there.start()
    before = set((there.directory / "journals").iterdir())
    meanwhile()
    down(there)
    put_back(copy, cluster)
    put_aside(there.directory, before)
    there.start()
    for service in there.plan.services:
        await_stopped(there, service, verdict)
    for service in there.plan.services:
        command(there, "log", "renew", service)
    for service in there.plan.services:
        command(there, "readers", "accept", service)
    heal(there, verdict)


def command(there: Installation, *words: str) -> None:
    """As an operator gives it. Raises StartFailed where it is refused."""
    done = there.kaibo(*words)
    if done.returncode != 0:
        raise StartFailed(f"kaibo {' '.join(words)}: {done.stdout}{done.stderr}")


def heal(there: Installation, verdict: Verdict) -> None:
    """Until what is built is served, and no reader stands."""
    if awaited(there, lambda found: not [r for r in found if r.state != "served" or r.error] or None) is None:
        left = [(r.service, r.reader, r.state, r.error) for r in readings(there) if r.state != "served" or r.error]
        verdict.differ(f"readers do not go on after what an operator did: {left}")


def awaited(there: Installation, what: Callable[[Sequence[Reading]], T | None]) -> T | None:
    """What is found among the readers of all services, as soon as there is something; None where they stand still."""
    before: Sequence[object] = ()
    until = told = 0.0
    while (found := what(now := readings(there))) is None:
        if (progress := [(r.service, r.reader, r.lag, r.done, r.unsettled) for r in now]) != before:
            before, until = progress, time.monotonic() + QUIET_SECONDS
        elif time.monotonic() > until:
            break
        if time.monotonic() - told > TELL_SECONDS:
            told = time.monotonic()
            there.tell("  " + ("; ".join(f"{r.service} {r.reader}: {said(r)}" for r in built(now)) or "readers go on"))
        time.sleep(0.5)
    return found


def said(build: Reading) -> str:
    left = f", {build.left:.0f} s left" if build.left is not None else ""
    return f"{build.done:.0%} read{left}, {build.unsettled:,} results to compute {build.error}".rstrip()


def readings(there: Installation) -> list[Reading]:
    async def find() -> list[Reading]:
        urls = {name: about.database_url for name, about in there.run.services.items()}
        async with Overview(urls) as overview:
            return [reader for standing in await overview.standings() for reader in standing.readers]

    return asyncio.run(find())


def built(found: Sequence[Reading]) -> list[Reading]:
    return [reader for reader in found if reader.state != "served"]


async def delete_records(servers: str, prefix: str) -> None:
    """All that the topics hold whose names begin so."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False)
    await admin.start()
    await consumer.start()
    try:
        topics = await admin.describe_topics([name for name in await admin.list_topics() if name.startswith(prefix)])
        places = [TopicPartition(t["topic"], part["partition"]) for t in topics for part in t["partitions"]]
        ends = await consumer.end_offsets(places)
        await admin.delete_records({place: RecordsToDelete(before_offset=end) for place, end in ends.items() if end})
    finally:
        await consumer.stop()
        await admin.close()


def put_back(copy: Path, cluster: Path) -> None:
    for part in cluster.iterdir():
        shutil.rmtree(part)
    subprocess.run(["cp", "-a", f"{copy}/.", cluster], check=True)


def down(there: Installation) -> None:
    """As an operator does."""
    command(there, "down")
    there.stop()


def delete_topics(there: Installation) -> None:
    """What is in the folder, for it may be a disk of its own."""
    for folder in there.directory.glob("kafka*"):
        for part in folder.iterdir():
            shutil.rmtree(part) if part.is_dir() else part.unlink()


def put_aside(directory: Path, before: set[Path]) -> None:
    aside = directory / LOST
    aside.mkdir()
    for journal in (directory / "journals").iterdir():
        if journal not in before:
            journal.rename(aside / journal.name)


def await_word(there: Installation, verdict: Verdict, word: str, *, said: bool) -> None:
    """Until every relay has begun, and has said (or not) this word about it."""
    for service in there.plan.services:
        until = time.monotonic() + NOTICED_SECONDS
        while not (began := beginnings(there, service)) and time.monotonic() < until:
            time.sleep(0.2)
        if not began or (word in began[0]) is not said:
            verdict.differ(f"{service}: the relay did not say that its topics lost records: {began}")
        verdict.checked["losses noticed"] += 1


def beginnings(there: Installation, service: str) -> list[str]:
    log = there.directory / "logs" / f"{service}-workers.log"
    return [line for line in log.read_text().splitlines() if '"relay.began"' in line] if log.exists() else []


def await_stopped(there: Installation, service: str, verdict: Verdict) -> None:
    """Until the metric says that the relay stands still."""
    until = time.monotonic() + NOTICED_SECONDS
    while f'kaibo_relay_stopped{{service="{service}"}} 1.0' not in metrics(there, service):
        if time.monotonic() > until:
            verdict.differ(f"{service}: no metric says that the relay stands still on another log's topics")
            return
        time.sleep(0.2)
    verdict.checked["losses noticed"] += 1


def metrics(there: Installation, service: str) -> str:
    address = urlsplit(there.run.services[service].metrics_url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=10)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    except (OSError, HTTPException):
        return ""
    finally:
        connection.close()
