"""A value that cannot be kept is refused at the edge; one that is taken is kept, and read by every reader."""

import json
from datetime import date
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from fastapi.routing import APIRoute

from shared.access import body_of
from shared.openapi import statuses
from tests.databases import Databases
from tests.http.flows import FLOWS, organisation
from tests.http.serving import OPERATING, SERVICES, Served, holder, in_memory, naming, served
from tests.http.values import BROKEN, spoilt, stretched

UNREACHED = {  # they need months of figures and what follows, an award under review, or another service's penalty
    "RecordCause",
    "SubmitRectificationPlan",
    "ReturnRectificationPlan",
    "AcceptRectificationPlan",
    "CompleteRectification",
    "VerifyRectification",
    "RecordRectificationRefusal",
    "ConfirmAward",
    "RevokeAward",
    "DemotePerson",
}
TEXTS = ("x" * 500, "𠮷" * 51, "a b", "NUL\0", "..", "9" * 400, "0000-01", "٢٠٢٤-05", "9999-Q4", "enc1:p:name:abc")
CURSORS = (
    "!",
    "W10",
    "WzFd",
    "WyJhIiwgMV0",
    "bnVsbA",
    "e30",
    "WyJhXHUwMDAwIl0",
    "W1tbXV1d",
    "WzllOTk5XQ",
    "WyIyMDI0Il0",
)


def expect(answer: httpx2.Response, route: APIRoute, sent: object) -> None:
    documented = {200, 202, 422, *statuses(route, {"responses": {}})} - {503}
    assert answer.status_code in documented, (route.path, answer.status_code, answer.text, sent)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"


async def nothing_waits_for_an_operator(there: Served) -> None:
    await there.caught_up()
    assert [(p.reader, p.error) for p in await there.parked()] == []


@pytest.mark.parametrize("name", SERVICES)
async def test_a_spoilt_command_is_answered(name: str) -> None:
    """Each field of each command spoilt in each way, at a time when the true one would be accepted."""
    async with organisation(name) as there:
        for step in FLOWS[name]:
            route, headers = step.asks(SERVICES[name])
            for content in (*spoilt(step.body), *BROKEN, json.dumps(step.body).encode()):
                expect(await there.http.post(route.path, content=content, headers=headers), route, content[:200])
            await nothing_waits_for_an_operator(there)


@pytest.mark.parametrize("name", SERVICES)
async def test_the_flows_come_behind_the_rules_of_every_route(name: str) -> None:
    service = SERVICES[name]
    async with organisation(name) as there:
        accepted = set()
        for step in FLOWS[name]:
            route, headers = step.asks(service)
            answer = await there.http.post(route.path, json=step.body, headers=headers)
            accepted |= {step.command} if answer.status_code == 202 else set()
            await there.caught_up()
    commands = {b.__name__ for r in service.routes if (b := body_of(r)) and r.path not in OPERATING}
    assert commands - accepted <= UNREACHED


@pytest.mark.parametrize("name", SERVICES)
async def test_a_spoilt_question_is_answered(name: str, databases: Databases) -> None:
    service = SERVICES[name]
    async with organisation(name, databases) as there:
        for route in service.routes:
            if "GET" not in (route.methods or ()):
                continue
            headers = naming("somebody", holder(service.access, route.capability))
            steps = [p.name for p in route.dependant.path_params]
            for text in TEXTS:
                path = route.path_format.format(**dict.fromkeys(steps, quote(text, safe="")))
                expect(await there.http.get(path, headers=headers), route, text)
                query = {p.name: text for p in route.dependant.query_params} | {"limit": text}
                plain = route.path_format.format(**dict.fromkeys(steps, "2024-05"))
                expect(await there.http.get(plain, params=query, headers=headers), route, query)
            for after in CURSORS:
                expect(await there.http.get(plain, params={"after": after}, headers=headers), route, after)


@pytest.mark.parametrize(
    ("header", "text", "status"),
    [
        ("If-Match", "seven", 400),
        ("If-Match", "", 400),
        ("Idempotency-Key", "k" * 201, 400),
        ("Kaibo-Origin", "o" * 201, 400),
        ("Kaibo-Scope", "s" * 201, 400),
        ("Kaibo-Person", "p" * 201, 400),
        ("Kaibo-Occurred-At", "2024-05-06T10:00:00", 400),
        ("Kaibo-Occurred-At", "0001-01-01T00:00:00+14:00", 400),
        ("Kaibo-Occurred-At", "noon", 400),
        ("Kaibo-Min-Position", "people.events/0/x", 400),
        ("Kaibo-Min-Position", "somewhere", 400),
    ],
)
async def test_a_spoilt_header_is_answered(header: str, text: str, status: int) -> None:
    async with served(await in_memory(SERVICES["people"])) as there:
        headers = naming("somebody", "system") | {header: text}
        body = {"unit": "u", "name": "U"}
        answer = await there.http.post("/units/define", json=body, headers=headers)
        seen = await there.http.get("/units/u", headers=headers)
        assert status in (answer.status_code, seen.status_code)
        assert max(answer.status_code, seen.status_code) < 500


async def test_another_time_under_the_same_key_is_another_request() -> None:
    async with served(await in_memory(SERVICES["people"])) as there:

        async def define(at: str) -> httpx2.Response:
            headers = naming("importer", "system") | {"Idempotency-Key": "k", "Kaibo-Occurred-At": at}
            return await there.http.post("/units/define", json={"unit": "u", "name": "U"}, headers=headers)

        first, again = await define("2024-05-06T02:00:00Z"), await define("2024-05-06T10:00:00+08:00")
        assert (first.status_code, again.status_code, again.json()) == (202, 202, first.json())
        other = await define("2024-05-06T03:00:00Z")
        assert (other.status_code, other.json()["title"]) == (422, "idempotency_key.reused")
        keyed = naming("importer", "system") | {"Idempotency-Key": "k"}
        now = await there.http.post("/units/define", json={"unit": "u", "name": "U"}, headers=keyed)
        assert (now.status_code, await there.parts.store.maximum()) == (422, 1)


async def test_a_header_that_comes_twice_is_held_to_its_bound() -> None:
    """The first of them is the one that is read."""
    async with served(await in_memory(SERVICES["people"])) as there:
        twice = [("Idempotency-Key", "k" * 201), ("Idempotency-Key", "k")]
        headers = [*naming("somebody", "system").items(), *twice]
        answer = await there.http.post("/units/define", json={"unit": "u", "name": "U"}, headers=headers)
        assert (answer.status_code, await there.parts.store.maximum()) == (400, 0)


async def test_a_body_that_is_too_large_is_refused_however_it_is_sent() -> None:
    async with served(await in_memory(SERVICES["people"])) as there:
        headers = {**naming("somebody", "hr"), "Content-Type": "application/json"}
        large = b'{"unit": "u", "name": "' + b"x" * 300_000 + b'"}'

        async def parts() -> Any:
            for i in range(0, len(large), 50_000):
                yield large[i : i + 50_000]

        for content in (large, parts()):
            answer = await there.http.post("/units/define", content=content, headers=headers)
            assert (answer.status_code, answer.json()["title"]) == (413, "too_large")
        line = b'{"command": "DefineUnit", "body": ' + large + b"}\n"
        answer = await there.http.post("/bulk", content=line, headers=naming("importer", "system"))
        assert (answer.status_code, answer.json()["status"]) == (200, "invalid")


async def test_a_file_is_taken_in_the_scope_that_is_named() -> None:
    """So an import of that scope holds its deadlines."""
    parts = await in_memory(SERVICES["people"])
    async with served(parts) as there:
        line = b'{"command": "DefineUnit", "body": {"unit": "u", "name": "U"}}'
        headers = naming("importer", "system") | {"Kaibo-Scope": "studio/1"}
        answer = await there.http.post("/bulk", content=line, headers=headers)
        assert answer.json()["status"] == "stored"
    (stored,) = await parts.store.tail(0, 9)
    assert json.loads(stored.meta)["scope"] == "studio/1"


@pytest.mark.parametrize("name", SERVICES)
async def test_postgresql_keeps_whatever_is_taken(name: str, databases: Databases) -> None:
    """Each field as large as anything may be; what is taken of it, every reader reads."""
    taken = 0
    async with organisation(name, databases) as there:
        for step in FLOWS[name]:
            route, headers = step.asks(SERVICES[name])
            for body in (*stretched(step.body), step.body):
                answer = await there.http.post(route.path, json=body, headers=headers)
                expect(answer, route, body)
                taken += answer.status_code == 202
            await nothing_waits_for_an_operator(there)
    assert taken > 2 * len(FLOWS[name])


async def test_pages_go_on_behind_a_date_on_postgresql(databases: Databases) -> None:
    """The key of these rows is a person and a day: a cursor has to come back as both."""
    async with organisation("people", databases) as there:
        hr = naming("hr", "hr")
        person = {"person": "p", "name": "Li", "categories": [], "engagement": "intern", "joined_on": "2024-01-01"}
        await there.http.post("/persons/register", json=person, headers=hr)
        for month, engagement in ((3, "employee"), (5, "brokerage")):
            body = {"person": "p", "engagement": engagement, "effective_on": str(date(2024, month, 1))}
            answer = await there.http.post("/persons/change-engagement", json=body, headers=hr)
            assert answer.status_code == 202, answer.text
        await there.caught_up()
        seen: list[str] = []
        path: str | None = "/persons/p/engagements?limit=1"
        while path:
            page = await there.http.get(path, headers=hr)
            assert page.status_code == 200, page.text
            seen += [row["effective_on"] for row in page.json()["items"]]
            path = f"/persons/p/engagements?limit=1&after={after}" if (after := page.json()["next"]) else None
        assert seen == ["2024-01-01", "2024-03-01", "2024-05-01"]
