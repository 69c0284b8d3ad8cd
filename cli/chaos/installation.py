"""Everything real, started as `kaibo up` does, within reach of whoever wants to break it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from cli.chaos.plan import Plan, make
from cli.running import wait
from cli.state import SERVICES, Run, State
from deploy.local.environment import ROOT
from deploy.local.processes import StartFailed, spawn, stop, until

STOP_SECONDS = 90.0
DISKS = {"postgres": 2_000, "kafka": 600}  # MB


class Installation:
    """A Kaibo in a directory of its own. `disks`: by name, those that are small enough to be filled; `tree`: whose code
    runs in it; `tell` gets a line for what a person who waits should know."""

    def __init__(
        self,
        directory: Path,
        tree: Path = ROOT,
        services: Sequence[str] = SERVICES,
        brokers: int = 1,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.directory, self.tree, self.state, self.tell = directory, tree, State(directory), tell
        self.plan: Plan = make(self.state, services, brokers)
        self.disks: dict[str, Path] = {}
        self.stand: subprocess.Popen[bytes] | None = None
        self.proxies: subprocess.Popen[str] | None = None
        self.started = 0

    @property
    def run(self) -> Run:
        found = self.state.read_run()
        if found is None:
            raise StartFailed(f"Kaibo does not run on {self.directory} any more. See {self.directory / 'up.log'}.")
        return found

    def environment(self, **more: str) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self.tree), **more}

    def python(self, *words: str) -> list[str]:
        return [sys.executable, "-P", "-m", *words]

    def start(self) -> None:
        """Until all answers. Raises StartFailed."""
        self.stand = spawn(
            self.python("cli.chaos.stand", str(self.directory)),
            log=self.directory / "up.log",
            death_signal=signal.SIGTERM,
            environment=self.environment(),
        )
        wait(self.state, self.stand, lambda line: None)

    def stop(self) -> None:
        if self.stand is not None:
            stop(self.stand, ((signal.SIGTERM, STOP_SECONDS),))

    def listen(self) -> None:
        """Start the proxies."""
        self.proxies = subprocess.Popen(
            self.python("cli.chaos.proxies", str(self.directory)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            text=True,
            start_new_session=True,
        )
        self.heard()

    def link(self, pattern: str, mode: str, seconds: float = 0.0) -> None:
        """Have the proxies of some links do this from now on."""
        assert self.proxies is not None
        assert self.proxies.stdin is not None
        self.proxies.stdin.write(f"{pattern} {mode} {seconds}\n")
        self.proxies.stdin.flush()
        self.heard()

    def heard(self) -> None:
        assert self.proxies is not None
        assert self.proxies.stdout is not None
        if self.proxies.stdout.readline() != "done\n":
            raise StartFailed("The proxies ended.")

    def client(self, seed: int, first: int, lanes: int, rate: float) -> "subprocess.Popen[bytes]":
        return spawn(
            self.python("cli.chaos.client", str(self.directory), str(seed), str(first), str(lanes), str(rate)),
            log=self.directory / f"client-{first}.log",
            death_signal=signal.SIGTERM,
            environment={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    def twin(self, service: str) -> "tuple[subprocess.Popen[bytes], Path]":
        """A second worker of a service, beside the one that is there; and its log."""
        self.started += 1
        run, upper = self.run, service.upper()
        log = self.directory / "logs" / f"{service}-twin-{self.started}.log"
        process = spawn(
            self.python("cli", "serve", service, "--role", "workers"),
            log=log,
            death_signal=signal.SIGKILL,
            environment=self.environment(
                **{f"{upper}_DATABASE_URL": run.services[service].database_url},
                KAFKA_BOOTSTRAP_SERVERS=run.kafka.bootstrap_servers,
                KAIBO_MASTER_KEY_FILE=str(self.state.master_key_file()),
                KAIBO_LOG="json",
            ),
        )
        return process, log

    def kaibo(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A command, given as an operator does."""
        return subprocess.run(
            self.python("cli", "--directory", str(self.directory), *words),
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    def pid(self, name: str) -> int:
        """Of `postgres`, `kafka`, `training-api` …; 0 while it is being started again."""
        run = self.run
        if name == "postgres":
            return run.postgres.pid if run.postgres is not None else 0
        if name in self.plan.brokers:
            return run.kafka.pids[list(self.plan.brokers).index(name)]
        service, role = name.split("-")
        return run.services[service].pids[role]

    def fill(self, disk: str) -> None:
        """Leave nothing of a small disk."""
        path, block = self.disks[disk], bytes(4_096)
        with (path / "ballast").open("wb", buffering=0) as ballast, suppress(OSError):  # when others were faster
            os.posix_fallocate(ballast.fileno(), 0, shutil.disk_usage(path).free)
            ballast.seek(0, os.SEEK_END)
            while True:
                ballast.write(block)

    def relieve(self, disk: str) -> None:
        (self.disks[disk] / "ballast").unlink(missing_ok=True)

    def answered(self) -> int:
        """Commands, and lines of files, that clients were answered."""
        return sum(journal.count() for journal in self.journals())

    def journals(self) -> Iterator["Counted"]:
        known = self.__dict__.setdefault("counted", {})
        for file in sorted((self.directory / "journals").glob("*.jsonl")):
            yield known.setdefault(file, Counted(file))


class Counted:
    """How many answers stand in a journal that grows."""

    def __init__(self, file: Path) -> None:
        self.file, self.read, self.answers = file, 0, 0

    def count(self) -> int:
        with self.file.open("rb") as journal:
            journal.seek(self.read)
            for line in journal:
                if line.endswith(b"\n"):
                    self.read += len(line)
                    entry = json.loads(line)
                    body = entry.get("body")
                    self.answers += ("status" in entry) * (len(body) if isinstance(body, list) else 1)
        return self.answers


@contextmanager
def installed(
    directory: Path,
    tree: Path = ROOT,
    services: Sequence[str] = SERVICES,
    *,
    brokers: int = 1,
    small_disks: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> Iterator[Installation]:
    """Running until the block ends; nothing is taken away from `directory` but the small disks."""
    with ExitStack() as stack:
        made = Installation(directory, tree, services, brokers, tell)
        made.state.master_key_file()  # before there is a folder of the database, without which it would be missed
        if small_disks:
            for name, size in DISKS.items():
                if (name == "postgres" or name in made.plan.brokers) and mounted(directory / name, size):
                    made.disks[name] = directory / name
                    stack.callback(unmount, directory / name)
        stack.callback(made.stop)
        made.listen()
        assert made.proxies is not None
        stack.callback(stop, made.proxies, ((signal.SIGTERM, 5.0),))
        made.start()
        yield made


def mounted(path: Path, size: int) -> bool:
    """Whether a small disk is at `path` now: that needs root."""
    path.mkdir(mode=0o711, parents=True, exist_ok=True)
    options = f"size={size}m,mode=0711"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], capture_output=True, check=False)
    return done.returncode == 0


def unmount(path: Path) -> None:
    for _ in until(30.0):
        if subprocess.run(["umount", path], capture_output=True, check=False).returncode == 0:
            return
