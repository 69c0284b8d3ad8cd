from dataclasses import replace
from decimal import Decimal

import pytest

from services.training.attendance.decisions import Absent, Attended, attendance
from services.training.attendance.events import Ground
from services.training.teaching.decisions import answers, performance_notes
from services.training.teaching.events import TraineePerformanceNoted, TraineeQuestionAnswered
from shared.privacy import Personal
from shared.testing import given
from tests.training.recorded import LAWS, LAWS_MAY, LI, START

HERE = Attended(course=LAWS, held_at=START)
ANSWER = TraineeQuestionAnswered(
    session=LAWS_MAY, person=LI, question="q1", asked=Personal("May I say cheapest?"), answer=Personal("Never.")
)
NOTE = TraineePerformanceNoted(session=LAWS_MAY, person=LI, participation=Decimal(70), learning=Decimal(85))


@pytest.mark.clause("T-48")
def test_a_trainees_question_is_answered_on_record() -> None:
    here = given(answers).seeing(attendance, LAWS_MAY, LI, found=HERE)
    better = replace(ANSWER, answer=Personal("Never: article 9."))
    here.when(ANSWER).then(ANSWER).when(ANSWER).then().when(better).then(better)


@pytest.mark.clause("T-49")
def test_a_trainees_performance_is_noted_and_corrected() -> None:
    here = given(performance_notes).seeing(attendance, LAWS_MAY, LI, found=HERE)
    better = replace(NOTE, participation=Decimal(80))
    here.when(NOTE).then(NOTE).when(NOTE).then().when(better).then(better)


@pytest.mark.parametrize("found", [None, Absent(ground=Ground.SICK)])
def test_who_was_not_there_neither_asked_nor_performed(found: Absent | None) -> None:
    given(answers).seeing(attendance, LAWS_MAY, LI, found=found).when(ANSWER).refused("trainee.not_signed_in")
    given(performance_notes).seeing(attendance, LAWS_MAY, LI, found=found).when(NOTE).refused("trainee.not_signed_in")
