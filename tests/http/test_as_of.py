"""What a stream said at a version or by a time. Nobody's but those to whom a service grants it."""

from datetime import datetime
from typing import Any

from tests.http.serving import SERVICES, Served, in_memory, naming, served

AUDITOR = naming("chen", "auditor")


async def define(there: Served, name: str, capacity: str = "hr") -> None:
    body = {"unit": "north", "name": name}
    answer = await there.http.post("/units/define", json=body, headers=naming("li", capacity))
    assert answer.status_code == 202, answer.text


async def ask(there: Served, **query: Any) -> Any:
    return await there.http.get("/history", params=query, headers=AUDITOR)


async def test_a_stream_as_of_a_version_and_a_time() -> None:
    async with served(await in_memory(SERVICES["people"])) as there:
        await define(there, "North")
        await define(there, "The North")
        first, second = await there.parts.store.tail(0, 2)
        stream, between = first.stream, first.recorded_at
        assert between < second.recorded_at
        now = (await ask(there, stream=stream)).json()
        assert (now["version"], now["state"]["name"]) == (2, "The North")
        for then in ({"at_version": 1}, {"at": between.isoformat()}):
            found = (await ask(there, stream=stream, **then)).json()
            assert (found["version"], found["state"]["name"]) == (1, "North")
            assert datetime.fromisoformat(found["recorded_at"]) <= between
        assert (await ask(there, stream=stream, at="2020-01-01T00:00:00Z")).status_code == 404
        assert (await ask(there, stream=stream, at="2020-01-01T00:00:00")).status_code == 422
        assert (await ask(there, stream="unit/south")).status_code == 404
        assert (await ask(there, stream="nothing/south")).status_code == 404


async def test_personal_texts_stay_sealed() -> None:
    person = {
        "person": "p-1",
        "name": "Zhang Wei",
        "categories": ["live_team"],
        "engagement": "employee",
        "joined_on": "2024-05-06",
    }
    async with served(await in_memory(SERVICES["people"])) as there:
        answer = await there.http.post("/persons/register", json=person, headers=naming("li", "hr"))
        assert answer.status_code == 202, answer.text
        found = await ask(there, stream=answer.json()["stream"])
        assert found.status_code == 200
        assert "withheld" in found.text
        assert "Zhang" not in found.text
        assert "enc1" not in found.text


async def test_who_reads_everything_else_does_not_read_this() -> None:
    async with served(await in_memory(SERVICES["performance"])) as there:
        for capacity in ("hr", "auditor", "system", "company_leadership"):
            answer = await there.http.get("/history", params={"stream": "a/b"}, headers=naming("li", capacity))
            assert (answer.status_code, answer.json()["capability"]) == (403, "history.read")
