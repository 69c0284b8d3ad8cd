"""What the consequences for a person rest on, kept by person so that they can be decided again: what training and
people told of him, and what was recorded and decided about him here. Clauses: A-57, A-61, T-64, T-66, T-67."""

from services.people.contracts import PersonRegistered
from services.supervision.awards.events import Event as Awarded
from services.supervision.directory.projections import Event as Told
from services.supervision.penalties.events import Event as Penalised
from services.supervision.violations.events import Event as Violated
from services.supervision.violations.reactions import Exam
from services.training.contracts import SessionAbsenceCorrected, SessionAbsenceRecorded
from services.vocabulary import PersonId
from shared.facts import Facts, Known
from shared.value import value

Learned = Exam | SessionAbsenceRecorded | SessionAbsenceCorrected
Event = Learned | Told | Violated | Penalised | Awarded


@value
class Conduct:
    person: PersonId


@value
class Kept:
    """`registered`: people told of him too."""

    facts: int
    registered: bool


def kept(subject: Conduct, known: Known[Event]) -> Kept:
    return Kept(facts=len(known.facts), registered=bool(known.every(PersonRegistered)))


def about(event: Event) -> tuple[str, ...]:
    return "person", event.person or ""


def subjects(event: Event) -> list[Conduct]:
    """None of a team's award: it is no consequence for one person."""
    return [Conduct(person=event.person)] if event.person else []


conduct = Facts(name="conduct", about=about, subjects=subjects, result=kept)
