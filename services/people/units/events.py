"""Studios and the units below them: scopes of one organisation, not tenants; its companies are studios."""

from services.vocabulary import Text, UnitId
from shared.value import value


@value
class UnitDefined:
    """A studio has no parent and is its own studio. The same unit again under another name is renamed."""

    unit: UnitId
    name: Text
    parent: UnitId | None = None
    above: tuple[UnitId, ...] = ()  # the line of parents, the nearest first
    studio: UnitId  # at the top of the line of parents


Event = UnitDefined
