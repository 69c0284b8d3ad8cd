"""Whose a complaint is: of a stream, everybody's who assisted on it; of an assistant, his. C-35.

What customer service is told of a stream is a ticket of performance's; nobody records it here once more. The figures of
a stream count the complaints of its own platform; what comes as a ticket is counted besides. Clause: A-61.
"""

from dataclasses import replace
from datetime import datetime

from services.supervision.complaints.events import ComplaintRecorded
from services.supervision.streams.decisions import Ended, streams
from services.vocabulary import PersonId, PostId, StreamId
from shared.decider import Context, Decider, Sight, look
from shared.value import value

ASSISTANT = PostId("assistant_anchor")  # whom regulation 003 is about


@value
class FollowTicket:
    """What a ticket says now. Without a stream it is no complaint about one, or no longer."""

    complaint: str
    received_at: datetime
    stream: StreamId | None
    assistant: PersonId | None


@value
class SettleComplaint:
    """The stream that it is about has another roster, or has one at last."""

    complaint: str
    stream: StreamId


Command = FollowTicket | SettleComplaint
State = ComplaintRecorded | None


def decide(command: Command, state: State, context: Context) -> list[ComplaintRecorded]:
    now = followed(command, state) if isinstance(command, FollowTicket) else state
    if now is None:
        return []
    if not now.withdrawn and now.stream == command.stream:
        now = charged(now, context)
    return [] if now == state else [now]


def followed(command: FollowTicket, state: State) -> State:
    if command.stream is None:
        return replace(state, against=(), withdrawn=True) if state else None
    return ComplaintRecorded(
        complaint=command.complaint,
        stream=command.stream,
        assistant=command.assistant,
        against=(),
        started_at=None,
        received_at=command.received_at,
    )


def charged(complaint: ComplaintRecorded, context: Context) -> ComplaintRecorded:
    stream = context.state(streams, complaint.stream)
    if not isinstance(stream, Ended):
        return complaint
    assistants = dict.fromkeys(shift.person for shift in stream.told.crew if shift.post == ASSISTANT)
    against = tuple(person for person in assistants if complaint.assistant in (None, person))
    return replace(complaint, against=against, started_at=stream.told.started_at)


def sees(command: Command) -> list[Sight]:
    return [look(streams, command.stream)] if command.stream is not None else []


complaints: Decider[Command, State, ComplaintRecorded] = Decider(
    name="complaint",
    key=lambda command: (command.complaint,),
    initial=lambda: None,
    decide=decide,
    evolve=lambda state, event: event,
    sees=sees,
    tells=(ComplaintRecorded,),
)
