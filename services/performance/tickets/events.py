"""A customer's ticket 客户问题, from receiving to following up. Clauses: S-29, S-30, E-28; C-35."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, NewType

from annotated_types import Interval
from pydantic import Field

from services.vocabulary import PersonId, StreamId, UnitId
from shared.privacy import TEXT, Personal, Sealed
from shared.value import value

# Where the customer is known, and the reference that he has there: no name, no telephone number, no address.
CustomerId = NewType(
    "CustomerId",
    Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,19}:[A-Za-z0-9_-]{1,64}$", examples=["shop:8842-19"])],
)
Said = Annotated[Personal, TEXT, Sealed(kind="note", of="customer")]  # of a customer's matter
Stars = Annotated[int, Interval(ge=1, le=5)]


class TicketKind(StrEnum):
    INQUIRY = "inquiry"  # 咨询
    COMPLAINT = "complaint"  # 投诉
    SUGGESTION = "suggestion"  # 建议


class TicketSubject(StrEnum):
    """What it is about. A complaint about one of the first two is somebody's on the stream (C-35)."""

    ASSISTANT = "assistant"
    STREAM = "stream"
    ORDER = "order"
    PRODUCT = "product"
    OTHER = "other"


@value
class CustomerTicketOpened:
    """The same ticket again corrects what it is about; when it was opened, and by whom, stays."""

    ticket: str
    customer: CustomerId
    opened_at: datetime
    kind: TicketKind
    subject: TicketSubject
    reference: str | None  # of the order or product
    stream: StreamId | None
    assistant: PersonId | None
    what: Said
    receiver: PersonId  # who opened it


@value
class CustomerTicketResolved:
    """The same ticket again corrects it, or adds the customer's rating: who resolved it, and when, stays."""

    ticket: str
    customer: CustomerId
    opened_at: datetime
    solution: Said
    satisfaction: Stars | None  # none: the customer did not say
    handler: PersonId
    resolved_at: datetime


@value
class CustomerTicketReopened:
    """It was not solved after all."""

    ticket: str
    customer: CustomerId
    opened_at: datetime
    reason: Said


@value
class CustomerTicketFedBack:
    """The customer's opinion, to the unit that it concerns."""

    ticket: str
    customer: CustomerId
    opened_at: datetime
    unit: UnitId
    opinion: Said


@value
class CustomerTicketFollowedUp:
    ticket: str
    customer: CustomerId
    opened_at: datetime
    need: Said
    followed_up_at: datetime


@value
class CustomerErased:
    """What customers said is forgotten where they ask for it; their tickets stay, without a word of theirs."""

    customer: CustomerId


Event = (
    CustomerTicketOpened
    | CustomerTicketResolved
    | CustomerTicketReopened
    | CustomerTicketFedBack
    | CustomerTicketFollowedUp
)
