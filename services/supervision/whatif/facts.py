"""What the consequences for a person or a team rest on, kept by subject so that they can be decided again: what
training and people told of him, and what was recorded and decided about him here. Who is of a team is kept already, by
team. Clauses: A-57, A-61, S-50, T-64, T-66, T-67."""

from services.people.contracts import PersonRegistered
from services.supervision.awards.events import Event as Awarded
from services.supervision.directory.projections import Event as Told
from services.supervision.penalties.events import Event as Penalised
from services.supervision.violations.events import Event as Violated
from services.supervision.violations.reactions import Exam
from services.training.contracts import SessionAbsenceCorrected, SessionAbsenceRecorded
from services.vocabulary import PersonId, UnitId
from shared.facts import Facts, Known
from shared.value import value

Learned = Exam | SessionAbsenceRecorded | SessionAbsenceCorrected
Event = Learned | Told | Violated | Penalised | Awarded


@value
class Conduct:
    """Of one person or of one team."""

    person: PersonId | None = None
    team: UnitId | None = None


@value
class Kept:
    """`registered`: people told of him too."""

    facts: int
    registered: bool


def kept(subject: Conduct, known: Known[Event]) -> Kept:
    return Kept(facts=len(known.facts), registered=bool(known.every(PersonRegistered)))


def about(event: Event) -> tuple[str, ...]:
    (subject,) = subjects(event)
    return ("team", str(subject.team)) if subject.person is None else ("person", subject.person)


def subjects(event: Event) -> list[Conduct]:
    if event.person is None:
        return [Conduct(team=event.team)]
    return [Conduct(person=event.person)]


conduct = Facts(name="conduct", about=about, subjects=subjects, result=kept, version=2)
