"""The same by the library eventsourcing: a transaction a command, from threads, and a transaction an event."""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.utils import get_topic
from psycopg.sql import SQL

from cli.bench.exams import TURNS, asked, decide

THREADS = 64
AT_ONCE = 50  # events of an exam


class Exam(Aggregate):
    attempts: int

    @event("Opened")
    def __init__(self) -> None:
        self.attempts = 0

    @event("Graded")
    def grade(self, person: str, session: str, score: Decimal, grade: str, held_on: str) -> None:
        self.attempts += 1


def environment(url: str, connections: int) -> dict[str, str]:
    logging.getLogger("eventsourcing").setLevel(logging.ERROR)
    parts = urlsplit(url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": parts.path.strip("/"),
        "POSTGRES_HOST": str(parts.hostname),
        "POSTGRES_PORT": str(parts.port),
        "POSTGRES_USER": str(parts.username),
        "POSTGRES_PASSWORD": str(parts.password),
        "POSTGRES_POOL_SIZE": str(connections),
        "POSTGRES_MAX_OVERFLOW": "4",
        "POSTGRES_POOL_TIMEOUT": "60",
    }


def rate(url: str, callers: int, seconds: float) -> float:
    """Commands a second; as many threads as callers, at most 64."""
    threads = min(callers, THREADS)
    app: Application[UUID] = Application(env=environment(url, threads))
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


class Results(PostgresTrackingRecorder):
    """Rows and the place of their reader, in one transaction."""

    def __init__(self, datastore: PostgresDatastore, **kwargs: Any) -> None:
        super().__init__(datastore, **kwargs)
        self.sql_create_statements.append(
            SQL(
                "create table if not exists results (person text primary key, exams bigint, total numeric, last text)"
            ).format()
        )

    def add(self, graded: Any, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(
                SQL(
                    "insert into results as r values (%s, 1, %s, %s) on conflict (person) do update"
                    " set exams = r.exams + 1, total = r.total + excluded.total, last = excluded.last"
                ),
                (graded.person, graded.score, graded.grade),
                prepare=True,
            )


class Marks(Projection[Results]):
    name = "marks"
    topics = (get_topic(Exam.Graded),)  # type: ignore[attr-defined]

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.add(domain_event, tracking)


def projection_rate(url: str, events: int) -> float:
    """Events a second into rows, from the library's own log."""
    where = environment(url, 4)
    app: Application[UUID] = Application(env=where)
    for caller in range(events // AT_ONCE):
        exam = Exam()
        for turn in range(AT_ONCE):
            (graded,) = decide(asked(caller, turn, ""), exam.attempts)
            exam.grade(graded.person, graded.session, graded.score, graded.grade, graded.held_on.isoformat())
        app.save(exam)
    last = app.recorder.max_notification_id()
    app.close()
    began = time.perf_counter()
    with ProjectionRunner(
        application_class=Application, projection_class=Marks, view_class=Results, env=where
    ) as runner:
        runner.wait(last, timeout=600)
    return events / (time.perf_counter() - began)
