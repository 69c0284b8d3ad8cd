"""What can be asked about units."""

from dataclasses import replace

from services.people.units.events import UnitDefined
from services.vocabulary import UnitId
from shared.projection import Projection
from shared.value import value


@value
class Unit:
    unit: UnitId
    name: str = ""
    parent: UnitId | None = None
    studio: UnitId | None = None


def unit(row: Unit, event: UnitDefined) -> Unit:
    return replace(row, name=event.name, parent=event.parent, studio=event.studio)


units_defined = Projection(name="units", key=lambda event: Unit(unit=event.unit), evolve=unit)
