"""The `.kaibo` directory: what one Kaibo keeps between its runs, and what tells others that it runs."""

import contextlib
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from deploy.local.environment import ROOT
from deploy.local.processes import PortTaken, StartFailed, free_port, lock, private_directory

DEFAULT = ROOT / ".kaibo"
SERVICES = ("training", "people", "performance", "supervision")
ROLES = ("api", "workers")


@dataclass(frozen=True, slots=True)
class KafkaRun:
    """`pids` is empty where the broker is not ours."""

    bootstrap_servers: str
    pids: list[int]


@dataclass(frozen=True, slots=True)
class PostgresRun:
    """The embedded server, opened as its superuser; absent where no database of ours runs."""

    pid: int
    url: str


@dataclass(frozen=True, slots=True)
class ServiceRun:
    """One service; `metrics_url` is the workers' own address. `pids` by role."""

    url: str
    metrics_url: str
    database_url: str
    pids: dict[str, int]


@dataclass(frozen=True, slots=True)
class Run:
    """run.json: what runs, written whole once all is ready and again when a process id changes.

    `secret` is of this run's development identity; None where a part is not embedded, since it is refused there.
    """

    pid: int
    kafka: KafkaRun
    postgres: PostgresRun | None
    services: dict[str, ServiceRun]
    secret: str | None


class State:
    """One `.kaibo` directory. Raises StartFailed where it cannot be used."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @property
    def run_file(self) -> Path:
        return self.directory / "run.json"

    @property
    def lock_file(self) -> Path:
        return self.directory / "lock"

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """While it lasts nobody else starts Kaibo here; it ends with this process, however that ends."""
        self.directory.mkdir(mode=0o711, parents=True, exist_ok=True)
        held = lock(self.lock_file)
        if held is None:
            raise StartFailed(
                f"Kaibo already runs on {self.directory} ({self.holder()}). `kaibo status` shows it, `kaibo down` "
                "ends it; another one beside it needs a directory of its own: `kaibo --directory DIR up`."
            )
        with held:
            held.truncate()
            held.write(f"process {os.getpid()}, since {datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
            held.flush()
            self.run_file.unlink(missing_ok=True)
            try:
                yield
            finally:
                self.run_file.unlink(missing_ok=True)

    def holder(self) -> str:
        """Who said last that it runs here."""
        return self.lock_file.read_text() if self.lock_file.exists() else ""

    def holder_pid(self) -> int | None:
        """The process that runs Kaibo here; None when none does."""
        if not self.lock_file.exists():
            return None
        held = lock(self.lock_file)
        if held is not None:
            held.close()
            return None
        return int(self.holder().removeprefix("process ").split(",")[0])

    def read_run(self) -> Run | None:
        """What runs here; None when nothing does, or is not ready yet."""
        try:
            return msgspec.json.decode(self.run_file.read_bytes(), type=Run)
        except FileNotFoundError:
            return None

    def database_urls(self) -> dict[str, str]:
        """By service: of what runs here, else what the environment names. Raises StartFailed where neither is."""
        run = self.read_run()
        if run is not None:
            return {name: service.database_url for name, service in run.services.items()}
        named = {name: os.environ.get(f"{name.upper()}_DATABASE_URL", "") for name in SERVICES}
        found = {name: url for name, url in named.items() if url}
        if not found:
            raise StartFailed(
                f"Nothing runs on {self.directory}: `kaibo up` starts it. For another one name its databases in "
                "TRAINING_DATABASE_URL and the like."
            )
        return found

    def database_url(self, service: str) -> str:
        """Of one service. Raises StartFailed."""
        urls = self.database_urls()
        if service not in urls:
            raise StartFailed(f"{service} does not run here; there is: {', '.join(urls)}")
        return urls[service]

    def broker_environment(self) -> dict[str, str]:
        """The environment that says where the broker is: of what runs here, else our own."""
        run = self.read_run()
        return {**os.environ, **({"KAFKA_BOOTSTRAP_SERVERS": run.kafka.bootstrap_servers} if run is not None else {})}

    def write_run(self, run: Run) -> None:
        self.write("run.json", json.dumps(asdict(run), indent=2) + "\n")

    def ports(self, names: list[str]) -> dict[str, int]:
        """A free loopback port for each, the same as in the run before where that is still free.

        `<SERVICE>_HTTP_PORT` and `<SERVICE>_METRICS_PORT` of the environment fix theirs. Raises PortTaken.
        """
        file = self.directory / "ports.json"
        before: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
        chosen: dict[str, int] = {}
        for name in names:
            fixed = os.environ.get(name) if name.endswith("_PORT") else None
            port = free_port(int(fixed) if fixed else before.get(name))
            while not fixed and port in chosen.values():
                port = free_port()
            if fixed and port != int(fixed):
                raise PortTaken(f"Port {fixed} ({name}) is taken by another program. Choose another or end that one.")
            chosen[name] = port
        self.write("ports.json", json.dumps(before | chosen, indent=2) + "\n")
        return chosen

    def master_key_file(self) -> Path:
        """The file of the key that wraps the keys of personal text, made at the first start and never again."""
        file = self.directory / "master.key"
        if not file.exists():
            if (self.directory / "postgres").exists():
                raise StartFailed(
                    f"{file} is missing, and without it no personal text in the databases can be read. Put it back "
                    f"from a backup, or move {self.directory} away to start empty."
                )
            self.write("master.key", secrets.token_hex(32) + "\n")
        return file

    def policies(self) -> Path | None:
        """The folder of the organisation's own, a folder a service in it: as the environment says, else as it was when
        Kaibo was last started here. Raises StartFailed where it is gone."""
        file = self.directory / "policies"
        named = os.environ.get("KAIBO_POLICIES") or (file.read_text().strip() if file.exists() else "")
        folder = Path(named).absolute() if named else None
        if folder is not None and not folder.is_dir():
            raise StartFailed(
                f"{folder}, which is said to have the organisation's own policies, is no folder. Put it back, or name "
                "another one in KAIBO_POLICIES."
            )
        return folder

    def log(self, name: str) -> Path:
        """Where a process writes: `logs/training-api.log`."""
        return private_directory(self.directory / "logs") / f"{name}.log"

    def write(self, name: str, content: str) -> None:
        """All or nothing, for our eyes only."""
        new = self.directory / f"{name}.new"
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as output:
            output.write(content)
            output.flush()
            os.fsync(output.fileno())
        new.replace(self.directory / name)


def describe(error: OSError) -> str:
    """An error of the operating system with what to do about it."""
    where: Any = error.filename or "a file"
    if isinstance(error, ConnectionError):
        return f"A database or the broker does not answer: {error}. `kaibo status` shows what runs."
    if isinstance(error, PermissionError):
        return f"{where} is not ours to write: it belongs to another user. Run as that user, or use --directory DIR."
    if error.errno == 28:
        return f"No space is left on the disk while writing {where}. Free some and start again."
    return f"{error.strerror or error}: {where}"
