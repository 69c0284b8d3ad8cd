"""Whose a complaint is: of a stream, everybody's who assisted on it; of an assistant, his; of all else, nobody's. C-35.

The figures of a stream count the complaints of its own platform; what is recorded here came another way, and is counted
besides. Clause: A-61.
"""

from services.calendar import Moment
from services.deciding import check_not_the_subject
from services.supervision.complaints.events import ComplaintRecorded, ComplaintSubject
from services.supervision.streams.decisions import Ended, streams
from services.vocabulary import PersonId, PostId, StreamId, Text
from shared.decider import Context, Refused, Sight, look
from shared.register import register
from shared.value import value

ASSISTANT = PostId("assistant_anchor")  # whom regulation 003 is about


@value
class RecordComplaint:
    """About a stream or an assistant on it: with the stream. The same complaint again corrects it."""

    complaint: str
    subject: ComplaintSubject
    received_at: Moment
    what: Text
    stream: StreamId | None = None
    assistant: PersonId | None = None
    withdrawn: bool = False


def recorded(command: RecordComplaint, state: ComplaintRecorded | None, context: Context) -> ComplaintRecorded:
    if command.assistant is not None:
        check_not_the_subject("complaint", command.assistant, context)
    ended = stream_of(command, context)
    return ComplaintRecorded(
        complaint=command.complaint,
        subject=command.subject,
        stream=command.stream,
        against=against(command, ended) if ended and not command.withdrawn else (),
        started_at=ended.told.started_at if ended else None,
        received_at=command.received_at,
        what=command.what,
        withdrawn=command.withdrawn,
    )


def stream_of(command: RecordComplaint, context: Context) -> Ended | None:
    if command.subject not in {ComplaintSubject.STREAM, ComplaintSubject.ASSISTANT}:
        return None
    if command.stream is None:
        raise Refused("complaint.without_stream", subject=command.subject, next="name the stream that it is about")
    stream = context.state(streams, command.stream)
    if not isinstance(stream, Ended):
        raise Refused("stream.not_ended", stream=command.stream, next="record it once the stream has its roster")
    return stream


def against(command: RecordComplaint, ended: Ended) -> tuple[PersonId, ...]:
    assistants = tuple(dict.fromkeys(shift.person for shift in ended.told.crew if shift.post == ASSISTANT))
    if command.subject is ComplaintSubject.STREAM:
        return assistants
    if command.assistant not in assistants:
        raise Refused("complaint.not_on_stream", stream=command.stream, next="name who assisted on that stream")
    return (command.assistant,) if command.assistant else ()


def sees(command: RecordComplaint) -> list[Sight]:
    return [look(streams, command.stream)] if command.stream is not None else []


complaints = register(
    name="complaint", fact=ComplaintRecorded, key=lambda command: (command.complaint,), says=recorded, sees=sees
)
