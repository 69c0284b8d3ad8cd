"""A database for each measurement."""

import asyncpg

from deploy.local.postgres import Postgres


async def fresh(server: Postgres, name: str) -> str:
    """A new database's address."""
    connection = await asyncpg.connect(server.url())
    try:
        await connection.execute(f"create database {name}")
    finally:
        await connection.close()
    return server.url().removesuffix("postgres") + name
