"""One service: what it decides, folds, gathers, reacts to and serves; and how a process of it runs."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import structlog
import uvicorn
import uvloop
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.routing import BaseRoute

from shared import as_of, bulk, operating, trial
from shared.access import Access, body_of, load_access
from shared.broker import Broker, Partition, Record, Unavailable
from shared.build import RUNNING, Build, Source, initial, version_of
from shared.consequence import Consequences
from shared.decider import Decider
from shared.desk import Desk
from shared.docs import show
from shared.event import Contract, Contracts
from shared.facts import Facts
from shared.kafka import KafkaBroker
from shared.openapi import describe
from shared.policy import Agree, Format, Policies, PolicyError, load_policies
from shared.postgres import open_store
from shared.privacy import Erasure, Vault
from shared.projection import Projection
from shared.reaction import Reaction
from shared.rebuild import Rebuild
from shared.relay import Relay
from shared.settings import Settings
from shared.store import Checkpoint, Group, Moved, Once, Store
from shared.subscription import Subscription
from shared.telemetry import configure
from shared.watching import Question, Watch
from shared.web import AGAIN, Edge, Route, Router, install, problem
from shared.wire import heading

T = TypeVar("T")

log = structlog.get_logger()

DRAIN = 12  # seconds for the servers to answer what they have, and again for the tasks to end
LAST = 27  # seconds after which a process that was asked to end is gone, whatever hangs: less than orchestrators wait
CONNECTIONS = 2_000  # that a process keeps open: above that uvicorn itself answers 503
LOOK_SECONDS = 2.0  # between two looks at what is to be read
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


class Service:
    """The table of contents of a service. Raises ValueError, when it is made, for what does not fit together."""

    def __init__(
        self,
        contract: Contract,
        *,
        home: Path,
        listens: Sequence[Contract] = (),
        deciders: Sequence[Decider[Any, Any, Any]] = (),
        projections: Sequence[Projection[Any, Any]] = (),
        facts: Sequence[Facts[Any, Any, Any, Any]] = (),
        reactions: Sequence[Reaction[Any, Any]] = (),
        erasures: Sequence[Erasure[Any]] = (),
        policies: Sequence[type] = (),
        population: type | None = None,
        agree: Sequence[Agree] = (),
        what_if: Mapping[type, trial.Try] | None = None,  # by the kind of policy that is tried
        routers: Sequence[Router] = (),
    ) -> None:
        self.contract, self.home, self.contracts = contract, home, Contracts(contract, *listens)
        self.deciders, self.projections, self.facts, self.reactions = deciders, projections, facts, reactions
        self.erasures, self.policies, self.routers = erasures, policies, routers
        self.format = Format(kinds=tuple(policies), traits=population, agree=tuple(agree))
        self.what_if = what_if or {}
        common = (bulk.router, operating.router, as_of.router, trial.router, *([trial.trials] if what_if else []))
        self.access = load_access(home / "access.yaml")
        self.routes = [check_route(route, self.access) for router in (*routers, *common) for route in router.routes]
        self.check()

    @property
    def name(self) -> str:
        return self.contract.service

    def check(self) -> None:
        readers: list[Source] = [*self.projections, *self.facts, *self.reactions, *self.erasures]
        for names in ([d.name for d in self.deciders], [r.name for r in readers]):
            if len(set(names)) != len(names):
                raise ValueError(f"{self.name}: two of one name among {sorted(names)}")
        for decider in self.deciders:
            topics = {self.contract.topic(event) for event in decider.facts}
            if len(topics) != 1:
                raise ValueError(f"{decider.name}: its events stand on {sorted(topics)}; order holds on one topic only")
        commands = [body for route in self.routes if (body := body_of(route))]
        if twice := {c.__name__ for c in commands if commands.count(c) > 1}:
            raise ValueError(f"{self.name}: two routes take {sorted(twice)}; which capability would bulk ask for?")
        subjects = [f.subject for f in self.facts]
        if twice := {s.__name__ for s in subjects if subjects.count(s) > 1}:
            raise ValueError(
                f"{self.name}: two facts are of {sorted(twice)}; a reaction could not tell whose result changed:"
                " give each a class of its own"
            )
        for reaction in self.reactions:
            if set(reaction.events) & set(subjects) and len(reaction.events) > 1:
                raise ValueError(
                    f"{reaction.name}: it takes {sorted(e.__name__ for e in reaction.events)}; one that is told of"
                    " changed results takes the subject of one facts and nothing else"
                )
            if reaction.to not in self.deciders:
                raise ValueError(f"{reaction.name}: it commands a decider that is not of this service")
        for source in self.sources:
            for event in source.events:
                self.contracts.of(event)

    @property
    def sources(self) -> list[Source]:
        """What reads topics."""
        return [*self.projections, *self.facts, *self.own_reactions(), *self.erasures]

    def own_reactions(self) -> list[Reaction[Any, Any]]:
        """Those to events; the others are told of changed results."""
        subjects = {f.subject for f in self.facts}
        return [r for r in self.reactions if not set(r.events) & subjects]

    def told(self, facts: Facts[Any, Any, Any, Any]) -> list[Reaction[Any, Any]]:
        return [r for r in self.reactions if facts.subject in r.events]

    def load_policies(self, organisation: Path | None) -> Policies:
        """What ships with the service, and the organisation's own. Raises PolicyError."""
        own = self.home / "policies"
        return load_policies(self.format, [own, *([organisation] if organisation else [])], ships=own)

    def application(self) -> FastAPI:
        """Without its parts: for the API document."""
        app = FastAPI(
            title=f"Kaibo {self.name}",
            version="1",
            openapi_url=None,
        )
        app.state.access = self.access
        app.router.routes.extend(self.routes)  # one by one: an included router is searched twice for every request
        install(app)
        show(app, lambda: describe(app.openapi(), self.routes, self.access))
        return app


def check_route(route: BaseRoute, access: Access) -> Route:
    """Raises ValueError for one that states no capability that the access table knows."""
    if not isinstance(route, Route):
        raise ValueError(f"{route}: a service's router is a Router of shared.web and holds routes of its own alone")
    if route.capability not in access.table:
        raise ValueError(f"{route.path}: {route.capability} stands in no access table")
    return route


@dataclass
class Parts:
    """What a running process of a service is made of."""

    service: Service
    settings: Settings
    store: Store
    broker: Broker
    policies: Policies
    desk: Desk
    vault: Vault


@asynccontextmanager
async def opened(service: Service, settings: Settings) -> AsyncIterator[Parts]:
    """Connect to the database, waiting for it where it is not there yet."""
    policies = service.load_policies(settings.policies)
    topics = dict.fromkeys(service.contract.topics, settings.partitions)
    store = await patiently(lambda: open_store(settings.database_url, topics))
    broker = KafkaBroker(settings.kafka)
    desk = Desk(store, service.contract, service.contracts, await store.topics(), policies)
    parts = Parts(
        service=service,
        settings=settings,
        store=store,
        broker=broker,
        policies=policies,
        desk=desk,
        vault=Vault(settings.master_key, store),
    )
    try:
        await keep(policies, store, desk)
        await patiently(lambda: store.prepare(service.sources))
        yield parts
    finally:
        await broker.close()
        await store.close()


async def keep(policies: Policies, store: Store, desk: Desk) -> None:
    """Write down what every version says when it is first loaded. Raises PolicyError where one says something else
    now, or is gone: results are explained by it."""
    sources = {f"policy:{d.issue}": d.source for d in policies.documents if d.source}
    topic = desk.contract.topics[0]
    before = await patiently(store.kept_policies)
    if gone := sorted(before.keys() - sources.keys()):
        versions = ", ".join(key.removeprefix("policy:") for key in gone)
        raise PolicyError(
            f"{versions}: loaded here before, and in no policy file now. Results rest on what was loaded: put the files"
            " back, or name the folder that has them in KAIBO_POLICIES."
        )
    new = sources.keys() - before.keys()
    once = [Once(key=key, digest=bytes.fromhex(sources[key].digest)) for key in sorted(new)]
    groups = [Group(stream=o.key, expected=0, topic=topic, partition=0, events=(), once=(o,)) for o in once]
    if groups:
        await patiently(lambda: store.append(groups))  # another process may have been first: it is read again
    kept = await patiently(store.kept_policies)
    changed = [
        f"{source.file}: {key.removeprefix('policy:')} says something else than when it was first loaded here."
        " A version never changes, results rest on it: put the file back, and write what is new as the next version."
        for key, source in sources.items()
        if kept[key].digest.hex() != source.digest
    ]
    if changed:
        raise PolicyError("\n".join(changed))


async def patiently(attempt: Callable[[], Awaitable[T]]) -> T:
    while True:
        try:
            return await attempt()
        except Unavailable as error:
            log.warning("start.waits", reason=str(error))
            await asyncio.sleep(0.5)


async def nothing_to_look_at() -> None:
    """An API knows of its own requests alone."""


def api(parts: Parts, look: Callable[[], Awaitable[None]] = nothing_to_look_at) -> Edge:
    app = parts.service.application()
    app.state.store, app.state.desk, app.state.vault = parts.store, parts.desk, parts.vault
    app.state.identity = parts.settings.identity
    app.state.format, app.state.trial = parts.service.format, parts.service.what_if
    app.state.deciders = {decider.name: decider for decider in parts.service.deciders}
    app.state.bulk = bulk.Bulk(
        parts.service.deciders, parts.service.routes, access=parts.service.access, desk=parts.desk, vault=parts.vault
    )
    observe(app, parts.store, look=look)
    hosts = LOOPBACK if parts.settings.development_secret else frozenset()
    return Edge(app, hosts)


def observe(
    app: FastAPI,
    store: Store,
    begun: Callable[[], bool] = lambda: True,
    look: Callable[[], Awaitable[None]] = nothing_to_look_at,
) -> None:
    """Health and metrics. Ready is per role: neither needs Kafka to answer what it is asked."""
    database = Question(store.maximum)

    @app.get("/health/live", include_in_schema=False)
    async def live() -> PlainTextResponse:
        return PlainTextResponse("live")

    @app.get("/health/ready", include_in_schema=False)
    async def ready() -> Any:
        if not await database.answered():
            return problem(503, "unavailable", "the database does not answer", AGAIN)
        return (
            PlainTextResponse("ready") if begun() else problem(503, "later", "readers are finding their places", AGAIN)
        )

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> PlainTextResponse:
        await look()
        return PlainTextResponse(generate_latest().decode(), media_type=CONTENT_TYPE_LATEST)


class Workers:
    """Relay, readers and consequences of a service, each a task that runs until it is cancelled."""

    def __init__(self, parts: Parts) -> None:
        self.parts, self.service, self.store, self.broker = parts, parts.service, parts.store, parts.broker
        self.readers = self.service.sources
        self.begun: set[str] = set()
        contracts = self.service.contracts
        topics = {initial(r).reader: sorted({contracts.of(e).topic(e) for e in r.events}) for r in self.readers}
        self.watch = Watch(self.service.name, self.store, self.broker, topics)
        self.wanted: dict[str, Build] | None = None  # what this release is to work on, once that was looked up

    @property
    def ready(self) -> bool:
        """Every reader has its place, or waits for a topic that its service has not made."""
        return self.wanted is not None and self.begun >= self.wanted.keys()

    def tasks(self) -> list[Coroutine[Any, Any, None]]:
        s, p = self.service, self.parts
        readers = [source.name for source in self.readers]
        consequences = Consequences(s.name, s.reactions, s.facts, self.store, p.desk, s.contracts, p.policies, readers)
        relay = Relay(self.store, self.broker, s.contract)
        return [relay.run(), consequences.run(), self.forget(), self.read()]

    async def forget(self) -> None:
        """Idempotency keys of requests go after seven days; those of lines and reactions stay for ever."""
        while True:
            await patiently(lambda: self.store.forget(timedelta(days=7)))
            await asyncio.sleep(3_600)

    async def read(self) -> None:
        """Work on the builds of this release: those that are served, and those that are filled beside them."""
        sources = {(source.name, version_of(source)): source for source in self.readers}
        running: dict[str, tuple[Build, asyncio.Task[None]]] = {}
        known: list[Build] = []
        async with asyncio.TaskGroup() as group:
            while True:
                builds = await patiently(self.store.builds)
                if builds != known:
                    await patiently(self.store.sweep)
                known = builds
                mine = [b for b in builds if b.state in RUNNING and (b.name, b.version) in sources]
                self.wanted = {b.reader: b for b in mine}
                for reader, (build, task) in list(running.items()):
                    if task.done() or not same(build, self.wanted.get(reader)):
                        task.cancel()
                        await asyncio.wait([task])
                        del running[reader]
                for build in mine:
                    if build.reader not in running:
                        task = group.create_task(self.work(sources[build.name, build.version], build))
                        running[build.reader] = build, task
                await patiently(lambda: self.store.wait("readers", LOOK_SECONDS))

    async def work(self, source: Source, build: Build) -> None:
        told = self.service.told(source) if isinstance(source, Facts) else ()
        subscription = (Subscription if build.state == "served" else Rebuild)(
            self.service.name,
            source,
            self.store,
            self.broker,
            self.service.contracts,
            self.parts.policies,
            told,
            self.parts.settings.parked_at_most,
            build,
        )
        if build.state == "building":
            await patiently(lambda: self.store.furnish(source, build))
        await self.begin(source, build, subscription.topics)
        await subscription.run()

    async def begin(self, source: Source, build: Build, topics: Sequence[str]) -> None:
        """Give a new reader its place: a projection, or facts, at the beginning; a reaction at the end of the log, or
        its first deployment would punish history. A topic that is not there yet has no history: its first partition is
        written down at once, so that whoever starts again knows it."""
        name = build.reader
        while True:
            known = await patiently(lambda: self.store.checkpoints(name))
            ends = await patiently(lambda: self.broker.ends(topics))
            missing = set(topics) - {topic for topic, _ in ends}
            unborn = missing | {topic for topic, _ in known}
            new = [p for p in ends if p not in known]
            tails = await patiently(lambda new=new: self.broker.tail(new))  # type: ignore[misc]
            places = {p: place(source, build, tails.get(p) if p[0] not in unborn else None) for p in new}
            places |= {(t, 0): place(source, build, None) for t in missing if (t, 0) not in known}
            if not await self.placed(name, places):
                continue
            self.begun.add(name)
            if not missing:
                return
            log.info("reader.waits_for_topics", reader=name, topics=sorted(missing))
            await asyncio.sleep(0.5)

    async def placed(self, name: str, places: Mapping[Partition, Checkpoint]) -> bool:
        """False where another worker placed it at the same moment, or the database is away."""
        try:
            async with self.store.work() as work:
                await work.checkpoint(name, {}, places)
        except (Moved, Unavailable) as error:
            log.warning("reader.begins_again", reader=name, reason=str(error))
            await asyncio.sleep(0.2)
            return False
        return True


def same(one: Build, other: Build | None) -> bool:
    """Whether the work on it is the same."""
    return other is not None and (one.state, one.accepts) == (other.state, other.accepts)


def place(source: Source, build: Build, last: Record | None) -> Checkpoint:
    """Where a new reader begins, by the last record of the partition."""
    if last is None:
        return Checkpoint(log="", offset=-1, position=0)
    found = heading(last)
    if isinstance(source, Reaction):
        return Checkpoint(log=found.log, offset=last.offset, position=found.position, past=found.position)
    past = found.position if isinstance(source, Facts) or build.state == "building" else 0
    return Checkpoint(log="", offset=-1, position=0, past=past)


async def tend(parts: Parts, crew: Workers, role: str) -> None:
    """Run the tasks of a role. The first that ends with an error ends them all: the process is started anew."""
    async with asyncio.TaskGroup() as group:
        if role in ("api", "all"):
            group.create_task(parts.desk.run())
        if role in ("workers", "all"):
            for task in crew.tasks():
                group.create_task(task)


async def main(service: Service, settings: Settings, role: str) -> None:
    async with opened(service, settings) as parts:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        crew = Workers(parts)
        servers = [server(app, host, port) for app, host, port in faces(parts, crew, role)]
        tended = asyncio.create_task(tend(parts, crew, role))
        served = [asyncio.create_task(s.serve()) for s in servers]
        log.info("service.started", role=role)
        halt = asyncio.create_task(stop.wait())
        await asyncio.wait([tended, halt, *served], return_when=asyncio.FIRST_COMPLETED)
        asyncio.get_running_loop().call_later(LAST, cut_off, 0 if stop.is_set() else 1)
        for s in servers:
            s.should_exit = True
        await asyncio.wait(served, timeout=DRAIN)
        tended.cancel()
        await asyncio.wait([tended], timeout=DRAIN)
        halt.cancel()
        if tended.done() and not tended.cancelled():
            tended.result()  # what ended us is an error of the process
        log.info("service.stopped", role=role)


def cut_off(code: int) -> None:
    """A database or a broker that hangs is not even told goodbye. Whatever was not committed is not there."""
    log.warning("service.cut_off", after_seconds=LAST)
    sys.stdout.flush()
    os._exit(code)


def faces(parts: Parts, crew: Workers, role: str) -> list[tuple[Any, str, int]]:
    found: list[tuple[Any, str, int]] = []
    s = parts.settings
    if role in ("api", "all"):
        found.append((api(parts, crew.watch.look if role == "all" else nothing_to_look_at), s.http_host, s.http_port))
    if role == "workers":
        app = FastAPI(openapi_url=None)
        observe(app, parts.store, lambda: crew.ready, crew.watch.look)
        found.append((app, s.metrics_host, s.metrics_port))
    return found


class Server(uvicorn.Server):
    """Whoever runs it decides when to stop: signals are the process's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server(app: Any, host: str, port: int) -> Server:
    return Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=10,
            limit_concurrency=CONNECTIONS,
        )
    )


def calm() -> None:
    """What is loaded now stays; what a batch makes goes by itself, and is not looked through for circles."""
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)


def run(service: Service, settings: Settings, role: str) -> None:
    """Until SIGTERM or Ctrl-C. Roles: api, workers, all."""
    configure(settings.log, service.name, role)
    calm()
    uvloop.run(main(service, settings, role))
