"""A complaint that somebody brought to the organisation, with its subject. Clauses: A-61, S-30; C-35."""

from datetime import datetime
from enum import StrEnum

from services.vocabulary import PersonId, StreamId, Text
from shared.value import value


class ComplaintSubject(StrEnum):
    """What it is about. Only the first two are anybody's on the stream (C-35)."""

    STREAM = "stream"
    ASSISTANT = "assistant"
    ORDER = "order"
    PRODUCT = "product"
    OTHER = "other"


@value
class ComplaintRecorded:
    """The same complaint again corrects it. `against` are those on the stream whom it counts against; of a complaint
    that turned out to be about something else, or to be none, nobody."""

    complaint: str
    subject: ComplaintSubject
    stream: StreamId | None
    against: tuple[PersonId, ...]
    started_at: datetime | None  # of the stream: whose month it belongs to
    received_at: datetime
    what: Text
    withdrawn: bool = False
