"""Which archives are open: that there is one, never what it holds. Clauses: T-02, T-59."""

from dataclasses import replace
from datetime import datetime

from services.people.persons.events import CategoriesChanged, Category, PersonRegistered
from services.vocabulary import PersonId
from shared.event import Meta
from shared.projection import Projection
from shared.value import value


@value
class OpenArchive:
    person: PersonId
    opened_by: str = ""  # the event that made him live-marketing personnel
    opened_at: datetime | None = None


def opened(event: PersonRegistered | CategoriesChanged) -> list[OpenArchive]:
    return [OpenArchive(person=event.person)] if Category.LIVE_MARKETING in event.categories else []


def open_archive(row: OpenArchive, event: PersonRegistered | CategoriesChanged, meta: Meta) -> OpenArchive:
    return row if row.opened_by else replace(row, opened_by=meta.id, opened_at=meta.occurred_at)


open_archives = Projection(name="open_archives", key=opened, evolve=open_archive)
