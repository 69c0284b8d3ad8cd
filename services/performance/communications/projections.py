"""Communications and the minutes of meetings, by month. Clauses: S-25, S-26, S-28, O-76, O-78."""

from dataclasses import replace
from datetime import datetime

from services.performance.campaigns.events import CampaignId
from services.performance.communications.events import (
    Channel,
    CommunicationLogged,
    Counterpart,
    MeetingHeld,
    MeetingKind,
)
from services.performance.tasks.events import TaskId
from services.vocabulary import Month, PersonId, month
from shared.projection import Projection
from shared.value import value


@value
class Communication:
    communication: str
    month: Month = Month("")
    logged_by: PersonId = PersonId("")
    held_at: datetime | None = None
    channel: Channel | None = None
    counterpart: Counterpart | None = None
    parties: tuple[str, ...] = ()
    matter: str = ""
    important: bool = False
    campaign: CampaignId | None = None
    written_reference: str | None = None


def communication(row: Communication, event: CommunicationLogged) -> Communication:
    return replace(
        row,
        month=month(event.held_at),
        logged_by=event.logged_by,
        held_at=event.held_at,
        channel=event.channel,
        counterpart=event.counterpart,
        parties=event.parties,
        matter=event.matter,
        important=event.important,
        campaign=event.campaign,
        written_reference=event.written_reference,
    )


communications_logged = Projection(
    name="communications",
    key=lambda event: Communication(communication=event.communication),
    evolve=communication,
)


@value
class Meeting:
    meeting: str
    month: Month = Month("")
    kind: MeetingKind | None = None
    held_at: datetime | None = None
    attendees: tuple[PersonId, ...] = ()
    progress: str = ""
    problems: tuple[str, ...] = ()
    solutions: tuple[str, ...] = ()
    tasks: tuple[TaskId, ...] = ()


def minutes(row: Meeting, event: MeetingHeld) -> Meeting:
    return replace(
        row,
        month=month(event.held_at),
        kind=event.kind,
        held_at=event.held_at,
        attendees=event.attendees,
        progress=event.progress,
        problems=event.problems,
        solutions=event.solutions,
        tasks=event.tasks,
    )


meetings_held = Projection(name="meetings", key=lambda event: Meeting(meeting=event.meeting), evolve=minutes)
