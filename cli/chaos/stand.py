"""`python -m cli.chaos.stand DIRECTORY`: `kaibo up`, with a proxy before the database, the broker and each API."""

import sys
from collections.abc import Mapping
from pathlib import Path

from cli.chaos.plan import Plan
from cli.commands import tell
from cli.state import ROLES, SERVICES, State
from cli.supervisor import Supervisor, up
from deploy.local.kafka import Front, Kafka
from deploy.local.processes import StartFailed


class Fronted(Supervisor):
    """Every service is told the proxies' ports; operators' commands, by run.json, the true ones."""

    def __init__(self, state: State, plan: Plan) -> None:
        super().__init__(state, SERVICES, ROLES, tell)
        self.plan = plan

    def broker(self, ports: Mapping[str, int]) -> Kafka:
        fronts = {}
        for service in SERVICES:
            link = self.plan.front(service)
            fronts[service.upper()] = Front(port=link.target, advertised=link.port)
        return Kafka(
            self.state.directory / "kafka", ports["KAFKA"], ports["KAFKA_CONTROLLER"], tell=self.tell, fronts=fronts
        )

    def environment_of(self, service: str, role: str) -> Mapping[str, str]:
        url = f"{service.upper()}_DATABASE_URL"
        link = self.plan.links[f"{service}-{role}>postgres"]
        return {
            **self.environment,
            url: self.environment[url].replace(f":{link.target}/", f":{link.port}/"),
            "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{self.plan.front(service).port}",
        }


if __name__ == "__main__":
    state = State(Path(sys.argv[1]))
    try:
        up(Fronted(state, Plan.read(state.directory)), lambda run: tell("Ready"))
    except StartFailed as error:
        sys.exit(f"kaibo: {error}")
