"""What becomes of a customer's ticket: opened, resolved, fed back, followed up.

S-29 names receiving, handling, feeding back and following up, in this order. What is fed back is the customer's
opinion: a complaint or a suggestion holds one and is fed back first, an inquiry may hold none and is followed up
without. Times are those of the steps, not what somebody says: appraisals rest on them (S-32).
Clauses: S-29, S-30, E-28; C-35.
"""

import re
from collections.abc import Mapping
from dataclasses import field, replace

from services.deciding import check_not_the_subject
from services.performance.tickets.events import (
    CustomerErased,
    CustomerId,
    CustomerTicketFedBack,
    CustomerTicketFollowedUp,
    CustomerTicketOpened,
    CustomerTicketReopened,
    CustomerTicketResolved,
    Event,
    Said,
    Stars,
    TicketKind,
    TicketSubject,
)
from services.vocabulary import PersonId, StreamId, UnitId
from shared.decider import Context, Decider, Refused
from shared.privacy import Erasure
from shared.register import register
from shared.value import value

MOBILE = re.compile(r":(86)?1[3-9][0-9]{9}$")


@value
class OpenCustomerTicket:
    """About a stream: with the stream; about an assistant on one: with both. The same ticket again corrects it."""

    ticket: str
    customer: CustomerId
    kind: TicketKind
    subject: TicketSubject
    reference: str | None = None
    stream: StreamId | None = None
    assistant: PersonId | None = None
    what: Said

    def __post_init__(self) -> None:
        if MOBILE.search(self.customer):
            raise ValueError("a customer is named by the reference that he has somewhere, not by his telephone number")
        on_stream = self.subject in (TicketSubject.STREAM, TicketSubject.ASSISTANT)
        if (self.stream is not None) != on_stream:
            raise ValueError(
                "stream: what is about a stream, or an assistant on it, names the stream, and nothing else"
            )
        if (self.assistant is not None) != (self.subject is TicketSubject.ASSISTANT):
            raise ValueError("assistant: what is about an assistant names him, and nothing else")


@value
class ResolveCustomerTicket:
    """By whoever handled it. Again: a correction, or the rating that the customer gave later."""

    ticket: str
    customer: CustomerId
    solution: Said
    satisfaction: Stars | None = None


@value
class ReopenTicket:
    ticket: str
    customer: CustomerId
    reason: Said


@value
class FeedBackTicket:
    """To one unit; to another as well, where it concerns several."""

    ticket: str
    customer: CustomerId
    unit: UnitId
    opinion: Said


@value
class FollowUpTicket:
    ticket: str
    customer: CustomerId
    need: Said


Step = ResolveCustomerTicket | ReopenTicket | FeedBackTicket | FollowUpTicket
Command = OpenCustomerTicket | Step


@value
class Open:
    told: CustomerTicketOpened


@value
class Resolved:
    told: CustomerTicketOpened
    resolved: CustomerTicketResolved
    fed_back: Mapping[UnitId, CustomerTicketFedBack] = field(default_factory=dict)
    followed_up: CustomerTicketFollowedUp | None = None


State = Open | Resolved | None  # none: there is no such ticket


def decide(command: Command, state: State, context: Context) -> list[Event]:
    if isinstance(command, OpenCustomerTicket):
        return open_(command, state, context)
    if state is None:
        raise Refused("ticket.unknown", ticket=command.ticket, next="open it first")
    check_ticket(command, state, context)
    match command, state:
        case ResolveCustomerTicket(), _:
            return resolve(command, state, context)
        case ReopenTicket(), _:
            return reopen(command, state)
        case _, Open():
            raise Refused("ticket.not_resolved", clause="S-29", next="resolve it first")
        case FeedBackTicket(), Resolved():
            return feed_back(command, state)
        case FollowUpTicket(), Resolved():
            return follow_up(command, state, context)


def open_(command: OpenCustomerTicket, state: State, context: Context) -> list[Event]:
    """Of whom a ticket complains does not say what it is about, nor that it is about something else."""
    if command.assistant is not None:
        check_not_the_subject("ticket", command.assistant, context)
    if state is not None:
        check_ticket(command, state, context)
    told = CustomerTicketOpened(
        ticket=command.ticket,
        customer=command.customer,
        opened_at=state.told.opened_at if state else context.now,
        kind=command.kind,
        subject=command.subject,
        reference=command.reference,
        stream=command.stream,
        assistant=command.assistant,
        what=command.what,
        receiver=state.told.receiver if state else PersonId(context.actor),
    )
    return [] if state and state.told == told else [told]


def check_ticket(command: Command, state: Open | Resolved, context: Context) -> None:
    """What is said is sealed under the customer who is named: it has to be the ticket's. Nobody handles what is said
    of himself."""
    if state.told.assistant is not None:
        check_not_the_subject("ticket", state.told.assistant, context)
    if command.customer != state.told.customer:
        raise Refused("ticket.of_another_customer", ticket=command.ticket, next="look at the ticket: name its customer")
    if context.now < state.told.opened_at:
        raise Refused("ticket.not_open_yet", opened_at=state.told.opened_at, next="no step comes before it was opened")


def resolve(command: ResolveCustomerTicket, state: Open | Resolved, context: Context) -> list[Event]:
    before = state.resolved if isinstance(state, Resolved) else None
    told = CustomerTicketResolved(
        ticket=command.ticket,
        customer=command.customer,
        opened_at=state.told.opened_at,
        solution=command.solution,
        satisfaction=command.satisfaction,
        handler=before.handler if before else PersonId(context.actor),
        resolved_at=before.resolved_at if before else context.now,
    )
    return [] if told == before else [told]


def reopen(command: ReopenTicket, state: Open | Resolved) -> list[Event]:
    if isinstance(state, Open):
        return []
    if state.followed_up:
        raise Refused("ticket.followed_up", next="what the customer needs now is another ticket")
    reopened = CustomerTicketReopened(
        ticket=command.ticket, customer=command.customer, opened_at=state.told.opened_at, reason=command.reason
    )
    return [reopened]


def feed_back(command: FeedBackTicket, state: Resolved) -> list[Event]:
    told = CustomerTicketFedBack(
        ticket=command.ticket,
        customer=command.customer,
        opened_at=state.told.opened_at,
        unit=command.unit,
        opinion=command.opinion,
    )
    return [] if state.fed_back.get(command.unit) == told else [told]


def follow_up(command: FollowUpTicket, state: Resolved, context: Context) -> list[Event]:
    if state.told.kind is not TicketKind.INQUIRY and not state.fed_back:
        raise Refused(
            "ticket.not_fed_back", clause="S-29", next="tell the unit that it concerns what the customer thinks"
        )
    before = state.followed_up
    told = CustomerTicketFollowedUp(
        ticket=command.ticket,
        customer=command.customer,
        opened_at=state.told.opened_at,
        need=command.need,
        followed_up_at=before.followed_up_at if before else context.now,
    )
    return [] if told == before else [told]


def evolve(state: State, event: Event) -> State:
    """Raises ValueError for a history that no decision makes."""
    match state, event:
        case None, CustomerTicketOpened():
            return Open(told=event)
        case Open() | Resolved(), CustomerTicketOpened():
            return replace(state, told=event)
        case Open() | Resolved(), CustomerTicketResolved():
            resolved = state if isinstance(state, Resolved) else Resolved(told=state.told, resolved=event)
            return replace(resolved, resolved=event)
        case Resolved(followed_up=None), CustomerTicketReopened():
            return Open(told=state.told)
        case Resolved(), CustomerTicketFedBack():
            return replace(state, fed_back={**state.fed_back, event.unit: event})
        case Resolved(), CustomerTicketFollowedUp():
            return replace(state, followed_up=event)
        case _:
            raise ValueError(f"{type(event).__name__} does not follow where a ticket is {type(state).__name__}")


tickets: Decider[Command, State, Event] = Decider(
    name="ticket", key=lambda command: (command.ticket,), initial=lambda: None, decide=decide, evolve=evolve
)
erased_customers = register(name="customer", fact=CustomerErased, key=lambda command: (command.customer,))


def customer(event: CustomerErased) -> str:
    return event.customer


customer_erasure = Erasure(person=customer, name="customer_erasure")
