"""`python -m cli.chaos.stand DIRECTORY`: `kaibo up`, with a proxy before the database, the broker and each API."""

import sys
from collections.abc import Mapping
from pathlib import Path

from cli.chaos.plan import Plan
from cli.commands import tell
from cli.state import ROLES, State
from cli.supervisor import Supervisor, up
from deploy.local.kafka import Front, Kafka, Node, cluster_id
from deploy.local.postgres import SETTINGS
from deploy.local.processes import StartFailed


class Fronted(Supervisor):
    """Every service is told the proxies' ports; operators' commands, by run.json, the true ones."""

    def __init__(self, state: State, plan: Plan) -> None:
        super().__init__(state, plan.services, ROLES, tell)
        self.plan = plan

    def make_brokers(self, ports: Mapping[str, int]) -> list[Kafka]:
        controllers = {n: controller for n, (_, controller) in enumerate(self.plan.brokers.values(), 1)}
        cluster = cluster_id()
        several = len(controllers) > 1
        return [
            Kafka(
                self.state.directory / name,
                port,
                controller,
                tell=self.tell,
                fronts={service.upper(): self.front(service, name) for service in self.services},
                node=Node(n, controllers, cluster) if several else None,
            )
            for n, (name, (port, controller)) in enumerate(self.plan.brokers.items(), 1)
        ]

    def front(self, service: str, broker: str) -> Front:
        link = self.plan.links[f"{service}>{broker}"]
        return Front(port=link.target, advertised=link.port)

    def environment_of(self, service: str, role: str) -> Mapping[str, str]:
        url = f"{service.upper()}_DATABASE_URL"
        link = self.plan.links[f"{service}-{role}>postgres"]
        return {
            **self.environment,
            url: self.environment[url].replace(f":{link.target}/", f":{link.port}/"),
            "KAFKA_BOOTSTRAP_SERVERS": self.plan.fronts(service),
        }


if __name__ == "__main__":
    state = State(Path(sys.argv[1]))
    SETTINGS["max_wal_size"] = "500MB"  # its disk is small
    try:
        up(Fronted(state, Plan.read(state.directory)), lambda run: tell("Ready"))
    except StartFailed as error:
        sys.exit(f"kaibo: {error}")
