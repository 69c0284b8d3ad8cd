"""What happened in the lesson: questions that were answered, and how trainees did. Clauses: T-48, T-49."""

from services.vocabulary import PersonId, Score, SessionId
from shared.privacy import Note
from shared.value import value


@value
class TraineeQuestionAnswered:
    session: SessionId
    person: PersonId  # who asked
    question: str  # its id
    asked: Note
    answer: Note


@value
class TraineePerformanceNoted:
    """学员表现; the same trainee again corrects it."""

    session: SessionId
    person: PersonId
    participation: Score
    learning: Score
    note: Note | None = None


Event = TraineeQuestionAnswered | TraineePerformanceNoted
