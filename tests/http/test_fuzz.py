"""Whatever is sent, the answer is one that the document tells, and what was taken is read by every reader."""

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

from tests.http.serving import SERVICES, Behind, behind_a_server, holder, naming

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 8  # of each route


@schemathesis.serializer("application/x-ndjson")
def lines(context: schemathesis.SerializationContext, text: Any) -> bytes:
    return str(text).encode(errors="surrogatepass")


@pytest.fixture(scope="module", params=SERVICES)
def behind(request: pytest.FixtureRequest) -> Iterator[Behind]:
    with behind_a_server(SERVICES[request.param]) as found:
        yield found


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
def test_every_answer_is_a_documented_one(behind: Behind, mode: GenerationMode) -> None:
    access = behind.parts.service.access
    document = requests.get(f"{behind.url}/openapi.json", timeout=10).json()
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=behind.url)
    failed = []
    with requests.Session() as session:
        for result in schema.get_all_operations():
            operation = cast(Any, result).ok()
            headers = naming("fuzzer", holder(access, operation.definition.raw["x-capability"]))
            try:
                probe(operation.as_strategy(generation_mode=mode), session, headers)
            except BaseExceptionGroup as group:  # of several failures
                failed += [f"{operation.label}: {error}" for error in group.exceptions]
            except (AssertionError, schemathesis.errors.SchemathesisError) as error:
                failed.append(f"{operation.label}: {error}")
    assert not failed, "\n\n".join(failed)


def probe(cases: Any, session: requests.Session, headers: dict[str, str]) -> None:
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
        case.call_and_validate(session=session, headers=headers, checks=CHECKS)

    send()
