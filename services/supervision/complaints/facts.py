"""Which complaints wait for the roster of their stream, whichever of both is told first. Clause: A-61; C-35."""

from services.supervision.complaints.events import ComplaintRecorded
from services.supervision.streams.events import StreamEnded
from services.vocabulary import StreamId
from shared.facts import Facts, Known
from shared.value import value

Event = ComplaintRecorded | StreamEnded


@value
class WaitingComplaint:
    complaint: str
    stream: StreamId


@value
class Rosters:
    told: int


def about(event: Event) -> tuple[str, ...]:
    if isinstance(event, StreamEnded) or event.waits:
        return "stream", event.stream
    return "complaint", event.complaint


def subjects(event: Event) -> list[WaitingComplaint]:
    if isinstance(event, ComplaintRecorded) and event.waits:
        return [WaitingComplaint(complaint=event.complaint, stream=event.stream)]
    return []


def rosters(subject: WaitingComplaint, known: Known[Event]) -> Rosters:
    return Rosters(told=len(known.said(StreamEnded)))


waiting_complaints = Facts(name="waiting_complaints", about=about, subjects=subjects, result=rosters)
