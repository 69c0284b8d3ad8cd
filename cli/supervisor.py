"""`kaibo up`: starts the embedded parts and the services, starts again what crashes, ends all in order.

Everything is imported once and then forked, before any thread or event loop exists: eight processes that import the
same on two cores take six seconds, eight forks none. Each child is killed by the kernel if we end without stopping it.
"""

import contextlib
import gc
import http.client
import os
import secrets
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType

from cli.serve import load, serve
from cli.state import SERVICES, KafkaRun, PostgresRun, Run, ServiceRun, State
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.local.processes import Fork, Part, PortTaken, Process, StartFailed, failure, start, until

READY_SECONDS = 120.0
DRAIN_SECONDS = 30.0
STEADY_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 10.0


class Stopped(BaseException):
    """A signal asked us to end."""


@dataclass(slots=True)
class Child:
    """One process that is started again when it ends; `begin` makes it."""

    name: str
    begin: Callable[[], Process]
    process: Process | None = None
    began: float = 0.0
    crashes: int = 0
    due: float | None = None

    def run(self) -> None:
        self.began, self.due = time.monotonic(), None
        self.process = self.begin()

    def put_off(self) -> float:
        """When to begin again: soon at first, later with each crash that follows the last one quickly."""
        now = time.monotonic()
        self.crashes = 0 if now - self.began > STEADY_SECONDS else self.crashes + 1
        pause = min(0.1 * (1 << self.crashes), LONGEST_PAUSE_SECONDS)
        self.due = now + pause
        return pause


class Supervisor:
    """All processes of one Kaibo. `tell` gets a line for each thing that a person should know."""

    def __init__(
        self, state: State, services: Sequence[str], roles: Sequence[str], tell: Callable[[str], None]
    ) -> None:
        self.state = state
        self.services = services
        self.roles = roles
        self.tell = tell
        self.environment: dict[str, str] = {}
        self.postgres: Postgres | None = None
        self.brokers: list[Kafka] = []
        self.parts: list[Child] = []
        self.forks: dict[tuple[str, str], Child] = {}
        self.preparing: Fork | None = None

    def start(self) -> Run:
        """All that was asked for, until each answers that it is ready. Raises StartFailed."""
        ports = self.state.ports([*self.port_names(), "POSTGRES", "KAFKA", "KAFKA_CONTROLLER"])
        self.describe(ports)
        self.spawn_parts(ports)
        import_all(self.services)
        self.wait_parts()
        self.name_parts()
        # What is here already is never garbage, and looking for garbage would copy its pages into every child.
        gc.freeze()
        for service in self.services:
            for role in self.roles:
                child = Child(f"{service} {role}", self.fork(service, role))
                self.forks[service, role] = child
                child.run()
        for (service, role), child in self.forks.items():
            self.wait_ready(service, role, child)
        self.state.write_run(self.run())
        if self.brokers and not self.brokers[0].prepared:
            self.preparing = Fork(prepare(self.brokers[0]), self.state.log("kafka-prepare"))
        return self.run()

    def port_names(self) -> list[str]:
        return [f"{service.upper()}_{kind}_PORT" for service in self.services for kind in ("HTTP", "METRICS")]

    def describe(self, ports: Mapping[str, int]) -> None:
        """What every child is told."""
        key = os.environ.get("KAIBO_MASTER_KEY_FILE") or str(self.state.master_key_file())
        self.environment = {name: str(ports[name]) for name in self.port_names()} | {
            "KAIBO_MASTER_KEY_FILE": key,
            "KAIBO_LOG": os.environ.get("KAIBO_LOG", "json"),
        }
        if (policies := self.state.policies()) is not None:
            self.environment["KAIBO_POLICIES"] = str(policies)
            self.state.write("policies", f"{policies}\n")
            self.tell(f"The organisation's own policies are those of {policies}")

    def spawn_parts(self, ports: Mapping[str, int]) -> None:
        """The database and the broker, unless the environment names them; without waiting for them."""
        if any(database_url(service) is None for service in self.services):
            self.postgres = Postgres(self.state.directory / "postgres", SERVICES, ports["POSTGRES"])
            self.parts.append(Child(self.postgres.name, spawning(self.postgres)))
        if "KAFKA_BOOTSTRAP_SERVERS" not in os.environ:
            self.brokers = self.make_brokers(ports)
            self.parts += [Child(broker.name, spawning(broker)) for broker in self.brokers]
        for child in self.parts:
            child.run()
        if self.postgres is not None and self.postgres.user is not None:
            self.tell(f"You are root, whom PostgreSQL refuses: it runs as `nobody`, on {self.postgres.data.parent}")

    def make_brokers(self, ports: Mapping[str, int]) -> list[Kafka]:
        return [Kafka(self.state.directory / "kafka", ports["KAFKA"], ports["KAFKA_CONTROLLER"], tell=self.tell)]

    def wait_parts(self) -> None:
        for part, child in zip(self.embedded(), self.parts, strict=True):
            try:
                part.wait()
            except PortTaken:
                start(part)
                child.process = part.process

    def embedded(self) -> list[Part]:
        """In the order of their start."""
        return [part for part in (self.postgres, *self.brokers) if part is not None]

    def name_parts(self) -> None:
        """Tell the children where the embedded parts are; the development identity is for those alone."""
        for service in self.services:
            url = database_url(service)
            if url is None and self.postgres is not None:
                url = self.postgres.url(service)
            self.environment[f"{service.upper()}_DATABASE_URL"] = url or ""
        if self.brokers:
            self.environment["KAFKA_BOOTSTRAP_SERVERS"] = ",".join(b.bootstrap_servers for b in self.brokers)
        if self.brokers and all(is_for_us_alone(service) for service in self.services):
            self.environment["KAIBO_DEVELOPMENT_SECRET"] = secrets.token_urlsafe(24)

    def fork(self, service: str, role: str) -> Callable[[], Process]:
        """How to make one service's process: it knows its own database alone."""
        others = {f"{other.upper()}_DATABASE_URL" for other in SERVICES if other != service}

        def work() -> None:
            os.environ.update(self.environment_of(service, role))
            for name in others:
                os.environ.pop(name, None)
            if self.postgres is not None and database_url(service) is None:
                # It speaks no TLS, and whoever asks for it first looks for keys in a home that may not be readable.
                os.environ["PGSSLMODE"] = "disable"
            serve(service, role)

        return lambda: Fork(work, self.state.log(f"{service}-{role}"))

    def environment_of(self, service: str, role: str) -> Mapping[str, str]:
        """What one process is told."""
        return self.environment

    def wait_ready(self, service: str, role: str, child: Child) -> None:
        said = "nothing"
        for _ in until(READY_SECONDS):
            if child.process is None or child.process.poll() is not None:
                raise failure(child.name, self.state.log(f"{service}-{role}"), "What it stored before is untouched.")
            ready, said = asks_ready(probe_host(service), int(self.environment[port_name(service, role)]))
            if ready:
                return
        log = self.state.log(f"{service}-{role}")
        raise StartFailed(f"{child.name} was not ready within {READY_SECONDS:.0f} s; it answered: {said}. See {log}.")

    def run(self) -> Run:
        """What run.json says."""
        services = {}
        for service in self.services:
            base = f"http://{probe_host(service)}"
            services[service] = ServiceRun(
                url=f"{base}:{self.environment[port_name(service, 'api')]}",
                metrics_url=f"{base}:{self.environment[port_name(service, 'workers')]}",
                database_url=self.environment[f"{service.upper()}_DATABASE_URL"],
                pids={role: pid_of(child) for (name, role), child in self.forks.items() if name == service},
            )
        ours = {child.name: pid_of(child) for child in self.parts}
        return Run(
            pid=os.getpid(),
            kafka=KafkaRun(
                self.environment.get("KAFKA_BOOTSTRAP_SERVERS") or os.environ["KAFKA_BOOTSTRAP_SERVERS"],
                [ours[broker.name] for broker in self.brokers],
            ),
            postgres=PostgresRun(ours[self.postgres.name], self.postgres.url()) if self.postgres is not None else None,
            services=services,
            secret=self.environment.get("KAIBO_DEVELOPMENT_SECRET"),
        )

    def watch(self, wakeup: socket.socket) -> None:
        """Start again whatever ends, until a signal raises Stopped."""
        while True:
            pause = self.tend()
            select.select([wakeup], [], [], pause)
            with contextlib.suppress(BlockingIOError):
                wakeup.recv(4096)

    def tend(self) -> float | None:
        """Look after every child; the answer is in how many seconds to look again, if nobody ends before that."""
        if self.preparing is not None and self.preparing.poll() is not None:
            self.preparing = None
        begun = False
        children = [*self.parts, *self.forks.values()]
        for child in children:
            if child.due is None and child.process is not None and child.process.poll() is not None:
                ended = child.process.returncode
                self.tell(f"{child.name} ended ({ending(ended)}); it starts again in {child.put_off():.1f} s")
            if child.due is not None and time.monotonic() >= child.due:
                begun |= self.begin_again(child)
        if begun:
            self.state.write_run(self.run())
        due = [child.due - time.monotonic() for child in children if child.due is not None]
        return max(min(due), 0.0) if due else None

    def begin_again(self, child: Child) -> bool:
        try:
            child.run()
        except (StartFailed, OSError) as error:
            self.tell(f"{child.name} could not start: {error}; it is tried again in {child.put_off():.1f} s")
            return False
        self.tell(f"{child.name} started again, process {pid_of(child)}")
        return True

    def stop(self) -> None:
        """The services first, so that they drain into a database and a broker that still run; then those."""
        running = [child for child in self.forks.values() if child.process is not None and child.process.poll() is None]
        for child in running:
            send(child, signal.SIGTERM)
        deadline = time.monotonic() + DRAIN_SECONDS
        for child in running:
            if not ends(child, deadline - time.monotonic()):
                self.tell(f"{child.name} did not drain within {DRAIN_SECONDS:.0f} s and was killed; nothing is lost")
                send(child, signal.SIGKILL)
                ends(child, DRAIN_SECONDS)
        if self.preparing is not None:
            self.preparing.send_signal(signal.SIGKILL)
            self.preparing.wait()
        for part in reversed(self.embedded()):
            part.stop()


def up(supervisor: Supervisor, ready: Callable[[Run], None]) -> None:
    """Run until SIGINT, SIGTERM or SIGHUP, then drain and end; `ready` is called once all answers.

    Raises StartFailed.
    """
    with supervisor.state.exclusive(), signals() as wakeup:
        try:
            ready(supervisor.start())
            supervisor.watch(wakeup)
        except Stopped:
            supervisor.tell("Stopping: the services drain, then Kafka and PostgreSQL end")
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            supervisor.stop()


@contextlib.contextmanager
def signals() -> Iterator[socket.socket]:
    """Signals to end raise Stopped; the end of a child makes the socket readable."""
    ours, wakeup = socket.socketpair()
    with ours, wakeup:
        ours.setblocking(False)
        wakeup.setblocking(False)
        signal.set_wakeup_fd(ours.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, end)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        try:
            yield wakeup
        finally:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def end(number: int, frame: FrameType | None) -> None:
    """A signal handler."""
    raise Stopped


def import_all(services: Sequence[str]) -> None:
    """While the parts start: what every child needs, so that a fork has it already."""
    for service in services:
        load(service)


def spawning(part: Part) -> Callable[[], Process]:
    """How to start an embedded part, again on the port that the services know."""

    def begin() -> Process:
        known = part.port
        part.spawn()
        if part.process is None:
            raise StartFailed(f"{part.name} did not start.")
        if known is not None and part.port != known:
            port, part.port = part.port, known
            part.stop()
            raise PortTaken(f"{part.name}'s port {known} is taken by another program ({port} would be free)")
        return part.process

    return begin


def prepare(kafka: Kafka) -> Callable[[], None]:
    """Work for an idle machine: later starts of Kafka are quicker for it."""

    def work() -> None:
        os.nice(19)
        kafka.prepare()

    return work


def database_url(service: str) -> str | None:
    """The one that the environment names."""
    return os.environ.get(f"{service.upper()}_DATABASE_URL")


def http_host(service: str) -> str:
    """Where a service listens."""
    return os.environ.get(f"{service.upper()}_HTTP_HOST", "127.0.0.1")


def probe_host(service: str) -> str:
    """Where we reach a service."""
    host = http_host(service)
    return "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104 - not bound here


def is_for_us_alone(service: str) -> bool:
    """Whether its database is embedded, only this machine can reach it, and nobody else says who a caller is."""
    outside = os.environ.get("KAIBO_ISSUER_URL") or os.environ.get("KAIBO_EXTERNAL")
    return database_url(service) is None and not outside and http_host(service) in {"127.0.0.1", "::1", "localhost"}


def port_name(service: str, role: str) -> str:
    """The environment's name for the port where a role answers."""
    return f"{service.upper()}_{'HTTP' if role == 'api' else 'METRICS'}_PORT"


def asks_ready(host: str, port: int) -> tuple[bool, str]:
    """Whether /health/ready answers 200, and what it said."""
    connection = http.client.HTTPConnection(host, port, timeout=5.0)
    try:
        connection.request("GET", "/health/ready")
        answer = connection.getresponse()
        return answer.status == 200, f"{answer.status} {answer.read(500).decode(errors='replace')}"
    except (OSError, http.client.HTTPException) as error:
        return False, f"nothing ({error})"
    finally:
        connection.close()


def pid_of(child: Child) -> int:
    """0 while it waits for its next start."""
    return child.process.pid if child.process is not None and child.due is None else 0


def send(child: Child, number: int) -> None:
    """A signal, if the process still runs."""
    if child.process is not None:
        child.process.send_signal(number)


def ends(child: Child, seconds: float) -> bool:
    """Whether the process ended within so long."""
    return any(child.process is None or child.process.poll() is not None for _ in until(seconds))


def ending(code: int | None) -> str:
    """An exit code in words."""
    return signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"
