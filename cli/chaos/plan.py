"""Where everything of a run listens, chosen before anything starts, so that a proxy can stand between any two."""

import json
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
    """Links by name, as in `training-api>postgres`, and the ports of Kafka's listeners for each service."""

    links: dict[str, Link]
    brokers: int = 1

    def front(self, service: str) -> Link:
        return self.links[f"{service}>kafka"]

    def api(self, service: str) -> str:
        """Where clients find a service."""
        return f"http://127.0.0.1:{self.links[f'client>{service}'].port}"

    def write(self, directory: Path) -> None:
        (directory / FILE).write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, directory: Path) -> "Plan":
        found = json.loads((directory / FILE).read_text())
        return cls(links={name: Link(**link) for name, link in found["links"].items()}, brokers=found["brokers"])


def make(state: State, brokers: int = 1) -> Plan:
    """Choose all ports; what starts later on `state` takes its own from there."""
    candidates = iter(sample(range(*PORTS), PORTS[1] - PORTS[0]))

    def fresh() -> int:
        return next(port for port in candidates if free_port(port) == port)

    names = [f"{service.upper()}_{kind}_PORT" for service in SERVICES for kind in ("HTTP", "METRICS")]
    ports = {name: fresh() for name in [*names, "POSTGRES", "KAFKA", "KAFKA_CONTROLLER"]}
    state.directory.mkdir(mode=0o711, parents=True, exist_ok=True)
    state.write("ports.json", json.dumps(ports))
    links = {}
    for service in SERVICES:
        links[f"client>{service}"] = Link(fresh(), ports[f"{service.upper()}_HTTP_PORT"])
        links[f"{service}>kafka"] = Link(fresh(), fresh())
        for role in ROLES:
            links[f"{service}-{role}>postgres"] = Link(fresh(), ports["POSTGRES"])
    plan = Plan(links, brokers)
    plan.write(state.directory)
    return plan
