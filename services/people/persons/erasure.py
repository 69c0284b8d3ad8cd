"""Who is erased: every service forgets the personal texts that it recorded of him."""

from services.people.persons.events import PersonErased
from shared.privacy import Erasure


def person(event: PersonErased) -> str:
    return event.person


erasure = Erasure(person=person)
