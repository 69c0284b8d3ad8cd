"""The HTTP edge: command in, position out; query in, row out; refusals as problem details (RFC 9457)."""

import asyncio
import hmac
import math
import re
import secrets
import traceback
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable, Mapping, MutableMapping, Sequence
from datetime import UTC, datetime
from inspect import signature
from time import monotonic
from typing import Annotated, Any, Generic, TypeVar, cast, get_type_hints

import msgspec
import structlog
from fastapi import APIRouter, Depends, FastAPI, Query, Response
from fastapi import Request as HttpRequest
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from shared.access import IMPORT, PERSONAL, Access, CurrentActor, Forbidden, Requires, admit, current, identify
from shared.broker import Unavailable
from shared.build import Model
from shared.decider import Decider
from shared.desk import Busy, Decided, Desk, KeyReused, Request, TooLarge, history, recall
from shared.event import NewerSchema, Recorded, encode
from shared.facts import Facts, Known, key_text
from shared.identity import IssuerAway, Unauthenticated
from shared.limits import INTEGER, Wrong, unkept, wrong, wrong_stream
from shared.privacy import Erased, Forged, Vault
from shared.projection import Projection
from shared.refusal import Refused
from shared.store import Moved, Result, Store, Unfit, Unknown
from shared.telemetry import COMMANDS, OVERLOADED, REQUEST_SECONDS
from shared.value import value

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E")
R = TypeVar("R")
K = TypeVar("K")

log = structlog.get_logger()

PATIENCE = 3.0  # seconds that a query waits for a position
LARGEST = 256_000  # bytes of a command: its events have to fit into a batch of the broker
AT_ONCE = 128  # requests that are answered at the same time: the bodies that a process holds
BODY_SECONDS = 20.0  # that we wait for a body in all, and a second more for every
BODY_RATE = 20_000  # bytes of it that came
WATCHED = ("/health/", "/metrics")  # answered in an overload too
PARTITIONS = 100_000  # of a topic, at the most
HEADERS = {"kaibo-min-position": 4_000, "idempotency-key": 200, "if-match": 200}  # characters; others of ours: 200
CORRELATION = re.compile(r"[A-Za-z0-9._-]{1,64}")
PLAIN = re.compile(r"[a-z0-9_]{1,40}")
JSON = re.compile(r"application/([^;\s]+\+)?json\s*(;|$)", re.IGNORECASE)  # what a page elsewhere cannot send unasked


class NotFound(Exception):
    """There is no such thing here, or not for you."""


class Stale(Exception):
    """If-Match names another version than there is."""


class Later(Exception):
    """It cannot be answered now: come back."""


class Malformed(Exception):
    """A header or a cursor that cannot be read."""


class Invalid(Exception):
    """A command holds what cannot be kept."""

    def __init__(self, wrongs: Iterable[Wrong]) -> None:
        self.errors = [{"at": at, "what": what} for at, what in wrongs]


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


@value
class Paged:
    after: str
    limit: int


class Handler:
    def __init__(self, request: HttpRequest, response: Response) -> None:
        self.request, self.response = request, response

    async def __call__(self, decider: Decider[C, S, E], command: C) -> Accepted:
        """Raises Refused (409), Stale (412), Invalid (422), Later (503), Erased (409)."""
        app = self.request.app.state
        actor = identify(self.request)
        if wrongs := list(wrong(command)) or list(wrong_stream(decider.stream(command))):
            raise Invalid(wrongs)
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
        tag, occurred_at = headers.get("If-Match"), self.occurred_at()
        return Request(
            decider=decider,
            command=command,
            now=occurred_at or datetime.now(UTC),
            actor=person,
            capacity=capacity,
            scope=headers.get("Kaibo-Scope", "organisation"),
            origin=headers.get("Kaibo-Origin", ""),
            cause=self.request.state.correlation,
            correlation=self.request.state.correlation,
            expected=None if tag is None else version(tag),
            once=f"http:{person}:{self.request.scope['route'].path}:{key}" if key else "",
            digest=hmac.digest(app.vault.master, encode([command, tag, occurred_at]), "sha256") if key else b"",
        )

    def occurred_at(self) -> datetime | None:
        """None: now, whenever that is."""
        if (at := self.request.headers.get("Kaibo-Occurred-At")) is None:
            return None
        access: Access = self.request.app.state.access
        access.check(IMPORT, identify(self.request))
        return moment(at)

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

    def __init__(self, request: HttpRequest, response: Response) -> None:
        self.request, self.response, self.store = request, response, cast(Store, request.app.state.store)

    async def __call__(self, projection: Projection[R, Any], row: R) -> R:
        """The row with this one's key. Raises NotFound."""
        await self.reached(projection)
        key = projection.identity(row)
        found = [] if any(map(unkept, key)) else await self.store.rows(projection, [key])
        if not found:
            raise NotFound(projection.name)
        return await self.opened(found[0])

    async def rows(self, projection: Projection[R, Any], rows: Sequence[R]) -> list[R]:
        """Those with the keys of these that are there, in no order."""
        await self.reached(projection)
        found = await self.store.rows(projection, [projection.identity(row) for row in rows])
        return [await self.opened(row) for row in found]

    async def page(
        self,
        projection: Projection[R, Any],
        paging: Paged,
        shown: Callable[[R], bool] = lambda row: True,
        **equal: object,
    ) -> Page[R]:
        """Rows in order of their key, with columns equal to what is given; None filters nothing. Of a row that is not
        `shown` nothing is told, neither by a cursor nor by a page that is short of it."""
        await self.reached(projection)
        wanted = {name: v for name, v in equal.items() if v is not None}
        after = uncursor(paging.after, projection) if paging.after else None
        more, rows = not any(map(unkept, wanted.values())), list[R]()
        while more and len(rows) <= paging.limit:
            found = await self.store.page(projection, wanted, after, paging.limit + 1)
            rows += filter(shown, found)
            if more := len(found) > paging.limit:
                after = projection.identity(found[-1])
        items = rows[: paging.limit]
        following = cursor(projection.identity(items[-1])) if len(rows) > paging.limit else None
        return Page(items=tuple([await self.opened(row) for row in items]), next=following)

    async def result(self, facts: Facts[Any, Any, Any, Any], subject: Hashable) -> Result:
        """What was computed about a subject, as JSON. Raises NotFound."""
        await self.reached(facts)
        found = None if any(wrong(subject)) else await self.store.result(facts, key_text(subject))
        if found is None:
            raise NotFound(facts.name)
        return await self.opened(found)

    async def known(self, facts: Facts[K, E, Any, Any], subject: K) -> Known[E]:
        """The facts on which that rests; personal texts in them stay sealed. None, where nothing is known."""
        await self.reached(facts)
        text = key_text(cast(Hashable, subject))
        held = {} if any(wrong(subject)) else await self.store.known(facts, [text])
        contracts = cast(Desk, self.request.app.state.desk).contracts
        return facts.gathered(subject, [recall(contracts, one) for one in held.get(text, [])])

    async def history(self, *streams: str) -> list[Recorded[Any]]:
        """What these streams of the service say, in the order of the log; personal texts in it stay sealed."""
        return await history(self.store, cast(Desk, self.request.app.state.desk).contract, streams)

    async def opened(self, shown: R) -> R:
        app, actor = self.request.app.state, identify(self.request)
        allowed = cast(Access, app.access).allows(PERSONAL, actor)
        return await cast(Vault, app.vault).open(shown, lambda person: allowed or person == actor.person)

    async def reached(self, model: Model) -> None:
        """Wait until a reader has taken up the position that the caller names. Where another version is served than
        this release's, the answer says which and where it stands. Raises Later, Malformed."""
        wanted = self.request.headers.get("Kaibo-Min-Position", "")
        places = [place(part) for part in wanted.split(",")] if wanted else []
        until = monotonic() + PATIENCE
        while True:
            served, stands = await self.store.standing(model.name) or (None, {})
            if all(p in stands and stands[p].position >= n for p, n in places):
                break
            if monotonic() > until:
                raise Later(f"{model.name} has not reached that position yet")
            await asyncio.sleep(0.02)
        if served is not None and served.version != model.version:
            self.response.headers["Kaibo-Served"] = served.reader
            self.response.headers["Kaibo-Position"] = ",".join(
                f"{topic.removeprefix('kaibo.')}/{partition}/{at.position}"
                for (topic, partition), at in sorted(stands.items())
            )


def place(text: str) -> tuple[tuple[str, int], int]:
    try:
        topic, partition, position = text.strip().split("/")
        found = (f"kaibo.{topic}", int(partition)), int(position)
    except ValueError:
        raise Malformed("a position is topic/partition/position, such as orders.events/3/4711") from None
    if not (0 <= found[0][1] < PARTITIONS and 0 <= found[1] <= INTEGER):
        raise Malformed("a position is topic/partition/position: there is no such partition or position")
    return found


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
    if what := unkept(found):
        raise Malformed(f"Kaibo-Occurred-At: {what}")
    return found.astimezone(UTC)


def cursor(key: tuple[Any, ...]) -> str:
    return urlsafe_b64encode(encode(key)).decode().rstrip("=")


def uncursor(text: str, projection: Projection[Any, Any]) -> tuple[Any, ...]:
    """The key as its columns are typed."""
    hints = get_type_hints(projection.row)
    key = [hints[name] for name in projection.primary]
    try:
        raw = msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=list[Any])
        found = tuple(msgspec.convert(part, kind) for part, kind in zip(raw, key, strict=True))
    except (ValueError, msgspec.DecodeError, RecursionError):
        raise Malformed("after: this is no cursor of this list") from None
    if any(map(unkept, found)):
        raise Malformed("after: this is no cursor of this list")
    return found


# Coroutines, although they wait for nothing: FastAPI hands everything else to a thread, with two switches a request.
async def handler(request: HttpRequest, response: Response) -> Handler:
    return Handler(request, response)


async def reading(request: HttpRequest, response: Response) -> Reading:
    return Reading(request, response)


async def paging(after: Annotated[str, Query()] = "", limit: Annotated[int, Query(ge=1, le=500)] = 100) -> Paged:
    return Paged(after=after, limit=limit)


Handle = Annotated[Handler, Depends(handler)]
Read = Annotated[Reading, Depends(reading)]
Paging = Annotated[Paged, Depends(paging)]
Actor = CurrentActor


# Routes

MADE: Mapping[Any, Callable[[HttpRequest, Response], Any]] = {
    handler: Handler,
    reading: Reading,
    current: lambda request, _: identify(request),
}  # what the route of a command may work with


class Route(APIRoute):
    """Its capability is checked before anything is read or decided.

    A command is taken and answered here: FastAPI's tree of dependencies, and its second look at what is answered, cost
    as much as the decision. Raises ValueError for a route that states no capability, or takes more than is made."""

    def __init__(
        self, path: str, endpoint: Callable[..., Any], *, dependencies: Iterable[Any] = (), **more: Any
    ) -> None:
        stated = [d.capability for d in dependencies if isinstance(d, Requires)]
        if len(stated) != 1:
            raise ValueError(f"{path} states {len(stated)} capabilities: dependencies=[requires(…)] states one")
        self.capability: str = stated[0]
        super().__init__(path, endpoint, **more)

    def get_route_handler(self) -> Callable[[HttpRequest], Coroutine[Any, Any, Response]]:
        commands = self.dependant.body_params and self.works_with(handler)
        serve = self.decided() if commands else super().get_route_handler()

        async def admitted(request: HttpRequest) -> Response:
            await admit(request, self.capability)
            return await serve(request)

        return admitted

    def works_with(self, wanted: Callable[..., Any]) -> bool:
        return any(dependency.call is wanted for dependency in self.dependant.dependencies)

    def decided(self) -> Callable[[HttpRequest], Coroutine[Any, Any, Response]]:
        (field,) = self.dependant.body_params
        made = {str(d.name): MADE[d.call] for d in self.dependant.dependencies if d.call in MADE}
        if signature(self.endpoint).parameters.keys() != {field.name, *made}:
            raise ValueError(f"{self.path}: beside its command, a route takes Handle, Actor and Read, and nothing else")

        async def serve(request: HttpRequest) -> Response:
            command, errors = field.validate(await document(request), {}, loc=("body",))
            if errors:
                raise RequestValidationError(errors)
            response = Response(status_code=self.status_code or 200, media_type="application/json")
            given = {name: make(request, response) for name, make in made.items()}
            response.body = encode(await self.endpoint(**{field.name: command}, **given))
            response.headers["Content-Length"] = str(len(response.body))
            return response

        return serve


class Router(APIRouter):
    """The routes of a slice, all of them under one prefix."""

    def __init__(self, prefix: str = "", tags: Sequence[str] = ()) -> None:
        super().__init__(prefix=prefix, tags=list(tags), route_class=Route)


async def document(request: HttpRequest) -> Any:
    """Raises Malformed, Invalid."""
    await request.body()
    if not JSON.match(request.headers.get("content-type", "")):
        raise Invalid([("body", "JSON is asked for, Content-Type: application/json")])
    try:
        return await request.json()
    except (ValueError, RecursionError):
        raise Malformed("the body is no JSON document") from None


# Problems


def problem(
    status: int, title: str, detail: str = "", headers: Mapping[str, str] | None = None, **more: Any
) -> JSONResponse:
    body = {"type": f"urn:kaibo:problem:{title}", "title": title, "status": status}
    body |= {"detail": detail} if detail else {}
    return JSONResponse(body | more, status, media_type=PROBLEM, headers=dict(headers or {}))


PROBLEM = "application/problem+json"
AGAIN = {"Retry-After": "1"}
UNSERVED = {400: "malformed", 404: "not_found", 405: "method.not_allowed", 408: "too_slow", 413: "too_large"}

PROBLEMS: Mapping[type[Exception], Callable[[Any], JSONResponse]] = {
    Refused: lambda e: problem(409, e.code, "a rule says no", facts=e.told()),
    Erased: lambda e: problem(409, "person.erased", "nothing personal is recorded of this person any more"),
    Unauthenticated: lambda e: problem(401, "unauthenticated", str(e), {"WWW-Authenticate": "Bearer"}),
    Forbidden: lambda e: problem(403, "capability.missing", str(e), capability=e.capability, held_by=e.held_by),
    NotFound: lambda e: problem(404, "not_found", "there is no such thing here, or not for you"),
    Unknown: lambda e: problem(404, "not_found", str(e)),
    Stale: lambda e: problem(412, "stream.changed", f"{e}; read it again, then decide again"),
    TooLarge: lambda e: problem(413, "too_large", str(e)),
    KeyReused: lambda e: problem(422, "idempotency_key.reused", "another request was made under this key"),
    Forged: lambda e: problem(422, "personal.forged", str(e)),
    Malformed: lambda e: problem(400, "malformed", str(e)),
    Invalid: lambda e: problem(422, "invalid", errors=e.errors),
    IssuerAway: lambda e: problem(503, "issuer.away", str(e), AGAIN),
    Later: lambda e: problem(503, "later", str(e), AGAIN),
    NewerSchema: lambda e: problem(503, "later", f"{e}: a newer process of this service takes over", AGAIN),
    Unfit: lambda e: problem(503, "later", "this is built anew for this release; until then it cannot be read", AGAIN),
    Unavailable: lambda e: problem(503, "unavailable", "the store is away; nothing is lost, ask again", AGAIN),
    Moved: lambda e: problem(503, "later", "others were faster", AGAIN),
}


def invalid(error: RequestValidationError) -> JSONResponse:
    malformed = any(e["type"] == "json_invalid" for e in error.errors())
    return problem(
        400 if malformed else 422, "malformed" if malformed else "invalid", errors=told(error.errors(), "body")
    )


def told(errors: Iterable[Any], unnamed: str = "") -> list[dict[str, str]]:
    """What is wrong and where, never what was sent: it may be personal, and may stand where a name should."""
    return [{"at": "/".join(map(step, e["loc"])) or unnamed, "what": e["msg"]} for e in errors]


def step(part: Any) -> str:
    return text if PLAIN.fullmatch(text := str(part)) else "?"


def install(app: FastAPI) -> None:
    """Problems for every exception that is ours."""
    for kind, make in PROBLEMS.items():

        async def handler(_: HttpRequest, error: Exception, make: Callable[[Any], JSONResponse] = make) -> JSONResponse:
            return make(error)

        app.add_exception_handler(kind, handler)

    @app.exception_handler(RequestValidationError)
    async def not_valid(_: HttpRequest, error: RequestValidationError) -> JSONResponse:
        return invalid(error)

    @app.exception_handler(HTTPException)
    async def not_served(_: HttpRequest, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, UNSERVED.get(error.status_code, "not_served"), headers=error.headers)

    @app.exception_handler(Exception)
    async def failed(_: HttpRequest, error: Exception) -> JSONResponse:
        return problem(500, "failed", "this is our mistake; its correlation id is in the log")


# Around every request

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Edge:
    """Pure ASGI around the application: what is refused unread, correlation, one metric a request, a log line where we
    failed. What an exception says is not logged, it may hold a personal text; where it was raised is."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], hosts: frozenset[str]) -> None:
        self.app, self.hosts = app, hosts
        self.serving = 0  # requests that are being answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        self.serving += 1
        try:
            await self.serve(scope, receive, send)
        finally:
            self.serving -= 1

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Of a name that comes twice the first one counts, as wherever it is read later.
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in reversed(scope["headers"])}
        named = headers.get("kaibo-correlation-id", "")
        correlation = named if CORRELATION.fullmatch(named) else secrets.token_hex(16)
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
            await (self.refuse(scope, headers) or self.app)(scope, bounded(receive, scope["path"]), answering)
        except Exception as error:  # noqa: BLE001 the application has answered already
            where = traceback.format_tb(error.__traceback__)[-8:]
            log.error("http.failed", error=type(error).__name__, traceback="".join(where))
        finally:
            route = scope["route"].path if "route" in scope and hasattr(scope["route"], "path") else "none"
            REQUEST_SECONDS.labels(route, str(status)).observe(monotonic() - started)
            if status >= 500 and self.serving <= AT_ONCE:  # a line for each refusal would be an overload of its own
                log.warning("http.answered", route=route, status=status)
            structlog.contextvars.unbind_contextvars("correlation")

    def refuse(self, scope: Scope, headers: Mapping[str, str]) -> JSONResponse | None:
        if self.serving > AT_ONCE and not scope["path"].startswith(WATCHED):
            OVERLOADED.inc()  # the connection stays: libuv accepts one a turn of the loop, and a turn is long just then
            return problem(503, "busy", "more is asked at once than can be answered", AGAIN)
        host = headers.get("host", "").rsplit(":", 1)[0]
        if self.hosts and host not in self.hosts:
            return problem(400, "host.unknown", "this name is not ours")
        if "\0" in scope["path"] or b"%00" in scope.get("query_string", b""):
            return problem(400, "malformed", "an address holds the character NUL, which no database keeps")
        for name, content in headers.items():
            longest = HEADERS.get(name, 200 if name.startswith("kaibo-") else len(content))
            if len(content) > longest or "\0" in content:
                return problem(400, "malformed", f"{name}: at most {longest} characters, and no NUL")
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > largest(scope["path"]):
            return problem(413, "too_large", f"a body is at most {LARGEST} bytes; see /bulk for many commands")
        return None


def largest(path: str) -> float:
    """Bytes of a body. A file of many commands is not held as a whole."""
    return math.inf if path == "/bulk" else LARGEST


def bounded(receive: Receive, path: str) -> Receive:
    """Ends a request whose body is too large, or comes too slowly: it holds one of the places of those that are
    answered."""
    waited, came, more = 0.0, 0, True

    async def receiving() -> MutableMapping[str, Any]:
        nonlocal waited, came, more
        if not more:
            return await receive()  # what comes after the body is its end, whenever that is
        began = monotonic()
        try:
            async with asyncio.timeout(BODY_SECONDS + came / BODY_RATE - waited):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, headers={"Connection": "close"}) from None
        waited, came = waited + monotonic() - began, came + len(message.get("body", b""))
        more = message.get("more_body", False)
        if came > largest(path):
            raise HTTPException(413)
        return message

    return receiving
