"""A unit stands below one that exists, and stays there."""

from services.people.units.events import UnitDefined
from services.vocabulary import Text, UnitId
from shared.decider import Context, Decider, Refused, Sight, look
from shared.register import register
from shared.value import value


@value
class DefineUnit:
    unit: UnitId
    name: Text
    parent: UnitId | None = None  # none: it is a studio


def defined(command: DefineUnit, state: UnitDefined | None, context: Context) -> UnitDefined:
    if state and state.parent != command.parent:
        raise Refused("unit.stands_elsewhere", parent=state.parent, next="define another unit under the other parent")
    if command.parent is None:
        return UnitDefined(unit=command.unit, name=command.name, studio=command.unit)
    if (parent := context.state(units, command.parent)) is None:
        raise Refused("unit.parent_unknown", parent=command.parent, next="define the parent first")
    return UnitDefined(
        unit=command.unit,
        name=command.name,
        parent=command.parent,
        above=(command.parent, *parent.above),
        studio=parent.studio,
    )


def sees(command: DefineUnit) -> list[Sight]:
    return [] if command.parent is None else [look(units, command.parent)]


units: Decider[DefineUnit, UnitDefined | None, UnitDefined] = register(
    name="unit", fact=UnitDefined, key=lambda command: (command.unit,), says=defined, sees=sees
)
