"""Operators over HTTP: what is parked, what was asked for and by whom, and imports. Default deny."""

from typing import Any

import httpx2

from shared.store import Parked
from tests.http.serving import SERVICES, Served, in_memory, naming, served

OPERATOR = naming("wang", "operator")
IMPORTER = naming("importer", "system")
HERE = ("kaibo.people.restricted", 0)


async def parked(there: Served) -> None:
    """Two events of a stream that nobody reads here."""
    record = b'{"key": "", "value": "", "headers": []}'
    async with there.parts.store.work() as work:
        for position, error in ((1, "KeyError"), (2, "")):
            event = Parked(reader="gone/1", partition=HERE, position=position, stream="s", record=record, error=error)
            await work.park([event])


async def asked(there: Served, path: str, headers: dict[str, str] = OPERATOR, **body: Any) -> httpx2.Response:
    return await there.http.post(path, json=body, headers=headers)


async def test_what_is_parked_is_shown_and_asked_for() -> None:
    async with served(await in_memory(SERVICES["people"])) as there:
        await parked(there)
        listed = (await there.http.get("/parked", headers=OPERATOR)).json()
        assert [(w["id"], w["error"]) for w in listed] == [(f"{HERE[0]}/0/1", "KeyError"), (f"{HERE[0]}/0/2", "")]
        answer = await asked(there, "/parked/retry", reader="gone/1")
        assert (answer.status_code, answer.json()) == (202, {"count": 1})
        event = {"reader": "gone/1", "event": listed[0]["id"]}
        answer = await asked(there, "/parked/discard", **event, reason="a double")
        assert (answer.status_code, answer.json()) == (202, {"count": 1})
        shown = (await there.http.get("/parked/event", params=event, headers=OPERATOR)).json()
        assert shown["request"] == "discard"
        assert [(a["actor"], a["what"], a["reason"]) for a in shown["requests"]] == [
            ("wang", "retry", ""), ("wang", "discard", "a double"),
        ]  # fmt: skip
        nothing = await asked(there, "/parked/retry", reader="nobody/1")
        assert (nothing.status_code, nothing.json()["title"]) == (404, "not_found")
        everything = await asked(there, "/parked/discard", reader="gone/1", reason="away with it")
        assert (everything.status_code, everything.json()["title"]) == (422, "invalid")
        unreasoned = await asked(there, "/parked/discard", **event, reason="")
        assert unreasoned.status_code == 422


async def test_only_an_operator_may() -> None:
    async with served(await in_memory(SERVICES["people"])) as there:
        await parked(there)
        for headers in (naming("li", "hr"), IMPORTER, naming("li", "")):
            assert (await there.http.get("/parked", headers=headers)).status_code == 403
            assert (await asked(there, "/parked/retry", headers, reader="gone/1")).status_code == 403
            assert (await asked(there, "/imports/end", headers, name="2024", reason="r")).status_code == 403
        assert (await asked(there, "/imports/start", name="2024")).status_code == 403


async def test_an_import_is_started_completed_and_released() -> None:
    async with served(await in_memory(SERVICES["people"])) as there:
        started = await asked(there, "/imports/start", IMPORTER, name="2024")
        assert (started.status_code, started.json()["scope"]) == (202, "organisation")
        wrong = await asked(there, "/imports/complete", IMPORTER, name="2024", positions=["somewhere"])
        assert (wrong.status_code, wrong.json()["title"]) == (400, "malformed")
        unknown = await asked(there, "/imports/complete", IMPORTER, name="2023")
        assert unknown.status_code == 404
        far = ["training.events/3/1", "people.restricted/0/0"]
        done = await asked(there, "/imports/complete", IMPORTER, name="2024", positions=far)
        assert done.json()["completed_at"] is not None
        await asked(there, "/imports/start", IMPORTER, name="left open")
        ended = await asked(there, "/imports/end", name="left open", reason="its client is gone")
        assert ended.json()["ended_by"] == "wang"
        listed = (await there.http.get("/imports", headers=IMPORTER)).json()
        assert {i["name"] for i in listed} == {"2024", "left open"}
