"""The real parts, on directories of their own. Stand-in services take the place of the kernel and its services where
what is tested is how processes start, end and die."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local.environment import ROOT
from deploy.local.kafka import Kafka, kafka
from deploy.local.postgres import Postgres, postgres
from deploy.local.processes import temporary_directory, until

STAND_IN = """
import http.server, os, signal, sys, threading

Service = str

def run(service, settings, role):
    known = sorted(name for name in settings.environment if name.endswith("DATABASE_URL"))
    print("threads", threading.active_count(), "databases", known, flush=True)
    mode = settings.environment.get("STAND_IN", "")
    if mode == "ends" and role == "workers":
        sys.exit("this service ends at once")
    kind = "HTTP" if role == "api" else "METRICS"
    port = int(settings.environment[f"{service.upper()}_{kind}_PORT"])

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    def drain(*_):
        import socket
        with socket.create_connection(settings.environment["KAFKA_BOOTSTRAP_SERVERS"].split(":")):
            print("drained while the broker still ran", flush=True)
        os._exit(0)

    signal.signal(signal.SIGTERM, drain)
    http.server.ThreadingHTTPServer(("127.0.0.1", port), Answer).serve_forever()
"""
SETTINGS = """
class Settings:
    @classmethod
    def from_environment(cls, service, environment):
        settings = cls()
        settings.environment = dict(environment)
        return settings
"""


@pytest.fixture
def directory() -> Iterator[Path]:
    with temporary_directory() as path:
        yield path


@pytest.fixture(scope="session")
def stand_ins() -> Iterator[dict[str, str]]:
    """The environment in which four services are mere listeners."""
    with temporary_directory() as path:
        (path / "shared").mkdir()
        (path / "shared" / "__init__.py").touch()
        (path / "shared" / "service.py").write_text(STAND_IN)
        (path / "shared" / "settings.py").write_text(SETTINGS)
        (path / "shared" / "policy.py").write_text("class PolicyError(ValueError): ...\n")
        for service in ("training", "people", "performance", "supervision"):
            package = path / "services" / service
            package.mkdir(parents=True)
            (package / "__init__.py").touch()
            (package.parent / "__init__.py").touch()
            (package / "main.py").write_text(f"service = {service!r}\n")
        yield {"PYTHONPATH": f"{path}{os.pathsep}{ROOT}"}


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    with temporary_directory() as path, postgres(path / "postgres", ["training", "people"]) as running:
        yield running


@pytest.fixture(scope="session")
def broker() -> Iterator[Kafka]:
    with temporary_directory() as path, kafka(path / "kafka") as running:
        yield running


def gone(pid: int, seconds: float = 60.0) -> bool:
    """Whether a process, which need not be our child, ends within so long."""

    def ended() -> bool:
        try:
            return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    return eventually(ended, seconds)


def eventually(condition: Callable[[], object], seconds: float = 60.0) -> bool:
    return any(condition() for _ in until(seconds))


def python(source: str, *arguments: object) -> "subprocess.Popen[str]":
    """A Python program beside the tests, for what a process of its own must do."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(source), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
