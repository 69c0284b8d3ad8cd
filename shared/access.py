"""Who may do what: one table, capability by capacity. What it does not name is refused."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, cast

import yaml
from fastapi import Depends, Request
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from shared.identity import Actor, Identity
from shared.value import value

IMPORT = "history.import"  # to say when something occurred, and to import in bulk
PERSONAL = "personal.read"  # to read personal texts of others; his own everybody reads, in what he may see at all
OPERATE = "operations.act"  # to see what is parked, with its content, and to have it retried or left out
POLICIES = "policy.read"  # to see which policies are loaded
TRY = "policy.try"  # to see what another policy would have made of what is recorded, person by person
HISTORY = "history.read"  # the state of any stream of a service, at any time: nobody's where a service grants it not
SELF = "self"
KERNEL = {
    IMPORT: ("system",),
    PERSONAL: ("hr",),
    OPERATE: ("operator",),
    POLICIES: ("hr", "auditor", "operator"),
    TRY: ("hr", "auditor"),
    HISTORY: (),
}


class Forbidden(Exception):
    """The capacity does not hold the capability; these do."""

    def __init__(self, capability: str, held_by: tuple[str, ...]) -> None:
        self.capability, self.held_by = capability, held_by
        holders = ", ".join("the person himself" if capacity == SELF else capacity for capacity in held_by)
        super().__init__(f"this needs the capability {capability}, held by: {holders or 'nobody'}")


@value
class Access:
    table: Mapping[str, tuple[str, ...]]

    def allows(self, capability: str, actor: Actor, about: frozenset[str] = frozenset()) -> bool:
        """`self` is whoever the request is about, where it is about nobody else."""
        holders = self.table.get(capability, ())
        if actor.capacity in holders and actor.capacity != SELF:  # nobody may call his capacity so
            return True
        return SELF in holders and about == {actor.person}

    def own(self, capability: str) -> bool:
        """Whether everybody holds it about himself."""
        return SELF in self.table.get(capability, ())

    def check(self, capability: str, actor: Actor, about: frozenset[str] = frozenset()) -> None:
        """Raises Forbidden."""
        if not self.allows(capability, actor, about):
            raise Forbidden(capability, self.table.get(capability, ()))


def load_access(path: Path) -> Access:
    """Raises ValueError with the place in the file."""
    raw = yaml.safe_load(path.read_text()) if path.exists() else {}
    table = TypeAdapter(dict[str, tuple[str, ...]]).validate_python(raw or {})
    return Access(table=KERNEL | table)


@value
class Requires:
    """A route's capability."""

    capability: str


def requires(capability: str) -> Any:
    """For `dependencies=[…]` of a route: one that states none cannot be made."""
    return Requires(capability=capability)


async def admit(request: Request, capability: str) -> None:
    """A body is read only where it may tell that he asks about himself: that of a file of commands has no bound. Raises
    Forbidden, and what the identity raises."""
    identity: Identity = request.app.state.identity
    access: Access = request.app.state.access
    actor = request.state.actor = await identity.actor(request.headers)
    if not access.allows(capability, actor):
        access.check(capability, actor, await about(request) if access.own(capability) else frozenset())


def body_of(route: APIRoute) -> type | None:
    """The command that a route takes."""
    return next((cast(type, parameter.field_info.annotation) for parameter in route.dependant.body_params), None)


def identify(request: Request) -> Actor:
    """Who asks, once the route's capability was checked."""
    actor: Actor = request.state.actor
    return actor


async def about(request: Request) -> frozenset[str]:
    """The persons that a request is about: in its path, or in the command."""
    found = [request.path_params.get("person")]
    if request.method == "POST" and "json" in request.headers.get("content-type", ""):
        try:
            body = await request.json()
        except (ValueError, RecursionError):
            body = None  # refused when it is read as a command
        if isinstance(body, dict):
            subject = body.get("subject")
            found += [body.get("person"), subject.get("person") if isinstance(subject, dict) else None]
    return persons(found)


def about_command(command: object) -> frozenset[str]:
    """The persons that a command is about."""
    return persons([getattr(command, "person", None), getattr(getattr(command, "subject", None), "person", None)])


def persons(found: Iterable[object]) -> frozenset[str]:
    return frozenset(p for p in found if isinstance(p, str))


async def current(request: Request) -> Actor:
    """A coroutine, although it waits for nothing: FastAPI hands everything else to a thread."""
    return identify(request)


CurrentActor = Annotated[Actor, Depends(current)]
