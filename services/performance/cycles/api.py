"""Monthly cycles over HTTP."""

from services.performance.cycles.decisions import OpenCycle, cycles
from services.performance.cycles.projections import Cycle, opened_cycles
from shared.access import requires
from shared.web import Accepted, Handle, Page, Paging, Read, Router

router = Router(prefix="/cycles", tags=["cycles"])


@router.post("/open", status_code=202, dependencies=[requires("cycle.open")])
async def open_cycle(command: OpenCycle, handle: Handle) -> Accepted:
    """Open the appraisal of a month, or say why nobody is rated in it. Clause: S-37."""
    return await handle(cycles, command)


@router.get("", dependencies=[requires("cycle.read")])
async def listed(read: Read, paging: Paging) -> Page[Cycle]:
    """Every month that was opened. Clause: S-37."""
    return await read.page(opened_cycles, paging)
