"""Commands in bulk: one JSON object a line in, one result a line out, in constant memory.

    {"command": "SetTarget", "body": {…}, "occurred_at"?: "2024-05-01T08:00:00Z", "key"?: "…", "origin"?: "…"}

Every line has a permanent key, given or a digest of its content: a file that is sent twice changes nothing. A line
that is refused or invalid is answered and passed over; it may be sent again.
"""

import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, cast

import msgspec
from fastapi import APIRouter
from fastapi import Request as HttpRequest
from pydantic import TypeAdapter, ValidationError
from starlette.responses import Response

from shared.access import IMPORT, identify, requires
from shared.broker import Unavailable
from shared.decider import Decider
from shared.desk import Decided, Desk, KeyReused, Request
from shared.event import encode
from shared.identity import Actor
from shared.privacy import Erased, Forged, Vault
from shared.store import Moved
from shared.telemetry import COMMANDS
from shared.value import value
from shared.web import NO_NUL, NUL

CHUNK = 500
LINE = 1_000_000  # bytes

router = APIRouter(tags=["bulk"])


class Line(msgspec.Struct, forbid_unknown_fields=True):
    command: str
    body: msgspec.Raw
    occurred_at: datetime | None = None
    key: str = ""
    origin: str = ""


@value
class LineResult:
    """`stored`, `unchanged`, `refused` by a rule, `invalid` as it stands, or `failed`: send it again."""

    line: int
    status: str
    stream: str = ""
    version: int = 0
    position: str = ""
    problem: Mapping[str, Any] | None = None


@value
class Sender:
    actor: Actor
    correlation: str


@dataclass
class Chunk:
    """Lines that are decided together; what could not be read has its result already."""

    results: dict[int, LineResult] = field(default_factory=dict)
    commands: list[tuple[int, Line, Decider[Any, Any, Any], Any]] = field(default_factory=list)


class Bulk:
    def __init__(self, deciders: Sequence[Decider[Any, Any, Any]], desk: Desk, vault: Vault) -> None:
        self.deciders = {kind.__name__: (d, kind) for d in deciders for kind in d.commands}
        self.desk, self.vault = desk, vault

    async def answer(self, lines: AsyncIterator[bytes], by: Sender) -> AsyncIterator[bytes]:
        chunk, number = Chunk(), 0
        async for raw in lines:
            number += 1
            self.read(chunk, number, raw)
            if number % CHUNK == 0:
                yield await self.decide(chunk, by)
                chunk = Chunk()
        if chunk.results or chunk.commands:
            yield await self.decide(chunk, by)

    def read(self, chunk: Chunk, number: int, raw: bytes) -> None:
        try:
            if NUL in raw:
                raise msgspec.ValidationError(NO_NUL)
            line = msgspec.json.decode(raw, type=Line)
            if line.command not in self.deciders:
                raise msgspec.ValidationError(f"command: {line.command[:60]!r} is none of this service's")
            if line.occurred_at is not None and line.occurred_at.tzinfo is None:
                raise msgspec.ValidationError("occurred_at: the offset from UTC is missing")
            decider, kind = self.deciders[line.command]
            command = adapter(kind).validate_json(bytes(line.body))
        except ValidationError as error:
            wrong = [{"at": "/".join(map(str, e["loc"])), "what": e["msg"]} for e in error.errors()]
            chunk.results[number] = LineResult(line=number, status="invalid", problem={"errors": wrong})
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
            chunk.results[number] = LineResult(line=number, status="invalid", problem={"detail": str(error)})
        else:
            chunk.commands.append((number, line, decider, command))

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
            scope="organisation",
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
        problem = {"title": answer.refusal.code, "facts": {k: str(v) for k, v in answer.refusal.facts.items()}}
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
        if len(rest) > LINE:
            rest = b"{}"  # answered as invalid: a line of more than a megabyte is none
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
                    "example": '{"command": "…", "body": {}, "occurred_at": "2024-05-01T08:00:00Z", "key": "row-1"}\n',
                }
            },
        }
    },
    responses={200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}},
)
async def bulk(request: HttpRequest) -> Stream:
    """Many commands, one a line; a result a line comes back, in order: stored, unchanged, refused, invalid, failed."""
    work = cast(Bulk, request.app.state.bulk)
    return Stream(work.answer(lines(request), Sender(actor=identify(request), correlation=request.state.correlation)))
