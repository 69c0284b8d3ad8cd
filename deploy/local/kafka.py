"""An embedded Apache Kafka: one KRaft node, started as our own child on loopback ports.

with kafka(directory) as broker:
    broker.bootstrap_servers
"""

import secrets
import shutil
import signal
import socket
import struct
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from deploy.local.environment import ROOT
from deploy.local.jars import jars
from deploy.local.java import OLDEST_WITH_CACHE, class_cache, find_java, keep_class_cache
from deploy.local.processes import StartFailed, failure, free_port, lock, private_directory, spawn, start, stop, until

CACHE = ROOT / ".kaibo" / "cache"
FLAGS = ("-Xmx512m", "-XX:+UseSerialGC", "-Djava.awt.headless=true")
LOGGING = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true")
SETTINGS = {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "log.retention.ms": "-1",
    "group.initial.rebalance.delay.ms": "0",
    # With the defaults a broker killed -9 takes 12 s to come back instead of 4.
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
}
REPLICATED = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
}
HELD_SECONDS = 30.0
READY_SECONDS = 120.0
TRAINING_SECONDS = 90.0


class Node(NamedTuple):
    """One of several brokers of a cluster: its number, and the controller's port of every number."""

    number: int
    controllers: Mapping[int, int]
    cluster: str


class Front(NamedTuple):
    """A listener of its own for clients that come through something in between: they are sent there again."""

    port: int
    advertised: int


class Kafka:
    """One broker with its log in `directory`. After a crash `spawn` and `wait` start it again on the same ports."""

    def __init__(
        self,
        directory: Path,
        port: int | None = None,
        controller_port: int | None = None,
        cache: Path = CACHE,
        tell: Callable[[str], None] = print,
        fronts: Mapping[str, Front] = MappingProxyType({}),
        node: Node | None = None,
    ) -> None:
        self.name = "Kafka"
        self.directory = directory
        self.port = port
        self.controller_port = controller_port
        self.cache = cache
        self.tell = tell
        self.fronts = fronts
        self.node = node
        if node is not None:
            self.name = f"Kafka {node.number}"
            self.controller_port = node.controllers[node.number]
        self.process: subprocess.Popen[bytes] | None = None
        self.prepared = False

    @property
    def log(self) -> Path:
        return self.directory / "kafka.log"

    @property
    def bootstrap_servers(self) -> str:
        return f"127.0.0.1:{self.port}"

    def spawn(self) -> None:
        """Start the broker without waiting until it is ready; the first time fetches its jars and says so.

        Raises StartFailed: no Java, no network, a jar that is not the one listed, the directory in use.
        """
        java = self.java()
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = lock(self.directory / "lock", HELD_SECONDS)
        if held is None:
            raise StartFailed(f"A Kafka still runs on {self.directory}. Stop the program that started it.")
        with held:
            self.port = free_port(self.port)
            self.controller_port = free_port(self.controller_port)
            settings = self.write_settings()
            self.format(java, settings)
            self.process = spawn([*java, "kafka.Kafka", settings], log=self.log, death_signal=signal.SIGTERM, held=held)

    def wait(self) -> None:
        """Until it answers; raises StartFailed with what it said otherwise."""
        assert self.process is not None
        assert self.port is not None
        for _ in until(READY_SECONDS):
            if self.process.poll() is not None:
                raise failure(self.name, self.log, "Its data is untouched.")
            if answers(self.port):
                return
        self.stop()
        raise StartFailed(f"{self.name} was not ready within {READY_SECONDS:.0f} s. See {self.log}.")

    def stop(self) -> None:
        """Controlled shutdown."""
        if self.process is not None:
            stop(self.process, ((signal.SIGTERM, 30.0),))

    def java(self) -> tuple[str, ...]:
        """The command line up to the main class."""
        private_directory(self.cache)
        java, class_path = find_java(), jars(self.cache / "jars", self.tell)
        cached = class_cache(java, class_path, FLAGS, self.cache)
        self.prepared = cached is not None or java.major < OLDEST_WITH_CACHE
        return (
            *(str(java.program), *(() if cached is None else (f"-XX:AOTCache={cached}",))),
            *(*FLAGS, *LOGGING, "-cp", ":".join(str(jar) for jar in class_path)),
        )

    def prepare(self) -> None:
        """Make the class cache that halves the time of later starts, where it is wanting: ten seconds of work.

        A broker on a directory of its own is started and stopped; the Java machine writes the cache as it ends.
        Failing is no reason not to start: it is then done again the next time.
        """
        java = self.java()
        alone = None if self.prepared else lock(self.cache / "preparing.lock")
        if alone is None:
            return
        with alone, suppress(StartFailed, OSError):
            directory = self.cache / "preparing"
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()
            other, new = Kafka(directory, free_port(), free_port()), directory / "cache"
            settings = other.write_settings()
            other.format(java, settings)
            command = [java[0], f"-XX:AOTCacheOutput={new}", *java[1:], "kafka.Kafka", str(settings)]
            other.process = spawn(command, log=other.log, death_signal=signal.SIGKILL)
            try:
                other.wait()
            finally:
                stop(other.process, ((signal.SIGTERM, TRAINING_SECONDS),))
            keep_class_cache(new, find_java(), jars(self.cache / "jars"), FLAGS, self.cache)
            shutil.rmtree(directory, ignore_errors=True)

    def write_settings(self) -> Path:
        file = self.directory / "server.properties"
        file.write_text("".join(f"{name}={value}\n" for name, value in self.settings().items()))
        return file

    def settings(self) -> dict[str, str]:
        listener, controller = f"PLAINTEXT://127.0.0.1:{self.port}", f"127.0.0.1:{self.controller_port}"
        listening = [listener, f"CONTROLLER://{controller}"]
        listening += [f"{name}://127.0.0.1:{front.port}" for name, front in self.fronts.items()]
        told = [listener, *(f"{name}://127.0.0.1:{front.advertised}" for name, front in self.fronts.items())]
        plain = ("CONTROLLER", "PLAINTEXT", *self.fronts)
        voters = (f"{number}@127.0.0.1:{port}" for number, port in self.controllers().items())
        return {
            **SETTINGS,
            **(REPLICATED if self.node else {}),
            "listeners": ",".join(listening),
            "advertised.listeners": ",".join(told),
            "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in plain),
            "node.id": str(self.node.number if self.node else 1),
            "controller.quorum.voters": ",".join(voters),
            "log.dirs": str(self.directory / "data"),
        }

    def controllers(self) -> Mapping[int, int]:
        assert self.controller_port is not None
        return self.node.controllers if self.node else {1: self.controller_port}

    def format(self, java: tuple[str, ...], settings: Path) -> None:
        """The log directory of a new cluster, unless it is there."""
        if (self.directory / "data" / "meta.properties").exists():
            return
        cluster = self.node.cluster if self.node else cluster_id()
        log = self.directory / "format.log"
        with log.open("wb") as output:
            done = subprocess.run(
                [*java, "kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", cluster, "-c", settings],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode != 0:
            raise failure("Kafka's storage tool", log, "No data was there yet.")


def cluster_id() -> str:
    return urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=").replace("-", "A")


@contextmanager
def kafka(directory: Path, port: int | None = None, cache: Path = CACHE) -> Iterator[Kafka]:
    """A running broker for the length of a `with`; its log stays in `directory`.

    `port` is preferred, not required: the broker's own says which it is. Raises StartFailed.
    """
    broker = Kafka(directory, port, cache=cache)
    try:
        broker.prepare()
        start(broker)
        yield broker
    finally:
        broker.stop()


def answers(port: int) -> bool:
    """Whether a broker at this port answers ApiVersions."""
    request = struct.pack(">hhih", 18, 0, 1, -1)
    try:
        with socket.create_connection(("127.0.0.1", port), 1.0) as connection:
            connection.settimeout(5.0)
            connection.sendall(struct.pack(">i", len(request)) + request)
            return len(connection.recv(4)) == 4
    except OSError:
        return False
