"""In which capacities a person acts, and where. Clauses: T-06, T-63; C-42."""

from services.vocabulary import PersonId, Text, UnitId
from shared.value import value

ORGANISATION = UnitId("")  # the scope above all studios


@value
class RoleGranted:
    """By the actor of the event, who is never the person."""

    person: PersonId
    capacity: Text  # a key of the access tables, such as hr or archive_approver
    scope: UnitId = ORGANISATION  # or a studio, or a unit


@value
class RoleRevoked:
    person: PersonId
    capacity: Text
    scope: UnitId = ORGANISATION


Event = RoleGranted | RoleRevoked
