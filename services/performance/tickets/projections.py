"""The board of tickets, and what they come to for whoever receives and handles them. Clauses: S-29, S-30, S-32."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from statistics import median

from services.performance.tickets.events import (
    CustomerId,
    CustomerTicketFedBack,
    CustomerTicketFollowedUp,
    CustomerTicketOpened,
    CustomerTicketReopened,
    CustomerTicketResolved,
    Event,
    Said,
    TicketKind,
    TicketSubject,
)
from services.vocabulary import Month, PersonId, StreamId, UnitId, month
from shared.projection import Projection
from shared.value import value

MINUTE = timedelta(minutes=1)
SATISFIED = 4  # of 5, and more


class Status(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"
    FED_BACK = "fed_back"
    FOLLOWED_UP = "followed_up"


@value
class Ticket:
    """In order of age. `month` and `resolved_in` are those of Asia/Shanghai; `minutes` lie between the opening and the
    resolution that stands, reopened or not."""

    opened_at: datetime
    ticket: str
    status: Status | None = None
    month: Month | None = None
    kind: TicketKind | None = None
    subject: TicketSubject | None = None
    reference: str | None = None
    stream: StreamId | None = None
    assistant: PersonId | None = None
    customer: CustomerId | None = None
    what: Said | None = None
    receiver: PersonId | None = None
    reopened: int = 0
    handler: PersonId | None = None
    resolved_at: datetime | None = None
    resolved_in: Month | None = None
    minutes: int | None = None
    solution: Said | None = None
    satisfaction: int | None = None
    units: tuple[UnitId, ...] = ()  # that the opinion was fed back to
    opinion: Said | None = None
    need: Said | None = None
    followed_up_at: datetime | None = None


def ticket(row: Ticket, event: Event) -> Ticket:
    match event:
        case CustomerTicketOpened():
            return replace(
                row,
                status=row.status or Status.OPEN,
                month=month(event.opened_at),
                kind=event.kind,
                subject=event.subject,
                reference=event.reference,
                stream=event.stream,
                assistant=event.assistant,
                customer=event.customer,
                what=event.what,
                receiver=event.receiver,
            )
        case CustomerTicketResolved():
            return replace(
                row,
                status=Status.RESOLVED if row.status is Status.OPEN else row.status,
                handler=event.handler,
                resolved_at=event.resolved_at,
                resolved_in=month(event.resolved_at),
                minutes=(event.resolved_at - event.opened_at) // MINUTE,
                solution=event.solution,
                satisfaction=event.satisfaction,
            )
        case CustomerTicketReopened():
            return replace(
                row,
                status=Status.OPEN,
                reopened=row.reopened + 1,
                handler=None,
                resolved_at=None,
                resolved_in=None,
                minutes=None,
                solution=None,
                satisfaction=None,
                units=(),
                opinion=None,
            )
        case CustomerTicketFedBack():
            status = row.status if row.status is Status.FOLLOWED_UP else Status.FED_BACK
            units = tuple(dict.fromkeys((*row.units, event.unit)))
            return replace(row, status=status, units=units, opinion=event.opinion)
        case CustomerTicketFollowedUp():
            return replace(row, status=Status.FOLLOWED_UP, need=event.need, followed_up_at=event.followed_up_at)


all_tickets = Projection(
    name="tickets", key=lambda event: Ticket(opened_at=event.opened_at, ticket=event.ticket), evolve=ticket
)


@value
class HandlerFigures:
    """What the tickets of a month come to for one who received or resolved some: those that he opened in it, and those
    that he resolved in it. Of them `answers` were rated, `satisfied` with 4 or 5 of 5."""

    handler: PersonId
    month: Month
    opened: int
    resolved: int
    median_minutes: Decimal | None  # to resolve one; none: he resolved none
    answers: int
    satisfied: int


def figures(month: Month, rows: Iterable[Ticket]) -> tuple[HandlerFigures, ...]:
    """Of rows that were opened or resolved in the month, each once."""
    known = list(rows)
    receivers = (row.receiver for row in known if row.month == month)
    handlers = (row.handler for row in known if row.resolved_in == month)
    persons = {person for person in (*receivers, *handlers) if person is not None}
    return tuple(of_handler(person, month, known) for person in sorted(persons))


def of_handler(person: PersonId, month: Month, rows: Sequence[Ticket]) -> HandlerFigures:
    resolved = [row for row in rows if row.handler == person and row.resolved_in == month]
    ratings = [row.satisfaction for row in resolved if row.satisfaction is not None]
    minutes = [Decimal(row.minutes) for row in resolved if row.minutes is not None]
    return HandlerFigures(
        handler=person,
        month=month,
        opened=sum(row.receiver == person and row.month == month for row in rows),
        resolved=len(resolved),
        median_minutes=median(minutes) if minutes else None,
        answers=len(ratings),
        satisfied=sum(rating >= SATISFIED for rating in ratings),
    )
