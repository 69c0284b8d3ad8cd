"""Default deny: nobody is let in but by a capability that his capacity holds, or because it is about himself alone."""

import json
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, get_args
from urllib.parse import quote

import httpx2
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from shared.access import KERNEL, Access, about_command, body_of, requires
from shared.event import Contract
from shared.examples import example
from shared.identity import Actor
from shared.service import Service
from shared.web import Router
from tests.http.flows import FLOWS
from tests.http.serving import SECRET, SERVICES, Served, in_memory, naming, served

OPEN = {"/docs", "/docs/{asset}", "/openapi.json", "/health/live", "/health/ready", "/metrics"}
CAPACITIES = sorted(
    {c for service in SERVICES.values() for holders in service.access.table.values() for c in holders} - {"self"}
)

FELLOWS = {"anchor", "assistant_anchor", "senior_anchor", "ops_specialist", "live_marketer"}


def paths(routes: Any, seen: frozenset[int] = frozenset()) -> Iterator[str]:
    """Of every route of an application, nested ones too."""
    for route in routes:
        inner = getattr(route, "original_router", None) or getattr(route, "app", None)
        if isinstance(route, APIRoute):
            yield route.path
        elif inner is not None and hasattr(inner, "routes") and id(inner) not in seen:
            yield from paths(inner.routes, seen | {id(inner)})
        else:
            yield route.path


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_open_to_everybody_is_named_here(name: str) -> None:
    service = SERVICES[name]
    app: FastAPI = service.application()
    assert set(paths(app.routes)) - {route.path for route in service.routes} <= OPEN


@pytest.mark.parametrize(
    ("name", "capability", "holder", "other"),
    [
        pytest.param("training", "session.notify", "hr", "trainee", marks=pytest.mark.clause("T-45")),
        pytest.param("training", "attendance.sign_in", "training_admin", "trainee", marks=pytest.mark.clause("T-46")),
        pytest.param("training", "session.deliver", "training_admin", "trainee", marks=pytest.mark.clause("T-49")),
        pytest.param(
            "performance",
            "review.superior_review",
            "ops_supervisor",
            "ops_specialist",
            marks=pytest.mark.clause("O-104"),
        ),
        pytest.param(
            "performance", "review.feed_back", "ops_supervisor", "ops_specialist", marks=pytest.mark.clause("O-105")
        ),
        pytest.param(
            "performance", "task.assign", "ops_supervisor", "ops_specialist", marks=pytest.mark.clause("O-14")
        ),
        pytest.param(
            "performance",
            "review.resolve_objection",
            "supervision_group",
            "assistant_anchor",
            marks=pytest.mark.clause("A-39"),
        ),
        pytest.param(
            "supervision",
            "observation.record",
            "supervision_group",
            "assistant_anchor",
            marks=pytest.mark.clause("A-26"),
        ),
        pytest.param(
            "supervision", "violation.record", "supervision_group", "assistant_anchor", marks=pytest.mark.clause("A-60")
        ),
        pytest.param(
            "supervision",
            "violation.record_cause",
            "supervision_group",
            "assistant_anchor",
            marks=pytest.mark.clause("A-61"),
        ),
    ],
)
def test_whom_a_clause_names_may_and_others_may_not(name: str, capability: str, holder: str, other: str) -> None:
    access = SERVICES[name].access
    assert access.allows(capability, Actor(person="qi", capacity=holder))
    assert not access.allows(capability, Actor(person="qi", capacity=other), frozenset({"qi"}))


async def ask(there: Served, route: APIRoute, headers: dict[str, str], person: str = "li") -> httpx2.Response:
    """A right question, about a person."""
    steps = {p.name: {"month": "2024-05", "period": "2024-Q2"}.get(p.name, "x") for p in route.dependant.path_params}
    path = route.path_format.format(**{**steps, **({"person": quote(person)} if "person" in steps else {})})
    if "GET" in (route.methods or ()):
        return await there.http.get(path, headers=headers)
    body = body_of(route)
    content = {} if body is None else about(example(body), person)
    return await there.http.post(path, json=content, headers=headers)


def about(body: Any, person: str) -> Any:
    if "person" in body:
        return body | {"person": person}
    if isinstance(body.get("subject"), dict):
        return body | {"subject": body["subject"] | {"person": person}}
    return body


@pytest.mark.parametrize("name", SERVICES)
async def test_no_route_answers_nobody(name: str) -> None:
    nobody: tuple[dict[str, str], ...] = (
        {},
        {"Kaibo-Person": "li", "Kaibo-Capacity": "hr"},
        {"Authorization": f"Bearer {SECRET}"},
        {**naming("li", "hr"), "Authorization": "Bearer wrong"},
        {**naming("li", "hr"), "Authorization": "Bearer "},
        {**naming("", "hr")},
    )
    async with served(await in_memory(SERVICES[name])) as there:
        for route in SERVICES[name].routes:
            for headers in nobody:
                answer = await ask(there, route, headers)
                assert (answer.status_code, answer.json()["title"]) == (401, "unauthenticated"), route.path
                assert answer.headers["www-authenticate"] == "Bearer"
        assert await there.parts.store.maximum() == 0


@pytest.mark.parametrize("name", SERVICES)
async def test_each_route_refuses_each_capacity_that_does_not_hold_its_capability(name: str) -> None:
    service = SERVICES[name]
    refused = 0
    async with served(await in_memory(service)) as there:
        for route in service.routes:
            holders = service.access.table[route.capability]
            for capacity in [*CAPACITIES, "", "self", "HR", "nobody"]:
                if capacity not in holders or capacity == "self":
                    answer = await ask(there, route, naming("stranger", capacity))
                    assert answer.status_code == 403, (route.path, capacity)
                    assert answer.json()["capability"] == route.capability
                    assert answer.json()["held_by"] == list(holders)
                    refused += 1
        assert await there.parts.store.maximum() == 0
    assert refused > 15 * len(service.routes)


@pytest.mark.parametrize("name", SERVICES)
async def test_self_is_the_person_whom_it_is_about_and_nobody_else(name: str) -> None:
    """Everybody may ask about himself where the table says so, and about another person nowhere by that."""
    service = SERVICES[name]
    own = [r for r in service.routes if "self" in service.access.table[r.capability]]
    async with served(await in_memory(service)) as there:
        for route in own:
            mine = await ask(there, route, naming("li", "nobody"), "li")
            others = await ask(there, route, naming("li", "nobody"), "wu")
            named = {p.name for p in route.dependant.path_params}
            body = body_of(route)
            if "person" in named or (body is not None and about_command_names_him(body)):
                assert mine.status_code not in (401, 403), route.path
            else:
                assert mine.status_code == 403, route.path  # a list is about nobody
            assert others.status_code == 403, route.path
    assert own


@pytest.mark.parametrize("name", SERVICES)
def test_no_fellow_is_let_into_a_list_of_what_is_about_persons(name: str) -> None:
    access, lists = SERVICES[name].access.table, 0
    for route in SERVICES[name].routes:
        rows = {field for row in get_args(route.response_model) for field in getattr(row, "__dataclass_fields__", {})}
        if "person" in rows and "person" not in {p.name for p in route.dependant.path_params}:
            lists += 1
            assert not FELLOWS & set(access[route.capability]), route.path
    assert lists


def about_command_names_him(body: type) -> bool:
    return "person" in getattr(body, "__dataclass_fields__", {}) or "subject" in body.__dataclass_fields__  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "content",
    [
        '{"person": "wu", "session": "s", "percent": 1, "subject": {"person": "li"}}',
        '{"person": "li", "session": "s", "percent": 1, "subject": {"person": "wu"}}',
        '{"person": "li", "person": "wu", "session": "s", "percent": 1}',
        '{"person": ["li"], "session": "s", "percent": 1}',
        '[{"person": "li"}]',
        '{"session": "s", "percent": 1}',
        "",
    ],
)
async def test_nobody_smuggles_himself_into_what_is_about_another(content: str) -> None:
    async with served(await in_memory(SERVICES["training"])) as there:
        headers = {**naming("li", "trainee"), "Content-Type": "application/json"}
        answer = await there.http.post("/learning/progress", content=content, headers=headers)
        assert answer.status_code in (400, 403), answer.text
        assert await there.parts.store.maximum() == 0
        unnamed = {**headers, "Content-Type": "application/octet-stream"}
        answer = await there.http.post("/learning/progress", content='{"person": "li"}', headers=unnamed)
        assert answer.status_code == 403


def test_self_holds_where_it_is_about_him_alone() -> None:
    access = Access(table={"mark.read": ("self",)})
    li = Actor(person="li", capacity="anchor")
    assert access.allows("mark.read", li, frozenset({"li"}))
    assert not access.allows("mark.read", li, frozenset({"li", "wu"}))
    assert not access.allows("mark.read", li, frozenset())
    assert not access.allows("mark.write", li, frozenset({"li"}))


# A service


def service_with(home: Path, router: Router) -> Service:
    return Service(Contract("club"), home=home, routers=[router])


def test_a_route_without_a_capability_keeps_its_service_from_starting() -> None:
    with pytest.raises(ValueError, match="/open states 0 capabilities"):

        @Router().get("/open")
        async def open_to_all() -> str:
            return "come in"


def test_so_does_one_that_is_not_ours(tmp_path: Path) -> None:
    router: Any = APIRouter()

    @router.get("/open")
    async def open_to_all() -> str:
        return "come in"

    with pytest.raises(ValueError, match="is a Router of shared"):
        service_with(tmp_path, router)


def test_so_does_one_with_a_capability_that_nobody_granted(tmp_path: Path) -> None:
    router = Router()

    @router.get("/rare", dependencies=[requires("rare.read")])
    async def rare() -> str:
        return ""

    with pytest.raises(ValueError, match="stands in no access table"):
        service_with(tmp_path, router)


def test_and_one_that_is_nested_where_nobody_looks(tmp_path: Path) -> None:
    inner, outer = Router(prefix="/inner"), Router(prefix="/outer")

    @inner.get("/rare", dependencies=[requires("rare.read")])
    async def rare() -> str:
        return ""

    outer.include_router(inner)
    with pytest.raises(ValueError, match="holds routes of its own alone"):
        service_with(tmp_path, outer)


# In bulk


async def import_lines(there: Served, headers: dict[str, str], *lines: dict[str, Any]) -> list[dict[str, Any]]:
    content = "".join(json.dumps(line) + "\n" for line in lines)
    answer = await there.http.post("/bulk", content=content, headers=headers)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


@pytest.mark.parametrize("name", SERVICES)
async def test_bulk_needs_the_right_to_import(name: str) -> None:
    service = SERVICES[name]
    async with served(await in_memory(service)) as there:
        step = FLOWS[name][0]
        line = json.dumps({"command": step.command, "body": step.body})
        for capacity in CAPACITIES:
            answer = await there.http.post("/bulk", content=line, headers=naming("li", capacity))
            assert (answer.status_code == 200) == (capacity in service.access.table["history.import"]), capacity
        assert {e.meta for e in await there.parts.store.tail(0, 10)} != set()


@pytest.mark.parametrize("name", SERVICES)
async def test_an_importing_account_does_in_bulk_what_it_may_do_one_by_one(name: str) -> None:
    service = SERVICES[name]
    needed = {body.__name__: r.capability for r in service.routes if (body := body_of(r)) is not None}
    async with served(await in_memory(service)) as there:
        lines = [{"command": step.command, "body": step.body} for step in FLOWS[name]]
        for step, told in zip(
            FLOWS[name], await import_lines(there, naming("importer", "system"), *lines), strict=True
        ):
            may = "system" in service.access.table[needed[step.command]]
            missing = (told["problem"] or {}).get("title") == "capability.missing"
            assert missing is not may, (step.command, told)
            if missing:
                assert told["status"] == "refused"
                assert told["problem"]["capability"] == needed[step.command]
                assert told["problem"]["held_by"] == list(service.access.table[needed[step.command]])


async def test_what_only_reactions_command_is_unknown_in_bulk() -> None:
    """Or an importing account would say that a rule has spoken."""
    async with served(await in_memory(SERVICES["supervision"])) as there:
        judge = {"person": "li", "session": "s", "held_on": "2024-05-06", "excused": False, "noticed": True}
        line = {"command": "JudgeAbsence", "body": {**judge, "corrected": False}}
        (told,) = await import_lines(there, naming("importer", "system"), line)
        assert (told["status"], await there.parts.store.maximum()) == ("invalid", 0)


async def test_a_rule_sees_who_imports() -> None:
    """Nobody grants himself a role, nor does an account that imports."""
    async with served(await in_memory(SERVICES["people"])) as there:
        registered = next(step.body for step in FLOWS["people"] if step.command == "PersonRegistered")
        lines = (
            {"command": "PersonRegistered", "body": {**registered, "person": "importer"}},
            {"command": "RoleGranted", "body": {"person": "importer", "capacity": "hr"}},
        )
        first, second = await import_lines(there, naming("importer", "system"), *lines)
        assert (first["status"], second["status"]) == ("stored", "refused"), second
        assert second["problem"]["title"].startswith("role.")


async def test_a_file_of_whoever_may_not_import_is_not_read() -> None:
    """It has no bound, and a line of it is no body that could tell whom it is about."""
    read = 0

    async def file() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(100):
            read += 1
            yield b'{"command": "DefineUnit"}\n'

    async with served(await in_memory(SERVICES["people"])) as there:
        headers = naming("li", "hr") | {"Content-Type": "application/x-ndjson"}
        answer = await there.http.post("/bulk", content=file(), headers=headers)
        assert (answer.status_code, answer.json()["capability"], read) == (403, "history.import", 0)


async def test_a_time_of_ones_own_needs_the_right_to_import() -> None:
    async with served(await in_memory(SERVICES["people"])) as there:
        body, at = {"unit": "u", "name": "U"}, {"Kaibo-Occurred-At": "2024-05-06T10:00:00+08:00"}
        denied = await there.http.post("/units/define", json=body, headers=naming("li", "hr") | at)
        assert (denied.status_code, denied.json()["capability"]) == (403, "history.import")
        taken = await there.http.post("/units/define", json=body, headers=naming("importer", "system") | at)
        assert taken.status_code == 202
        (event,) = await there.parts.store.tail(0, 10)
        assert event.occurred_at.isoformat() == "2024-05-06T02:00:00+00:00"


@pytest.mark.parametrize("name", SERVICES)
def test_the_right_to_import_is_for_importing_accounts(name: str) -> None:
    assert SERVICES[name].access.table["history.import"] == KERNEL["history.import"] == ("system",)


async def test_a_name_that_is_not_ours_is_refused() -> None:
    """A page of another host that rebinds its name to loopback gets nothing."""
    async with served(await in_memory(SERVICES["people"])) as there:
        answer = await there.http.get("/units", headers=naming("li", "hr") | {"Host": "evil.example"})
        assert (answer.status_code, answer.json()["title"]) == (400, "host.unknown")


def test_a_command_is_about_the_person_that_it_names() -> None:
    from services.performance.reviews.decisions import ScoreReview
    from services.training.attendance.decisions import SignIn
    from services.vocabulary import Month, PersonId, PersonMonth, SessionId

    may = PersonMonth(person=PersonId("li"), month=Month("2024-05"))
    assert about_command(ScoreReview(subject=may)) == {"li"}
    assert about_command(SignIn(person=PersonId("li"), session=SessionId(secrets.token_hex()))) == {"li"}
