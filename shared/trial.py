"""Policies over HTTP: which are in force, and what another one would have made of what is recorded.

A trial computes with the very functions of the service, over its recorded facts, under the policies that are loaded
with the tried one among them. It only reads: nothing is decided, stored or published.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, cast, get_args, get_origin, get_type_hints

import structlog
from fastapi import Request
from pydantic import Field, StringConstraints

from shared.access import POLICIES, TRY, requires
from shared.bulk import Stream
from shared.desk import Desk
from shared.event import encode
from shared.explanation import Condition, Rule
from shared.limits import wrong
from shared.policy import Document, Format, Issue, Open, Policies, PolicyError, Source, clashing, load_document
from shared.refusal import Refused
from shared.store import Store
from shared.value import value
from shared.web import Invalid, Router

log = structlog.get_logger()

router = Router(tags=["policies"])
trials = Router(tags=["policies"])

Period = Annotated[str, Field(pattern=r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$", examples=["2024-05"])]


@value
class WhatIf:
    """`policy` is the text of a policy file; it is taken as if it had always held. Both months are included."""

    policy: Annotated[str, StringConstraints(min_length=1, max_length=200_000), Field(examples=["kind: …"])]
    since: Period
    until: Period
    scope: Annotated[str, StringConstraints(max_length=200)] = ""  # none: all of them


@dataclass(frozen=True)
class Trial:
    """What a service computes with. `under` are the policies with the tried one among them."""

    desk: Desk
    store: Store
    policies: Policies
    under: Policies
    tried: Document
    since: str
    until: str
    scope: str


Try = Callable[[Trial], AsyncIterator[Mapping[str, Any]]]  # progress, a line each, and the report as the last


@value
class InForce:
    """A policy that is loaded. `ships`: with the service; else it is the organisation's own. `open` are the values
    that the regulations leave open, by their code: what each is set to, or none."""

    kind: str
    policy: str
    version: int
    effective_from: date | None
    effective_until: date | None
    population: Mapping[str, tuple[str, ...]]
    criterion: str
    file: str
    ships: bool
    digest: str
    open: tuple["OpenValue", ...] = ()


@value
class OpenValue:
    code: str
    place: str
    value: str | None


@value
class Loaded:
    """`asked`: the codes of all open values that a policy here could set."""

    policies: tuple[InForce, ...]
    asked: tuple[str, ...]


@router.get("/policies", dependencies=[requires(POLICIES)])
async def policies(request: Request) -> Loaded:
    """Every policy that is loaded, with what it says of the values that the regulations leave open."""
    found = cast(Desk, request.app.state.desk).policies
    kinds = cast(Format, request.app.state.format).kinds
    asked = {code for kind in kinds for code in codes(kind)}
    return Loaded(policies=tuple(map(in_force, found.documents)), asked=tuple(sorted(asked)))


def codes(hint: Any, seen: frozenset[Any] = frozenset()) -> Iterator[str]:
    """Of the open values that a kind of policy may set."""
    if get_origin(hint) is Annotated:
        yield from (mark.code for mark in hint.__metadata__ if isinstance(mark, Open))
        yield from codes(get_args(hint)[0], seen)
    elif isinstance(hint, type) and is_dataclass(hint):
        for inner in get_type_hints(hint, include_extras=True).values() if hint not in seen else ():
            yield from codes(inner, seen | {hint})
    else:
        for inner in get_args(hint):
            yield from codes(inner, seen)


def open_values(body: Any, place: str = "") -> Iterator["OpenValue"]:
    """What a policy says of them, each at its place."""
    for name, hint in get_type_hints(type(body), include_extras=True).items():
        v, at = getattr(body, name), f"{place}.{name}".strip(".")
        for mark in getattr(hint, "__metadata__", ()):
            if isinstance(mark, Open):
                yield OpenValue(code=mark.code, place=at, value=told(v))
        for i, inner in enumerate(v if isinstance(v, tuple) else (v,)):
            if is_dataclass(inner) and not isinstance(inner, Rule | Condition | Issue):
                yield from open_values(inner, f"{at}.{getattr(inner, 'name', i)}" if isinstance(v, tuple) else at)


def told(v: Any) -> str | None:
    """In a word; none: not configured."""
    if v is None or v == ():
        return None
    if isinstance(v, Rule):
        return str(v.amount)
    if isinstance(v, tuple):
        return (
            ", ".join(str(getattr(one, "name", getattr(one, "kind", ""))) for one in v).strip(", ") or f"{len(v)} bands"
        )
    return "set" if is_dataclass(v) else str(v)


def kind_of(document: Document) -> str:
    return type(document.body).__name__


def in_force(document: Document) -> InForce:
    issue, source = document.issue, document.source
    return InForce(
        kind=kind_of(document),
        policy=issue.policy,
        version=issue.version,
        effective_from=None if issue.effective_from == date.min else issue.effective_from,
        effective_until=issue.effective_until,
        population={trait: tuple(allowed) for trait, allowed in document.population.items()},
        criterion=document.asks,
        file=source.file.name if source else "",
        ships=bool(source and source.ships),
        digest=source.digest if source else "",
        open=tuple(open_values(document.body)),
    )


@trials.post(
    "/what-if",
    dependencies=[requires(TRY)],
    response_class=Stream,
    responses={
        200: {
            "description": "Lines of progress, then one line with the report, or with the problem that ended it.",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        }
    },
)
async def what_if(command: WhatIf, request: Request) -> Stream:
    """What another policy would have made of the recorded facts of these months. Nothing is stored or published."""
    app = request.app.state
    if wrongs := list(wrong(command)):
        raise Invalid(wrongs)
    if command.until < command.since:
        raise Invalid([("until", "it lies before since")])
    desk, format_ = cast(Desk, app.desk), cast(Format, app.format)
    tried = tried_of(format_, command.policy)
    try_ = cast(Mapping[type, Try], app.trial).get(type(tried.body))
    if try_ is None:
        known = ", ".join(kind.__name__ for kind in app.trial)
        raise Invalid([("policy", f"no result here is compared under another {kind_of(tried)}; tried can be: {known}")])
    under = desk.policies.trying(tried)
    said = [
        clash for agree in format_.agree for clash in agree(under) if clash.document.issue.policy == tried.issue.policy
    ]
    if said:
        raise Invalid([("policy", clashing(clash)) for clash in said])
    trial = Trial(
        desk=desk,
        store=cast(Store, app.store),
        policies=desk.policies,
        under=under,
        tried=tried,
        since=command.since,
        until=command.until,
        scope=command.scope,
    )
    return Stream(lines(try_(trial)))


def tried_of(format_: Format, text: str) -> Document:
    """Raises Invalid with each line that is wrong."""
    try:
        return load_document(format_, text, Source(file=Path("policy"), text=text))
    except PolicyError as error:
        raise Invalid([("policy", said) for said in str(error).splitlines()]) from None


async def lines(told: AsyncIterator[Mapping[str, Any]]) -> AsyncIterator[bytes]:
    try:
        async for line in told:
            yield encode(line) + b"\n"
    except Refused as refused:
        yield encode({"problem": {"title": refused.code, "facts": refused.told()}}) + b"\n"
    except Exception as error:  # noqa: BLE001 the answer has begun: it ends with what is wrong
        log.error("trial.failed", error=type(error).__name__)
        yield encode({"problem": {"title": "failed", "detail": "this is our mistake; see the log"}}) + b"\n"
