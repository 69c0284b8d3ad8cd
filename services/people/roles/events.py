"""In which capacities a person acts, and where. Clauses: T-06, T-63; C-42."""

from services.vocabulary import PersonId, Text, UnitId
from shared.value import value


@value
class RoleGranted:
    """By the actor of the event, who is never the person."""

    person: PersonId
    capacity: Text  # a key of the access tables, such as hr or archive_approver
    scope: UnitId | None = None  # a studio or unit; none: the whole organisation


@value
class RoleRevoked:
    person: PersonId
    capacity: Text
    scope: UnitId | None = None


Event = RoleGranted | RoleRevoked
