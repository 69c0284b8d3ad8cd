"""What is important is in writing; what a meeting assigned is on the board. Clauses: S-25, S-26, S-28, O-76, O-78."""

from typing import Annotated

from annotated_types import Len
from pydantic import Field

from services.calendar import Moment
from services.performance.campaigns.decisions import campaigns
from services.performance.campaigns.events import CampaignId
from services.performance.communications.events import (
    Channel,
    CommunicationLogged,
    Counterpart,
    MeetingHeld,
    MeetingKind,
    Parties,
    Points,
)
from services.performance.tasks.decisions import tasks
from services.performance.tasks.events import TaskId
from services.vocabulary import PersonId, Text
from shared.decider import Context, Refused, look
from shared.register import register
from shared.value import value


@value
class LogCommunication:
    """Again, by whoever logged it: a correction."""

    communication: str
    held_at: Moment
    channel: Channel
    counterpart: Counterpart
    parties: Parties
    matter: Text
    important: bool
    campaign: CampaignId | None = None
    written_reference: Text | None = None


def logged(command: LogCommunication, state: CommunicationLogged | None, context: Context) -> CommunicationLogged:
    if state and state.logged_by != context.actor:
        raise Refused("communication.of_another", next="whoever logged it corrects it; log yours under another id")
    if command.held_at > context.now:
        raise Refused("communication.not_yet", held_at=command.held_at, next="log it once it took place")
    if command.important and command.written_reference is None:
        raise Refused(
            "communication.not_in_writing", clause="O-76", next="put it in writing, and say where: a mail, a message"
        )
    if command.campaign is not None and context.state(campaigns, command.campaign) is None:
        raise Refused(
            "communication.campaign_unknown", campaign=command.campaign, next="propose it first, or name none"
        )
    return CommunicationLogged(
        communication=command.communication,
        logged_by=PersonId(context.actor),
        held_at=command.held_at,
        channel=command.channel,
        counterpart=command.counterpart,
        parties=command.parties,
        matter=command.matter,
        important=command.important,
        campaign=command.campaign,
        written_reference=command.written_reference,
    )


communications = register(
    name="communication",
    fact=CommunicationLogged,
    key=lambda command: (command.communication,),
    says=logged,
    sees=lambda command: [] if command.campaign is None else [look(campaigns, command.campaign)],
)


@value
class RecordMeeting:
    """Again: a correction. Its tasks are assigned first."""

    meeting: str
    kind: MeetingKind
    held_at: Moment
    attendees: Annotated[tuple[PersonId, ...], Len(2, 500), Field(examples=[["person-1", "person-2"]])]
    progress: Text
    problems: Points = ()
    solutions: Points = ()
    tasks: Annotated[tuple[TaskId, ...], Len(0, 50)] = ()

    def __post_init__(self) -> None:
        if len(set(self.attendees)) == 1:
            raise ValueError("a meeting has two attendees at least")


def held(command: RecordMeeting, state: MeetingHeld | None, context: Context) -> MeetingHeld:
    if command.held_at > context.now:
        raise Refused("meeting.not_yet", held_at=command.held_at, next="record it once it was held")
    if unknown := [task for task in command.tasks if context.state(tasks, task) is None]:
        raise Refused("meeting.tasks_unknown", tasks=unknown, next="assign them first")
    return MeetingHeld(
        meeting=command.meeting,
        kind=command.kind,
        held_at=command.held_at,
        attendees=tuple(dict.fromkeys(command.attendees)),
        progress=command.progress,
        problems=command.problems,
        solutions=command.solutions,
        tasks=tuple(dict.fromkeys(command.tasks)),
    )


meetings = register(
    name="meeting",
    fact=MeetingHeld,
    key=lambda command: (command.meeting,),
    says=held,
    sees=lambda command: [look(tasks, task) for task in command.tasks],
)
