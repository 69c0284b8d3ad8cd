"""Which complaints rest on the roster of their stream, whichever is told first, and corrected. Clause: A-61; C-35."""

from services.supervision.complaints.events import ComplaintRecorded
from services.supervision.streams.events import StreamEnded
from services.vocabulary import StreamId
from shared.facts import Facts, Known
from shared.value import value

Event = ComplaintRecorded | StreamEnded


@value
class ComplaintOnStream:
    complaint: str
    stream: StreamId


@value
class Rosters:
    told: int


def about(event: Event) -> tuple[str, ...]:
    if isinstance(event, StreamEnded) or not event.withdrawn:
        return "stream", event.stream
    return "complaint", event.complaint


def subjects(event: Event) -> list[ComplaintOnStream]:
    if isinstance(event, ComplaintRecorded) and not event.withdrawn:
        return [ComplaintOnStream(complaint=event.complaint, stream=event.stream)]
    return []


def rosters(subject: ComplaintOnStream, known: Known[Event]) -> Rosters:
    return Rosters(told=len(known.said(StreamEnded)))


complaint_rosters = Facts(name="complaint_rosters", about=about, subjects=subjects, result=rosters)
