"""A unit stands below one that exists, and stays there."""

from services.people.units.events import Event, UnitDefined
from services.vocabulary import Text, UnitId
from shared.decider import Context, Decider, Refused, Sight, look
from shared.value import value


@value
class DefineUnit:
    unit: UnitId
    name: Text
    parent: UnitId | None = None  # none: it is a studio


State = UnitDefined | None


def decide(command: DefineUnit, state: State, context: Context) -> list[Event]:
    if state and state.parent != command.parent:
        raise Refused("unit.stands_elsewhere", parent=state.parent, next="define another unit under the other parent")
    defined = UnitDefined(
        unit=command.unit, name=command.name, parent=command.parent, studio=studio_of(command, context)
    )
    return [] if defined == state else [defined]


def studio_of(command: DefineUnit, context: Context) -> UnitId:
    if command.parent is None:
        return command.unit
    if (parent := context.state(units, command.parent)) is None:
        raise Refused("unit.parent_unknown", parent=command.parent, next="define the parent first")
    return parent.studio


def evolve(state: State, event: Event) -> State:
    return event


def sees(command: DefineUnit) -> list[Sight]:
    return [] if command.parent is None else [look(units, command.parent)]


units: Decider[DefineUnit, State, Event] = Decider(
    name="unit",
    key=lambda command: (command.unit,),
    initial=lambda: None,
    decide=decide,
    evolve=evolve,
    sees=sees,
)
