"""Databases of a test's own on the server of the run."""

from itertools import count

import asyncpg

from deploy.local.postgres import Postgres

TEMPLATE = "migrated"


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
