"""The real database and the real broker, started once a run; every test has databases of its own."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from deploy.local.kafka import Kafka, kafka
from deploy.local.postgres import Postgres, postgres
from shared.postgres import migrate
from tests.databases import TEMPLATE, Databases

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def place() -> Iterator[Path]:
    """A folder that the database's own user can reach, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="kaibo-test-") as directory:
        Path(directory).chmod(0o711)
        yield Path(directory)


@pytest.fixture(scope="session")
def postgres_server(place: Path) -> Iterator[Postgres]:
    with postgres(place / "postgres") as server:
        yield server


@pytest.fixture(scope="session")
def kafka_broker(place: Path) -> Iterator[Kafka]:
    with kafka(place / "kafka") as broker:
        yield broker


@pytest.fixture(scope="session")
def migrated(postgres_server: Postgres) -> Postgres:
    """The server with a template that has the kernel's schema."""

    async def make() -> None:
        databases = Databases(postgres_server)
        await databases.execute("postgres", f"create database {TEMPLATE}")
        await migrate(databases.url(TEMPLATE), {})

    asyncio.run(make())
    return postgres_server


@pytest.fixture
async def databases(migrated: Postgres) -> AsyncIterator[Databases]:
    made = Databases(migrated)
    try:
        yield made
    finally:
        await made.drop()


@pytest.fixture
async def database(databases: Databases) -> str:
    """The address of a database with the kernel's schema and nothing in it."""
    return await databases.make()
