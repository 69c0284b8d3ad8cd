"""Roles over HTTP."""

from services.people.roles.decisions import roles
from services.people.roles.events import RoleGranted, RoleRevoked
from services.people.roles.projections import Role, roles_held
from services.vocabulary import PersonId, UnitId
from shared.access import requires
from shared.web import Accepted, Handle, Page, Paging, Read, Router

router = Router(prefix="/roles", tags=["roles"])


@router.post("/grant", status_code=202, dependencies=[requires("role.grant")])
async def grant(command: RoleGranted, handle: Handle) -> Accepted:
    """Grant a capacity to another person, in a scope. Nobody grants himself a role. Clauses: T-06, T-63."""
    return await handle(roles, command)


@router.post("/revoke", status_code=202, dependencies=[requires("role.grant")])
async def revoke(command: RoleRevoked, handle: Handle) -> Accepted:
    """Revoke a capacity that is held in this scope. Clauses: T-06, T-63."""
    return await handle(roles, command)


@router.get("", dependencies=[requires("role.read")])
async def listed(
    *,
    read: Read,
    paging: Paging,
    person: PersonId | None = None,
    capacity: str | None = None,
    scope: UnitId | None = None,
    held: bool | None = None,
) -> Page[Role]:
    """Roles that are held, and those that were revoked, with who said so last."""
    return await read.page(roles_held, paging, person=person, capacity=capacity, scope=scope, held=held)


@router.get("/{person}", dependencies=[requires("role.read")])
async def of_person(person: PersonId, read: Read, paging: Paging) -> Page[Role]:
    """The roles of one person; he may see them himself."""
    return await read.page(roles_held, paging, person=person)
