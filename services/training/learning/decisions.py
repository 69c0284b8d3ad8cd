"""Online learning: the trainee arranges time and progress himself. Clause: T-42."""

from services.training.learning.events import LearningProgressRecorded
from services.training.sessions.decisions import Open, sessions
from services.training.sessions.events import Method
from services.vocabulary import PersonId, Score, SessionId
from shared.decider import Context, Refused, look
from shared.register import register
from shared.value import value


@value
class RecordLearningProgress:
    session: SessionId
    person: PersonId
    percent: Score  # of the whole


def progress(
    command: RecordLearningProgress, state: LearningProgressRecorded | None, context: Context
) -> LearningProgressRecorded:
    session = context.state(sessions, command.session)
    if not isinstance(session, Open):
        raise Refused("learning.not_open", session=command.session, next="learn between schedule and delivery")
    if session.plan.method is not Method.ONLINE:
        raise Refused("learning.not_online", method=session.plan.method, next="sign in to the session")
    if command.person not in session.enrolled:
        raise Refused("learning.not_enrolled", person=command.person, next="enrol him first")
    if context.now < session.plan.starts_at:
        raise Refused(
            "learning.not_open", session=command.session, starts_at=session.plan.starts_at, next="wait for it"
        )
    if state and command.percent < state.percent:
        raise Refused("learning.went_back", percent=state.percent, next="what was learned stays learned")
    return LearningProgressRecorded(
        session=command.session, course=session.plan.course, person=command.person, percent=command.percent
    )


learning = register(
    name="learning",
    fact=LearningProgressRecorded,
    key=lambda command: (command.session, command.person),
    says=progress,
    sees=lambda command: [look(sessions, command.session)],
)
