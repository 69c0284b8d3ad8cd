"""Studios and units over HTTP."""

from services.people.units.decisions import DefineUnit, units
from services.people.units.projections import Unit, units_defined
from services.vocabulary import UnitId
from shared.access import requires
from shared.web import Accepted, Handle, Page, Paging, Read, Router

router = Router(prefix="/units", tags=["units"])


@router.post("/define", status_code=202, dependencies=[requires("unit.define")])
async def define(command: DefineUnit, handle: Handle) -> Accepted:
    """Define a studio, or a unit below one that exists; the same again renames it. Clauses: O-07, S-10."""
    return await handle(units, command)


@router.get("/{unit}", dependencies=[requires("unit.read")])
async def unit(unit: UnitId, read: Read) -> Unit:
    return await read(units_defined, Unit(unit=unit))


@router.get("", dependencies=[requires("unit.read")])
async def listed(read: Read, paging: Paging, studio: UnitId | None = None, parent: UnitId | None = None) -> Page[Unit]:
    """All units, or those of a studio, or those right below a unit."""
    return await read.page(units_defined, paging, studio=studio, parent=parent)
