"""A consequence happens once on the real store, whenever its worker dies and however many work. G9, G12.

Between each two calls of the store on the way due → decide → append → settle the worker dies, before a call or after
it; the next worker goes on from what is stored.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from services.supervision.main import service
from services.supervision.penalties.reactions import violation_consequences
from services.supervision.violations.events import ViolationRecorded
from services.supervision.violations.reactions import failed_exams
from services.vocabulary import PersonId
from shared.broker import Unavailable
from shared.consequence import Consequences
from shared.desk import Desk
from shared.event import Meta, encode, new_id
from shared.policy import Policies
from shared.postgres import PostgresStore, open_store
from shared.store import NewDue
from tests.supervision.organisation import IMPOSING, NOON, graded, policies

TOPICS = dict.fromkeys(service.contract.topics, 2)
CALLS = ("due", "kept", "history", "append", "settle_due")


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    opened = await open_store(database, TOPICS)
    await opened.prepare([*service.projections, *service.facts])
    try:
        yield opened
    finally:
        await opened.close()


class Dying:
    """A store whose user dies at its nth step: each call is two, before it is made and after."""

    def __init__(self, store: PostgresStore, at: int) -> None:
        self.store, self.left = store, at

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.store, name)
        if name not in CALLS:
            return found

        async def call(*args: Any, **kwargs: Any) -> Any:
            self.step()
            answer = await found(*args, **kwargs)
            self.step()
            return answer

        return call

    def step(self) -> None:
        self.left -= 1
        if self.left == -1:
            raise Unavailable("the worker died")


def worker(store: Any, under: Policies) -> Consequences:
    desk = Desk(store, service.contract, service.contracts, TOPICS, under)
    return Consequences("supervision", service.reactions, service.facts, store, desk, service.contracts, under)


async def until_nothing_is_due(consequences: Consequences) -> None:
    while await consequences.step():
        pass


def fail(person: str, cause: str = "") -> NewDue:
    event = replace(graded("55"), person=PersonId(person))
    told = {"type": "ExamGraded", "schema": 1, "event": event, "meta": meta("training", f"exam/{person}", cause)}
    return NewDue(reaction=failed_exams.name, at=NOON, stream=f"exam/{person}", trigger=encode(told))


def meta(source: str, stream: str, cause: str = "") -> Meta:
    return Meta(
        id=cause or new_id(),
        service=source,
        stream=stream,
        version=1,
        position=1,
        occurred_at=NOON,
        recorded_at=NOON,
        actor="somebody",
    )


async def owe(store: PostgresStore, *rows: NewDue) -> None:
    async with store.work() as work:
        await work.add_due(rows)


async def heard(store: PostgresStore, person: str) -> NewDue:
    """The recorded violation, as the reader of reactions hears it."""
    recorded = [s for s in await store.tail(0, 10_000) if s.type == "ViolationRecorded"]
    (told,) = [s for s in recorded if f'"{person}"' in s.data.decode()]
    violation = service.contract.decode(told.type, told.schema, told.data)
    assert isinstance(violation, ViolationRecorded)
    trigger = {"type": told.type, "schema": 1, "event": violation, "meta": meta("supervision", told.stream, told.id)}
    return NewDue(reaction=violation_consequences.name, at=NOON, stream=told.stream, trigger=encode(trigger))


async def decided(store: PostgresStore, person: str) -> Counter[str]:
    return Counter(s.type for s in await store.tail(0, 10_000) if f'"{person}"' in s.data.decode())


@pytest.mark.clause("R3", "T-67")
async def test_once_whenever_the_worker_dies(store: PostgresStore) -> None:
    """Under another policy after each death: which consequence there is may not depend on it."""
    before, after = policies(), policies(IMPOSING)
    died, at = True, 0
    while died:
        person = f"p{at}"
        await owe(store, fail(person))
        for row in (None, heard):
            if row is not None:
                told = await row(store, person)
                await owe(store, told, told)  # delivered twice
            dying = Dying(store, at)
            with suppress(Unavailable):
                await until_nothing_is_due(worker(dying, before))
            await until_nothing_is_due(worker(store, after))
            died = dying.left < 0
        assert await decided(store, person) == {"ViolationRecorded": 1, "PenaltyProposed": 1}, at
        at += 1
    assert at > 2 * len(CALLS)  # it has died at each of them


@pytest.mark.clause("R3", "T-67")
async def test_once_although_two_work_at_the_same_rows(store: PostgresStore) -> None:
    persons = [f"q{n}" for n in range(12)]
    await owe(store, *(fail(person, cause) for person in persons for cause in [new_id()] for _ in range(2)))
    await asyncio.gather(*(patiently(worker(store, policies())) for _ in range(2)))
    await owe(store, *[row for person in persons for row in [await heard(store, person)] for _ in range(2)])
    await asyncio.gather(*(patiently(worker(store, policies())) for _ in range(2)))
    for person in persons:
        assert await decided(store, person) == {"ViolationRecorded": 1, "PenaltyProposed": 1}


async def patiently(consequences: Consequences) -> None:
    """As its task does: what another was faster with is taken up again."""
    while True:
        try:
            return await until_nothing_is_due(consequences)
        except Unavailable:
            await asyncio.sleep(0)
