"""Work results over HTTP."""

from services.performance.work_results.decisions import RecordWorkResult, work_results
from services.performance.work_results.projections import WorkResult, results_recorded
from services.vocabulary import Month, PersonId
from shared.access import requires
from shared.web import Accepted, Handle, Page, Paging, Read, Router

router = Router(prefix="/work-results", tags=["work results"])


@router.post("/record", status_code=202, dependencies=[requires("work_result.record")])
async def record(command: RecordWorkResult, handle: Handle) -> Accepted:
    """Record a result of one's own work with its evidence, or correct it. Clauses: S-21, O-102."""
    return await handle(work_results, command)


@router.get("/{person}", dependencies=[requires("work_result.read")])
async def of_person(person: PersonId, read: Read, paging: Paging, month: Month | None = None) -> Page[WorkResult]:
    """Evidence for the review of a person's month; he reads his own. Clauses: S-21, O-102."""
    return await read.page(results_recorded, paging, person=person, month=month)
