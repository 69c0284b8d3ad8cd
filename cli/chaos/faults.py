"""What can go wrong, and the order in which it does: a seed decides which, where, for how long."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from random import Random

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from cli.chaos.evidence import read_topics
from cli.chaos.installation import Installation
from cli.state import SERVICES
from deploy.local.kafka import answers
from deploy.local.processes import stop, until

REPEATED = 30  # records of a partition
BROKER_SECONDS = 180.0
ROLL_SECONDS = 90.0
TWIN_SECONDS = 60.0
SESSION_SECONDS = 8.0  # after which the broker gives the partitions of a silent worker to its twin
KILLED = [f"{service}-{role}" for service in SERVICES for role in ("api", "workers")]
LINKS = [f"{service}-{role}>postgres" for service in SERVICES for role in ("api", "workers")]
LINKS += [f"{service}>kafka*" for service in SERVICES] + [f"client>{service}" for service in SERVICES]


@dataclass(frozen=True, slots=True)
class Fault:
    """`also`: what is killed while it lasts; empty: nothing. `rest`: seconds until the next one."""

    kind: str
    target: str
    seconds: float
    rest: float
    also: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    weight: int
    targets: tuple[str, ...]
    seconds: tuple[float, float]  # how long it lasts, from and to
    inject: Callable[[Installation, Fault], None]


def kill(there: Installation, fault: Fault) -> None:
    """kill -9."""
    signalled(there, fault.target, signal.SIGKILL)


def pause(there: Installation, fault: Fault) -> None:
    """SIGSTOP, and later SIGCONT."""
    pid = signalled(there, fault.target, signal.SIGSTOP)
    meanwhile(there, fault)
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def cut(there: Installation, fault: Fault) -> None:
    """Connections are reset, and refused until it is over."""
    linked(there, fault, "cut")


def delay(there: Installation, fault: Fault) -> None:
    linked(there, fault, "delay", 0.3)


def hold(there: Installation, fault: Fault) -> None:
    """Nothing comes through; then all of it does."""
    linked(there, fault, "hold")


def lose(there: Installation, fault: Fault) -> None:
    """Nothing comes through, and what was on its way is lost."""
    linked(there, fault, "lose")


def mute(there: Installation, fault: Fault) -> None:
    """What is asked arrives, the answers are lost."""
    linked(there, fault, "mute")


def linked(there: Installation, fault: Fault, mode: str, seconds: float = 0.0) -> None:
    there.link(fault.target, mode, seconds)
    try:
        meanwhile(there, fault)
    finally:
        there.link(fault.target, "pass")


def full_disk(there: Installation, fault: Fault) -> None:
    there.fill(fault.target)
    try:
        meanwhile(there, fault)
    finally:
        there.relieve(fault.target)


def second_worker(there: Installation, fault: Fault) -> None:
    """It joins the groups and leaves them again: two rebalances, in the middle of whatever is being read."""
    with twin(there, fault.target, signal.SIGTERM):
        meanwhile(there, fault)


def zombie(there: Installation, fault: Fault) -> None:
    """A worker falls silent, its twin takes over, and then it goes on as if nothing had been."""
    with twin(there, fault.target, signal.SIGKILL):
        pid = signalled(there, f"{fault.target}-workers", signal.SIGSTOP)
        time.sleep(SESSION_SECONDS + 3)
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        meanwhile(there, fault)


@contextmanager
def twin(there: Installation, service: str, end: int) -> Iterator[None]:
    """A second worker, once it has taken up something of what the first one read."""
    process, log = there.twin(service)
    try:
        for _ in until(TWIN_SECONDS):
            if '"reader.applied"' in log.read_text():
                break
        yield
    finally:
        stop(process, ((end, 30.0),))


def repeat(there: Installation, fault: Fault) -> None:
    """Records that are on the topics of a service come once more, to the byte, behind those that follow them."""
    deadline = time.monotonic() + BROKER_SECONDS
    while True:
        try:
            return asyncio.run(publish_again(there.run.kafka.bootstrap_servers, fault.target))
        except KafkaError:  # the broker is on its way back from the fault before
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


async def publish_again(servers: str, service: str) -> None:
    topics = await read_topics(servers, [f"kaibo.{service}.events", f"kaibo.{service}.restricted"])
    producer = AIOKafkaProducer(bootstrap_servers=servers)
    await producer.start()
    try:
        for (topic, number), records in topics.items():
            for record in records[-REPEATED:]:
                headers = [(name, text.encode()) for name, text in record.headers.items()]
                await producer.send(topic, record.value, record.key, partition=number, headers=headers)
    finally:
        await producer.stop()


KINDS: dict[str, Kind] = {
    "kill -9 a service": Kind(8, tuple(KILLED), (0, 0), kill),
    "kill -9 the broker": Kind(2, ("kafka",), (0, 0), kill),
    "kill -9 the database": Kind(3, ("postgres",), (0, 0), kill),
    "stop and continue": Kind(5, (*KILLED, "kafka", "postgres"), (0.5, 5), pause),
    "connections cut": Kind(5, tuple(LINKS), (0.1, 3), cut),
    "connections slow": Kind(3, tuple(LINKS), (1, 4), delay),
    "connections held": Kind(3, tuple(LINKS), (0.5, 8), hold),
    "connections lost": Kind(3, tuple(LINKS), (0.5, 8), lose),
    "answers lost": Kind(4, tuple(LINKS), (0.5, 4), mute),
    "records again": Kind(2, SERVICES, (0, 0), repeat),
    "full disk": Kind(1, ("postgres", "kafka"), (2, 6), full_disk),
    "second worker": Kind(1, SERVICES, (4, 8), second_worker),
    "zombie worker": Kind(1, SERVICES, (3, 6), zombie),
}


def roll(there: Installation, fault: Fault) -> None:
    """Each broker is stopped in order and comes back before the next."""
    for name in there.plan.brokers:
        before = signalled(there, name, signal.SIGTERM)
        for _ in until(ROLL_SECONDS):
            if there.pid(name) not in (0, before) and answers(there.plan.brokers[name][0]):
                break
        meanwhile(there, fault)


ROLL = "roll all brokers"
BROKERS = ("kafka-1", "kafka-2", "kafka-3")
REPLICATED: dict[str, Kind] = {
    "kill -9 a broker": Kind(6, BROKERS, (0, 0), kill),
    "stop and continue a broker": Kind(3, BROKERS, (1, 6), pause),
    ROLL: Kind(1, ("kafka-*",), (1, 3), roll),
}


def possible(there: Installation) -> dict[str, Kind]:
    """All kinds for which what they need is there."""
    if len(there.plan.brokers) == 1:
        return {name: kind for name, kind in KINDS.items() if name != "full disk" or there.disks}
    others = ("kill -9 the broker", "stop and continue", "full disk")  # those of the single broker
    return REPLICATED | {name: kind for name, kind in KINDS.items() if name not in others}


def schedule(seed: int, kinds: dict[str, Kind]) -> Iterator[Fault]:
    """Without end. Brokers are rolled first: a short run must not leave that to chance."""
    chance = Random(f"faults/{seed}")
    names, first = list(kinds), [name for name in kinds if name == ROLL]
    brokers = BROKERS if "kill -9 a broker" in kinds else ("kafka",)
    while True:
        name = first.pop() if first else chance.choices(names, [kinds[name].weight for name in names])[0]
        kind = kinds[name]
        also = chance.choice([*KILLED, "postgres", *brokers]) if kind.seconds[1] and chance.random() < 0.3 else ""
        seconds, rest = round(chance.uniform(*kind.seconds), 2), round(chance.uniform(0.5, 3), 2)
        yield Fault(name, chance.choice(kind.targets), seconds, rest, also)


def meanwhile(there: Installation, fault: Fault) -> None:
    """While it lasts, something else may die."""
    time.sleep(fault.seconds / 2)
    if fault.also and fault.also != fault.target:
        signalled(there, fault.also, signal.SIGKILL)
    time.sleep(fault.seconds / 2)


def signalled(there: Installation, name: str, number: int) -> int:
    """Its process id; 0 where it is just being started again."""
    for _ in until(5.0):
        pid = there.pid(name)
        with suppress(ProcessLookupError):
            if pid:
                os.kill(pid, number)
                return pid
    return 0
