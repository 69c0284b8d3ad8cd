"""Who is erased is forgotten by every service, and nothing personal is recorded of him again. G11."""

from types import ModuleType
from typing import Any

import pytest

from services.people.main import service as people
from services.supervision.main import service as supervision
from shared import privacy, subscription
from shared.memory import MemoryStore
from shared.memory_broker import MemoryBroker
from shared.privacy import ERASED, Note
from shared.value import value
from tests.http.serving import Served, in_memory, naming, served
from tests.seeded.patching import mutated

LI = {
    "person": "li",
    "name": "Li Xiaoyun",
    "categories": ["live_team"],
    "engagement": "employee",
    "joined_on": "2024-01-02",
}
HR = naming("hr-1", "hr")


@value
class Remark:
    person: str
    text: Note


async def erased_everywhere() -> None:
    broker = MemoryBroker()
    there = await in_memory(people, broker)
    elsewhere = await in_memory(supervision, broker)
    (remark,) = await elsewhere.vault.seal([Remark(person="li", text="was late")])
    async with served(there) as home, served(elsewhere) as other:
        await accepted(home, "/persons/register", LI)
        assert (await shown(home))["name"] == "Li Xiaoyun"
        await accepted(home, "/persons/erase", {"person": "li"})
        await other.caught_up()
        await accepted(home, "/persons/erase", {"person": "li"})  # again: nothing is left to do
        assert await shown(home) | {"name": ERASED, "erased": True} == await shown(home)
        assert (await elsewhere.vault.open(remark, lambda _: True)).text == ERASED
        for parts in (there, elsewhere):
            assert isinstance(parts.store, MemoryStore)
            owners = [owner for owner in parts.store.keys if owner[0] == "li"]
            assert set((await parts.store.person_keys(owners)).values()) == {None}
        refused = await home.http.post("/persons/correct-name", json={"person": "li", "name": "Li"}, headers=HR)
        assert (refused.status_code, refused.json()["title"]) == (409, "person.erased")
        try:
            await elsewhere.vault.seal([Remark(person="li", text="came back")])
        except privacy.Erased:
            return
        raise AssertionError("something personal was recorded of somebody who is erased")


async def accepted(there: Served, path: str, body: dict[str, Any]) -> None:
    answer = await there.http.post(path, json=body, headers=HR)
    assert answer.status_code == 202, answer.text
    await there.caught_up()


async def shown(there: Served) -> dict[str, Any]:
    return dict((await there.http.get("/persons/li", headers=HR)).json())


async def test_who_is_erased_is_forgotten_everywhere() -> None:
    await erased_everywhere()


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        (subscription, "await work.erase(sorted(", "print(sorted("),
        (privacy, "for owner in owners if found.get(owner) is None]", "for owner in owners if owner not in owners]"),
        (privacy, "if owner not in keys:\n        return ERASED", "if owner not in keys:\n        return token[0]"),
    ],
)
async def test_it_is_seen_where_somebody_is_not_forgotten(module: ModuleType, old: str, new: str) -> None:
    with mutated(module, old, new), pytest.raises((AssertionError, KeyError)):
        await erased_everywhere()
