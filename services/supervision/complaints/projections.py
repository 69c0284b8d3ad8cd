"""Complaints about streams."""

from dataclasses import replace
from datetime import datetime

from services.supervision.complaints.events import ComplaintRecorded
from services.vocabulary import Month, PersonId, StreamId, month
from shared.projection import Projection
from shared.value import value


@value
class Complaint:
    """`month` is that of the stream, in Asia/Shanghai; none before the stream's roster is known."""

    complaint: str
    stream: StreamId | None = None
    assistant: PersonId | None = None
    month: Month | None = None
    against: tuple[PersonId, ...] = ()
    received_at: datetime | None = None
    withdrawn: bool = False


def complaint(row: Complaint, event: ComplaintRecorded) -> Complaint:
    return replace(
        row,
        stream=event.stream,
        assistant=event.assistant,
        month=month(event.started_at) if event.started_at else None,
        against=event.against,
        received_at=event.received_at,
        withdrawn=event.withdrawn,
    )


all_complaints = Projection(
    name="complaints", key=lambda event: Complaint(complaint=event.complaint), evolve=complaint, version=2
)
