"""Customers' tickets over HTTP."""

from typing import Any

from services.performance.tickets.decisions import (
    FeedBackTicket,
    FollowUpTicket,
    OpenCustomerTicket,
    ReopenTicket,
    ResolveCustomerTicket,
    erased_customers,
    tickets,
)
from services.performance.tickets.events import CustomerErased, TicketKind, TicketSubject
from services.performance.tickets.projections import HandlerFigures, Status, Ticket, all_tickets, figures
from services.vocabulary import Month, PersonId
from shared.access import requires
from shared.web import Accepted, Handle, NotFound, Page, Paged, Paging, Read, Router

router = Router(prefix="/tickets", tags=["tickets"])
PAGE = 500
CLOSED = "closed."  # what a cursor begins with that stands beyond the open ones


@router.post("/open", status_code=202, dependencies=[requires("ticket.open")])
async def open_(command: OpenCustomerTicket, handle: Handle) -> Accepted:
    """Receive what a customer asks, complains of or suggests, or correct what it is about. Clauses: S-29, S-30, E-28;
    C-35."""
    return await handle(tickets, command)


@router.post("/resolve", status_code=202, dependencies=[requires("ticket.handle")])
async def resolve(command: ResolveCustomerTicket, handle: Handle) -> Accepted:
    """Say how it was solved, and how satisfied the customer is once he says so. Clauses: S-29, E-28."""
    return await handle(tickets, command)


@router.post("/reopen", status_code=202, dependencies=[requires("ticket.open")])
async def reopen(command: ReopenTicket, handle: Handle) -> Accepted:
    """Say why it was not solved after all. Clause: S-29."""
    return await handle(tickets, command)


@router.post("/feed-back", status_code=202, dependencies=[requires("ticket.handle")])
async def feed_back(command: FeedBackTicket, handle: Handle) -> Accepted:
    """Feed the customer's opinion back to a unit. Clause: S-29."""
    return await handle(tickets, command)


@router.post("/follow-up", status_code=202, dependencies=[requires("ticket.handle")])
async def follow_up(command: FollowUpTicket, handle: Handle) -> Accepted:
    """Follow up what the customer needs. Clause: S-29."""
    return await handle(tickets, command)


@router.post("/erase-customer", status_code=202, dependencies=[requires("ticket.erase_customer")])
async def erase_customer(command: CustomerErased, handle: Handle) -> Accepted:
    """Forget every word of a customer who asks for it. It cannot be taken back."""
    return await handle(erased_customers, command)


@router.get("", dependencies=[requires("ticket.read")])
async def board(
    read: Read,
    paging: Paging,
    kind: TicketKind | None = None,
    subject: TicketSubject | None = None,
    status: Status | None = None,
    handler: PersonId | None = None,
    month: Month | None = None,
) -> Page[Ticket]:
    """The open ones first, each part by age; `month`: in which they were opened. Clauses: S-29, S-30, E-28."""
    wanted: dict[str, Any] = {"kind": kind, "subject": subject, "handler": handler, "month": month}
    if status is not None:
        return await read.page(all_tickets, paging, status=status, **wanted)
    beyond = paging.after.startswith(CLOSED)
    waiting: Page[Ticket] = Page(items=())
    if not beyond:
        waiting = await read.page(all_tickets, paging, status=Status.OPEN, **wanted)
        if waiting.next is not None:
            return waiting
    left = paging.limit - len(waiting.items)
    if not left:
        return Page(items=waiting.items, next=CLOSED)
    further = Paged(after=paging.after.removeprefix(CLOSED) if beyond else "", limit=left)
    closed = await read.page(all_tickets, further, lambda row: row.status is not Status.OPEN, **wanted)
    return Page(items=(*waiting.items, *closed.items), next=CLOSED + closed.next if closed.next else None)


@router.get("/{ticket}", dependencies=[requires("ticket.read")])
async def one(ticket: str, read: Read) -> Ticket:
    """How a ticket stands. Clause: S-29."""
    found = await read.page(all_tickets, Paged(after="", limit=1), ticket=ticket)
    if not found.items:
        raise NotFound(all_tickets.name)
    return found.items[0]


@router.get("/figures/{month}", dependencies=[requires("ticket.figures")])
async def handlers(month: Month, read: Read) -> Page[HandlerFigures]:
    """Of everybody who received or resolved tickets in a month: how many, in what time, and how satisfied the customers
    were. The metrics that appraisals rest on are recorded from them by whoever appraises. Clause: S-32."""
    opened, resolved = await everything(read, month=month), await everything(read, resolved_in=month)
    return Page(items=figures(month, {row.ticket: row for row in (*opened, *resolved)}.values()))


async def everything(read: Read, month: Month | None = None, resolved_in: Month | None = None) -> list[Ticket]:
    rows: list[Ticket] = []
    after = ""
    while True:
        page = await read.page(all_tickets, Paged(after=after, limit=PAGE), month=month, resolved_in=resolved_in)
        rows += page.items
        if page.next is None:
            return rows
        after = page.next
