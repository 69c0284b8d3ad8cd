"""What can be asked about the lessons. Clauses: T-48, T-49."""

from dataclasses import replace
from decimal import Decimal

from services.training.teaching.events import TraineePerformanceNoted, TraineeQuestionAnswered
from services.vocabulary import PersonId, SessionId
from shared.privacy import Note
from shared.projection import Projection
from shared.value import value


@value
class Answer:
    session: SessionId
    question: str
    person: PersonId | None = None
    asked: Note | None = None
    answer: Note | None = None


def answer(row: Answer, event: TraineeQuestionAnswered) -> Answer:
    return replace(row, person=event.person, asked=event.asked, answer=event.answer)


answers_given = Projection(
    name="answers_given", key=lambda event: Answer(session=event.session, question=event.question), evolve=answer
)


@value
class Performance:
    session: SessionId
    person: PersonId
    participation: Decimal | None = None
    learning: Decimal | None = None
    note: Note | None = None


def performance(row: Performance, event: TraineePerformanceNoted) -> Performance:
    return replace(row, participation=event.participation, learning=event.learning, note=event.note)


performances = Projection(
    name="performances", key=lambda event: Performance(session=event.session, person=event.person), evolve=performance
)
