"""The real database and the real broker, started once a run; every test has databases of its own."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from deploy.local.kafka import Kafka, kafka
from deploy.local.postgres import Postgres, postgres
from shared.postgres import migrate

TEMPLATE = "migrated"


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


class Databases:
    """Makes databases that go with the test."""

    numbers = count(1)

    def __init__(self, server: Postgres) -> None:
        self.server = server
        self.made: list[str] = []

    def url(self, name: str) -> str:
        return self.server.url().removesuffix("postgres") + name

    async def make(self, template: str = TEMPLATE) -> str:
        """The address of a new one, with the kernel's schema and a log id of its own; `template1`: an empty one."""
        name = f"test_{next(self.numbers)}"
        await self.execute("postgres", f"create database {name} template {template}")
        self.made.append(name)
        if template == TEMPLATE:
            await self.execute(name, "update log set id = gen_random_uuid()")
        return self.url(name)

    async def execute(self, name: str, *statements: str) -> None:
        connection = await asyncpg.connect(self.url(name))
        try:
            for sql in statements:
                await connection.execute(sql)
        finally:
            await connection.close()

    async def drop(self) -> None:
        await self.execute("postgres", *(f"drop database {name} with (force)" for name in self.made))


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
