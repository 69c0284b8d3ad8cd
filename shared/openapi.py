"""The API document, OpenAPI 3.1: what FastAPI reads off a route, and what the kernel knows of all of them.

Which headers a route takes and which problems it answers with follows from what it works with: a command is handled,
a query is read.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from shared import limits
from shared.access import Access, body_of
from shared.bulk import LineResult
from shared.event import encode
from shared.examples import MOMENT, example
from shared.web import LARGEST, PROBLEM, Route, handler, reading

Document = dict[str, Any]

ABOUT = f"""\
A command answers 202 with a position; a query that names it in `Kaibo-Min-Position` sees what the command did. The \
same request under the same `Idempotency-Key` happens once. What goes wrong is told as problem details (RFC 9457), \
never with a value that was sent.

A body has at most {LARGEST} bytes. A text without a bound of its own is an id and has at most {limits.ID} bytes; \
a whole number lies within ±{limits.INTEGER}; a number has at most {limits.WHOLE} digits before the point and \
{limits.PLACES} after it; a date lies within the years {limits.YEARS.start} to {limits.YEARS.stop - 1}; a moment tells \
its offset from UTC."""

PROBLEM_SCHEMA: Document = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457. `title` names the rule or mistake and never changes.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri", "examples": ["urn:kaibo:problem:invalid"]},
        "title": {"type": "string", "examples": ["invalid"]},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["at", "what"],
                "properties": {"at": {"type": "string"}, "what": {"type": "string"}},
                "additionalProperties": False,
            },
        },
        "facts": {"type": "object", "additionalProperties": {"type": "string"}},
        "capability": {"type": "string"},
        "held_by": {"type": "array", "items": {"type": "string"}},
    },
    "additionalProperties": False,
}

LINE_RESULT = TypeAdapter(LineResult).json_schema(mode="serialization")

HEADERS: Document = {
    "ETag": {
        "description": "The version of the stream, for `If-Match`.",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[0-9]+"$'},
    },
    "Kaibo-Position": {
        "description": "Where the log stands, for `Kaibo-Min-Position`.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[a-z.]+/[0-9]+/[0-9]+$"},
    },
    "Kaibo-Correlation-Id": {
        "description": "What a log line and every event of this request can be found by.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Retry-After": {"description": "Seconds.", "required": True, "schema": {"type": "integer"}},
    "WWW-Authenticate": {"required": True, "schema": {"const": "Bearer"}},
}

RESPONSES = {
    400: ("Malformed", "A header, a cursor or the JSON cannot be read.", ()),
    401: ("Unauthenticated", "Nobody is named, or the proof is wrong.", ("WWW-Authenticate",)),
    403: ("Forbidden", "The capacity does not hold the capability; `held_by` lists those that do.", ()),
    404: ("NotFound", "There is no such thing here, or not for the caller.", ()),
    408: ("TooSlow", "The body did not come in time.", ()),
    409: ("Refused", "A rule says no: `title` names it, `facts` tell what to do next.", ()),
    412: ("Changed", "`If-Match` names another version than there is.", ()),
    413: ("TooLarge", f"The body has more than {LARGEST} bytes.", ()),
    422: ("Invalid", "The request says what cannot be: `errors` tell where. Or its key stood for another one.", ()),
    503: ("Later", "It cannot be answered now; nothing is lost.", ("Retry-After",)),
}

TEXT = {"type": "string", "maxLength": limits.ID}
PARAMETERS: Document = {
    "Idempotency-Key": ("The same request under the same key happens once.", TEXT),
    "If-Match": ("Only if the stream still has this version: the ETag of an earlier answer.", {"type": "string"}),
    "Kaibo-Occurred-At": ("When it happened, if not now. Needs `history.import`.", TEXT | {"format": "date-time"}),
    "Kaibo-Origin": ("The system it comes from.", TEXT),
    "Kaibo-Scope": ("Where it holds: the organisation, unless told.", TEXT),
    "Kaibo-Min-Position": (
        "Answer when this is read: positions that commands were answered with, with commas between.",
        {"type": "string", "maxLength": 4_000},
    ),
    "Kaibo-Correlation-Id": ("A name for this request.", {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"}),
}
COMMAND = ("Idempotency-Key", "If-Match", "Kaibo-Occurred-At", "Kaibo-Origin", "Kaibo-Scope")

SECURITY: Document = {
    "accessToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "at+jwt",
        "description": "An access token of the organisation's issuer; in a demo, the secret of its run.",
    },
    "capacity": {
        "type": "apiKey",
        "in": "header",
        "name": "Kaibo-Capacity",
        "description": "In which of his capacities the caller acts; needed where the token holds several.",
    },
    "person": {
        "type": "apiKey",
        "in": "header",
        "name": "Kaibo-Person",
        "description": "Who asks, in a demo alone.",
    },
}


def describe(document: Document, routes: Sequence[Route], access: Access) -> Document:
    """FastAPI's document with what holds for every route."""
    parts = document.setdefault("components", {})
    schemas = {k: v for k, v in parts.get("schemas", {}).items() if k not in ("HTTPValidationError", "ValidationError")}
    parts |= {
        "schemas": {**schemas, "Problem": PROBLEM_SCHEMA, "LineResult": LINE_RESULT},
        "headers": HEADERS,
        "parameters": {name: parameter(name, *about) for name, about in PARAMETERS.items()},
        "responses": {name: response(told, headers) for name, told, headers in RESPONSES.values()},
        "securitySchemes": SECURITY,
    }
    document["info"]["description"] = ABOUT
    bulk_example(document, next(body for route in routes if (body := body_of(route))))
    document["security"] = [{"accessToken": [], "capacity": []}, {"accessToken": [], "capacity": [], "person": []}]
    for route in routes:
        for method in route.methods or ():
            extend(document["paths"][route.path_format][method.lower()], route, access)
    return document


def bulk_example(document: Document, command: type) -> None:
    line = {"command": command.__name__, "body": example(command), "occurred_at": MOMENT, "key": "row-1"}
    content = document["paths"]["/bulk"]["post"]["requestBody"]["content"]
    content["application/x-ndjson"]["example"] = encode(line).decode() + "\n"


def extend(operation: Document, route: Route, access: Access) -> None:
    """One operation, in place."""
    capability, body = route.capability, body_of(route)
    holders = ", ".join(access.table[capability])
    told = operation.get("description", "")
    operation["summary"] = told.split(". ")[0].rstrip(".") or operation["summary"]
    operation["description"] = f"{told}\n\nNeeds `{capability}`: {holders}.".strip()
    operation["x-capability"] = capability
    if body is not None:
        operation["requestBody"]["content"]["application/json"]["example"] = example(body)
    given = {p["name"].lower() for p in operation.get("parameters", ())}
    wanted = [name for name in parameters(route) if name.lower() not in given]
    operation["parameters"] = [*operation.get("parameters", ()), *map(reference("parameters"), wanted)]
    answers = operation["responses"]
    for answer in answers.values():
        answer["headers"] = {name: reference("headers")(name) for name in headers(route)}
    answers |= {str(status): reference("responses")(RESPONSES[status][0]) for status in statuses(route, operation)}
    operation["responses"] = dict(sorted(answers.items()))


def parameters(route: Route) -> Iterator[str]:
    if route.works_with(handler):
        yield from COMMAND
    if route.path == "/bulk":
        yield "Kaibo-Scope"
    if route.works_with(reading):
        yield "Kaibo-Min-Position"
    yield "Kaibo-Correlation-Id"


def headers(route: Route) -> Iterator[str]:
    """Of an answer that is no problem."""
    if route.works_with(handler):
        yield from ("ETag", "Kaibo-Position")
    yield "Kaibo-Correlation-Id"


def statuses(route: Route, operation: Mapping[str, Any]) -> Iterator[int]:
    yield from (400, 401, 403, 503)
    yield from (int(status) for status in route.responses if int(status) in RESPONSES)
    if route.works_with(reading):
        yield 404
    if route.works_with(handler):
        yield from (409, 412, 422)
    elif "422" in operation["responses"]:
        yield 422
    if body_of(route) is not None:
        yield from (408, 413)


def reference(kind: str) -> Any:
    return lambda name: {"$ref": f"#/components/{kind}/{name}"}


def parameter(name: str, told: str, schema: Document) -> Document:
    return {"name": name, "in": "header", "description": told, "schema": schema}


def response(told: str, headers: Sequence[str]) -> Document:
    return {
        "description": told,
        "headers": {name: reference("headers")(name) for name in ("Kaibo-Correlation-Id", *headers)},
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
