from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from services.training.attendance.decisions import Attended, attendance
from services.training.courses.decisions import courses
from services.training.exams.chain import Chain
from services.training.exams.decisions import (
    Command,
    EndMakeUpTerm,
    GradeExam,
    RecordExamAbsence,
    RegradeExam,
    ScheduleExam,
    exams,
)
from services.training.exams.events import (
    Attempt,
    Event,
    ExamScheduled,
    Grade,
    MakeUpExamGranted,
    MakeUpExamWithdrawn,
    RetrainingRequired,
    RetrainingWithdrawn,
)
from services.training.exams.projections import ExamChain, Standing, exam_chains
from services.training.rules import TrainingRules
from services.vocabulary import CourseId, PersonId, SessionId
from shared.policy import load_policy
from shared.testing import given
from tests.training.chains import (
    AGAIN_ON,
    ASSESSED,
    DUE,
    DUE_ON,
    FAILED,
    FAILED_TWICE,
    GRANTED,
    LAST_ON,
    LAWS_JUNE,
    MAKE_UP,
    MAKE_UP_WITHDRAWN,
    NOW,
    RETRAIN,
    deadline,
    graded,
    missed,
    regraded,
    scheduled,
)
from tests.training.folding import folded, interleaved
from tests.training.recorded import LAWS, LAWS_MAY, LI, NOT_CONFIGURED, RULES, START

LOSING = load_policy(
    TrainingRules,
    NOT_CONFIGURED.replace("make_up: {}", "make_up: {due_days: 14, after_deadline: lost}").replace(
        "exam_absence: {}", "exam_absence: {unexcused: lost}"
    ),
)
DAYS = st.integers(7, 31).map(lambda n: date(2024, 5, n))
SCORES = st.integers(0, 100).map(Decimal)


def commands(person: PersonId, session: SessionId, course: CourseId) -> st.SearchStrategy[Command]:
    return st.one_of(
        DAYS.map(lambda on: ScheduleExam(person=person, session=session, held_on=on)),
        SCORES.map(lambda score: GradeExam(person=person, session=session, course=course, score=score)),
        st.tuples(st.sampled_from(Attempt), SCORES).map(
            lambda drawn: RegradeExam(person=person, session=session, course=course, attempt=drawn[0], score=drawn[1])
        ),
        st.tuples(DAYS, st.booleans()).map(
            lambda drawn: RecordExamAbsence(person=person, session=session, held_on=drawn[0], excused=drawn[1])
        ),
        st.just(EndMakeUpTerm(person=person, session=session, due_on=date(2024, 9, 15))),
    )


def run(asked: list[Command], rules: TrainingRules) -> list[Event]:
    """What is recorded; refusals are passed over."""
    history: list[Event] = []
    for command in asked:
        history += (
            given(exams, *history)
            .under(rules)
            .seeing(attendance, LAWS_MAY, LI, found=Attended(course=LAWS, held_at=START))
            .seeing(courses, LAWS, found=ASSESSED)
            .when(command, now=NOW)
            .events
        )
    return history


def outstanding(history: list[Event], given_: type, withdrawn: type) -> int:
    return sum(isinstance(e, given_) for e in history) - sum(isinstance(e, withdrawn) for e in history)


@pytest.mark.clause("T-53", "T-54", "R1")
@for_all(
    st.lists(commands(LI, LAWS_MAY, LAWS), max_size=25),
    st.sampled_from([RULES, LOSING]),
)
def test_whatever_is_asked_there_is_one_make_up_and_the_row_says_what_the_chain_is(
    asked: list[Command], rules: TrainingRules
) -> None:
    history = run(asked, rules)
    chain = exams.state(history)
    if not isinstance(chain, Chain):
        return
    assert outstanding(history, RetrainingRequired, RetrainingWithdrawn) == chain.needs_retraining
    assert outstanding(history, MakeUpExamGranted, MakeUpExamWithdrawn) == chain.granted
    (row,) = folded(exam_chains, *history).values()
    if chain.passed:
        assert row.standing is Standing.PASSED
    elif chain.needs_retraining:
        assert row.standing is Standing.RETRAINING_REQUIRED
    elif chain.scheduled is not None:
        assert (row.standing, row.exam_on) == (Standing.SCHEDULED, chain.scheduled.held_on)
    else:
        due = {Attempt.FIRST: Standing.FIRST_DUE, Attempt.MAKE_UP: Standing.MAKE_UP_DUE}
        assert chain.turn is not None
        assert row.standing is due[chain.turn]


def row_of(*history: Event) -> ExamChain:
    (row,) = folded(exam_chains, *history).values()
    return row


@pytest.mark.clause("T-52", "T-53")
def test_the_row_of_a_corrected_chain() -> None:
    failed = row_of(*FAILED)
    assert (failed.standing, failed.first_score, failed.first_grade) == (Standing.MAKE_UP_DUE, Decimal(55), Grade.FAIL)
    corrected = row_of(*FAILED, regraded(62), MAKE_UP_WITHDRAWN)
    assert (corrected.standing, corrected.first_grade, corrected.make_up_granted) == (
        Standing.PASSED,
        Grade.PASS,
        False,
    )


@pytest.mark.clause("P-07", "R1")
def test_an_open_chance_whose_day_has_passed_is_shown_overdue() -> None:
    passed = (*DUE, deadline(lost=False))
    assert not row_of(*DUE).overdue
    assert row_of(*passed).overdue
    assert row_of(*passed).make_up_due_on == DUE_ON
    assert not row_of(*DUE, deadline(lost=True), RETRAIN).overdue
    assert not row_of(*passed, scheduled(MAKE_UP, LAST_ON), graded(64, MAKE_UP, LAST_ON)).overdue
    assert row_of(scheduled(), missed(excused=False)).overdue
    assert not row_of(scheduled(), missed(excused=False, lost=True), GRANTED).overdue
    assert not row_of(scheduled(), missed(excused=False), missed(excused=True)).overdue


JUNE = [
    ExamScheduled(
        person=LI, session=LAWS_JUNE, course=LAWS, attempt=Attempt.FIRST, held_on=AGAIN_ON, retrains=LAWS_MAY, cycle=1
    )
]


@pytest.mark.clause("T-54")
@for_all(interleaved([list(FAILED_TWICE), list(JUNE)]))
def test_a_retraining_is_open_until_a_later_session_answers_it(events: list[Event]) -> None:
    open_one = row_of(*FAILED_TWICE)
    assert (open_one.standing, open_one.retraining_open) == (Standing.RETRAINING_REQUIRED, True)
    rows = folded(exam_chains, *events)
    assert rows[LI, LAWS_MAY] == replace(open_one, retrained_in=(LAWS_JUNE,), retraining_open=False)
    june = rows[LI, LAWS_JUNE]
    assert (june.standing, june.retrains, june.cycle) == (Standing.SCHEDULED, LAWS_MAY, 1)
