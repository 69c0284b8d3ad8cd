"""Every reading of an archive is a fact, recorded before anything is shown. Clause: T-63; ruling R9."""

from datetime import date

from services.people.applications.events import Parts
from services.vocabulary import PersonId
from shared.value import value


@value
class ArchiveConsulted:
    person: PersonId  # whose archive
    reading: int  # of this archive by this application, from 1
    reader: PersonId
    parts: Parts
    application: str | None = None  # none: the person himself
    withheld_until: date | None = None  # the last day on which the person does not see it: an investigation's


Event = ArchiveConsulted
