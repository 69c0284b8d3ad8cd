"""The API documents, and the page that shows them."""

import re
from collections.abc import Iterator
from inspect import iscoroutinefunction
from typing import Any

import httpx2
import jsonschema_rs
import msgspec
import pytest
from pydantic import TypeAdapter

from shared.access import body_of
from shared.bulk import Line
from shared.docs import ASSETS
from shared.examples import example
from shared.limits import wrong
from shared.openapi import describe
from shared.web import Route
from tests.http.serving import OPERATING, SERVICES, in_memory, served

PROBLEMS = {"400", "401", "403", "503"}
ROUTES = [(name, route) for name, service in SERVICES.items() for route in service.routes]
COMMANDS = [
    (name, route, body)
    for name, route in ROUTES
    if (body := body_of(route)) is not None and route.path not in OPERATING
]


def document(name: str) -> Any:
    service = SERVICES[name]
    return describe(service.application().openapi(), service.routes, service.access)


@pytest.fixture(scope="module")
def documents() -> dict[str, Any]:
    return {name: document(name) for name in SERVICES}


def named(route: Route) -> str:
    return f"{min(route.methods or ())} {route.path_format}"


def operation(documents: dict[str, Any], name: str, route: Route) -> Any:
    return documents[name]["paths"][route.path_format][min(route.methods or ()).lower()]


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for below in part.values():
            yield from references(below)
    elif isinstance(part, list):
        for below in part:
            yield from references(below)


def headers(operation: Any) -> set[str]:
    return {p["$ref"].rsplit("/", 1)[1] for p in operation["parameters"] if "$ref" in p}


@pytest.mark.parametrize("name", SERVICES)
def test_the_document_is_whole(documents: dict[str, Any], name: str) -> None:
    found = documents[name]
    assert found["openapi"].startswith("3.1.")
    for reference in references(found):
        part = found
        for step in reference.removeprefix("#/").split("/"):
            part = part[step]
    for schema in found["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
    assert "HTTPValidationError" not in found["components"]["schemas"]
    alternatives = [set(way) for way in found["security"]]
    assert alternatives == [{"accessToken", "capacity"}, {"accessToken", "capacity", "person"}]
    assert {scheme.get("name") for scheme in found["components"]["securitySchemes"].values()} == {
        None,
        "Kaibo-Capacity",
        "Kaibo-Person",
    }
    paths = {(path, method) for path, methods in found["paths"].items() for method in methods}
    assert paths == {(r.path_format, m.lower()) for r in SERVICES[name].routes for m in r.methods or ()}


@pytest.mark.parametrize(("name", "route"), ROUTES, ids=lambda part: named(part) if isinstance(part, Route) else part)
def test_each_route_tells_what_it_needs_and_how_it_may_say_no(
    documents: dict[str, Any], name: str, route: Route
) -> None:
    told = operation(documents, name, route)
    answers = told["responses"]
    assert set(answers) >= PROBLEMS
    assert told["x-capability"] == route.capability
    assert all(holder in told["description"] for holder in SERVICES[name].access.table[told["x-capability"]])
    for status, answer in answers.items():
        if status >= "400":
            problem = documents[name]["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
            content = problem["content"]["application/problem+json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
        else:
            assert "Kaibo-Correlation-Id" in answer["headers"]
    retry = documents[name]["components"]["responses"]["Later"]["headers"]
    assert "Retry-After" in retry


@pytest.mark.parametrize(("name", "route", "body"), COMMANDS, ids=lambda p: p.__name__ if isinstance(p, type) else None)
def test_each_command_has_an_example_that_is_one(
    documents: dict[str, Any], name: str, route: Route, body: type
) -> None:
    told = operation(documents, name, route)
    shown = told["requestBody"]["content"]["application/json"]
    command: object = TypeAdapter(body).validate_python(shown["example"])
    assert list(wrong(command)) == []
    schema = {**shown["schema"], "components": documents[name]["components"]}
    jsonschema_rs.Draft202012Validator(schema).validate(shown["example"])
    assert set(told["responses"]) >= PROBLEMS | {"202", "409", "412", "413", "422"}
    assert set(told["responses"]["202"]["headers"]) == {"ETag", "Kaibo-Position", "Kaibo-Correlation-Id"}
    assert headers(told) >= {"Idempotency-Key", "If-Match", "Kaibo-Occurred-At"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_query_may_wait_for_a_position(documents: dict[str, Any], name: str) -> None:
    for route in SERVICES[name].routes:
        if "GET" in (route.methods or ()) and route.path not in OPERATING:
            told = operation(documents, name, route)
            assert "Kaibo-Min-Position" in headers(told)
            assert "404" in told["responses"]


@pytest.mark.parametrize("name", SERVICES)
def test_the_line_that_bulk_shows_is_one(documents: dict[str, Any], name: str) -> None:
    content = documents[name]["paths"]["/bulk"]["post"]["requestBody"]["content"]["application/x-ndjson"]
    line = msgspec.json.decode(content["example"], type=Line)
    (body,) = [body for of, _, body in COMMANDS if (of, body.__name__) == (name, line.command)]
    TypeAdapter(body).validate_json(bytes(line.body))


def test_a_pattern_without_an_example_is_a_mistake_of_its_author() -> None:
    from dataclasses import dataclass
    from typing import Annotated

    from pydantic import Field

    @dataclass
    class Coded:
        code: Annotated[str, Field(pattern="^[A-Z]{3}$")]

    with pytest.raises(ValueError, match=r"code: .* has no example"):
        example(Coded)


async def test_the_page_asks_no_other_host() -> None:
    async with served(await in_memory(SERVICES["training"])) as there:
        page = await there.http.get("/docs")
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "//" not in page.text
        policy = page.headers["content-security-policy"].split("; ")
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert not any("http" in rule or "*" in rule for rule in policy)
        links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert len(links) == len(ASSETS) + 1
        begin = await there.http.get("/docs/begin.js")
        assert "//" not in begin.text
        assert "validatorUrl: null" in begin.text  # else the page would show what another host thinks of the document
        for link in [*links, *re.findall(r'url: "([^"]+)"', begin.text)]:
            answer = await there.http.get(f"/{link}")
            assert answer.status_code == 200, link
            assert len(answer.content) > 50
        kinds = {name: (await there.http.get(f"/docs/{name}")).headers["content-type"] for name in ASSETS}
        assert kinds["swagger-ui-bundle.js"].startswith("text/javascript")
        assert kinds["swagger-ui.css"].startswith("text/css")


@pytest.mark.parametrize("asset", ["__init__.py", "..%2Fmain.py", "swagger-ui.css.map"])
async def test_the_page_gives_no_other_file(asset: str) -> None:
    async with served(await in_memory(SERVICES["training"])) as there:
        assert (await there.http.get(f"/docs/{asset}")).status_code == 404


def test_the_page_works_where_it_is_not_at_the_root() -> None:
    """Every link of it is relative."""
    from shared.docs import BEGIN, PAGE

    links = [*re.findall(r'(?:src|href)="([^"]+)"', PAGE), *re.findall(r'url: "([^"]+)"', BEGIN)]
    assert not any(link.startswith("/") for link in links)


async def test_the_document_is_served() -> None:
    async with served(await in_memory(SERVICES["people"])) as there:
        answer: httpx2.Response = await there.http.get("/openapi.json")
        assert answer.json() == document("people")


@pytest.mark.parametrize(("name", "route"), ROUTES, ids=lambda part: getattr(part, "path", part))
def test_no_request_is_handed_to_a_thread(name: str, route: Route) -> None:
    """FastAPI runs whatever is no coroutine in one: two switches for each such dependency of each request."""
    waiting, called = [route.dependant], []
    while waiting:
        dependant = waiting.pop()
        called.append(dependant.call)
        waiting += dependant.dependencies
    assert [call for call in called if not (iscoroutinefunction(call) or iscoroutinefunction(call.__call__))] == []
