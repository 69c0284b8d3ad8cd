"""Customer service has a complaint about a stream, and the stream gets a roster, or another. Clause: A-61; C-35."""

from collections.abc import Iterator

from services.performance.contracts import CustomerTicketOpened, TicketKind
from services.supervision.complaints.decisions import FollowTicket, SettleComplaint, complaints
from services.supervision.complaints.facts import ComplaintOnStream
from shared.reaction import Reaction


def follow_ticket(ticket: CustomerTicketOpened) -> Iterator[FollowTicket]:
    """Of every ticket: it may have been a complaint about a stream before it was corrected."""
    complains = ticket.kind is TicketKind.COMPLAINT
    yield FollowTicket(
        complaint=ticket.ticket,
        received_at=ticket.opened_at,
        stream=ticket.stream if complains else None,
        assistant=ticket.assistant,
    )


customer_complaints = Reaction(name="customer_complaint", to=complaints, react=follow_ticket)


def settle(subject: ComplaintOnStream) -> Iterator[SettleComplaint]:
    yield SettleComplaint(complaint=subject.complaint, stream=subject.stream)


complaint_settlements = Reaction(name="complaint_settlement", to=complaints, react=settle)
