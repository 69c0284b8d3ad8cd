"""The embedded PostgreSQL on the real binaries."""

import asyncio
import os
import shutil
import signal
import socket
from pathlib import Path

import asyncpg
import psutil
import pytest

from deploy.local import postgres as module
from deploy.local.postgres import Postgres, postgres
from deploy.local.processes import StartFailed, failure, start
from tests.runtime.conftest import gone, python


def query(url: str, sql: str) -> object:
    async def ask() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_a_service_has_a_database_of_its_own(server: Postgres) -> None:
    assert (
        query(server.url("training"), "select current_user || ' in ' || current_database()") == "training in training"
    )
    query(server.url("training"), "create table of_its_own ()")
    for other in ("people", "postgres", "template1"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            query(server.url("training").removesuffix("training") + other, "select 1")


def test_nobody_comes_in_without_the_password(server: Postgres) -> None:
    password = server.passwords.databases["training"]
    with pytest.raises(asyncpg.InvalidPasswordError):
        query(server.url("training").replace(password, "guessed"), "select 1")
    assert (server.directory / "passwords.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit", "full_page_writes", "data_checksums"])
def test_it_is_durable(server: Postgres, setting: str) -> None:
    assert query(server.url(), f"select current_setting('{setting}')") == "on"


def test_it_listens_on_loopback_alone_and_never_runs_as_root(server: Postgres) -> None:
    assert server.process is not None
    process = psutil.Process(server.process.pid)
    assert process.uids().effective != 0
    listening = [c.laddr for c in process.net_connections("all") if c.status == psutil.CONN_LISTEN]
    assert listening == [("127.0.0.1", server.port)]


def test_what_was_committed_is_there_after_a_crash_and_on_the_same_port(directory: Path) -> None:
    with postgres(directory / "postgres", ["training"]) as server:
        assert server.process is not None
        query(server.url("training"), "create table kept as select 42 as answer")
        port, crashed = server.port, server.process
        crashed.kill()
        crashed.wait()
        start(server)
        assert server.port == port
        assert query(server.url("training"), "select answer from kept") == 42
    with postgres(directory / "postgres", ["training", "people"], port) as server:
        assert server.port == port
        assert query(server.url("training"), "select answer from kept") == 42
        assert query(server.url("people"), "select 1") == 1


def test_a_broken_off_initdb_is_done_again_and_a_taken_port_is_left_alone(directory: Path) -> None:
    half = directory / "postgres" / "cluster" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    if os.geteuid() == 0:
        shutil.chown(half.parent, "nobody")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with postgres(directory / "postgres", ["training"], port) as server:
            assert server.port != port
            assert query(server.url("training"), "select 1") == 1


def test_a_second_server_on_the_directory_is_refused(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HELD_SECONDS", 0.1)
    with pytest.raises(StartFailed, match="still runs"):
        Postgres(server.directory).spawn()


def test_lost_passwords_and_another_version_are_said_and_nothing_is_touched(directory: Path) -> None:
    server = Postgres(directory / "postgres", ["training"])
    server.data.mkdir(parents=True)
    (server.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(StartFailed, match=r"passwords\.json is missing.*backup"):
        server.spawn()
    shutil.copyfile(Path(__file__), server.data / "witness")
    (server.directory / "passwords.json").write_text('{"superuser": "s", "databases": {}, "made": []}')
    with pytest.raises(StartFailed, match=r"PostgreSQL 17.*pg_upgrade"):
        server.spawn()
    assert (server.data / "witness").exists()


def test_a_full_disk_is_named(directory: Path) -> None:
    log = directory / "postgres.log"
    log.write_text('FATAL:  could not write lock file "postmaster.pid": No space left on device\n')
    assert "Free some and start again" in str(failure("PostgreSQL", log, ""))


def test_an_ordinary_user_starts_it_it_dies_with_its_parent_and_starts_again_on_what_it_left(directory: Path) -> None:
    directory.chmod(0o777)
    parent = python(
        """
        import asyncio, os, sys, time, asyncpg
        from pathlib import Path
        from deploy.local.postgres import postgres
        if os.geteuid() == 0:
            os.setgroups([]); os.setgid(65534); os.setuid(65534)
            os.environ["HOME"] = "/nonexistent"
        async def keep(url):
            connection = await asyncpg.connect(url)
            await connection.execute("create table kept as select 42 as answer")
            await connection.close()
        with postgres(Path(sys.argv[1]), ["training"]) as server:
            asyncio.run(keep(server.url("training")))
            print(server.process.pid, flush=True)
            time.sleep(600)
        """,
        directory / "postgres",
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert psutil.Process(pid).uids().effective != 0
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    with postgres(directory / "postgres", ["training"]) as server:
        assert gone(pid, 0.5)
        assert query(server.url("training"), "select answer from kept") == 42
