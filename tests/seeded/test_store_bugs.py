"""Bugs seeded into the store on PostgreSQL: the test that guards the guarantee sees each of them. G1, G3."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from shared import postgres
from shared.postgres import PostgresStore, open_store
from tests.conformance import test_isolation, test_store
from tests.conformance.stores import TOPICS, archive, counts
from tests.databases import Databases
from tests.seeded.patching import mutated

Guard = Callable[[PostgresStore], Awaitable[None]]
eight_append: Guard = test_isolation.test_eight_append_to_fifty_streams
two_partitions: Guard = test_isolation.test_two_partitions_write_the_same_rows_and_no_update_is_lost
facts = test_store.TestFactsOfTwoWorkers()

ONE_STATEMENT = {
    "  perform pg_advisory_xact_lock(42);\n": "",
    "into stale from (": "into stale from (select pg_advisory_xact_lock(42) offset 0) as locked, (",
}
SCHEMAS: dict[str, tuple[dict[str, str], type[Exception] | tuple[type[Exception], ...]]] = {
    "lock and check in one statement": (ONE_STATEMENT, asyncpg.UniqueViolationError),
    "the index checks instead": (
        {
            "<> c.expected;": "<> c.expected and false;",
            ";\n  get diagnostics": " on conflict do nothing;\n  get diagnostics",
        },
        (AssertionError, asyncpg.UniqueViolationError),
    ),
    "no lock": ({"  perform pg_advisory_xact_lock(42);\n": ""}, asyncpg.UniqueViolationError),
    "keys are not checked": (
        {"where exists (select from once k where k.key = o.key)": "where false"},
        asyncpg.UniqueViolationError,
    ),
}


@asynccontextmanager
async def opened(database: str) -> AsyncIterator[PostgresStore]:
    store = await open_store(database, TOPICS, size=12)
    try:
        await store.prepare([counts, archive])
        yield store
    finally:
        await store.close()


@pytest.mark.parametrize("bug", SCHEMAS)
async def test_append(databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bug: str) -> None:
    changes, failure = SCHEMAS[bug]
    schema = postgres.MIGRATIONS[0].read_text()
    for old, wrong in changes.items():
        assert schema.count(old) == 1, old
        schema = schema.replace(old, wrong)
    (tmp_path / "schema.sql").write_text(schema)
    monkeypatch.setattr(postgres, "MIGRATIONS", (tmp_path / "schema.sql", *postgres.MIGRATIONS[1:]))
    async with opened(await databases.make("template1")) as store:
        with pytest.raises(failure):
            await eight_append(store)


WORKS: dict[str, tuple[str, str, Guard]] = {
    "a key of somebody who is erased stays": (
        "update keys set wrapped = null where person",
        "update keys set wrapped = null where class = '' and person",
        lambda store: test_store.TestPersonKeys().test_who_is_erased_has_no_key_and_gets_none(store),
    ),
    "rows under READ COMMITTED": ('isolation="repeatable_read"', 'isolation="read_committed"', two_partitions),
    "gathering does not meet by thing": (
        " on conflict (thing) do update set gathered = {name}_about.gathered + 1",
        " on conflict do nothing",
        lambda store: facts.test_a_thing_is_named_while_another_event_of_it_comes(store, known=True),
    ),
    "a subject that is dirty already is left alone": (
        ' t"\n            " on conflict (facts, subject) do update set touched = dirty.touched + 1',
        ' t"\n            " on conflict do nothing',
        facts.test_a_subject_is_settled_before_the_fact_is_there_for_all,
    ),
    "the same result is not written": (
        " error = excluded.error, computed_at = now()",
        " error = excluded.error where r.error <> excluded.error or r.document <> excluded.document",
        facts.test_two_that_fail_alike_are_settled_at_once,
    ),
}


@pytest.mark.parametrize("bug", WORKS)
async def test_work(database: str, bug: str) -> None:
    old, wrong, guard = WORKS[bug]
    async with opened(database) as store:
        with mutated(postgres, old, wrong), pytest.raises(AssertionError):
            await guard(store)
