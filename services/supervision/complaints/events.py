"""A complaint about a stream, of those that customer service brings. Clauses: A-61; C-35."""

from datetime import datetime

from services.vocabulary import PersonId, StreamId
from shared.value import value


@value
class ComplaintRecorded:
    """The same complaint again corrects it. `against` are those on the stream whom it counts against: nobody before the
    stream's roster is known, where he whom it names did not assist on it, or once it is withdrawn."""

    complaint: str  # the ticket, which says in what words
    stream: StreamId
    assistant: PersonId | None  # none: about the stream, and so about everybody who assisted on it
    against: tuple[PersonId, ...]
    started_at: datetime | None  # of the stream: whose month it belongs to
    received_at: datetime
    withdrawn: bool = False  # it turned out to be none, or to be about something else
