"""The same commands by the library eventsourcing: a transaction a command, from threads."""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from urllib.parse import urlsplit
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from cli.bench.exams import TURNS, asked, decide

THREADS = 64


class Exam(Aggregate):
    attempts: int

    @event("Opened")
    def __init__(self) -> None:
        self.attempts = 0

    @event("Graded")
    def grade(self, person: str, session: str, score: Decimal, grade: str, held_on: str) -> None:
        self.attempts += 1


def rate(url: str, callers: int, seconds: float) -> float:
    """Commands a second; as many threads as callers, at most 64."""
    parts, threads = urlsplit(url), min(callers, THREADS)
    logging.getLogger("eventsourcing").setLevel(logging.ERROR)
    app: Application[UUID] = Application(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": parts.path.strip("/"),
            "POSTGRES_HOST": str(parts.hostname),
            "POSTGRES_PORT": str(parts.port),
            "POSTGRES_USER": str(parts.username),
            "POSTGRES_PASSWORD": str(parts.password),
            "POSTGRES_POOL_SIZE": str(threads),
            "POSTGRES_MAX_OVERFLOW": "4",
            "POSTGRES_POOL_TIMEOUT": "60",
        }
    )
    done, lock, began = 0, threading.Lock(), time.perf_counter()

    def calls(caller: int) -> None:
        nonlocal done
        turn, exam = 0, Exam()
        while time.perf_counter() - began < seconds:
            exam = Exam() if turn % TURNS == 0 else app.repository.get(exam.id)
            (graded,) = decide(asked(caller, turn, ""), exam.attempts)
            exam.grade(graded.person, graded.session, graded.score, graded.grade, graded.held_on.isoformat())
            app.save(exam)
            turn += 1
            with lock:
                done += 1

    try:
        with ThreadPoolExecutor(threads) as pool:
            for finished in [pool.submit(calls, caller) for caller in range(threads)]:
                finished.result()
    finally:
        app.close()
    return done / (time.perf_counter() - began)
