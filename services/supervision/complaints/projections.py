"""Complaints, by what they are about."""

from dataclasses import replace
from datetime import datetime

from services.supervision.complaints.events import ComplaintRecorded, ComplaintSubject
from services.vocabulary import Month, PersonId, StreamId, month
from shared.projection import Projection
from shared.value import value


@value
class Complaint:
    """`month` is that of the stream, in Asia/Shanghai."""

    complaint: str
    subject: ComplaintSubject | None = None
    stream: StreamId | None = None
    month: Month | None = None
    against: tuple[PersonId, ...] = ()
    received_at: datetime | None = None
    what: str = ""
    withdrawn: bool = False


def complaint(row: Complaint, event: ComplaintRecorded) -> Complaint:
    return replace(
        row,
        subject=event.subject,
        stream=event.stream,
        month=month(event.started_at) if event.started_at else None,
        against=event.against,
        received_at=event.received_at,
        what=event.what,
        withdrawn=event.withdrawn,
    )


all_complaints = Projection(name="complaints", key=lambda event: Complaint(complaint=event.complaint), evolve=complaint)
