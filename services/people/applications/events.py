"""The application to read training archives 查阅申请, and its approval or refusal.

Clauses: T-62, T-63; ruling R9; P-03.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from annotated_types import Len

from services.calendar import Day
from services.vocabulary import PersonId, Text
from shared.value import value


class Part(StrEnum):
    """Of an archive: what an application names and a reading shows."""

    SESSIONS = "sessions"  # time, place, content, method, trainer
    ATTENDANCE = "attendance"
    RESULTS = "results"  # marks and grades 考核成绩
    EFFECT = "effect"  # 效果评估


Persons = Annotated[tuple[PersonId, ...], Len(1, 1000)]  # sorted, each once
Parts = Annotated[tuple[Part, ...], Len(1)]  # sorted, each once


@value
class Investigation:
    """Delays that the persons see the application and its readings (R9)."""

    reason: Text
    ends_on: Day  # the last day of the delay


@value
class ArchiveAccessRequested:
    application: str
    applicant: PersonId
    persons: Persons
    parts: Parts
    purpose: Text
    ends_on: Day  # the last business day of reading
    investigation: Investigation | None = None


@value
class ArchiveAccessApproved:
    application: str
    persons: Persons
    approver: PersonId
    valid_until: datetime  # from then on nothing is read by it


@value
class ArchiveAccessRejected:
    """Ends what an investigation delayed: the persons see the refused application."""

    application: str
    persons: Persons
    approver: PersonId
    reason: Text


Event = ArchiveAccessRequested | ArchiveAccessApproved | ArchiveAccessRejected
