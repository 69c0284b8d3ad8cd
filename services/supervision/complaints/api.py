"""Complaints over HTTP."""

from services.supervision.complaints.projections import Complaint, all_complaints
from services.vocabulary import Month, StreamId
from shared.access import requires
from shared.web import Page, Paging, Read, Router

router = Router(prefix="/complaints", tags=["complaints"])


@router.get("", dependencies=[requires("complaint.read")])
async def listed(
    read: Read, paging: Paging, stream: StreamId | None = None, month: Month | None = None
) -> Page[Complaint]:
    """Complaints about streams, and whom they count against, by stream and month. Clause: A-61; C-35."""
    return await read.page(all_complaints, paging, stream=stream, month=month)
