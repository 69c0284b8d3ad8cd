"""Who may read what of an archive: the applicant what was approved, in time; the person his own. T-62, T-63; R9."""

from datetime import date

from services.people.applications.decisions import Approved, State, applications
from services.people.applications.events import Parts
from services.people.readings.events import ArchiveConsulted, Event
from services.vocabulary import PersonId
from shared.decider import Context, Decider, Refused, Sight, look
from shared.value import value


@value
class ConsultArchive:
    person: PersonId
    parts: Parts
    application: str | None = None  # none: one's own archive


def decide(command: ConsultArchive, readings: int, context: Context) -> list[Event]:
    return [
        ArchiveConsulted(
            person=command.person,
            reading=readings + 1,
            reader=PersonId(context.actor),
            parts=tuple(sorted(set(command.parts))),
            application=command.application,
            withheld_until=allowed(command, context),
        )
    ]


def allowed(command: ConsultArchive, context: Context) -> date | None:
    """Until when the person does not see this reading. Raises Refused where it is not allowed."""
    if command.application is None:
        if context.actor != command.person:
            raise Refused("archive.application_required", next="apply, and read when the application is approved")
        return None
    approved = check_approved(context.state(applications, command.application), command, context)
    investigation = approved.request.investigation
    return investigation.ends_on if investigation else None


def check_approved(application: State, command: ConsultArchive, context: Context) -> Approved:
    match application:
        case Approved() if context.actor != application.request.applicant:
            raise Refused("archive.reader_is_not_the_applicant", next="apply yourself")
        case Approved() if context.now >= application.valid_until:
            raise Refused("archive.approval_expired", valid_until=application.valid_until, next="apply again")
        case Approved() if command.person not in application.request.persons:
            raise Refused("archive.person_not_named", person=command.person, next="apply for this person")
        case Approved() if missing := sorted(set(command.parts) - set(application.request.parts)):
            raise Refused(
                "archive.part_not_named",
                parts=missing,
                named=application.request.parts,
                next="read what is named, or apply for the rest",
            )
        case Approved():
            return application
        case _:
            raise Refused("archive.not_approved", application=command.application, next="wait for an approval")


def evolve(readings: int, event: Event) -> int:
    return event.reading


def key(command: ConsultArchive) -> tuple[str, ...]:
    """A stream for each application: what the person sees of his own readings does not count those that he may not."""
    return (command.person,) if command.application is None else (command.person, command.application)


def sees(command: ConsultArchive) -> list[Sight]:
    return [look(applications, command.application)] if command.application is not None else []


readings: Decider[ConsultArchive, int, Event] = Decider(
    name="archive_reading",
    key=key,
    initial=lambda: 0,
    decide=decide,
    evolve=evolve,
    sees=sees,
    history=False,  # what an investigation delays
)
