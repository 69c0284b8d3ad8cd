"""Answering trainees and noting how they did: of those who signed in alone. Clauses: T-48, T-49."""

from collections.abc import Sequence

from services.training.attendance.decisions import Attended, attendance
from services.training.teaching.events import TraineePerformanceNoted, TraineeQuestionAnswered
from services.vocabulary import PersonId, SessionId
from shared.decider import Context, Decider, Refused, Sight, look

# The commands are the facts themselves.


def answer(
    command: TraineeQuestionAnswered, state: TraineeQuestionAnswered | None, context: Context
) -> list[TraineeQuestionAnswered]:
    check_signed_in(command.session, command.person, context)
    return [] if command == state else [command]


def note(
    command: TraineePerformanceNoted, state: TraineePerformanceNoted | None, context: Context
) -> list[TraineePerformanceNoted]:
    check_signed_in(command.session, command.person, context)
    return [] if command == state else [command]


def check_signed_in(session: SessionId, person: PersonId, context: Context) -> None:
    if not isinstance(context.state(attendance, session, person), Attended):
        raise Refused("trainee.not_signed_in", session=session, person=person, next="sign the trainee in first")


def sees(command: TraineeQuestionAnswered | TraineePerformanceNoted) -> Sequence[Sight]:
    return [look(attendance, command.session, command.person)]


def evolve_answer(state: TraineeQuestionAnswered | None, event: TraineeQuestionAnswered) -> TraineeQuestionAnswered:
    return event


def evolve_note(state: TraineePerformanceNoted | None, event: TraineePerformanceNoted) -> TraineePerformanceNoted:
    return event


answers = Decider(
    name="answer",
    key=lambda command: (command.session, command.question),
    initial=lambda: None,
    decide=answer,
    evolve=evolve_answer,
    sees=sees,
)
performance_notes = Decider(
    name="performance_note",
    key=lambda command: (command.session, command.person),
    initial=lambda: None,
    decide=note,
    evolve=evolve_note,
    sees=sees,
)
