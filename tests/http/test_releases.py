"""What a query is answered while a read model of this release is not served yet: the old one's rows, or 503. G7."""

from dataclasses import replace
from typing import Any

import httpx2
import pytest

from shared import web
from shared.access import HISTORY, IMPORT, OPERATE, POLICIES, TRY, requires
from shared.projection import Projection
from shared.service import Parts, Service, api
from shared.value import value
from shared.web import Page, Paging, Read, Router
from tests.http.serving import naming
from tests.kernel import test_rebuild
from tests.kernel.test_rebuild import Detailed, Sold, Takings, World, contract, detailed, sales, takings, turnovers
from tests.seeded.patching import mutated

world = test_rebuild.world
GRANTED = (IMPORT, OPERATE, POLICIES, TRY, HISTORY, "takings.read")


@value
class Ranked:
    """Of another key."""

    rank: int
    shop: str
    total: int = 0


def rank(row: Ranked, event: Sold) -> Ranked:
    return replace(row, total=row.total + event.amount)


ranked = Projection(name="takings", key=lambda e: Ranked(rank=e.amount, shop=e.shop), evolve=rank, version=2)


def release(world: World, projection: Projection[Any, Any], of: Any) -> Parts:
    """That serves this version of the takings."""
    (world.home / "access.yaml").write_text("".join(f"{name}: [system]\n" for name in GRANTED))
    router = Router()

    @router.get("/takings/{shop}", dependencies=[requires("takings.read")])
    async def one(shop: str, read: Read) -> of:
        return await read(projection, of(rank=1, shop=shop) if of is Ranked else of(shop=shop))

    @router.get("/takings", dependencies=[requires("takings.read")])
    async def several(read: Read, paging: Paging) -> Page[of]:
        return await read.page(projection, paging)

    parts = world.parts(projection, turnovers)
    service = Service(contract, home=world.home, deciders=[sales], projections=[projection], routers=[router])
    return replace(parts, service=service)


async def ask(world: World, projection: Projection[Any, Any], of: Any, path: str) -> httpx2.Response:
    transport = httpx2.ASGITransport(api(release(world, projection, of)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        return await http.get(path, headers=naming("somebody", "system"))


@pytest.fixture
async def sold(world: World) -> World:
    """By the release before."""
    async with world.working():
        await world.sell(("a", 1))
        await world.shows(a=1)
    return world


async def columns_are_added(world: World) -> None:
    before = await ask(world, detailed, Detailed, "/takings/a")
    assert (before.status_code, before.json()) == (200, {"shop": "a", "total": 1, "sales": 0})
    assert before.headers["Kaibo-Served"] == "takings/1"
    assert "shop.events/" in before.headers["Kaibo-Position"]
    async with world.working(detailed):
        await world.serves("takings/2")
    after = await ask(world, detailed, Detailed, "/takings/a")
    assert (after.status_code, after.json()) == (200, {"shop": "a", "total": 1, "sales": 1})
    assert "Kaibo-Served" not in after.headers


async def test_columns_that_are_not_there_yet_are_blank_and_the_answer_says_whose_rows_these_are(sold: World) -> None:
    await columns_are_added(sold)


async def test_seeded_the_answer_does_not_say_it(sold: World) -> None:
    with mutated(web, "served.version != model.version", "False"), pytest.raises(KeyError):
        await columns_are_added(sold)


async def test_another_key_cannot_be_read_before_the_switch(sold: World) -> None:
    for path in ("/takings/a", "/takings"):
        before = await ask(sold, ranked, Ranked, path)
        assert (before.status_code, before.json()["title"]) == (503, "later")
        assert before.headers["retry-after"] == "1"
    assert (await ask(sold, takings, Takings, "/takings/a")).json() == {"shop": "a", "total": 1}
    async with sold.working(ranked):
        await sold.serves("takings/2")
    after = await ask(sold, ranked, Ranked, "/takings/a")
    assert (after.status_code, after.json()) == (200, {"rank": 1, "shop": "a", "total": 1})
    assert [row["shop"] for row in (await ask(sold, ranked, Ranked, "/takings")).json()["items"]] == ["a"]
