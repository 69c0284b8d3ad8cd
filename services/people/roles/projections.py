"""Who acts in which capacity, and by whose word."""

from dataclasses import replace
from datetime import datetime

from services.people.roles.events import RoleGranted, RoleRevoked
from services.vocabulary import PersonId, UnitId
from shared.event import Meta
from shared.projection import Projection
from shared.value import value


@value
class Role:
    """What was revoked stays, with `held` false and who revoked it."""

    person: PersonId
    capacity: str
    scope: UnitId
    held: bool = False
    by: str = ""  # who granted or revoked it last
    at: datetime | None = None


def blank(event: RoleGranted | RoleRevoked) -> Role:
    return Role(person=event.person, capacity=event.capacity, scope=event.scope)


def role(row: Role, event: RoleGranted | RoleRevoked, meta: Meta) -> Role:
    return replace(row, held=isinstance(event, RoleGranted), by=meta.actor, at=meta.occurred_at)


roles_held = Projection(name="roles", key=blank, evolve=role)
