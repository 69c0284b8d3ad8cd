"""Every reading of every archive."""

from dataclasses import replace
from datetime import date, datetime

from services.people.applications.events import Part
from services.people.readings.events import ArchiveConsulted
from services.vocabulary import PersonId
from shared.event import Meta
from shared.projection import Projection
from shared.value import value


@value
class Reading:
    person: PersonId
    application: str  # empty: the person himself, his own
    reading: int  # by this application
    reader: PersonId | None = None
    capacity: str = ""  # in which the reader acted
    parts: tuple[Part, ...] = ()
    read_at: datetime | None = None
    withheld_until: date | None = None


def reading(row: Reading, event: ArchiveConsulted, meta: Meta) -> Reading:
    return replace(
        row,
        reader=event.reader,
        capacity=meta.capacity,
        parts=event.parts,
        read_at=meta.occurred_at,
        withheld_until=event.withheld_until,
    )


archive_readings = Projection(
    name="archive_readings",
    key=lambda event: Reading(person=event.person, application=event.application or "", reading=event.reading),
    evolve=reading,
)
