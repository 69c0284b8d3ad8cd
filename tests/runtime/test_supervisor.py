"""`kaibo up` on the real database and the real broker, with stand-ins for the services."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from cli.commands import app
from cli.running import running
from cli.state import Run, State
from cli.supervisor import Child, Supervisor
from deploy.local.environment import ROOT
from deploy.local.kafka import Kafka, answers
from deploy.local.postgres import Postgres
from deploy.local.processes import StartFailed
from tests.runtime.conftest import eventually, gone
from tests.runtime.test_postgres import query


def kaibo(directory: Path, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-P", "-m", "cli", "--directory", str(directory), *words],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def pids(run: Run) -> list[int]:
    assert run.postgres is not None
    return [
        run.postgres.pid,
        *run.kafka.pids,
        *(pid for service in run.services.values() for pid in service.pids.values()),
    ]


def test_up_starts_all_begins_again_what_crashes_and_ends_in_order(directory: Path, stand_ins: dict[str, str]) -> None:
    state = State(directory)
    told: list[str] = []
    with running(directory, environment=stand_ins, tell=told.append) as run:
        said = directory / "up.log"
        assert eventually(lambda: "http://" in said.read_text())
        assert said.read_text().startswith("".join(f"{line}\n" for line in told))
        assert state.run_file.stat().st_mode & 0o777 == 0o600
        assert directory.stat().st_mode & 0o777 == 0o711
        assert set(run.services) == {"training", "people", "performance", "supervision"}
        for service in run.services.values():
            assert urllib.request.urlopen(f"{service.url}/health/ready").status == 200
            assert urllib.request.urlopen(f"{service.metrics_url}/health/ready").status == 200
            assert query(service.database_url, "select 1") == 1
        assert run.secret

        os.kill(run.services["training"].pids["workers"], signal.SIGKILL)
        assert eventually(lambda: changed(state, run, lambda r: r.services["training"].pids["workers"]))
        os.kill(run.kafka.pids[0], signal.SIGKILL)
        assert eventually(lambda: changed(state, run, lambda r: r.kafka.pids[0]))
        assert run.postgres is not None
        os.kill(run.postgres.pid, signal.SIGKILL)
        assert eventually(lambda: changed(state, run, lambda r: r.postgres.pid if r.postgres else 0))
        assert eventually(lambda: answers(int(run.kafka.bootstrap_servers.split(":")[1])))
        assert eventually(lambda: answers_query(run.services["people"].database_url))

        refused = kaibo(directory, "up", **stand_ins)
        assert refused.returncode == 1
        assert "already runs" in refused.stderr
        assert "kaibo down" in refused.stderr
        last = state.read_run()
        assert last is not None
    assert all(gone(pid, 0.5) for pid in pids(last))
    assert not state.run_file.exists()
    log = (directory / "logs" / "people-workers.log").read_text()
    assert "threads 1 databases ['PEOPLE_DATABASE_URL']" in log
    assert "drained while the broker still ran" in log
    assert "killed" not in (directory / "up.log").read_text()


def changed(state: State, before: Run, of: Callable[[Run], int]) -> bool:
    now = state.read_run()
    return now is not None and of(now) not in (0, of(before))


def answers_query(url: str) -> bool:
    try:
        return query(url, "select 1") == 1
    except (OSError, asyncpg.PostgresError):
        return False


def test_after_kill_9_nothing_is_left_and_the_next_start_finds_everything(
    directory: Path, stand_ins: dict[str, str]
) -> None:
    with running(directory, ["training"], environment=stand_ins) as first:
        query(first.services["training"].database_url, "create table kept as select 42 as answer")
        os.kill(first.pid, signal.SIGKILL)
        assert all(gone(pid) for pid in pids(first))
        assert State(directory).holder_pid() is None
    with running(directory, ["training"], environment=stand_ins) as second:
        assert query(second.services["training"].database_url, "select answer from kept") == 42
        assert second.services["training"].url == first.services["training"].url
        assert second.kafka.bootstrap_servers == first.kafka.bootstrap_servers
        down = kaibo(directory, "down")
        assert down.stdout == "kaibo: Stopped\n"
        assert all(gone(pid, 0.5) for pid in pids(second))
    assert kaibo(directory, "down").stdout.startswith("kaibo: Nothing runs")


@pytest.fixture
def elsewhere(server: Postgres, broker: Kafka, stand_ins: dict[str, str]) -> dict[str, str]:
    """An environment that names a database and a broker."""
    urls = {f"{name}_DATABASE_URL": server.url("training") for name in ("TRAINING", "PEOPLE")}
    return {**stand_ins, **urls, "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers}


def test_a_named_database_and_broker_are_used(directory: Path, elsewhere: dict[str, str]) -> None:
    with running(directory, ["training", "people"], ["api"], elsewhere) as run:
        assert run.postgres is None
        assert run.kafka.pids == []
        assert run.kafka.bootstrap_servers == elsewhere["KAFKA_BOOTSTRAP_SERVERS"]
        assert run.services["people"].database_url == elsewhere["PEOPLE_DATABASE_URL"]
        assert set(run.services["people"].pids) == {"api"}
        assert run.secret is None
    assert not (directory / "postgres").exists()
    assert not (directory / "kafka").exists()


def test_a_service_that_cannot_start_ends_the_start(directory: Path, elsewhere: dict[str, str]) -> None:
    with (
        pytest.raises(StartFailed, match=r"(?s)training workers ended.*this service ends at once"),
        running(directory, ["training"], environment={**elsewhere, "STAND_IN": "ends"}),
    ):
        pass
    assert State(directory).holder_pid() is None


def test_a_port_that_the_environment_fixes_and_somebody_has_is_said(directory: Path, elsewhere: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        started = kaibo(directory, "up", "--only", "training", **elsewhere, TRAINING_HTTP_PORT=port)
    assert started.returncode == 1
    assert f"Port {port} (TRAINING_HTTP_PORT) is taken by another program" in started.stderr


def test_the_master_key_is_made_once_and_its_loss_is_said(directory: Path) -> None:
    state = State(directory)
    made = state.master_key_file().read_text()
    assert len(bytes.fromhex(made)) == 32
    assert state.master_key_file().read_text() == made
    assert state.master_key_file().stat().st_mode & 0o777 == 0o600
    (directory / "postgres").mkdir()
    state.master_key_file().unlink()
    with pytest.raises(StartFailed, match=r"master\.key is missing.*backup"):
        state.master_key_file()


def test_the_organisations_policies_are_those_of_the_last_start(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    ports = {f"{service.upper()}_{kind}_PORT": 1 for service in ("training",) for kind in ("HTTP", "METRICS")}

    def started() -> str | None:
        supervisor = Supervisor(State(directory), ["training"], ["api"], said.append)
        supervisor.describe(ports)
        return supervisor.environment.get("KAIBO_POLICIES")

    monkeypatch.delenv("KAIBO_POLICIES", raising=False)
    assert started() is None
    monkeypatch.setenv("KAIBO_POLICIES", str(tmp_path))
    assert started() == str(tmp_path)
    monkeypatch.delenv("KAIBO_POLICIES")
    assert started() == str(tmp_path)
    assert said == [f"The organisation's own policies are those of {tmp_path}"] * 2
    (directory / "policies").write_text(f"{tmp_path / 'gone'}\n")
    with pytest.raises(StartFailed, match="is no folder"):
        started()


def test_another_users_directory_is_said(directory: Path) -> None:
    blocked = directory / "file"
    blocked.touch()
    started = kaibo(blocked / "below", "up")
    assert started.returncode == 1
    assert started.stderr.startswith("kaibo: ")
    assert "Traceback" not in started.stderr


def test_crashes_that_follow_quickly_wait_longer() -> None:
    child = Child("training api", lambda: pytest.fail("not yet"), began=time.monotonic())
    pauses = [child.put_off() for _ in range(9)]
    assert pauses == sorted(pauses)
    assert pauses[0] < 0.5
    assert pauses[-1] == 10.0
    child.began = time.monotonic() - 60
    assert child.put_off() < 0.5


@pytest.mark.parametrize("words", [("up", "--only", "trainings"), ("up", "--role", "worker"), ("serve", "trainings")])
def test_unknown_services_and_roles_are_refused(words: tuple[str, ...], directory: Path) -> None:
    refused = CliRunner().invoke(app, ["--directory", str(directory), *words])
    assert refused.exit_code == 2
    assert "is wanted" in refused.output


def test_plain_commands_do_not_load_the_web_framework() -> None:
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, cli.commands; print([m for m in ('fastapi', 'pydantic', 'asyncpg') if m in sys.modules])",
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "[]\n"
