"""Roles are granted and revoked by others: nobody grants himself a role. Clauses: T-06; C-42."""

from services.people.persons.decisions import persons
from services.people.roles.events import ORGANISATION, Event, RoleGranted, RoleRevoked
from services.people.units.decisions import units
from shared.decider import Context, Decider, Refused, Sight, look

State = Event | None  # the last word on this role of this person


def decide(command: Event, state: State, context: Context) -> list[Event]:
    match command, state:
        case RoleGranted(), _ if context.actor == command.person:
            raise Refused("role.granted_to_himself", capacity=command.capacity, next="ask another who may grant roles")
        case _ if command == state:
            return []
        case RoleGranted(), _:
            check(command, context)
            return [command]
        case RoleRevoked(), RoleGranted():
            return [command]
        case _:
            raise Refused("role.not_held", capacity=command.capacity, next="list the roles that the person holds")


def check(grant: RoleGranted, context: Context) -> None:
    if context.state(persons, grant.person) is None:
        raise Refused("person.unknown", person=grant.person, next="register the person first")
    if grant.scope != ORGANISATION and context.state(units, grant.scope) is None:
        raise Refused("unit.unknown", unit=grant.scope, next="define the unit first, or leave the scope empty")


def evolve(state: State, event: Event) -> State:
    """Raises ValueError for a log that `decide` did not write."""
    if isinstance(event, RoleRevoked) and not isinstance(state, RoleGranted):
        raise ValueError(f"{event.capacity} is revoked, which {event.person} did not hold")
    return event


def sees(command: Event) -> list[Sight]:
    scope = [look(units, command.scope)] if command.scope != ORGANISATION else []
    return [look(persons, command.person), *scope]


roles: Decider[Event, State, Event] = Decider(
    name="role",
    key=lambda command: (command.person, command.capacity, command.scope),
    initial=lambda: None,
    decide=decide,
    evolve=evolve,
    sees=sees,
)
