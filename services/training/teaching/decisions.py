"""Answering trainees and noting how they did: of those who signed in alone. Clauses: T-48, T-49."""

from collections.abc import Sequence

from services.training.attendance.decisions import Attended, attendance
from services.training.teaching.events import TraineePerformanceNoted, TraineeQuestionAnswered
from shared.decider import Context, Refused, Sight, look
from shared.register import register

# The commands are the facts themselves.


def answered(
    command: TraineeQuestionAnswered, state: TraineeQuestionAnswered | None, context: Context
) -> TraineeQuestionAnswered:
    check_signed_in(command, context)
    return command


def noted(
    command: TraineePerformanceNoted, state: TraineePerformanceNoted | None, context: Context
) -> TraineePerformanceNoted:
    check_signed_in(command, context)
    return command


def check_signed_in(command: TraineeQuestionAnswered | TraineePerformanceNoted, context: Context) -> None:
    if not isinstance(context.state(attendance, command.session, command.person), Attended):
        raise Refused(
            "trainee.not_signed_in", session=command.session, person=command.person, next="sign the trainee in first"
        )


def sees(command: TraineeQuestionAnswered | TraineePerformanceNoted) -> Sequence[Sight]:
    return [look(attendance, command.session, command.person)]


answers = register(
    name="answer",
    fact=TraineeQuestionAnswered,
    key=lambda command: (command.session, command.question),
    says=answered,
    sees=sees,
)
performance_notes = register(
    name="performance_note",
    fact=TraineePerformanceNoted,
    key=lambda command: (command.session, command.person),
    says=noted,
    sees=sees,
)
