from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.training.attendance.decisions import Absent, Attended, attendance
from services.training.attendance.events import Ground
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
    AssessmentMethod,
    Attempt,
    Event,
    ExamGraded,
    ExamScheduled,
    Grade,
    RetrainingLimitReached,
)
from services.training.exams.facts import EndedChain, ExamHistory, exam_history
from services.training.exams.reactions import make_up_term
from services.training.rules import TrainingRules
from services.vocabulary import CourseId, SessionId
from shared.decider import Context
from shared.policy import Format, Policies, load_document, load_policy
from shared.testing import Given, Outcome, given
from tests.training.chains import (
    AGAIN_ON,
    ASSESSED,
    DUE,
    DUE_ON,
    EXAMINED,
    FAILED,
    FAILED_TWICE,
    FIRST,
    FIRST_ON,
    GRANTED,
    GRANTED_UNTIL,
    JUNE_START,
    LAST_ON,
    LAWS_JUNE,
    MAKE_UP,
    MAKE_UP_ON,
    MAKE_UP_WITHDRAWN,
    NOW,
    PASSED_MAKE_UP,
    RETRAIN,
    RETRAINING_WITHDRAWN,
    STANDARD,
    deadline,
    gathered,
    graded,
    missed,
    regraded,
    scheduled,
)
from tests.training.recorded import COURSE, LAWS, LAWS_MAY, LI, NO_OBJECTIONS, NOT_CONFIGURED, RULES, START


def chain(
    *history: Event, rules: TrainingRules = RULES, others: Sequence[Sequence[Event]] = ()
) -> Given[Command, State, Event]:
    """Of Li, who attended in May and in June; `others` of his chains have been gathered."""
    return (
        given(exams, *history)
        .under(rules, NO_OBJECTIONS)
        .seeing(attendance, LAWS_MAY, LI, found=Attended(course=LAWS, held_at=START))
        .seeing(attendance, LAWS_JUNE, LI, found=Attended(course=LAWS, held_at=JUNE_START))
        .seeing(courses, LAWS, found=ASSESSED)
        .seeing(exam_history, EXAMINED, found=gathered(*others))
    )


def configured(**settings: str) -> TrainingRules:
    text = NOT_CONFIGURED
    for name, setting in settings.items():
        text = text.replace(f"{name}: {{}}", f"{name}: {{{setting}}}")
    return load_policy(TrainingRules, text)


def schedule(on: date = FIRST_ON, session: SessionId = LAWS_MAY, retrains: SessionId | None = None) -> ScheduleExam:
    return ScheduleExam(person=LI, session=session, held_on=on, retrains=retrains)


def grading(score: str | int, session: SessionId = LAWS_MAY) -> GradeExam:
    return GradeExam(person=LI, session=session, course=LAWS, score=Decimal(score))


def regrading(score: int, attempt: Attempt = FIRST) -> RegradeExam:
    return RegradeExam(person=LI, session=LAWS_MAY, course=LAWS, attempt=attempt, score=Decimal(score))


def absence(*, excused: bool, on: date = FIRST_ON) -> RecordExamAbsence:
    return RecordExamAbsence(person=LI, session=LAWS_MAY, held_on=on, excused=excused)


@pytest.mark.clause("T-50", "R1")
def test_who_attended_is_examined_after_the_training() -> None:
    chain().when(schedule()).then(scheduled()).when(schedule()).then()
    chain().when(schedule(date(2024, 5, 5))).refused("exam.before_training")
    same_day = chain().when(schedule(date(2024, 5, 6))).then(scheduled(on=date(2024, 5, 6)))
    same_day.when(absence(excused=True, on=date(2024, 5, 6)), now=START).then(missed(excused=True, on=date(2024, 5, 6)))


@pytest.mark.clause("R1")
@pytest.mark.parametrize("found", [None, Absent(ground=Ground.LEAVE)])
def test_who_did_not_attend_is_not_examined(found: Absent | None) -> None:
    given(exams).seeing(attendance, LAWS_MAY, LI, found=found).when(schedule()).refused("exam.not_attended")


@pytest.mark.clause("T-50")
@pytest.mark.parametrize("method", list(AssessmentMethod))
def test_trainees_are_assessed_by_one_of_four_methods(method: AssessmentMethod) -> None:
    chain().when(replace(schedule(), method=method)).then(replace(scheduled(), method=method))


def test_a_scheduled_exam_is_graded_or_missed_before_the_next() -> None:
    chain(scheduled()).when(schedule(MAKE_UP_ON)).refused("exam.already_scheduled", held_on=FIRST_ON)
    chain(*FAILED).when(schedule(FIRST_ON)).refused("exam.not_later", last_on=FIRST_ON)


@pytest.mark.clause("T-51")
def test_without_a_standard_nothing_is_graded() -> None:
    for found in (None, COURSE):
        ungraded = chain(scheduled()).seeing(courses, LAWS, found=found)
        ungraded.when(grading(80), now=NOW).refused("standard.not_set", course=LAWS)
    a_day_early = datetime(2024, 5, 1, tzinfo=UTC)
    early = scheduled(on=date(2024, 5, 1))
    chain(early).when(grading(80), now=a_day_early).refused("standard.not_set", course=LAWS)


@pytest.mark.clause("T-51")
def test_the_standard_in_force_when_graded_is_on_record_and_governs_corrections() -> None:
    stricter = replace(STANDARD, version=2, passing=Decimal(65), set_on=date(2024, 7, 1))
    assessed = replace(ASSESSED, standards=(STANDARD, stricter))
    in_may = chain(scheduled()).seeing(courses, LAWS, found=assessed)
    then = in_may.when(grading(63), now=datetime(2024, 5, 9, tzinfo=UTC)).then(graded(63))
    then.when(regrading(62), now=NOW).then(regraded(62))  # version 1 still: a pass
    in_may.when(grading(63), now=NOW).then(replace(graded(63), grade=Grade.FAIL, standard=2), GRANTED)


@pytest.mark.clause("T-52")
@pytest.mark.parametrize(
    ("score", "grade"),
    [
        ("100", Grade.EXCELLENT),
        ("90", Grade.EXCELLENT),
        ("89.99", Grade.GOOD),
        ("75", Grade.GOOD),
        ("74.99", Grade.PASS),
        ("60", Grade.PASS),
    ],
)
def test_four_grades(score: str, grade: Grade) -> None:
    chain(scheduled()).when(grading(score), now=NOW).then(replace(graded(score), grade=grade))


@pytest.mark.clause("T-52")
@pytest.mark.parametrize(
    ("percent", "score"), [("75.714285", "75.71"), ("89.995", "90.00"), ("59.996", "60.00"), ("21.4", "21.40")]
)
def test_a_mark_in_percent_of_any_number_of_questions_has_two_places(percent: str, score: str) -> None:
    (result, *_) = chain(scheduled()).when(grading(percent), now=NOW).events
    assert result == graded(score)
    assert isinstance(result, ExamGraded)
    assert str(result.score) == score


@pytest.mark.clause("T-52", "T-53")
def test_a_fail_earns_one_make_up() -> None:
    chain(scheduled()).when(grading("59.99"), now=NOW).then(graded("59.99"), GRANTED)
    chain(*FAILED).when(schedule(MAKE_UP_ON)).then(scheduled(MAKE_UP, MAKE_UP_ON))


@pytest.mark.clause("T-53", "R1")
def test_there_is_no_second_make_up() -> None:
    chain(*FAILED_TWICE).when(schedule(LAST_ON)).refused("exam.retraining_required")
    chain(*FAILED_TWICE).when(grading(70), now=NOW).refused("exam.retraining_required")


def test_who_passed_is_not_examined_again_in_this_chain() -> None:
    for history in ((scheduled(), graded(75)), PASSED_MAKE_UP):
        chain(*history).when(schedule(LAST_ON)).refused("exam.already_passed")


def test_an_exam_is_graded_once() -> None:
    chain(scheduled(), graded(75)).when(grading(75), now=NOW).then()
    chain(scheduled(), graded(75)).when(grading(76), now=NOW).refused("exam.already_passed")
    chain(*FAILED).when(replace(grading(55), held_on=FIRST_ON), now=NOW).then()
    chain(*FAILED).when(grading(55), now=NOW).refused("exam.not_scheduled", attempt=MAKE_UP)
    chain().when(grading(55), now=NOW).refused("exam.not_scheduled")


def test_an_exam_is_graded_once_it_was_held() -> None:
    chain(scheduled()).when(grading(75), now=datetime(2024, 5, 7, 15, 59, tzinfo=UTC)).refused("exam.not_yet_held")
    held = datetime(2024, 5, 7, 16, tzinfo=UTC)  # midnight in Shanghai
    chain(scheduled()).when(grading(75), now=held).then(graded(75))
    otherwise = replace(grading(75), held_on=date(2024, 5, 10))
    chain(scheduled()).when(otherwise, now=NOW).then(graded(75, on=date(2024, 5, 10)))
    early = replace(grading(75), held_on=date(2024, 5, 7))
    chain(scheduled()).when(early, now=NOW).refused("exam.before_schedule", held_on=FIRST_ON)


def test_a_mark_is_of_the_course_of_the_session() -> None:
    sales = CourseId("sales")
    other = chain(scheduled()).seeing(courses, sales, found=ASSESSED)
    other.when(replace(grading(75), course=sales), now=NOW).refused("exam.other_course", course=LAWS)


def test_nobody_marks_himself() -> None:
    chain(scheduled()).when(grading(75), by=LI, now=NOW).refused("exam.by_the_subject")
    chain(*FAILED).when(regrading(62), by=LI, now=NOW).refused("exam.by_the_subject")
    chain(scheduled()).when(absence(excused=True), by=LI, now=NOW).refused("exam.by_the_subject")


@pytest.mark.clause("T-53", "T-54", "R1")
def test_55_and_make_up_58_then_retraining_57_and_make_up_64() -> None:
    may = (
        chain()
        .when(schedule())
        .then(scheduled())
        .when(grading(55), now=NOW)
        .then(graded(55), GRANTED)
        .when(schedule(MAKE_UP_ON))
        .then(scheduled(MAKE_UP, MAKE_UP_ON))
        .when(grading(58), now=NOW)
        .then(graded(58, MAKE_UP, MAKE_UP_ON), RETRAIN)
    )

    def in_june(result: ExamGraded) -> ExamGraded:
        return replace(result, session=LAWS_JUNE, began_on=AGAIN_ON)

    opened = ExamScheduled(
        person=LI, session=LAWS_JUNE, course=LAWS, attempt=FIRST, held_on=AGAIN_ON, retrains=LAWS_MAY, cycle=1
    )
    (
        chain()
        .seeing(exams, LI, LAWS_MAY, found=exams.state(may.history))
        .when(schedule(AGAIN_ON, LAWS_JUNE, retrains=LAWS_MAY))
        .then(opened)
        .when(grading(57, LAWS_JUNE), now=NOW)
        .then(in_june(graded(57, on=AGAIN_ON)), replace(GRANTED, session=LAWS_JUNE))
        .when(schedule(LAST_ON, LAWS_JUNE))
        .then(replace(opened, attempt=MAKE_UP, held_on=LAST_ON))
        .when(grading(64, LAWS_JUNE), now=NOW)
        .then(in_june(graded(64, MAKE_UP, LAST_ON)))
    )


@pytest.mark.clause("T-54", "R1")
def test_retraining_is_a_later_session_of_the_same_course() -> None:
    again = schedule(AGAIN_ON, LAWS_JUNE, retrains=LAWS_MAY)
    failed = chain().seeing(exams, LI, LAWS_MAY, found=exams.state(FAILED_TWICE))
    for days in (2, 14):  # 14: the day of the failed make-up itself
        early = Attended(course=LAWS, held_at=START + timedelta(days=days))
        failed.seeing(attendance, LAWS_JUNE, LI, found=early).when(again).refused(
            "exam.not_a_later_session", failed_on=MAKE_UP_ON
        )
    other = Attended(course=CourseId("sales"), held_at=JUNE_START)
    failed.seeing(attendance, LAWS_JUNE, LI, found=other).when(again).refused("exam.other_course", course=LAWS)
    (third,) = chain().seeing(exams, LI, LAWS_MAY, found=exams.state(of_cycle(1))).when(again).events
    assert isinstance(third, ExamScheduled)
    assert third.cycle == 2
    gathered_since = chain(others=[FAILED_TWICE]).seeing(exams, LI, LAWS_MAY, found=exams.state(FAILED_TWICE))
    gathered_since.when(again).then(replace(IN_JUNE, retrains=LAWS_MAY, cycle=1))
    for found in (None, exams.state(FAILED), exams.state(PASSED_MAKE_UP)):
        chain().seeing(exams, LI, LAWS_MAY, found=found).when(again).refused("exam.retraining_not_required")


def of_cycle(cycle: int, session: SessionId = LAWS_MAY, by: timedelta = timedelta()) -> list[Event]:
    """Failed twice in the retraining with that number, so much later than in May."""

    def moved(event: Any) -> Event:
        event = replace(event, session=session)
        if hasattr(event, "held_on"):
            event = replace(event, held_on=event.held_on + by)
        return replace(event, cycle=cycle) if isinstance(event, ExamScheduled) else event

    return [moved(event) for event in FAILED_TWICE]


IN_JUNE = ExamScheduled(person=LI, session=LAWS_JUNE, course=LAWS, attempt=FIRST, held_on=AGAIN_ON)


@pytest.mark.clause("R1")
def test_a_pass_never_forbids_next_years_session() -> None:
    for passed in (PASSED_MAKE_UP, (scheduled(), graded(75))):
        chain(others=[passed]).when(schedule(AGAIN_ON, LAWS_JUNE)).then(IN_JUNE)


@pytest.mark.clause("T-54", "R1")
def test_a_later_session_of_a_failed_course_is_its_retraining_though_nobody_says_so() -> None:
    unnamed = schedule(AGAIN_ON, LAWS_JUNE)
    opened = replace(IN_JUNE, retrains=LAWS_MAY, cycle=1)
    failed = chain(others=[FAILED_TWICE])
    failed.when(unnamed).then(opened).when(unnamed).then().when(replace(unnamed, retrains=LAWS_MAY)).then()
    chain(others=[of_cycle(1)]).when(unnamed).then(replace(opened, cycle=2))
    same_day = Attended(course=LAWS, held_at=START + timedelta(days=14))
    sales = Attended(course=CourseId("sales"), held_at=JUNE_START)
    for attended in (same_day, sales):
        failed.seeing(attendance, LAWS_JUNE, LI, found=attended).when(unnamed).then(
            replace(IN_JUNE, course=attended.course)
        )
    for unfinished in (FAILED, FAILED[:1], (*FAILED_TWICE, regraded(60, MAKE_UP, MAKE_UP_ON), RETRAINING_WITHDRAWN)):
        chain(others=[unfinished]).when(unnamed).then(IN_JUNE)


@pytest.mark.clause("T-54", "R1")
def test_what_is_trained_again_is_what_was_failed_last() -> None:
    april = SessionId("laws-april")
    earlier = of_cycle(0, april, by=timedelta(days=-30))
    both = chain(others=[of_cycle(1), earlier]).seeing(exams, LI, april, found=exams.state(earlier))
    both.when(schedule(AGAIN_ON, LAWS_JUNE)).then(replace(IN_JUNE, retrains=LAWS_MAY, cycle=2))
    both.when(schedule(AGAIN_ON, LAWS_JUNE, retrains=april)).refused("exam.failed_since", session=LAWS_MAY)
    passed_since = chain(others=[PASSED_MAKE_UP, earlier])
    passed_since.when(schedule(AGAIN_ON, LAWS_JUNE)).then(IN_JUNE)


def test_the_history_of_a_person_is_of_the_chains_that_have_ended() -> None:
    june = [replace(e, session=LAWS_JUNE) for e in FAILED]
    may = EndedChain(session=LAWS_MAY, course=LAWS, cycle=0, last_on=MAKE_UP_ON, passed=False, limited=False)
    known = gathered(june, FAILED_TWICE)
    assert exam_history.compute(EXAMINED, known, Context(now=NOW, actor="")) == ExamHistory(ended=(may,))


@pytest.mark.clause("C-14", "R1")
def test_retraining_is_unlimited_unless_the_organisation_limits_it() -> None:
    def failing_again(cycle: int, rules: TrainingRules) -> Outcome[Command, State, Event]:
        return chain(*of_cycle(cycle)[:4], rules=rules).when(grading(58), now=NOW)

    twice = configured(retraining="max_cycles: 2")
    fail = graded(58, MAKE_UP, MAKE_UP_ON)
    failing_again(2, RULES).then(fail, replace(RETRAIN, cycle=3))
    failing_again(1, twice).then(fail, replace(RETRAIN, cycle=2))
    limit = RetrainingLimitReached(person=LI, session=LAWS_MAY, course=LAWS, cycles=2)
    limited = failing_again(2, twice).then(fail, limit)
    limited.when(schedule(LAST_ON)).refused("exam.retraining_limit_reached", cycles=2)
    limited.when(regrading(60, MAKE_UP), now=NOW).then(regraded(60, MAKE_UP, MAKE_UP_ON), RETRAINING_WITHDRAWN)


@pytest.mark.clause("C-14", "R1")
def test_the_limit_holds_for_the_next_session_whether_it_is_named_or_not() -> None:
    limit = RetrainingLimitReached(person=LI, session=LAWS_MAY, course=LAWS, cycles=2)
    limited = [*of_cycle(2)[:-1], limit]
    named = chain().seeing(exams, LI, LAWS_MAY, found=exams.state(limited))
    named.when(schedule(AGAIN_ON, LAWS_JUNE, retrains=LAWS_MAY)).refused("exam.retraining_limit_reached", cycles=2)
    unnamed = chain(others=[limited])
    unnamed.when(schedule(AGAIN_ON, LAWS_JUNE)).refused("exam.retraining_limit_reached", cycles=2)


@pytest.mark.clause("T-54")
def test_nobody_may_configure_away_the_first_retraining() -> None:
    with pytest.raises(ValueError, match="trains again at least once"):
        configured(retraining="max_cycles: 0")


@pytest.mark.clause("T-53", "R1")
def test_a_correction_from_55_to_62_withdraws_the_make_up() -> None:
    corrected = chain(*FAILED).when(regrading(62), now=NOW).then(regraded(62), MAKE_UP_WITHDRAWN)
    assert corrected.history == (*FAILED, regraded(62), MAKE_UP_WITHDRAWN)  # the first grade stays readable
    corrected.when(regrading(62), now=NOW).then()
    corrected.when(schedule(MAKE_UP_ON)).refused("exam.already_passed")


@pytest.mark.clause("T-53", "R1")
def test_a_make_up_that_was_arranged_falls_away_with_the_fail() -> None:
    arranged = chain(*FAILED, scheduled(MAKE_UP, MAKE_UP_ON))
    arranged.when(regrading(62), now=NOW).then(regraded(62), MAKE_UP_WITHDRAWN).when(grading(58), now=NOW).refused(
        "exam.already_passed"
    )


@pytest.mark.clause("T-54", "R1")
def test_what_followed_from_a_fail_is_taken_back_with_it() -> None:
    failed = chain(*FAILED_TWICE)
    failed.when(regrading(62), now=NOW).then(regraded(62), MAKE_UP_WITHDRAWN, RETRAINING_WITHDRAWN)
    failed.when(regrading(60, MAKE_UP), now=NOW).then(regraded(60, MAKE_UP, MAKE_UP_ON), RETRAINING_WITHDRAWN)
    failed.when(regrading(59, MAKE_UP), now=NOW).then(regraded(59, MAKE_UP, MAKE_UP_ON))
    failed.when(regrading(50), now=NOW).then(regraded(50))


@pytest.mark.clause("T-53", "T-54")
def test_a_correction_downwards_earns_what_a_fail_earns() -> None:
    chain(scheduled(), graded(62)).when(regrading(55), now=NOW).then(regraded(55), GRANTED)
    passed = chain(*PASSED_MAKE_UP)
    passed.when(regrading(58, MAKE_UP), now=NOW).then(regraded(58, MAKE_UP, MAKE_UP_ON), RETRAIN)
    up = passed.when(regrading(61), now=NOW).then(regraded(61), MAKE_UP_WITHDRAWN)
    down = up.when(regrading(55), now=NOW).then(regraded(55))  # the one make-up was sat, and passed
    down.when(regrading(61), now=NOW).then(regraded(61))  # nothing stands that could be withdrawn


def test_only_what_was_graded_is_corrected() -> None:
    chain(scheduled()).when(regrading(62), now=NOW).refused("exam.not_graded", attempt=FIRST)
    chain(*FAILED).when(regrading(62, MAKE_UP), now=NOW).refused("exam.not_graded", attempt=MAKE_UP)


UNEXCUSED_LOSES = configured(exam_absence="unexcused: lost")


@pytest.mark.clause("R1")
@pytest.mark.parametrize("rules", [RULES, UNEXCUSED_LOSES, configured(exam_absence="unexcused: open")])
def test_an_excused_absence_keeps_the_chance(rules: TrainingRules) -> None:
    (
        chain(scheduled(), rules=rules)
        .when(absence(excused=True), now=NOW)
        .then(missed(excused=True))
        .when(absence(excused=True), now=NOW)
        .then()
        .when(schedule(MAKE_UP_ON))
        .then(scheduled(FIRST, MAKE_UP_ON))
    )


@pytest.mark.clause("R1")
def test_without_a_policy_an_unexcused_absence_leaves_the_chance_open() -> None:
    assert RULES.exam_absence.unexcused is None
    (
        chain(scheduled())
        .when(absence(excused=False), now=NOW)
        .then(missed(excused=False))
        .when(schedule(MAKE_UP_ON))
        .then(scheduled(FIRST, MAKE_UP_ON))
    )


@pytest.mark.clause("R1")
def test_by_policy_an_unexcused_absence_loses_the_chance_and_is_no_fail() -> None:
    (
        chain(scheduled(), rules=UNEXCUSED_LOSES)
        .when(absence(excused=False), now=NOW)
        .then(missed(excused=False, lost=True), GRANTED)
        .when(schedule(MAKE_UP_ON))
        .then(scheduled(MAKE_UP, MAKE_UP_ON))
        .when(absence(excused=False, on=MAKE_UP_ON), now=NOW)
        .then(missed(excused=False, lost=True, attempt=MAKE_UP, on=MAKE_UP_ON), RETRAIN)
    )


@pytest.mark.clause("R1")
def test_a_later_excuse_gives_the_chance_back_until_the_next_exam() -> None:
    lost = (scheduled(), missed(excused=False, lost=True), GRANTED)
    (
        chain(*lost, rules=UNEXCUSED_LOSES)
        .when(absence(excused=True), now=NOW)
        .then(missed(excused=True), MAKE_UP_WITHDRAWN)
        .when(schedule(MAKE_UP_ON))
        .then(scheduled(FIRST, MAKE_UP_ON))
    )
    arranged_again = (scheduled(), missed(excused=False), scheduled(FIRST, MAKE_UP_ON))
    (
        chain(*arranged_again)
        .when(absence(excused=True), now=NOW)
        .then(missed(excused=True))
        .when(grading(70), now=NOW)
        .then(graded(70, on=MAKE_UP_ON))
    )
    since = (*lost, scheduled(MAKE_UP, MAKE_UP_ON), graded(70, MAKE_UP, MAKE_UP_ON))
    chain(*since).when(absence(excused=True), now=NOW).refused("exam.absence_settled")
    chain(scheduled(), missed(excused=True)).when(absence(excused=False), now=NOW).refused("exam.absence_settled")


def test_an_absence_is_from_a_scheduled_exam_that_was_held() -> None:
    chain(scheduled()).when(absence(excused=True, on=MAKE_UP_ON), now=NOW).refused("exam.not_scheduled")
    chain(scheduled()).when(absence(excused=True), now=START).refused("exam.not_yet_held", held_on=FIRST_ON)
    chain().when(absence(excused=True), now=NOW).refused("exam.not_scheduled")


TWO_WEEKS = configured(make_up="due_days: 14")
TWO_WEEKS_OR_LOST = configured(make_up="due_days: 14, after_deadline: lost")
GRADED_AT = datetime(2024, 5, 9, 8, tzinfo=UTC)


@pytest.mark.clause("P-07", "R1")
def test_a_make_up_has_a_deadline_only_where_it_is_configured() -> None:
    assert RULES.make_up.due_days is None
    chain(scheduled()).when(grading(55), now=GRADED_AT).then(graded(55), GRANTED)
    chain(scheduled(), rules=TWO_WEEKS).when(grading(55), now=GRADED_AT).then(graded(55), GRANTED_UNTIL)


@pytest.mark.clause("P-07", "R1")
def test_the_deadline_ends_with_its_day_in_shanghai() -> None:
    context = Context(now=NOW, actor="system")
    command = EndMakeUpTerm(person=LI, session=LAWS_MAY, due_on=DUE_ON)
    assert make_up_term.at is not None
    assert make_up_term.at(GRANTED_UNTIL) == datetime(2024, 5, 23, 16, tzinfo=UTC)
    assert make_up_term(GRANTED_UNTIL, context) == [command]
    assert make_up_term.at(GRANTED) is None
    assert make_up_term(GRANTED, context) == []


@pytest.mark.clause("P-07", "R1")
def test_past_the_deadline_the_policy_decides_and_unset_leaves_the_chance_open() -> None:
    end = EndMakeUpTerm(person=LI, session=LAWS_MAY, due_on=DUE_ON)
    late = date(2024, 5, 27)
    (
        chain(*DUE, rules=TWO_WEEKS)
        .when(end, now=NOW)
        .then(deadline(lost=False))
        .when(schedule(late))
        .then(scheduled(MAKE_UP, late))
    )
    chain(*DUE, rules=TWO_WEEKS_OR_LOST).when(end, now=NOW).then(deadline(lost=True), RETRAIN)
    chain(*DUE, rules=TWO_WEEKS_OR_LOST).when(schedule(late)).refused("exam.after_deadline", due_on=DUE_ON)
    chain(*DUE, rules=TWO_WEEKS_OR_LOST).when(schedule(DUE_ON)).then(scheduled(MAKE_UP, DUE_ON))


@pytest.mark.clause("P-07", "R1")
def test_a_deadline_passes_only_where_the_make_up_is_still_owed() -> None:
    end = EndMakeUpTerm(person=LI, session=LAWS_MAY, due_on=DUE_ON)
    arranged = (*DUE, scheduled(MAKE_UP, DUE_ON))
    sat = (*arranged, graded(64, MAKE_UP, DUE_ON))
    excused = (*arranged, missed(excused=True, attempt=MAKE_UP, on=DUE_ON))
    regraded_since = (*DUE, regraded(62), MAKE_UP_WITHDRAWN)
    for history in (arranged, sat, excused, regraded_since):
        chain(*history, rules=TWO_WEEKS_OR_LOST).when(end, now=NOW).then()
    late = date(2024, 5, 27)
    chain(*excused, rules=TWO_WEEKS_OR_LOST).when(schedule(late)).then(scheduled(MAKE_UP, late))


@pytest.mark.clause("R1")
def test_the_policy_is_the_one_in_force_when_the_chain_began() -> None:
    before, since = "effective_from: 2024-01-01", "effective_from: 2024-05-09"
    documents = [
        load_document(Format(kinds=(TrainingRules,)), text)
        for text in (
            NOT_CONFIGURED.replace("version: 1", f"version: 1, {before}"),
            NOT_CONFIGURED.replace("version: 1", f"version: 2, {since}").replace(
                "make_up: {}", "make_up: {due_days: 14}"
            ),
        )
    ]
    both = replace(chain(scheduled()), policies=Policies(documents=tuple(documents)).under(NO_OBJECTIONS))
    both.when(grading(55), now=NOW).then(graded(55), GRANTED)
    began_later = replace(chain(scheduled(on=date(2024, 5, 9))), policies=both.policies)
    (_, granted) = began_later.when(grading(55), now=datetime(2024, 5, 9, 8, tzinfo=UTC)).events
    assert granted == GRANTED_UNTIL


def test_a_chain_begins_with_a_schedule() -> None:
    with pytest.raises(ValueError, match="no exam opened"):
        exams.state([graded(55)])
    state = exams.state([scheduled()])
    assert isinstance(state, Chain)
    assert state.began_on == FIRST_ON
