"""Commands in bulk: one JSON object a line in, one result a line out, in constant memory.

    {"command": "SetTarget", "body": {…}, "occurred_at"?: "2024-05-01T08:00:00Z", "key"?: "…", "origin"?: "…"}

Every line has a permanent key, given or a digest of its content: a file that is sent twice changes nothing. A line
that is refused or invalid is answered and passed over; it may be sent again.

Whoever imports may do in bulk what he may do one by one: a command needs the capability of its own route besides
`history.import`, and one without a route, which only reactions give, is unknown here. The importing account is the
actor that rules see.
"""

import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple, cast

import msgspec
from fastapi import Request as HttpRequest
from pydantic import TypeAdapter, ValidationError
from starlette.responses import Response

from shared.access import IMPORT, Access, Forbidden, about_command, body_of, identify, requires
from shared.broker import Unavailable
from shared.decider import Decider
from shared.desk import Decided, Desk, KeyReused, Request, TooLarge
from shared.event import encode
from shared.identity import Actor
from shared.limits import Wrong, unkept, wrong, wrong_stream
from shared.privacy import Erased, Forged, Vault
from shared.store import Moved
from shared.telemetry import COMMANDS
from shared.value import value
from shared.web import LARGEST, Later, Route, Router, told

CHUNK = 500  # lines
CHUNK_BYTES = 4_000_000
AT_ONCE = 8  # files that a process takes in side by side; the next one is asked to come back
UNKNOWN = re.compile("unknown field `[^`]*`")  # a personal text may stand where a name should

router = Router(tags=["bulk"])


class Line(msgspec.Struct, forbid_unknown_fields=True):
    command: str
    body: msgspec.Raw
    occurred_at: datetime | None = None
    key: str = ""
    origin: str = ""

    def wrong(self) -> Iterator[Wrong]:
        for name in ("occurred_at", "key", "origin"):
            if what := unkept(getattr(self, name)):
                yield name, what


@value
class LineResult:
    """`stored`, `unchanged`, `refused` by a rule, `invalid` as it stands, or `failed`: send it again."""

    line: int
    status: str
    stream: str = ""
    version: int = 0
    position: str = ""
    problem: Mapping[str, Any] | None = None


class Command(NamedTuple):
    kind: type
    decider: Decider[Any, Any, Any]
    capability: str


@value
class Sender:
    actor: Actor
    correlation: str
    scope: str


@dataclass
class Chunk:
    """Lines that are decided together; what could not be read has its result already."""

    results: dict[int, LineResult] = field(default_factory=dict)
    commands: list[tuple[int, Line, Decider[Any, Any, Any], Any]] = field(default_factory=list)
    lines: int = 0
    size: int = 0  # bytes

    @property
    def full(self) -> bool:
        return self.lines >= CHUNK or self.size >= CHUNK_BYTES


class Bulk:
    """`routes` say which commands there are, and which capability each needs."""

    def __init__(
        self,
        deciders: Sequence[Decider[Any, Any, Any]],
        routes: Sequence[Route],
        *,
        access: Access,
        desk: Desk,
        vault: Vault,
    ) -> None:
        needed = {body: route.capability for route in routes if (body := body_of(route)) is not None}
        self.commands = {
            kind.__name__: Command(kind, d, needed[kind]) for d in deciders for kind in d.commands if kind in needed
        }
        self.access, self.desk, self.vault = access, desk, vault
        self.files = 0  # that are being taken in

    async def answer(self, lines: AsyncIterator[bytes], by: Sender) -> AsyncIterator[bytes]:
        """Reads no further than it has decided: whoever sends waits meanwhile."""
        self.files += 1
        try:
            chunk, number = Chunk(), 0
            async for raw in lines:
                number += 1
                self.read(chunk, number, raw, by.actor)
                if chunk.full:
                    yield await self.decide(chunk, by)
                    chunk = Chunk()
            if chunk.lines:
                yield await self.decide(chunk, by)
        finally:
            self.files -= 1

    def read(self, chunk: Chunk, number: int, raw: bytes, actor: Actor) -> None:
        chunk.lines, chunk.size = chunk.lines + 1, chunk.size + len(raw)
        problem: Mapping[str, Any]
        try:
            if len(raw) > LARGEST:
                raise msgspec.ValidationError(f"a line is at most {LARGEST} bytes")
            line = msgspec.json.decode(raw, type=Line)
            if (known := self.commands.get(line.command)) is None:
                raise msgspec.ValidationError("command: it is none of this service's")
            command = adapter(known.kind).validate_json(bytes(line.body))
            wrongs = [*line.wrong(), *wrong(command)] or list(wrong_stream(known.decider.stream(command)))
            if not wrongs:
                self.access.check(known.capability, actor, about_command(command))
        except Forbidden as e:
            problem = {"title": "capability.missing", "detail": str(e)}
            problem |= {"capability": e.capability, "held_by": e.held_by}
        except ValidationError as error:
            problem = {"errors": told(error.errors(), "body")}
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            problem = {"detail": UNKNOWN.sub("unknown field", str(error))}
        else:
            if not wrongs:
                chunk.commands.append((number, line, known.decider, command))
                return
            problem = {"errors": [{"at": at, "what": what} for at, what in wrongs]}
        status = "refused" if "capability" in problem else "invalid"
        chunk.results[number] = LineResult(line=number, status=status, problem=problem)

    async def decide(self, chunk: Chunk, by: Sender) -> bytes:
        try:
            commands = await self.sealed(chunk)
            requests = [self.request(line, decider, command, by) for _, line, decider, command in commands]
            answers = await self.desk.decide(requests)
        except (Unavailable, Moved):
            later = {"title": "unavailable", "detail": "the store is away; send these lines again"}
            failed = [LineResult(line=n, status="failed", problem=later) for n, *_ in chunk.commands]
            chunk.results |= {r.line: r for r in failed}
        else:
            for (n, _, _, command), answer in zip(commands, answers, strict=True):
                COMMANDS.labels(type(command).__name__, answer.outcome).inc()
                chunk.results[n] = result(n, answer)
        return b"".join(encode(chunk.results[n]) + b"\n" for n in sorted(chunk.results))

    async def sealed(self, chunk: Chunk) -> list[tuple[int, Line, Decider[Any, Any, Any], Any]]:
        """All at once, or one by one where one of them cannot be."""
        commands = chunk.commands
        try:
            found = await self.vault.seal([c for _, _, _, c in commands])
            return [(n, line, d, c) for (n, line, d, _), c in zip(commands, found, strict=True)]
        except (Forged, Erased):
            done = []
            for n, line, d, c in commands:
                try:
                    done.append((n, line, d, (await self.vault.seal([c]))[0]))
                except (Forged, Erased) as error:
                    title = "person.erased" if isinstance(error, Erased) else "personal.forged"
                    chunk.results[n] = LineResult(line=n, status="refused", problem={"title": title})
            return done

    def request(self, line: Line, decider: Decider[Any, Any, Any], command: Any, by: Sender) -> Request:
        content = encode([line.origin, line.command, command, line.occurred_at])
        key = line.key or hashlib.sha256(content).hexdigest()
        return Request(
            decider=decider,
            command=command,
            now=(line.occurred_at or datetime.now(UTC)).astimezone(UTC),
            actor=by.actor.person,
            capacity=by.actor.capacity,
            scope=by.scope,
            origin=line.origin,
            cause=by.correlation,
            correlation=by.correlation,
            once=f"line:{by.actor.person}:{key}",
            digest=hmac.digest(self.vault.master, content, "sha256"),
        )


def result(number: int, answer: Decided) -> LineResult:
    place = f"{answer.topic.removeprefix('kaibo.')}/{answer.partition}/{answer.position}" if answer.position else ""
    status = "unchanged" if answer.repeated and answer.outcome == "stored" else answer.outcome
    problem: dict[str, Any] | None = None
    if answer.refusal is not None:
        problem = {"title": answer.refusal.code, "facts": answer.refusal.told()}
    elif isinstance(answer.error, TooLarge):
        status, problem = "refused", {"title": "too_large", "detail": str(answer.error)}
    elif isinstance(answer.error, KeyReused):
        status, problem = "refused", {"title": "key.reused", "detail": "another line was sent under this key"}
    elif status in ("failed", "contested"):
        status, problem = "failed", {"title": "later", "detail": "send this line again"}
    return LineResult(
        line=number, status=status, stream=answer.stream, version=answer.version, position=place, problem=problem
    )


@cache
def adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


class Stream(Response):
    """Answers while it still reads: Starlette's own streaming response would listen for a disconnect and so take the
    rest of the body."""

    def __init__(self, content: AsyncIterator[bytes], status_code: int = 200) -> None:
        super().__init__(status_code=status_code, media_type="application/x-ndjson")
        del self.headers["content-length"]
        self.content = content

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for part in self.content:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def lines(request: HttpRequest) -> AsyncIterator[bytes]:
    rest = b""
    async for part in request.stream():
        *whole, rest = (rest + part).split(b"\n")
        if len(rest) > LARGEST:
            rest = rest[: LARGEST + 1]  # enough to be answered as too large
        for line in whole:
            if line.strip():
                yield line
    if rest.strip():
        yield rest


@router.post(
    "/bulk",
    dependencies=[requires(IMPORT)],
    response_class=Stream,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/x-ndjson": {
                    "schema": {"type": "string"},
                }
            },
        }
    },
    responses={
        200: {
            "description": "A `LineResult` a line.",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        }
    },
)
async def bulk(request: HttpRequest) -> Stream:
    """Many commands, one a line; a result a line comes back, in order: stored, unchanged, refused, invalid, failed.

    Besides `history.import`, each command needs the capability of its own route: a line without it is refused. The
    importing account is the actor of all of them, for rules too: one that wants two different people refuses it."""
    work = cast(Bulk, request.app.state.bulk)
    if work.files >= AT_ONCE:
        raise Later(f"{AT_ONCE} files are being taken in")
    scope = request.headers.get("Kaibo-Scope", "organisation")
    by = Sender(actor=identify(request), correlation=request.state.correlation, scope=scope)
    return Stream(work.answer(lines(request), by))
