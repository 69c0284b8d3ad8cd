"""Online learning 在线学习 at the trainee's own time and pace. Clause: T-42."""

from services.vocabulary import CourseId, PersonId, Score, SessionId
from shared.value import value


@value
class LearningProgressRecorded:
    session: SessionId
    course: CourseId
    person: PersonId
    percent: Score  # of the whole


Event = LearningProgressRecorded
