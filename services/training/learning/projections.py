"""How far trainees are with an online session. Clause: T-42."""

from dataclasses import replace
from decimal import Decimal

from services.training.learning.events import LearningProgressRecorded
from services.vocabulary import CourseId, PersonId, SessionId
from shared.projection import Projection
from shared.value import value


@value
class Progress:
    session: SessionId
    person: PersonId
    course: CourseId | None = None
    percent: Decimal | None = None


def progress(row: Progress, event: LearningProgressRecorded) -> Progress:
    return replace(row, course=event.course, percent=event.percent)


progresses = Projection(
    name="progresses", key=lambda event: Progress(session=event.session, person=event.person), evolve=progress
)
