"""The composition: valid, of one mind with the embedded parts, and its very command lines run as processes."""

import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import yaml

from deploy.images import keys
from deploy.local import postgres as postgres_module
from deploy.local.environment import ROOT
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres, postgres
from deploy.local.processes import free_port
from tests.runtime.conftest import eventually
from tests.runtime.test_postgres import query

PROGRAMS = Path(sys.executable).parent
COMPOSITION: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
CONTAINERS = {f"{service}-{role}" for service in keys.SERVICES for role in ("api", "workers")}


def test_the_composition_follows_the_specification() -> None:
    checked = subprocess.run(
        [PROGRAMS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", ROOT / "docker-compose.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_a_broken_composition_is_seen(directory: Path) -> None:
    broken = directory / "docker-compose.yml"
    broken.write_text(yaml.safe_dump({"services": {"kafka": {"imagee": "apache/kafka"}}}))
    checked = subprocess.run(
        [PROGRAMS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", broken],
        capture_output=True,
        check=False,
    )
    assert checked.returncode == 1


def test_the_image_follows_hadolint() -> None:
    checked = subprocess.run(
        [PROGRAMS / "hadolint", ROOT / "deploy" / "images" / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout) == (0, "")


def test_every_service_has_an_api_and_workers_with_health_checks_and_no_rights() -> None:
    containers = COMPOSITION["services"]
    assert set(containers) == {"keys", "postgres", "kafka", *CONTAINERS}
    for name in CONTAINERS:
        container = containers[name]
        service, role = name.split("-")
        assert container["command"] == ["serve", service, "--role", role]
        assert container["cap_drop"] == ["ALL"]
        assert container["read_only"] is True
        assert container["healthcheck"]["test"][:4] == ["CMD", "python", "-m", "deploy.images.health"]
        port = container["environment"][f"{service.upper()}_{'HTTP' if role == 'api' else 'METRICS'}_PORT"]
        assert container["healthcheck"]["test"][4] == port
    assert "USER 10001:10001" in (ROOT / "deploy" / "images" / "Dockerfile").read_text()
    assert all("healthcheck" in containers[name] for name in ("postgres", "kafka"))


def test_the_official_broker_and_database_are_set_as_the_embedded_ones() -> None:
    environment = COMPOSITION["services"]["kafka"]["environment"]
    told = {name.removeprefix("KAFKA_").replace("_", ".").lower(): value for name, value in environment.items()}
    own = {"listeners", "advertised.listeners", "controller.quorum.voters", "log.dirs"}
    embedded = Kafka(Path("/kafka"), 9092, 9093).settings()
    assert {name: told[name] for name in told.keys() - own} == {name: embedded[name] for name in embedded.keys() - own}
    command = COMPOSITION["services"]["postgres"]["command"]
    settings = dict(word.split("=") for word in command if "=" in word)
    assert settings.items() <= postgres_module.SETTINGS.items()


def test_the_images_requirements_are_the_locked_ones() -> None:
    whole = (ROOT / "requirements.lock").read_text()
    part = (ROOT / "deploy" / "images" / "requirements.lock").read_text()
    versions = {line.split(" ")[0] for line in whole.splitlines() if "==" in line}
    assert {line.split(" ")[0] for line in part.splitlines() if "==" in line} < versions
    hashes = {line.strip(" \\") for line in whole.splitlines() if "--hash" in line}
    assert {line.strip(" \\") for line in part.splitlines() if "--hash" in line} < hashes
    assert "://" not in whole + part


@pytest.fixture
def volumes(directory: Path) -> dict[str, Path]:
    """What the container `keys` leaves, made by its own entry point."""
    made = {"/run/kaibo": directory / "kaibo", "/run/passwords": directory / "passwords"}
    for path in made.values():
        path.mkdir()
    words = [str(made.get(word, word)) for word in COMPOSITION["services"]["keys"]["entrypoint"]]
    subprocess.run([sys.executable, *words[1:]], cwd=ROOT, check=True)
    return made


def test_keys_are_made_once(volumes: dict[str, Path]) -> None:
    def content() -> dict[Path, str]:
        return {file: file.read_text() for path in volumes.values() for file in path.iterdir()}

    before = content()
    keys.make(*volumes.values())
    assert content() == before
    assert (volumes["/run/kaibo"] / "master.key").stat().st_mode & 0o777 == 0o600
    assert len(bytes.fromhex((volumes["/run/kaibo"] / "master.key").read_text())) == 32


def test_the_command_lines_run_as_processes(
    broker: Kafka, directory: Path, volumes: dict[str, Path], stand_ins: dict[str, str]
) -> None:
    """databases.sh on a server, then a container's command and its health check, where only addresses differ."""
    with postgres(directory / "postgres") as server:
        run_composition(server, broker, volumes, stand_ins)


def run_composition(server: Postgres, broker: Kafka, volumes: dict[str, Path], stand_ins: dict[str, str]) -> None:
    subprocess.run(
        [ROOT / "deploy" / "images" / "databases.sh"],
        env={
            "PATH": f"{server.programs}{os.pathsep}{os.environ['PATH']}",
            "PASSWORDS": str(volumes["/run/passwords"]),
            "POSTGRES_USER": "kaibo",
            "PGPASSWORD": server.passwords.superuser,
            "PGHOST": "127.0.0.1",
            "PGPORT": str(server.port),
        },
        check=True,
    )
    container = COMPOSITION["services"]["training-api"]
    port = free_port()
    replaced = {
        "postgres:5432": f"127.0.0.1:{server.port}",
        "kafka:9092": broker.bootstrap_servers,
        "/run/kaibo": str(volumes["/run/kaibo"]),
        "8000": str(port),
    }
    environment = {name: replace(value, replaced) for name, value in container["environment"].items()}
    assert query(environment["TRAINING_DATABASE_URL"], "select current_user") == "training"
    password = (volumes["/run/passwords"] / "training").read_text()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        query(f"postgresql://training:{password}@127.0.0.1:{server.port}/people", "select 1")
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "cli", *container["command"]],
        env={"PATH": os.environ["PATH"], **stand_ins, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    health = [sys.executable, *(replace(word, replaced) for word in container["healthcheck"]["test"][2:])]
    try:
        assert eventually(lambda: subprocess.run(health, cwd=ROOT, check=False).returncode == 0)
        assert urllib.request.urlopen(f"http://127.0.0.1:{port}/").status == 200
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=30)
    assert "drained while the broker still ran" in said
    assert subprocess.run(health, cwd=ROOT, check=False).returncode == 1


def replace(text: str, replaced: dict[str, str]) -> str:
    for old, new in replaced.items():
        text = text.replace(old, new)
    return text
