"""Complaints over HTTP."""

from services.supervision.complaints.decisions import RecordComplaint, complaints
from services.supervision.complaints.events import ComplaintSubject
from services.supervision.complaints.projections import Complaint, all_complaints
from services.vocabulary import Month, StreamId
from shared.access import requires
from shared.web import Accepted, Handle, Page, Paging, Read, Router

router = Router(prefix="/complaints", tags=["complaints"])


@router.post("/record", status_code=202, dependencies=[requires("complaint.record")])
async def record(command: RecordComplaint, handle: Handle) -> Accepted:
    """Record a complaint with what it is about, or correct that. Clause: A-61; C-35."""
    return await handle(complaints, command)


@router.get("", dependencies=[requires("complaint.read")])
async def listed(
    read: Read,
    paging: Paging,
    subject: ComplaintSubject | None = None,
    stream: StreamId | None = None,
    month: Month | None = None,
) -> Page[Complaint]:
    """Complaints by subject, stream and month. Clause: A-61; C-35."""
    return await read.page(all_complaints, paging, subject=subject, stream=stream, month=month)
