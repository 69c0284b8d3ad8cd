"""Applications, as approvers list them and as the persons see them that they name."""

from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from services.people.applications.events import (
    ArchiveAccessApproved,
    ArchiveAccessRejected,
    ArchiveAccessRequested,
    Event,
    Part,
)
from services.vocabulary import PersonId
from shared.projection import Projection
from shared.value import value


class Decision(StrEnum):
    OPEN = "open"
    APPROVED = "approved"  # until `valid_until`
    REJECTED = "rejected"


@value
class Application:
    application: str
    applicant: PersonId | None = None
    persons: tuple[PersonId, ...] = ()
    parts: tuple[Part, ...] = ()
    purpose: str = ""
    ends_on: date | None = None
    decision: Decision = Decision.OPEN
    approver: PersonId | None = None
    reason: str = ""  # of a rejection
    valid_until: datetime | None = None
    investigation: str = ""  # why the persons see it later
    withheld_until: date | None = None


@value
class ApplicationAbout:
    """An application that names this person."""

    person: PersonId
    application: str
    applicant: PersonId | None = None
    parts: tuple[Part, ...] = ()
    purpose: str = ""
    ends_on: date | None = None
    decision: Decision = Decision.OPEN
    approver: PersonId | None = None
    reason: str = ""
    valid_until: datetime | None = None
    investigation: str = ""
    withheld_until: date | None = None  # the last day on which the person does not see it


def stated(event: Event) -> dict[str, Any]:
    """The columns, of either row, that an event sets."""
    match event:
        case ArchiveAccessRequested(investigation=delay):
            return {
                "applicant": event.applicant,
                "parts": event.parts,
                "purpose": event.purpose,
                "ends_on": event.ends_on,
                "investigation": delay.reason if delay else "",
                "withheld_until": delay.ends_on if delay else None,
            }
        case ArchiveAccessApproved():
            return {"decision": Decision.APPROVED, "approver": event.approver, "valid_until": event.valid_until}
        case ArchiveAccessRejected():
            return {
                "decision": Decision.REJECTED,
                "approver": event.approver,
                "reason": event.reason,
                "withheld_until": None,
            }


def application(row: Application, event: Event) -> Application:
    return replace(row, persons=event.persons, **stated(event))


archive_applications = Projection(
    name="archive_applications",
    key=lambda event: Application(application=event.application),
    evolve=application,
)


def about(event: Event) -> list[ApplicationAbout]:
    return [ApplicationAbout(person=person, application=event.application) for person in event.persons]


def application_about(row: ApplicationAbout, event: Event) -> ApplicationAbout:
    return replace(row, **stated(event))


applications_about = Projection(name="archive_applications_about", key=about, evolve=application_about)
