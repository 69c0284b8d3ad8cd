"""A database for each measurement."""

import asyncpg


async def fresh(url: str, name: str) -> str:
    """The address of a new database; `url` is the superuser's."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"create database {name}")
    finally:
        await connection.close()
    return url.removesuffix("postgres") + name
