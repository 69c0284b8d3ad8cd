"""What an operator sees and asks for on the command line, on a database of the kernel's schema."""

import asyncio
import io
import json
import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from rich.console import Console
from typer.testing import CliRunner

from cli.commands import app
from cli.events import follow
from cli.state import KafkaRun, PostgresRun, Run, ServiceRun, State
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.local.processes import StartFailed
from services.training.contracts import contract
from shared.broker import Record
from shared.build import Build
from shared.event import Envelope, encode, new_id
from shared.kafka import KafkaBroker, KafkaSettings
from shared.postgres import open_store
from shared.readers import add
from shared.store import Group, New, Stored
from shared.wire import to_record

TOPIC = "kaibo.training.events"
STREAM = "exams/P1/S1"


@pytest.fixture(scope="module")
def url(server: Postgres) -> str:
    """A log of one event, a reader behind it, and an event that is parked there."""

    async def fill() -> None:
        store = await open_store(server.url("people"), {TOPIC: 1})
        event = New(
            id=new_id(),
            type="ExamGraded",
            schema=1,
            occurred_at=datetime(2026, 5, 4, 1, tzinfo=UTC),
            data='{"person":"P1","grade":"优秀"}'.encode(),
            meta=encode(Envelope(actor="trainer-7")),
        )
        await store.append([Group(stream=STREAM, expected=0, topic=TOPIC, partition=0, events=(event,))])
        await store.close()
        connection = await asyncpg.connect(server.url("people"))
        record = encode(Record(key=STREAM.encode(), value=event.data, headers=(("ce_id", event.id.encode()),)))
        await add(connection, Build(name="results", version=2), "projection")
        await connection.execute("insert into checkpoints values ('results/2', $1, 0, 'log', -1, 0)", TOPIC)
        await connection.execute(
            "insert into parked values ('results/2', $1, 0, 1, $2, $3, 'KeyError: grade')", TOPIC, STREAM, record
        )
        await connection.close()

    asyncio.run(fill())
    return server.url("people")


@pytest.fixture
def state(directory: Path, url: str, server: Postgres, broker: Kafka) -> State:
    """A run.json in which the database is that of training."""
    state = State(directory)
    assert server.process is not None
    assert broker.process is not None
    state.write_run(
        Run(
            pid=os.getpid(),
            kafka=KafkaRun(broker.bootstrap_servers, [broker.process.pid]),
            postgres=PostgresRun(server.process.pid, server.url()),
            services={"training": ServiceRun("http://127.0.0.1:1", "http://127.0.0.1:2", url, {"api": os.getpid()})},
            secret=None,
        )
    )
    return state


def said(state: State, *words: str) -> str:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["--directory", str(state.directory), *words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_run_json_comes_back_as_it_was_written(state: State) -> None:
    run = state.read_run()
    assert run is not None
    state.write_run(replace(run, secret="s"))
    assert state.read_run() == replace(run, secret="s")


def test_status_shows_processes_readers_and_lag(state: State) -> None:
    found = json.loads(said(state, "status", "--json"))
    assert {process["name"] for process in found["processes"]} == {"supervisor", "PostgreSQL", "Kafka", "training api"}
    assert all(process["alive"] and process["memory"] > 1_000_000 for process in found["processes"])
    (training,) = found["services"]
    assert training["events"] == training["unpublished"] == 1
    (reader,) = training["readers"]
    assert (reader["reader"], reader["lag"], reader["parked"]) == ("results/2", 1, 1)
    screen = said(state, "status")
    assert "1 events are parked" in screen
    assert "results" in said(state, "readers", "list")


def test_a_process_that_is_gone_is_said(state: State) -> None:
    run = state.read_run()
    assert run is not None
    state.write_run(replace(run, services={"training": replace(run.services["training"], pids={"api": 0})}))
    assert "not running" in said(state, "status")


def test_a_stream_is_shown_with_its_events(state: State) -> None:
    line = said(state, "events", "show", STREAM)
    for part in ("2026-05-04 01:00:00Z", "training", "ExamGraded", f"{STREAM} v1", "优秀", "trainer-7"):
        assert part in line
    assert f"{STREAM} v1" in said(state, "events", "show", STREAM, "--at-version", "1", "--at", "2100-01-01")
    with pytest.raises(StartFailed, match="had no event then: its first was recorded at 20"):
        said(state, "events", "show", STREAM, "--at", "2020-01-01T00:00:00Z")
    with pytest.raises(StartFailed, match="noon is no time"):
        said(state, "events", "show", STREAM, "--at", "noon")
    with pytest.raises(StartFailed, match="No log of training has a stream exams/P2/S1"):
        said(state, "events", "show", "exams/P2/S1")


def test_what_is_parked_is_listed_shown_and_asked_for(state: State) -> None:
    (listed,) = json.loads(said(state, "parked", "list", "--json"))
    assert (listed["service"], listed["reader"], listed["stream"]) == ("training", "results/2", STREAM)
    assert "KeyError: grade" in said(state, "parked", "list")
    (shown,) = json.loads(said(state, "parked", "show", "training", listed["id"]))
    assert (shown["event"]["value"]["grade"], shown["requests"]) == ("优秀", [])
    assert "retry is asked for 1" in said(state, "parked", "retry", "training", "results/2")
    assert json.loads(said(state, "parked", "list", "--json"))[0]["request"] == "retry"
    words = ("parked", "discard", "training", "results/2", STREAM, "--reason", "a double")
    assert "discard is asked for 1" in said(state, *words)
    (shown,) = json.loads(said(state, "parked", "show", "training", listed["id"]))
    assert [(a["what"], a["reason"], bool(a["actor"])) for a in shown["requests"]] == [
        ("retry", "", True), ("discard", "a double", True),
    ]  # fmt: skip
    assert "Nothing was discarded" in said(state, "parked", "discarded")  # its owner does it
    with pytest.raises(StartFailed, match=r"nothing parked; there is something of: results/2$"):
        said(state, "parked", "retry", "training", "archive/1")
    with pytest.raises(StartFailed, match="people does not run here"):
        said(state, "parked", "retry", "people", "results/2")
    with pytest.raises(StartFailed, match="no parked event x"):
        said(state, "parked", "show", "training", "x")


def test_a_reader_is_rebuilt_by_its_name(state: State) -> None:
    assert "results/2.2 is built beside" in said(state, "readers", "rebuild", "training", "results")
    assert "building" in said(state, "readers", "list")
    assert "results/2.2 is built beside" in said(state, "readers", "rebuild", "training", "results/2")
    with pytest.raises(StartFailed, match=r"there is no read model result/2; there are: .*results"):
        said(state, "readers", "rebuild", "training", "result/2")


def test_a_build_is_stopped_switched_and_retired(state: State) -> None:
    """Nothing works on it here: what is asked for is written down, and said."""
    said(state, "readers", "rebuild", "training", "results")
    assert "`kaibo readers rebuild training results` goes on" in said(state, "readers", "stop", "training", "results")
    assert "stopped at 100%" in said(state, "readers", "list")
    assert "is served as soon as" in said(state, "readers", "switch", "training", "results")
    assert "is retired" in said(state, "readers", "retire", "training", "results/2.2")
    with pytest.raises(StartFailed, match="nothing is built beside results"):
        said(state, "readers", "switch", "training", "results")


def test_a_log_is_renewed_made_again_and_accepted(state: State, url: str) -> None:
    """With a relay that is done at once."""
    asyncio.run(done(url, "update checkpoints set log = (select id from log)"))
    renewed = said(state, "log", "renew", "training")
    assert "next: `kaibo readers accept training` for results" in renewed
    asyncio.run(done(url, f"insert into cursors values ('{TOPIC}', 0, 1)", "update log set republish = false"))
    with pytest.raises(StartFailed, match=r"there is no reader archive; there are: .*results"):
        said(state, "readers", "accept", "training", "archive")
    assert "results/2.3 of training is built from the new log" in said(state, "readers", "accept", "training")
    assert "no reader of training waits for that" in said(state, "readers", "accept", "training")


def test_topics_are_made_again(state: State, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def relayed(_: float) -> None:
        asyncio.run(done(url, f"insert into cursors values ('{TOPIC}', 0, 1)", "update log set republish = false"))

    monkeypatch.setattr(time, "sleep", relayed)
    told = said(state, "relay", "republish", "training")
    assert "its relay has not begun" in told
    assert "1 events of training are published" in told


async def done(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    for sql in statements:
        await connection.execute(sql)
    await connection.close()


def test_where_nothing_runs_it_says_how_to_start(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for service in ("TRAINING", "PEOPLE", "PERFORMANCE", "SUPERVISION"):
        monkeypatch.delenv(f"{service}_DATABASE_URL", raising=False)
    with pytest.raises(StartFailed, match="`kaibo up` starts it"):
        said(State(directory), "status")


async def test_what_is_published_is_shown_as_it_travels(broker: Kafka) -> None:
    settings = KafkaSettings(bootstrap_servers=broker.bootstrap_servers)
    kafka, output = KafkaBroker(settings), io.StringIO()
    event = Stored(
        position=1,
        stream=STREAM,
        version=1,
        topic=TOPIC,
        partition=0,
        id=new_id(),
        type="ExamGraded",
        schema=1,
        occurred_at=datetime(2026, 5, 4, 1, tzinfo=UTC),
        recorded_at=datetime(2026, 5, 4, 2, tzinfo=UTC),
        data='{"grade":"优秀"}'.encode(),
        meta=encode(Envelope(actor="trainer-7")),
    )
    foreign = Record(key=b"k", value=b"v", headers=())
    await kafka.ensure({TOPIC: 1})
    following = asyncio.create_task(follow(settings, Console(file=output, width=200)))
    try:
        async with asyncio.timeout(60):
            while f"{STREAM} v1" not in output.getvalue() or "not ours" not in output.getvalue():
                await kafka.publish({(TOPIC, 0): [to_record(contract, "log", event, 0), foreign]})
                assert not following.done(), following.result()
    finally:
        following.cancel()
        await kafka.close()
    assert '2026-05-04 01:00:00Z  training ExamGraded  exams/P1/S1 v1  {"grade": "优秀"}' in output.getvalue()
