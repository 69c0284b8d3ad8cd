"""The HTTP edge: command in, position out; query in, row out; refusals as problem details (RFC 9457)."""

import asyncio
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Hashable, Mapping, MutableMapping
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import Annotated, Any, Generic, TypeVar, cast

import msgspec
import structlog
from fastapi import Depends, FastAPI, Query, Response
from fastapi import Request as HttpRequest
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from shared.access import IMPORT, PERSONAL, Access, CurrentActor, Forbidden, identify
from shared.broker import Unavailable
from shared.decider import Decider
from shared.desk import Busy, Decided, Desk, KeyReused, Request
from shared.event import encode
from shared.facts import Facts, key_text
from shared.identity import Unauthenticated
from shared.privacy import Erased, Forged, Vault
from shared.projection import Projection
from shared.refusal import Refused
from shared.store import Moved, Result, Store
from shared.subscription import reader_name
from shared.telemetry import COMMANDS, REQUEST_SECONDS
from shared.value import value

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E")
R = TypeVar("R")

log = structlog.get_logger()

PATIENCE = 3.0  # seconds that a query waits for a position
NUL = rb"\u0000"
NO_NUL = "a text holds the character NUL, which no database keeps"
LARGEST = 1_000_000  # bytes of a request body, bulk apart


class NotFound(Exception):
    """There is no such thing here, or not for you."""


class Stale(Exception):
    """If-Match names another version than there is."""


class Later(Exception):
    """It cannot be answered now: come back."""


class Malformed(Exception):
    """A header or a cursor that cannot be read."""


@value
class Accepted:
    """What became of a command. `position` is for `Kaibo-Min-Position` of a query that must see it."""

    stream: str
    version: int
    changed: bool
    position: str


@value
class Page(Generic[R]):
    """`next` is the cursor of the next page; none on the last."""

    items: tuple[R, ...]
    next: str | None = None


class Paged:
    def __init__(self, after: Annotated[str, Query()] = "", limit: Annotated[int, Query(ge=1, le=500)] = 100) -> None:
        self.after, self.limit = after, limit


class Handler:
    def __init__(self, request: HttpRequest, response: Response) -> None:
        self.request, self.response = request, response

    async def __call__(self, decider: Decider[C, S, E], command: C) -> Accepted:
        """Raises Refused (409), Stale (412), Later (503), Erased (409)."""
        app = self.request.app.state
        actor = identify(self.request)
        if NUL in encode(command):
            raise Malformed(NO_NUL)
        (sealed,) = await cast(Vault, app.vault).seal([command])
        request = self.framed(decider, sealed, actor.person, actor.capacity)
        try:
            decided = await cast(Desk, app.desk).submit(request)
        except Busy:
            raise Later("more waits than can be decided soon") from None
        COMMANDS.labels(type(command).__name__, decided.outcome).inc()
        return self.answer(decided)

    def framed(self, decider: Decider[C, S, E], command: C, person: str, capacity: str) -> Request:
        headers, app = self.request.headers, self.request.app.state
        key = headers.get("Idempotency-Key", "")
        tag = headers.get("If-Match")
        framed = Request(
            decider=decider,
            command=command,
            now=datetime.now(UTC),
            actor=person,
            capacity=capacity,
            scope=headers.get("Kaibo-Scope", "organisation"),
            origin=headers.get("Kaibo-Origin", ""),
            cause=self.request.state.correlation,
            correlation=self.request.state.correlation,
            expected=version(tag) if tag else None,
            once=f"http:{person}:{self.request.scope['route'].path}:{key}" if key else "",
            digest=hmac.digest(app.vault.master, encode(command) + (tag or "").encode(), "sha256") if key else b"",
        )
        if (at := headers.get("Kaibo-Occurred-At")) is None:
            return framed
        access: Access = app.access
        if not access.allows(IMPORT, identify(self.request)):
            raise Forbidden(IMPORT)
        return replace(framed, now=moment(at))

    def answer(self, decided: Decided) -> Accepted:
        if decided.refusal is not None:
            raise decided.refusal
        if decided.outcome == "stale":
            raise Stale(f"the version is {decided.version}")
        if decided.outcome == "contested":
            raise Later(f"{decided.stream} changes faster than it can be decided")
        place = f"{decided.topic.removeprefix('kaibo.')}/{decided.partition}/{decided.position}"
        self.response.headers["ETag"] = f'"{decided.version}"'
        self.response.headers["Kaibo-Position"] = place
        return Accepted(
            stream=decided.stream, version=decided.version, changed=decided.outcome == "stored", position=place
        )


class Reading:
    """Reads of the service's own read models. Personal texts are opened for those who may read them."""

    def __init__(self, request: HttpRequest) -> None:
        self.request, self.store = request, cast(Store, request.app.state.store)

    async def __call__(self, projection: Projection[R, Any], row: R) -> R:
        """The row with this one's key. Raises NotFound."""
        await self.reached(reader_name(projection))
        found = await self.store.rows(projection, [projection.identity(row)])
        if not found:
            raise NotFound(projection.name)
        return await self.opened(found[0])

    async def page(self, projection: Projection[R, Any], paging: Paged, **equal: object) -> Page[R]:
        """Rows in order of their key, with columns equal to what is given; None filters nothing."""
        await self.reached(reader_name(projection))
        wanted = {name: v for name, v in equal.items() if v is not None}
        after = uncursor(paging.after) if paging.after else None
        if after is not None and len(after) != len(projection.primary):
            raise Malformed("after: this cursor is of another list")
        rows = await self.store.page(projection, wanted, after, paging.limit + 1)
        shown = rows[: paging.limit]
        following = cursor(projection.identity(shown[-1])) if len(rows) > paging.limit else None
        return Page(items=tuple([await self.opened(row) for row in shown]), next=following)

    async def result(self, facts: Facts[Any, Any, Any, Any], subject: Hashable) -> Result:
        """What was computed about a subject, as JSON. Raises NotFound."""
        await self.reached(reader_name(facts))
        found = await self.store.result(facts, key_text(subject))
        if found is None:
            raise NotFound(facts.name)
        return await self.opened(found)

    async def opened(self, shown: R) -> R:
        app = self.request.app.state
        allowed = cast(Access, app.access).allows(PERSONAL, identify(self.request))
        return await cast(Vault, app.vault).open(shown, allowed)

    async def reached(self, reader: str) -> None:
        """Wait until a reader has taken up the position that the caller names. Raises Later, Malformed."""
        wanted = self.request.headers.get("Kaibo-Min-Position")
        if not wanted:
            return
        places = [place(part) for part in wanted.split(",")]
        until = monotonic() + PATIENCE
        while True:
            stands = await self.store.checkpoints(reader)
            if all(p in stands and stands[p].position >= n for p, n in places):
                return
            if monotonic() > until:
                raise Later(f"{reader} has not reached {wanted} yet")
            await asyncio.sleep(0.02)


def place(text: str) -> tuple[tuple[str, int], int]:
    try:
        topic, partition, position = text.strip().split("/")
        return (f"kaibo.{topic}", int(partition)), int(position)
    except ValueError:
        raise Malformed(f"Kaibo-Min-Position: {text!r} is not topic/partition/position") from None


def version(tag: str) -> int:
    try:
        return int(tag.strip('"'))
    except ValueError:
        raise Malformed('If-Match: an ETag that was given here looks like "7"') from None


def moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Malformed("Kaibo-Occurred-At: RFC 3339 is asked for, such as 2024-05-01T08:00:00Z") from None
    if found.tzinfo is None:
        raise Malformed("Kaibo-Occurred-At: the offset from UTC is missing")
    return found


def cursor(key: tuple[Any, ...]) -> str:
    return urlsafe_b64encode(encode(key)).decode().rstrip("=")


def uncursor(text: str) -> tuple[Any, ...]:
    try:
        return tuple(msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4))))
    except (ValueError, msgspec.DecodeError):
        raise Malformed("after: this is no cursor of ours") from None


Handle = Annotated[Handler, Depends(Handler)]
Read = Annotated[Reading, Depends(Reading)]
Paging = Annotated[Paged, Depends(Paged)]
Actor = CurrentActor


# Problems


def problem(
    status: int, title: str, detail: str = "", headers: Mapping[str, str] | None = None, **more: Any
) -> JSONResponse:
    body = {"type": f"urn:kaibo:problem:{title}", "title": title, "status": status}
    body |= {"detail": detail} if detail else {}
    return JSONResponse(body | more, status, media_type="application/problem+json", headers=dict(headers or {}))


AGAIN = {"Retry-After": "1"}

PROBLEMS: Mapping[type[Exception], Callable[[Any], JSONResponse]] = {
    Refused: lambda e: problem(409, e.code, "a rule says no", facts={k: str(v) for k, v in e.facts.items()}),
    Erased: lambda e: problem(409, "person.erased", "nothing personal is recorded of this person any more"),
    Unauthenticated: lambda e: problem(401, "unauthenticated", str(e), {"WWW-Authenticate": "Bearer"}),
    Forbidden: lambda e: problem(403, "capability.missing", f"this needs the capability {e}", capability=str(e)),
    NotFound: lambda e: problem(404, "not_found", "there is no such thing here, or not for you"),
    Stale: lambda e: problem(412, "stream.changed", f"{e}; read it again, then decide again"),
    KeyReused: lambda e: problem(422, "idempotency_key.reused", "another request was made under this key"),
    Forged: lambda e: problem(422, "personal.forged", str(e)),
    Malformed: lambda e: problem(400, "malformed", str(e)),
    Later: lambda e: problem(503, "later", str(e), AGAIN),
    Unavailable: lambda e: problem(503, "unavailable", "the store is away; nothing is lost, ask again", AGAIN),
    Moved: lambda e: problem(503, "later", "others were faster", AGAIN),
}


def invalid(error: RequestValidationError) -> JSONResponse:
    """What is wrong and where, never the value that was sent: it may be personal."""
    wrong = [{"at": "/".join(map(str, e["loc"])), "what": e["msg"]} for e in error.errors()]
    malformed = any(e["type"] == "json_invalid" for e in error.errors())
    return problem(400 if malformed else 422, "malformed" if malformed else "invalid", errors=wrong)


def install(app: FastAPI) -> None:
    """Problems for every exception that is ours."""
    for kind, make in PROBLEMS.items():

        async def handler(_: HttpRequest, error: Exception, make: Callable[[Any], JSONResponse] = make) -> JSONResponse:
            return make(error)

        app.add_exception_handler(kind, handler)

    @app.exception_handler(RequestValidationError)
    async def not_valid(_: HttpRequest, error: RequestValidationError) -> JSONResponse:
        return invalid(error)


# Around every request

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Edge:
    """Pure ASGI around the application: host check, correlation, size limit, one log line and one metric a request."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], hosts: frozenset[str]) -> None:
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        refusal = self.refuse(scope, headers)
        if refusal is not None:
            return await refusal(scope, receive, send)
        correlation = headers.get("kaibo-correlation-id", "")[:64] or secrets.token_hex(16)
        scope.setdefault("state", {})["correlation"] = correlation
        started, status = monotonic(), 500

        async def answering(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", []),
                    (b"kaibo-correlation-id", correlation.encode()),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        structlog.contextvars.bind_contextvars(correlation=correlation)
        try:
            await self.app(scope, receive, answering)
        finally:
            route = scope["route"].path if "route" in scope and hasattr(scope["route"], "path") else "none"
            REQUEST_SECONDS.labels(route, str(status)).observe(monotonic() - started)
            if status >= 500:
                log.warning("http.answered", route=route, status=status)
            structlog.contextvars.unbind_contextvars("correlation")

    def refuse(self, scope: Scope, headers: Mapping[str, str]) -> JSONResponse | None:
        host = headers.get("host", "").rsplit(":", 1)[0]
        if self.hosts and host not in self.hosts:
            return problem(400, "host.unknown", "this name is not ours")
        if "\0" in scope["path"] or b"%00" in scope.get("query_string", b""):
            return problem(400, "malformed", NO_NUL)
        length = headers.get("content-length", "0")
        if scope["path"] != "/bulk" and length.isdigit() and int(length) > LARGEST:
            return problem(413, "too_large", f"a body is at most {LARGEST} bytes; see /bulk for many commands")
        return None
