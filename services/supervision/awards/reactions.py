"""Excellence that obliges us to propose an award. Clause: T-64; rulings R1, R8."""

from collections.abc import Iterator

from services.supervision.awards.decisions import TRAINING_EXCELLENCE, JudgeExcellence, awards
from services.training.contracts import ExamGraded, ExamRegraded, Grade
from shared.reaction import Reaction


def judge_excellence(exam: ExamGraded | ExamRegraded) -> Iterator[JudgeExcellence]:
    """All excellent exams of a month are one proposal. Another grade matters where it corrects."""
    excellent = exam.grade is Grade.EXCELLENT
    if excellent or isinstance(exam, ExamRegraded):
        yield JudgeExcellence(
            person=exam.person,
            item=TRAINING_EXCELLENCE,
            period=f"{exam.held_on:%Y-%m}",
            session=exam.session,
            attempt=exam.attempt,
            held_on=exam.held_on,
            excellent=excellent,
        )


excellent_exams = Reaction(name="excellent_exam", to=awards, react=judge_excellence)
