"""Studios and the units below them."""

import pytest

from services.people.units.decisions import DefineUnit, units
from services.people.units.events import UnitDefined
from services.people.units.projections import Unit, units_defined
from services.vocabulary import UnitId
from shared.testing import given

RIVER, LIVE, NIGHT = UnitId("river"), UnitId("river-live"), UnitId("river-live-night")
STUDIO = UnitDefined(unit=RIVER, name="River", studio=RIVER)
TEAM = UnitDefined(unit=LIVE, name="Live team", parent=RIVER, above=(RIVER,), studio=RIVER)


def test_a_company_is_a_studio_of_its_own() -> None:
    given(units).when(DefineUnit(unit=RIVER, name="River")).then(STUDIO)


def test_a_unit_belongs_to_the_studio_at_the_top_of_its_parents() -> None:
    below = DefineUnit(unit=NIGHT, name="Night shift", parent=LIVE)
    defined = UnitDefined(unit=NIGHT, name="Night shift", parent=LIVE, above=(LIVE, RIVER), studio=RIVER)
    given(units).seeing(units, LIVE, found=TEAM).when(below).then(defined)


@pytest.mark.parametrize("parent", [RIVER, LIVE])
def test_a_parent_must_exist_and_nothing_is_its_own_parent(parent: UnitId) -> None:
    below = DefineUnit(unit=LIVE, name="Live team", parent=parent)
    given(units).seeing(units, parent, found=None).when(below).refused("unit.parent_unknown", parent=parent)


def test_a_unit_stays_where_it_stands_so_that_no_circle_of_parents_can_arise() -> None:
    given(units, TEAM).when(DefineUnit(unit=LIVE, name="Live team")).refused("unit.stands_elsewhere", parent=RIVER)
    under = DefineUnit(unit=RIVER, name="River", parent=LIVE)
    given(units, STUDIO).seeing(units, LIVE, found=TEAM).when(under).refused("unit.stands_elsewhere", parent=None)


def test_the_same_again_changes_nothing_and_another_name_renames() -> None:
    known = given(units, TEAM).seeing(units, RIVER, found=STUDIO)
    known.when(DefineUnit(unit=LIVE, name="Live team", parent=RIVER)).then()
    renamed = UnitDefined(unit=LIVE, name="Day team", parent=RIVER, above=(RIVER,), studio=RIVER)
    known.when(DefineUnit(unit=LIVE, name="Day team", parent=RIVER)).then(renamed)


def test_units_are_listed_with_their_studio() -> None:
    (blank,) = units_defined.touched(TEAM)
    assert blank == Unit(unit=LIVE)
    assert units_defined.evolve(blank, TEAM) == Unit(unit=LIVE, name="Live team", parent=RIVER, studio=RIVER)  # type: ignore[call-arg]
