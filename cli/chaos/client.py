"""`python -m cli.chaos.client DIRECTORY SEED FIRST LANES RATE`: some lanes of the story, each with its journal.

A journal is a file of JSON lines, each on disk before the next step: what is sent, what was left in doubt, what was
answered. What is in doubt is sent again, under the same key, until it is answered; SIGTERM ends each lane after that.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from cli.chaos.plan import Plan
from cli.chaos.story import Command, lane, setting

PATIENCE = 6.0  # seconds for an answer; then it is in doubt
PAUSE = 0.3
SETTING = "setting"


class Lane:
    """`name` is in every key. `ended`: nothing new is begun."""

    def __init__(self, plan: Plan, secret: str, name: str, story: Iterator[Command], ended: threading.Event) -> None:
        self.plan, self.secret, self.name, self.story, self.ended = plan, secret, name, story, ended
        self.connections: dict[str, HTTPConnection] = {}
        self.number = 0

    def run(self, journal: Path, pace: float) -> None:
        """`pace`: seconds from one command to the next."""
        with journal.open("a", encoding="utf-8") as self.journal:
            for command in self.story:
                if command.service not in self.plan.services:
                    continue
                began = monotonic()
                self.number += 1
                self.say(command)
                if self.ended.wait(max(0.0, pace - (monotonic() - began))):
                    return

    def say(self, command: Command) -> None:
        key = f"{self.name}n{self.number}" if command.keyed and not command.lines else ""
        sent = {"service": command.service, "path": command.path, "body": command.body, "lines": command.lines}
        self.write({"sent": sent, "key": key})
        doubted = 0
        while True:
            try:
                status, body = self.ask(command, key)
            except (OSError, HTTPException) as error:
                self.connections.pop(command.service, None)
                reason = repr(error)
            else:
                if answered(command, status, body):
                    return self.write({"status": status, "body": body, "doubted": doubted})
                reason = f"{status} {body}"[:200]
            doubted += 1
            self.write({"doubt": reason})
            threading.Event().wait(PAUSE)

    def ask(self, command: Command, key: str) -> tuple[int, Any]:
        """The status and the document, or the documents of a file's lines."""
        if command.lines:
            kind, content = "application/x-ndjson", "\n".join(map(json.dumps, command.lines))
        else:
            kind, content = "application/json", json.dumps(command.body)
        headers = {
            "Authorization": f"Bearer {self.secret}",
            "Kaibo-Person": f"client{self.name}",
            "Kaibo-Capacity": "system",
            "Content-Type": kind,
            **({"Idempotency-Key": key} if key else {}),
        }
        connection = self.connections.get(command.service) or self.connect(command.service)
        connection.request("POST", command.path, content.encode(), headers)
        response = connection.getresponse()
        documents = [json.loads(line) for line in response.read().splitlines()]
        return response.status, documents if command.lines else documents[0]

    def connect(self, service: str) -> HTTPConnection:
        address = urlsplit(self.plan.api(service))
        made = HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE)
        self.connections[service] = made
        return made

    def write(self, entry: dict[str, Any]) -> None:
        self.journal.write(json.dumps({"n": self.number, **entry}, ensure_ascii=False) + "\n")
        self.journal.flush()
        os.fsync(self.journal.fileno())


def answered(command: Command, status: int, body: Any) -> bool:
    """Nothing else that a server says of its own trouble is an answer."""
    if status >= 500:
        return False
    if status != 200 or not command.lines:
        return True
    return len(body) == len(command.lines) and all(line["status"] != "failed" for line in body)


def main(directory: Path, seed: int, first: int, lanes: int, rate: float) -> None:
    """`rate`: commands a second, all lanes together. No lanes: what all rest on, and that is all."""
    plan, run = Plan.read(directory), json.loads((directory / "run.json").read_text())
    journals, ended = directory / "journals", threading.Event()
    journals.mkdir(exist_ok=True)
    signal.signal(signal.SIGTERM, lambda number, frame: ended.set())
    if not lanes:
        Lane(plan, run["secret"], SETTING, setting(), ended).run(journals / f"{SETTING}.jsonl", 0.0)
        return
    threads = []
    for number in range(first, first + lanes):
        told = Lane(plan, run["secret"], f"lane{number}", lane(seed, number), ended)
        pace = lanes / rate * Random(number).uniform(0.8, 1.2)
        threads.append(threading.Thread(target=told.run, args=(journals / f"lane{number}.jsonl", pace)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    place, number, begin, many, speed = sys.argv[1:]
    main(Path(place), int(number), int(begin), int(many), float(speed))
