"""What an operator does when the topics are gone, or the database is of yesterday; and that it was seen before.

These come at the end of a run, each once: they need somebody who acts.
"""

import shutil
import subprocess
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from cli.chaos.evidence import Verdict
from cli.chaos.installation import Installation
from deploy.local.processes import StartFailed

NOTICED_SECONDS = 90.0


def topics_deleted(there: Installation, verdict: Verdict) -> None:
    """`.kaibo/kafka` is deleted while nothing runs. The relays say what the topics lost, and fill them again."""
    down(there)
    delete_topics(there)
    there.start()
    await_word(there, verdict, '"lost": 0', said=False)


def database_restored(there: Installation, verdict: Verdict, meanwhile: Callable[[], None]) -> None:
    """The databases go back to before `meanwhile`, the topics do not. Every relay stands still and says so.

    The operator then restores once more, for until he came the readers took up what the topics hold beyond the logs,
    and has the topics made again. What was answered meanwhile is lost: its journals are put aside.
    """
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
    down(there)
    put_back(copy, cluster)
    delete_topics(there)
    there.start()


def put_back(copy: Path, cluster: Path) -> None:
    for part in cluster.iterdir():
        shutil.rmtree(part)
    subprocess.run(["cp", "-a", f"{copy}/.", cluster], check=True)


def down(there: Installation) -> None:
    """As an operator does. Raises StartFailed where it does not end."""
    done = there.kaibo("down")
    if done.returncode != 0:
        raise StartFailed(f"kaibo down: {done.stdout}{done.stderr}")
    there.stop()


def delete_topics(there: Installation) -> None:
    """What is in the folder, for it may be a disk of its own."""
    for folder in there.directory.glob("kafka*"):
        for part in folder.iterdir():
            shutil.rmtree(part) if part.is_dir() else part.unlink()


def put_aside(directory: Path, before: set[Path]) -> None:
    aside = directory / "lost"
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
