"""The kernel's schema on a database: made once, and never of another release."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from shared import postgres
from shared.postgres import migrate
from tests.databases import Databases


async def tables(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    try:
        return {r["tablename"] for r in await connection.fetch("select * from pg_tables where schemaname = 'public'")}
    finally:
        await connection.close()


@pytest.fixture
def releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Two releases of a schema of our own; the first one is deployed."""
    made = [tmp_path / "first.sql", tmp_path / "second.sql"]
    made[0].write_text("create table topics (topic text primary key, partitions int);")
    made[1].write_text("create table added (id int);")
    monkeypatch.setattr(postgres, "MIGRATIONS", (made[0],))
    return made


async def test_those_that_start_at_once_make_it_once(
    databases: Databases, releases: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = await databases.make("template1")
    await asyncio.gather(*(migrate(url, {"orders": 4}) for _ in range(4)))
    assert await tables(url) == {"migrations", "topics"}
    monkeypatch.setattr(postgres, "MIGRATIONS", tuple(releases))
    await asyncio.gather(*(migrate(url, {"orders": 9}) for _ in range(4)))
    assert await tables(url) == {"migrations", "topics", "added"}
    assert await partitions(url) == {"orders": 4}


async def partitions(url: str) -> dict[str, int]:
    connection = await asyncpg.connect(url)
    try:
        return {r["topic"]: r["partitions"] for r in await connection.fetch("select * from topics")}
    finally:
        await connection.close()


async def test_a_schema_that_changed_or_is_newer_is_refused(
    databases: Databases, releases: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = await databases.make("template1")
    monkeypatch.setattr(postgres, "MIGRATIONS", tuple(releases))
    await migrate(url, {})
    monkeypatch.setattr(postgres, "MIGRATIONS", (releases[0],))
    with pytest.raises(RuntimeError, match="newer release: upgrade"):
        await migrate(url, {})
    monkeypatch.setattr(postgres, "MIGRATIONS", tuple(releases))
    releases[0].write_text("create table topics (topic text);")
    with pytest.raises(RuntimeError, match=r"first\.sql is not what this database was made with"):
        await migrate(url, {})
