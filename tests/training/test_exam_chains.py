from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from services.training.attendance.decisions import Attended, attendance
from services.training.courses.decisions import courses
from services.training.exams.chain import Chain, State
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
from services.training.exams.facts import exam_history
from services.training.exams.projections import ExamChain, Standing, exam_chains
from services.training.rules import TrainingRules
from services.vocabulary import day
from shared.policy import load_policy
from shared.testing import given
from shared.value import value
from tests.training.chains import (
    AGAIN_ON,
    ASSESSED,
    DUE,
    DUE_ON,
    EXAMINED,
    FAILED,
    FAILED_TWICE,
    GRANTED,
    LAST_ON,
    LAWS_JUNE,
    MAKE_UP,
    MAKE_UP_ON,
    MAKE_UP_WITHDRAWN,
    NOW,
    RETRAIN,
    deadline,
    gathered,
    graded,
    missed,
    regraded,
    scheduled,
)
from tests.training.folding import folded, interleaved
from tests.training.recorded import LAWS, LAWS_MAY, LI, NO_OBJECTIONS, NOT_CONFIGURED, RULES, START

LOSING = load_policy(
    TrainingRules,
    NOT_CONFIGURED.replace("make_up: {}", "make_up: {due_days: 14, after_deadline: lost}").replace(
        "exam_absence: {}", "exam_absence: {unexcused: lost}"
    ),
)
SCORES = st.sampled_from([Decimal(score) for score in (0, 55, 59, 60, 62, 95)])


@value
class Missing:
    """The exam that is scheduled, or was last missed."""

    excused: bool


@value
class Regrading:
    attempt: Attempt
    score: Decimal


Step = int | Decimal | Missing | Regrading | EndMakeUpTerm  # an exam so many days later, its mark, or what befalls it
STEPS = st.one_of(
    st.integers(1, 5),
    st.integers(1, 5),
    SCORES,
    SCORES,
    st.builds(Missing, excused=st.booleans()),
    st.builds(Regrading, attempt=st.sampled_from(Attempt), score=SCORES),
    st.just(EndMakeUpTerm(person=LI, session=LAWS_MAY, due_on=day(NOW + timedelta(days=14)))),
)


def asked(step: Step, state: State) -> Command:
    chain = state if isinstance(state, Chain) else None
    match step:
        case int():
            last = max(chain.last_on if chain else date.min, day(START))
            return ScheduleExam(person=LI, session=LAWS_MAY, held_on=last + timedelta(days=step))
        case Decimal():
            return GradeExam(person=LI, session=LAWS_MAY, course=LAWS, score=step)
        case Missing():
            exam = (chain.scheduled or chain.absence) if chain else None
            on = exam.held_on if exam else day(START)
            return RecordExamAbsence(person=LI, session=LAWS_MAY, held_on=on, excused=step.excused)
        case Regrading():
            return RegradeExam(person=LI, session=LAWS_MAY, course=LAWS, attempt=step.attempt, score=step.score)
        case EndMakeUpTerm():
            return step


def run(steps: list[Step], rules: TrainingRules) -> list[Event]:
    """What is recorded; refusals are passed over."""
    history: list[Event] = []
    for step in steps:
        history += (
            given(exams, *history)
            .under(rules, NO_OBJECTIONS)
            .seeing(attendance, LAWS_MAY, LI, found=Attended(course=LAWS, held_at=START))
            .seeing(courses, LAWS, found=ASSESSED)
            .seeing(exam_history, EXAMINED, found=gathered())
            .when(asked(step, exams.state(history)), now=NOW)
            .events
        )
    return history


def outstanding(history: list[Event], given_: type, withdrawn: type) -> int:
    return sum(isinstance(e, given_) for e in history) - sum(isinstance(e, withdrawn) for e in history)


@pytest.mark.clause("T-53", "T-54", "R1")
@settings(deadline=None)
@for_all(
    st.lists(STEPS, min_size=3, max_size=25),
    st.sampled_from([RULES, LOSING]),
)
def test_whatever_is_asked_there_is_one_make_up_and_the_row_says_what_the_chain_is(
    steps: list[Step], rules: TrainingRules
) -> None:
    history = run(steps, rules)
    chain = exams.state(history)
    if not isinstance(chain, Chain):
        return
    assert outstanding(history, RetrainingRequired, RetrainingWithdrawn) == chain.needs_retraining
    assert outstanding(history, MakeUpExamGranted, MakeUpExamWithdrawn) == chain.granted
    (row,) = folded(exam_chains, *history).values()
    assert row.exam_on == (chain.scheduled.held_on if chain.scheduled else None)
    assert (row.make_up_granted, row.make_up_due_on) == (chain.granted, chain.due_on)
    if chain.passed:
        assert row.standing is Standing.PASSED
    elif chain.needs_retraining:
        assert row.standing is Standing.RETRAINING_REQUIRED
    elif chain.scheduled is not None:
        assert row.standing is Standing.SCHEDULED
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


@pytest.mark.clause("R1")
def test_what_was_arranged_falls_away_with_the_make_up_but_not_with_an_earlier_absence() -> None:
    assert row_of(*FAILED, scheduled(MAKE_UP, MAKE_UP_ON), regraded(62), MAKE_UP_WITHDRAWN).exam_on is None
    arranged_again = (scheduled(), missed(excused=False), scheduled(on=MAKE_UP_ON))
    assert row_of(*arranged_again, missed(excused=True)).exam_on == MAKE_UP_ON


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
@settings(deadline=None)
@for_all(interleaved([list(FAILED_TWICE), list(JUNE)]))
def test_a_retraining_is_open_until_a_later_session_answers_it(events: list[Event]) -> None:
    open_one = row_of(*FAILED_TWICE)
    assert (open_one.standing, open_one.retraining_open) == (Standing.RETRAINING_REQUIRED, True)
    rows = folded(exam_chains, *events)
    assert rows[LI, LAWS_MAY] == replace(open_one, retrained_in=(LAWS_JUNE,), retraining_open=False)
    june = rows[LI, LAWS_JUNE]
    assert (june.standing, june.retrains, june.cycle) == (Standing.SCHEDULED, LAWS_MAY, 1)
