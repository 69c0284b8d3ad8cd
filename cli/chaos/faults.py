"""What can go wrong, and the order in which it does: a seed decides which, where, for how long."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from cli.chaos.installation import Installation
from cli.state import SERVICES
from deploy.local.processes import stop, until

SESSION_SECONDS = 8.0  # after which the broker gives the partitions of a silent worker to its twin
KILLED = [f"{service}-{role}" for service in SERVICES for role in ("api", "workers")]
LINKS = [f"{service}-{role}>postgres" for service in SERVICES for role in ("api", "workers")]
LINKS += [f"{service}>kafka" for service in SERVICES] + [f"client>{service}" for service in SERVICES]


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
    twin = there.twin(fault.target)
    try:
        meanwhile(there, fault)
    finally:
        stop(twin, ((signal.SIGTERM, 30.0),))


def zombie(there: Installation, fault: Fault) -> None:
    """A worker falls silent, its twin takes over, and then it goes on as if nothing had been."""
    twin = there.twin(fault.target)
    try:
        time.sleep(fault.seconds)
        pid = signalled(there, f"{fault.target}-workers", signal.SIGSTOP)
        time.sleep(SESSION_SECONDS + 3)
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        meanwhile(there, fault)
    finally:
        stop(twin, ((signal.SIGKILL, 10.0),))


KINDS: dict[str, Kind] = {
    "kill -9 a service": Kind(8, tuple(KILLED), (0, 0), kill),
    "kill -9 the broker": Kind(2, ("kafka",), (0, 0), kill),
    "kill -9 the database": Kind(3, ("postgres",), (0, 0), kill),
    "stop and continue": Kind(5, (*KILLED, "kafka", "postgres"), (0.5, 5), pause),
    "connections cut": Kind(5, tuple(LINKS), (0.1, 3), cut),
    "connections slow": Kind(3, tuple(LINKS), (1, 4), delay),
    "connections held": Kind(3, tuple(LINKS), (0.5, 8), hold),
    "answers lost": Kind(4, tuple(LINKS), (0.5, 4), mute),
    "full disk": Kind(1, ("postgres", "kafka"), (2, 6), full_disk),
    "second worker": Kind(1, SERVICES, (4, 8), second_worker),
    "zombie worker": Kind(1, SERVICES, (3, 6), zombie),
}


def schedule(seed: int, kinds: dict[str, Kind]) -> Iterator[Fault]:
    """Without end."""
    chance = Random(f"faults/{seed}")
    names = list(kinds)
    while True:
        name = chance.choices(names, [kinds[name].weight for name in names])[0]
        kind = kinds[name]
        also = chance.choice([*KILLED, "postgres", "kafka"]) if kind.seconds[1] and chance.random() < 0.3 else ""
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
