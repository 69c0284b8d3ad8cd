"""Communications and meetings over HTTP."""

from services.performance.campaigns.events import CampaignId
from services.performance.communications.decisions import LogCommunication, RecordMeeting, communications, meetings
from services.performance.communications.events import Counterpart, MeetingKind
from services.performance.communications.projections import (
    Communication,
    Meeting,
    communications_logged,
    meetings_held,
)
from services.vocabulary import Month
from shared.access import requires
from shared.web import Accepted, Handle, Page, Paging, Read, Router

router = Router(prefix="/communications", tags=["communications"])
minutes = Router(prefix="/meetings", tags=["communications"])


@router.post("/log", status_code=202, dependencies=[requires("communication.log")])
async def log(command: LogCommunication, handle: Handle) -> Accepted:
    """Log a communication with a partner, a department or the group; an important one says where it is in writing.

    Clauses: S-25, S-26, S-28, O-10, O-76."""
    return await handle(communications, command)


@router.get("", dependencies=[requires("communication.read")])
async def listed(
    read: Read,
    paging: Paging,
    month: Month | None = None,
    counterpart: Counterpart | None = None,
    campaign: CampaignId | None = None,
    *,
    important: bool | None = None,
) -> Page[Communication]:
    """What was communicated in a month, with whom, and for which campaign. Clauses: S-25, S-26, S-28, O-76."""
    return await read.page(
        communications_logged, paging, month=month, counterpart=counterpart, campaign=campaign, important=important
    )


@minutes.post("/record", status_code=202, dependencies=[requires("meeting.record")])
async def record(command: RecordMeeting, handle: Handle) -> Accepted:
    """Record what a meeting came to: progress, problems, solutions and tasks. Clauses: S-28, O-10, O-78."""
    return await handle(meetings, command)


@minutes.get("", dependencies=[requires("meeting.read")])
async def held(
    read: Read, paging: Paging, month: Month | None = None, kind: MeetingKind | None = None
) -> Page[Meeting]:
    """The minutes of a month's meetings. Clauses: S-28, O-78."""
    return await read.page(meetings_held, paging, month=month, kind=kind)
