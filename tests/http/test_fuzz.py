"""Whatever is sent, the answer is one that the document tells, and what was taken is read by every reader."""

import asyncio
from collections.abc import Iterator
from typing import Any, cast

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shared.memory import MemoryStore
from tests.http.flows import FLOWS
from tests.http.serving import SERVICES, Behind, behind_a_server, caught_up, holder, naming, until

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 8  # of each route
THERE = {
    "application": "a1", "campaign": "mall", "course": "laws", "metric": "orders", "month": "2024-04",
    "observation": "o1", "person": "li", "plan": "spring", "post": "anchor", "period": "2024-Q2",
    "session": "laws-may", "stream": "s1", "ticket": "t1", "unit": "east",
}  # fmt: skip
THERE_FOR = {
    "/bonuses/{person}/{month}": {"person": "sun", "month": "2024-03"},
    "/bonuses/{person}/{month}/explanation": {"person": "sun", "month": "2024-03"},
    "/ratings/{person}/{month}": {"person": "wei", "month": "2024-05"},
    "/ratings/{person}/{month}/raters": {"person": "wei", "month": "2024-05"},
    "/reviews/{person}/{month}/forms": {"month": "2024-05"},
}
NOTHING_THERE = {
    "GET /archives/{person}",  # only by an application
    "GET /awards/of/{person}/{award}/explanation",
    "GET /awards/{award}",  # its id is a digest
    "GET /awards/{award}/explanation",
    "GET /parked/event",  # nothing is parked
    "GET /penalties/of/{person}/{penalty}/explanation",
    "GET /penalties/{penalty}",
    "GET /penalties/{penalty}/explanation",
    "GET /priorities/{person}",  # nobody was excellent several months in a row
    "GET /teaching/answers",  # a trainer names a session of his own
    "GET /teaching/performances",
    "GET /violations/figures/{person}/{month}",
}


@schemathesis.serializer("application/x-ndjson")
def lines(context: schemathesis.SerializationContext, text: Any) -> bytes:
    return str(text).encode(errors="surrogatepass")


@pytest.fixture(scope="module", params=SERVICES)
def behind(request: pytest.FixtureRequest) -> Iterator[Behind]:
    service = SERVICES[request.param]
    with behind_a_server(service) as found:
        for step in FLOWS[service.name]:
            route, headers = step.asks(service)
            requests.post(found.url + route.path, json=step.body, headers=headers, timeout=10)
        asyncio.run(until(lambda: caught_up(found.parts)))
        yield found


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
def test_every_answer_is_a_documented_one(behind: Behind, mode: GenerationMode) -> None:
    access = behind.parts.service.access
    failed, empty = [], set()
    with requests.Session() as session:
        for result in documented(behind, mode).get_all_operations():
            operation = cast(Any, result).ok()
            capability = operation.definition.raw["x-capability"]
            headers = naming("fuzzer", holder(access, capability))
            statuses: set[int] = set()
            try:
                probe(operation.as_strategy(generation_mode=mode), session, headers, statuses)
            except BaseExceptionGroup as group:  # of several failures
                failed += [f"{operation.label}: {error}" for error in group.exceptions]
            except (AssertionError, schemathesis.errors.SchemathesisError) as error:
                failed.append(f"{operation.label}: {error}")
            if operation.method == "get" and 200 not in statuses and access.table[capability]:  # else nobody may
                empty.add(operation.label)
    assert not failed, "\n\n".join(failed)
    assert mode is GenerationMode.NEGATIVE or empty <= NOTHING_THERE


def documented(behind: Behind, mode: GenerationMode) -> Any:
    """The service's own document; what is rightly asked is asked of what is there."""
    document = requests.get(f"{behind.url}/openapi.json", timeout=10).json()
    for path, methods in document["paths"].items() if mode is GenerationMode.POSITIVE else ():
        there = THERE | THERE_FOR.get(path, {})
        for parameter in methods.get("get", {}).get("parameters", ()):
            if (known := there.get(parameter.get("name", ""))) and parameter["in"] == "path":
                parameter["schema"] = {"const": known}
            if path == "/history" and parameter.get("name") == "stream":
                parameter["schema"] = {"const": cast(MemoryStore, behind.parts.store).events[0].stream}
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=behind.url)
    return schema


def probe(cases: Any, session: requests.Session, headers: dict[str, str], statuses: set[int]) -> None:
    """Send some, the same each run."""

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def send(case: Any) -> None:
        answer = case.call_and_validate(session=session, headers=headers, checks=CHECKS)
        statuses.add(answer.status_code)

    send()
