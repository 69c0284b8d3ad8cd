"""Who spoke with whom about what 沟通, and meetings 会议. Clauses: S-25, S-26, S-28, S-51, S-52, O-76, O-78."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from annotated_types import Len

from services.performance.campaigns.events import CampaignId
from services.performance.tasks.events import TaskId
from services.vocabulary import PersonId, Text
from shared.value import value

Parties = Annotated[tuple[Text, ...], Len(1, 50)]  # groups, departments, companies
Points = Annotated[tuple[Text, ...], Len(0, 50)]


class Channel(StrEnum):
    EMAIL = "email"
    INSTANT_MESSAGING = "instant_messaging"
    PHONE = "phone"
    OTHER = "other"


class Counterpart(StrEnum):
    GROUP = "group"  # the own one (O-76)
    DEPARTMENT = "department"  # another one (S-28)
    PARTNER = "partner"  # 合作伙伴 (S-25)
    OTHER = "other"


@value
class CommunicationLogged:
    """The same communication again corrects it."""

    communication: str
    logged_by: PersonId
    held_at: datetime
    channel: Channel
    counterpart: Counterpart
    parties: Parties
    matter: Text
    important: bool
    campaign: CampaignId | None = None  # for which it is
    written_reference: Text | None = None  # the mail, the message, the minutes


class MeetingKind(StrEnum):
    GROUP = "group"
    CROSS_DEPARTMENT = "cross_department"
    TEAM = "team"


@value
class MeetingHeld:
    """The same meeting again corrects it."""

    meeting: str
    kind: MeetingKind
    held_at: datetime
    attendees: Annotated[tuple[PersonId, ...], Len(2, 500)]
    progress: Text
    problems: Points = ()
    solutions: Points = ()
    tasks: Annotated[tuple[TaskId, ...], Len(0, 50)] = ()  # assigned there
