"""Roles are facts, and nobody grants himself one."""

from dataclasses import replace
from datetime import date

import pytest

from services.people.persons.decisions import persons
from services.people.persons.events import Engagement, PersonRegistered
from services.people.roles.decisions import roles
from services.people.roles.events import Event, RoleGranted, RoleRevoked
from services.people.roles.projections import Role, roles_held
from services.people.units.decisions import units
from services.people.units.events import UnitDefined
from services.vocabulary import PersonId, UnitId
from shared.privacy import Name
from shared.testing import Given, given
from tests.people.recording import MORNING, recorded, rows

LI, RIVER = PersonId("p-li"), UnitId("river")
GRANTED = RoleGranted(person=LI, capacity="archive_approver", scope=RIVER)
REVOKED = RoleRevoked(person=LI, capacity="archive_approver", scope=RIVER)
REGISTERED = PersonRegistered(
    person=LI, name=Name("enc1"), categories=(), engagement=Engagement.EMPLOYEE, joined_on=date(2024, 1, 2)
)


def known(*history: Event) -> Given[Event, Event | None, Event]:
    studio = UnitDefined(unit=RIVER, name="River", studio=RIVER)
    at = given(roles, *history).seeing(persons, LI, found=persons.state([REGISTERED]))
    return at.seeing(units, RIVER, found=studio)


def test_a_role_is_granted_revoked_and_granted_again() -> None:
    known().when(GRANTED).then(GRANTED).when(GRANTED).then()
    known(GRANTED).when(REVOKED).then(REVOKED).when(REVOKED).then().when(GRANTED).then(GRANTED)


def test_nobody_grants_himself_a_role() -> None:
    known().when(GRANTED, by=LI).refused("role.granted_to_himself", capacity="archive_approver")
    known(GRANTED).when(GRANTED, by=LI).refused("role.granted_to_himself")
    known(GRANTED).when(REVOKED, by=LI).then(REVOKED)


def test_a_role_holds_for_the_whole_organisation_or_for_a_unit_that_exists() -> None:
    everywhere = RoleGranted(person=LI, capacity="hr")
    known().when(everywhere).then(everywhere)
    known().seeing(units, RIVER, found=None).when(GRANTED).refused("unit.unknown", unit=RIVER)


def test_a_role_goes_to_a_registered_person() -> None:
    known().seeing(persons, LI, found=None).when(GRANTED).refused("person.unknown", person=LI)


def test_what_was_never_granted_is_not_revoked() -> None:
    known().when(REVOKED).refused("role.not_held", capacity="archive_approver")


@pytest.mark.parametrize("log", [(REVOKED,), (GRANTED, REVOKED, REVOKED)])
def test_a_log_that_nobody_decided_is_an_error(log: tuple[Event, ...]) -> None:
    with pytest.raises(ValueError, match="did not hold"):
        roles.state(log)


def test_roles_are_one_stream_each() -> None:
    streams = {
        roles.stream(role) for role in (GRANTED, replace(GRANTED, scope=UnitId("")), replace(GRANTED, capacity="hr"))
    }
    assert len(streams) == 3
    assert roles.stream(GRANTED) == roles.stream(REVOKED)


def test_the_list_shows_by_whose_word_a_role_is_held_or_no_longer() -> None:
    granted = Role(person=LI, capacity="archive_approver", scope=RIVER, held=True, by="p-wang", at=MORNING)
    facts = recorded([("role", GRANTED), ("role", REVOKED)], actor="p-wang", happened=[MORNING, MORNING])
    assert rows(roles_held, facts[:1]) == [granted]
    assert rows(roles_held, facts) == [replace(granted, held=False)]
