"""Where everything of a run listens, chosen before anything starts, so that a proxy can stand between any two."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import sample

from cli.state import ROLES, SERVICES, State
from deploy.local.processes import free_port

FILE = "chaos.json"
PORTS = 20_000, 30_000  # below those that the system gives to outgoing connections: one of these could take a dead
# part's port before it starts again


@dataclass(frozen=True, slots=True)
class Link:
    """A proxy: what connects to `port` reaches `target`. Both are loopback ports."""

    port: int
    target: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Links by name, as in `training-api>postgres`; the target of `training>kafka` is a listener of its own.

    `brokers`: port and controller's port by name, `kafka`, or `kafka-1` and so on where there are several.
    """

    services: tuple[str, ...]
    links: dict[str, Link]
    brokers: dict[str, tuple[int, int]]

    def fronts(self, service: str) -> str:
        """The bootstrap servers of a service."""
        return ",".join(f"127.0.0.1:{self.links[f'{service}>{broker}'].port}" for broker in self.brokers)

    def api(self, service: str) -> str:
        """Where clients find a service."""
        return f"http://127.0.0.1:{self.links[f'client>{service}'].port}"

    def write(self, directory: Path) -> None:
        (directory / FILE).write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, directory: Path) -> "Plan":
        found = json.loads((directory / FILE).read_text())
        links = {name: Link(**link) for name, link in found["links"].items()}
        return cls(services=tuple(found["services"]), links=links, brokers=found["brokers"])


def make(state: State, services: Sequence[str] = SERVICES, brokers: int = 1) -> Plan:
    """Choose all ports; what starts later on `state` takes its own from there."""
    candidates = iter(sample(range(*PORTS), PORTS[1] - PORTS[0]))

    def fresh() -> int:
        return next(port for port in candidates if free_port(port) == port)

    parts = ["kafka"] if brokers == 1 else [f"kafka-{n}" for n in range(1, brokers + 1)]
    names = [f"{service.upper()}_{kind}_PORT" for service in services for kind in ("HTTP", "METRICS")]
    ports = {name: fresh() for name in [*names, "POSTGRES"]}
    state.directory.mkdir(mode=0o711, parents=True, exist_ok=True)
    state.write("ports.json", json.dumps(ports))
    links: dict[str, Link] = {}
    for service in services:
        links[f"client>{service}"] = Link(fresh(), ports[f"{service.upper()}_HTTP_PORT"])
        links |= {f"{service}>{broker}": Link(fresh(), fresh()) for broker in parts}
        for role in ROLES:
            links[f"{service}-{role}>postgres"] = Link(fresh(), ports["POSTGRES"])
    plan = Plan(tuple(services), links, {broker: (fresh(), fresh()) for broker in parts})
    plan.write(state.directory)
    return plan
