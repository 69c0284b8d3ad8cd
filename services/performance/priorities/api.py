"""Who has priority, over HTTP."""

from services.performance.priorities.projections import PriorityRow, Standing, priority_register
from services.vocabulary import PersonId
from shared.access import requires
from shared.web import Page, Paging, Read, Router

router = Router(prefix="/priorities", tags=["priorities"])


@router.get("", dependencies=[requires("priority.list")])
async def listed(read: Read, paging: Paging, standing: Standing | None = None) -> Page[PriorityRow]:
    """Who has priority for what, from which run, until when; held and ended ones too. Clauses: A-59; P-12."""
    return await read.page(priority_register, paging, standing=standing)


@router.get("/{person}", dependencies=[requires("priority.read")])
async def one(person: PersonId, read: Read) -> PriorityRow:
    """Whether one person has priority, for what, and why. Clauses: A-59; P-12."""
    return await read(priority_register, PriorityRow(person=person))
