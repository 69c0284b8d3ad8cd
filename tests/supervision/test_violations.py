from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from services.supervision.violations.decisions import (
    TOLD_BY_FACTS,
    Command,
    DropViolation,
    ExamineMonth,
    RecordCause,
    RecordViolation,
    State,
    WithdrawViolation,
    violations,
)
from services.supervision.violations.events import (
    AttemptContested,
    AttemptJudged,
    Event,
    Severity,
    ViolationCauseRecorded,
    ViolationKind,
    ViolationRecorded,
    ViolationWithdrawn,
)
from services.supervision.violations.facts import MonthlyFigures, monthly_figures, moved, total
from services.supervision.violations.projections import Stands, all_violations
from services.supervision.violations.reactions import absences, failed_exams, poor_months
from services.supervision.violations.rules import FailedAssessment, PoorPerformance
from services.training.contracts import Attempt, ExamGraded, ExamRegraded
from services.vocabulary import Month, PersonMonth, SessionId
from shared.decider import Context
from shared.explanation import evaluate, find, load, render, verify
from shared.policy import PolicyError, load_policy
from shared.privacy import Personal
from shared.reaction import Reaction
from shared.testing import Given, given
from tests.supervision.folding import folded
from tests.supervision.hearing import heard, known, seeing_months
from tests.supervision.organisation import (
    AFTER_MAKE_UP,
    ANCHOR,
    ASSISTANT,
    FIRST_FAIL,
    HR,
    LI,
    MAY,
    NOON,
    POOR,
    POOR_PERFORMANCE_OPEN,
    ZHAO,
    absence,
    absence_corrected,
    ended,
    figures,
    graded,
    policies,
    regraded,
    review_opened,
)

NOTE = Personal("enc1:li:note:x")
LATE = RecordViolation(
    person=LI,
    kind=ViolationKind.LATE,
    occasion="2024-05-14",
    occurred_on=date(2024, 5, 14),
    evidence=("the sign-in sheet of that day",),
    severity=Severity.MINOR,
)
RECORDED_LATE = ViolationRecorded(
    person=LI,
    kind=ViolationKind.LATE,
    occasion="2024-05-14",
    occurred_on=date(2024, 5, 14),
    ruled_on=date(2024, 5, 14),
    recorder=ZHAO,
    capacity="supervision_group",
    severity=Severity.MINOR,
    evidence=("the sign-in sheet of that day",),
)


def told(kind: ViolationKind, occasion: str, on: date, began_on: date | None = None) -> ViolationRecorded:
    return ViolationRecorded(
        person=LI, kind=kind, occasion=occasion, occurred_on=on, ruled_on=began_on or on, recorder=""
    )


ABSENT = told(ViolationKind.UNEXCUSED_TRAINING_ABSENCE, "laws", date(2024, 5, 14))
FAILED = told(ViolationKind.TRAINING_ASSESSMENT_FAILED, "laws", date(2024, 5, 20))
POOR_MAY = told(ViolationKind.POOR_PERFORMANCE, MAY, date(2024, 5, 31), began_on=date(2024, 5, 1))


def withdrawn(recorded: ViolationRecorded, cause: str, recorder: str = "") -> ViolationWithdrawn:
    return ViolationWithdrawn(
        person=recorded.person, kind=recorded.kind, occasion=recorded.occasion, cause=cause, recorder=recorder
    )


CAUSED = ViolationCauseRecorded(
    person=LI,
    kind=ViolationKind.POOR_PERFORMANCE,
    occasion=MAY,
    recorder=ZHAO,
    capacity="supervision_group",
    finding=NOTE,
)
EXCUSED = withdrawn(ABSENT, "the absence is excused, or he had no notice of the session")


def after(reaction: Reaction[Any, Command], facts: Sequence[Any], *rules: object) -> list[Event]:
    """All that follows from these facts, in the order in which they are told."""
    histories: dict[tuple[str, ...], list[Event]] = {}
    for fact in facts:
        for command in reaction(fact, Context(now=NOON, actor="system")):
            history = histories.setdefault(violations.key(command), [])
            specification = replace(given(violations, *history), policies=policies(*rules))
            outcome = specification.when(command, by="system")
            assert outcome.refusal is None
            history += outcome.events
    return [e for history in histories.values() for e in history if not isinstance(e, AttemptJudged | AttemptContested)]


# Absence from training


@pytest.mark.clause("T-66", "R2")
def test_an_unexcused_absence_is_a_violation() -> None:
    assert after(absences, [absence()]) == [ABSENT]


@pytest.mark.clause("T-66", "R2")
def test_an_absence_that_is_excused_or_was_not_noticed_has_no_consequence() -> None:
    assert after(absences, [absence(excused=True)]) == []
    assert after(absences, [absence(noticed=False)]) == []
    assert after(absences, [absence(excused=True, noticed=False)]) == []


@pytest.mark.clause("T-66", "R2")
def test_a_sick_note_afterwards_withdraws_it_and_the_first_fact_stays() -> None:
    assert after(absences, [absence(), absence_corrected(excused=True)]) == [ABSENT, EXCUSED]
    assert after(absences, [absence(), absence_corrected(excused=False, noticed=False)]) == [ABSENT, EXCUSED]
    (row,) = folded(all_violations, ABSENT, EXCUSED)
    assert (row.stands, row.told_by, row.times) == (Stands.WITHDRAWN, "cause1", 1)
    assert row.withdrawn_for == EXCUSED.cause


@pytest.mark.clause("R6")
def test_a_correction_against_him_is_marked_as_one() -> None:
    """What follows from it is only proposed."""
    facts = [absence(excused=True), absence_corrected(excused=False)]
    assert after(absences, facts) == [replace(ABSENT, correction=True)]
    flawed = [absence(), absence_corrected(excused=True), absence_corrected(excused=False)]
    assert after(absences, flawed) == [ABSENT, EXCUSED, replace(ABSENT, correction=True)]


def test_each_session_is_a_violation_of_its_own() -> None:
    assert after(absences, [absence("laws"), absence("sales")]) == [ABSENT, replace(ABSENT, occasion="sales")]


# Failed exams: ruling R1

JUNE = date(2024, 6, 10)
WORKED = [
    graded("55"),
    graded("58", attempt=Attempt.MAKE_UP, held_on=date(2024, 5, 27)),
    graded("57", "laws-again", held_on=JUNE, began_on=JUNE),
    graded("64", "laws-again", Attempt.MAKE_UP, held_on=date(2024, 6, 17), began_on=JUNE),
]
MAKE_UP_58 = graded("58", attempt=Attempt.MAKE_UP)
MAKE_UP_57, MAKE_UP_64 = (regraded(points, attempt=Attempt.MAKE_UP) for points in ("57", "64"))
FAILED_AGAIN = replace(FAILED, occasion="laws-again", occurred_on=JUNE, ruled_on=JUNE)


@pytest.mark.clause("T-67", "C-13", "R1")
def test_every_first_fail_is_criticised_once() -> None:
    """55, make-up 58, retraining 57, make-up 64: two criticisms, for 55 and 57."""
    assert after(failed_exams, WORKED, FIRST_FAIL) == [FAILED, FAILED_AGAIN]


@pytest.mark.clause("T-67", "C-13", "R1")
def test_or_only_a_failed_make_up() -> None:
    """55, make-up 58, retraining 57, make-up 64: one criticism, for 58."""
    after_58 = replace(FAILED, occurred_on=date(2024, 5, 27))
    assert after(failed_exams, WORKED, AFTER_MAKE_UP) == [after_58]


@pytest.mark.clause("T-67", "R1")
def test_a_passed_make_up_takes_nothing_back() -> None:
    assert after(failed_exams, [graded("55"), graded("61", attempt=Attempt.MAKE_UP)]) == [FAILED]
    regraded_make_up = regraded("61", attempt=Attempt.MAKE_UP)
    assert after(failed_exams, [graded("55"), MAKE_UP_58, regraded_make_up], FIRST_FAIL) == [FAILED]


@pytest.mark.clause("T-67", "R1")
@pytest.mark.parametrize(
    ("facts", "rules", "attempt"),
    [
        ([graded("55"), regraded("62")], FIRST_FAIL, "first"),
        ([graded("55"), MAKE_UP_58, regraded("62")], FIRST_FAIL, "first"),
        ([graded("55"), MAKE_UP_58, regraded("62")], AFTER_MAKE_UP, "first"),
        ([graded("55"), MAKE_UP_58, regraded("62", attempt=Attempt.MAKE_UP)], AFTER_MAKE_UP, "make_up"),
    ],
)
def test_a_correction_to_a_pass_takes_the_criticism_back(
    facts: list[ExamGraded | ExamRegraded], rules: FailedAssessment, attempt: str
) -> None:
    """55 → 62."""
    assert after(failed_exams, facts, rules) == [FAILED, withdrawn(FAILED, f"the exam ({attempt}) is no fail")]


@pytest.mark.clause("T-67", "C-13", "R1")
@pytest.mark.parametrize(
    ("facts", "fails"),
    [
        ([graded("55"), MAKE_UP_58, regraded("62"), regraded("55")], True),  # 58 is a failed make-up again
        ([graded("55"), MAKE_UP_58, regraded("62"), MAKE_UP_57, regraded("55")], True),
        ([graded("55"), MAKE_UP_58, regraded("62"), MAKE_UP_64, regraded("55")], False),
        ([graded("55"), MAKE_UP_58, MAKE_UP_64, regraded("62"), regraded("55"), MAKE_UP_57], True),
        ([graded("55"), MAKE_UP_58, regraded("62"), MAKE_UP_57], False),  # there was nothing to make up
        ([graded("55"), graded("64", attempt=Attempt.MAKE_UP), regraded("62"), MAKE_UP_57], False),
        ([graded("62"), regraded("55"), MAKE_UP_58], True),
    ],
)
def test_a_make_up_is_judged_by_what_both_exams_are_now(facts: list[ExamGraded | ExamRegraded], fails: bool) -> None:
    """Where the failed make-up decides: 55, make-up 58, the first corrected to 62 and back to 55."""
    events = after(failed_exams, facts, AFTER_MAKE_UP)
    stands = bool(events) and isinstance(events[-1], ViolationRecorded)
    assert stands is fails
    assert {e.occurred_on for e in events if isinstance(e, ViolationRecorded)} <= {FAILED.occurred_on}


def test_the_violation_is_dated_by_the_make_up_whichever_exam_was_corrected() -> None:
    facts = [WORKED[0], WORKED[1], regraded("62"), regraded("55")]
    dates = [e.occurred_on for e in after(failed_exams, facts, AFTER_MAKE_UP) if isinstance(e, ViolationRecorded)]
    assert dates == [date(2024, 5, 27)] * 2


@pytest.mark.clause("R6")
def test_a_correction_to_a_fail_counts_as_one() -> None:
    assert after(failed_exams, [graded("62"), regraded("55")]) == [replace(FAILED, correction=True)]


@pytest.mark.clause("T-67", "R1")
def test_the_policy_is_the_one_in_force_when_the_chain_began() -> None:
    """The organisation changed its mind on 25 May, between the first exam and its make-up."""
    first = policies().documents
    changed = policies(AFTER_MAKE_UP).of(FailedAssessment)[0]
    later = replace(changed, issue=replace(changed.issue, version=2, effective_from=date(2024, 5, 25)))
    both = replace(policies(), documents=(*first, later))
    (judged,) = failed_exams(WORKED[1], Context(now=NOON, actor="system"))
    replace(given(violations, FAILED), policies=both).when(judged).then()
    began_later = replace(WORKED[1], began_on=date(2024, 5, 26))
    (judged,) = failed_exams(began_later, Context(now=NOON, actor="system"))
    first_failed = AttemptJudged(
        person=LI, session=SessionId("laws"), attempt=Attempt.FIRST, failed=True, held_on=date(2024, 5, 26)
    )
    told, event = replace(given(violations, first_failed), policies=both).when(judged).events
    assert told == replace(first_failed, attempt=Attempt.MAKE_UP, held_on=date(2024, 5, 27))
    assert isinstance(event, ViolationRecorded)
    assert event.ruled_on == date(2024, 5, 26)


def test_the_same_facts_again_change_nothing() -> None:
    assert after(failed_exams, [graded("55"), graded("55")]) == [FAILED]
    assert after(absences, [absence(), absence()]) == [ABSENT]
    (judged,) = failed_exams(graded("55"), Context(now=NOON, actor="system"))
    there = replace(given(violations), policies=policies(AFTER_MAKE_UP))
    once = there.when(judged, by="system").events
    replace(there, history=once).when(judged, by="system").then()


# Recorded by people


@pytest.mark.clause("A-60")
def test_a_member_of_the_group_records_lateness_with_what_shows_it() -> None:
    given(violations).when(LATE, by=ZHAO, capacity="supervision_group").then(RECORDED_LATE)
    given(violations, RECORDED_LATE).when(LATE, by=ZHAO, capacity="supervision_group").then()
    serious = replace(LATE, severity=Severity.SERIOUS)
    given(violations, RECORDED_LATE).when(serious, by=ZHAO).refused(
        "violation.recorded_already", next="withdraw it and record it again, or name another occasion"
    )
    noted = replace(LATE, note=NOTE)
    given(violations).when(noted, by=ZHAO, capacity="supervision_group").then(replace(RECORDED_LATE, note=NOTE))


@pytest.mark.clause("A-60")
@pytest.mark.parametrize("kind", ["late", "early_leave", "serious_stream_error"])
def test_each_breach_of_discipline_has_its_kind_and_needs_evidence(kind: str) -> None:
    body = {"person": "li", "kind": kind, "occasion": "1", "occurred_on": "2024-05-14", "evidence": ["17"]}
    assert TypeAdapter(RecordViolation).validate_python(body).kind == kind
    with pytest.raises(ValidationError):
        TypeAdapter(RecordViolation).validate_python(body | {"evidence": []})


@pytest.mark.parametrize("kind", ["unexcused_training_absence", "training_assessment_failed", "poor_performance"])
def test_what_facts_tell_nobody_records_by_hand(kind: str) -> None:
    record = replace(LATE, kind=ViolationKind(kind))
    given(violations).when(record, by=ZHAO).refused(
        "violation.told_by_facts", kind=record.kind, next=TOLD_BY_FACTS[record.kind]
    )


def test_what_a_person_took_back_stays_taken_back() -> None:
    take_back = WithdrawViolation(person=LI, kind=FAILED.kind, occasion="laws", cause="he was ill")
    taken_back = withdrawn(FAILED, "he was ill", recorder=ZHAO)
    given(violations, FAILED).when(take_back, by=ZHAO).then(taken_back).when(take_back, by=ZHAO).then()
    given(violations, FAILED).when(take_back, by=LI).refused("violation.by_the_subject")
    given(violations).when(take_back, by=ZHAO).refused(
        "violation.not_standing", next="look at the register: it is not recorded, or was withdrawn"
    )
    (again,) = failed_exams(regraded("54"), Context(now=NOON, actor="system"))
    given(violations, FAILED, taken_back).under(FIRST_FAIL).when(again).then()


@pytest.mark.clause("R7")
def test_what_falls_with_an_upheld_objection_is_named_with_its_handler() -> None:
    drop = DropViolation(person=LI, kind=LATE.kind, occasion=LATE.occasion, handler=HR)
    fallen = withdrawn(RECORDED_LATE, "an objection to its penalty was upheld", HR)
    given(violations, RECORDED_LATE).when(drop, by="system").then(fallen)


@pytest.mark.parametrize("history", [(CAUSED,), (ABSENT, ABSENT), (EXCUSED,), (ABSENT, EXCUSED, EXCUSED)])
def test_what_cannot_have_happened_is_no_history(history: tuple[Event, ...]) -> None:
    with pytest.raises(ValueError, match="where a violation is"):
        violations.state(history)


# Poor performance: clause A-61, ruling R3


def stream(name: str, month: int, viewers: int, complaints: int = 0, others: int = 0) -> list[Any]:
    return [
        ended(name, datetime(2024, month, 10, 4, tzinfo=UTC)),
        figures(name, viewers, complaints, others),
    ]


BEFORE = [*stream("f", 2, 9_000), *stream("m", 3, 10_000), *stream("a1", 4, 12_000), *stream("a2", 4, 9_000)]
DECLINING = [*BEFORE, *stream("s1", 5, 6_800), *stream("s2", 5, 7_000)]
MANY_COMPLAINTS = [*stream("s1", 5, 10_000, complaints=4), *stream("s2", 5, 10_000, complaints=6)]
EXAMINE = ExamineMonth(person=LI, month=MAY)


def months(*events: Any, history: Sequence[Event] = (), rules: str = POOR) -> Given[Command, State, Event]:
    policy = load_policy(PoorPerformance, rules)
    return seeing_months(given(violations, *history).under(policy), *events, review_opened())


def explained(specification: Given[Command, State, Event]) -> dict[str, Any]:
    (event,) = specification.when(EXAMINE).events
    assert isinstance(event, ViolationRecorded)
    assert replace(event, explanation=None, used=()) == POOR_MAY
    assert {f"e{n:03}" for n in range(len(event.used))} == set(event.used)  # every figure that was known
    return dict(event.explanation or {})


@pytest.mark.clause("A-61", "R3")
def test_a_decline_is_told_by_the_figure_per_stream_against_the_three_months_before() -> None:
    """10,000 → 6,900 is 31 %."""
    trees = explained(months(*DECLINING, rules=POOR.replace("decline_pct: 30", "decline_pct: 31")))
    assert list(trees) == ["decline"]
    assert evaluate(find(load(trees["decline"]), "decline")) == 31
    assert verify(trees["decline"]) == []
    months(*DECLINING, rules=POOR.replace("decline_pct: 30", "decline_pct: 31.01")).when(EXAMINE).then()


@pytest.mark.clause("A-61", "R3")
def test_a_threshold_is_held_against_the_exact_decline() -> None:
    """10,000 → 7,000.5 is 29.995 %, which two places would show as 30.00 %: under a threshold of 30."""
    nearly = [*BEFORE, *stream("s1", 5, 7_000), *stream("s2", 5, 7_001)]
    months(*nearly).when(EXAMINE).then()
    trees = explained(months(*nearly, rules=POOR.replace("decline_pct: 30", "decline_pct: 29.99")))
    assert evaluate(find(load(trees["decline"]), "decline")) == Fraction("29.995")
    assert "≥ 29.99 → reached (rule poor_performance v" in render(load(trees["decline"]))
    assert verify(trees["decline"]) == []


@pytest.mark.clause("A-61")
def test_many_complaints_are_a_case() -> None:
    trees = explained(months(*MANY_COMPLAINTS))
    assert list(trees) == ["complaints"]
    assert evaluate(find(load(trees["complaints"]), "complaints")) == 10
    fewer = [*stream("s1", 5, 10_000, complaints=4), *stream("s2", 5, 10_000, complaints=5)]
    months(*fewer).when(EXAMINE).then()


@pytest.mark.clause("A-61", "R3")
def test_complaints_and_decline_of_one_month_are_one_case() -> None:
    """Not two deductions."""
    both = [*BEFORE, *stream("s1", 5, 6_800, complaints=4), *stream("s2", 5, 7_000, complaints=6)]
    assert sorted(explained(months(*both))) == ["complaints", "decline"]
    months(*both, history=[POOR_MAY]).when(EXAMINE).then()


@pytest.mark.clause("C-35")
def test_a_complaint_about_an_order_or_a_product_is_nobodys_on_the_stream() -> None:
    others = [*stream("s1", 5, 10_000, complaints=4, others=90), *stream("s2", 5, 10_000, complaints=5, others=90)]
    months(*others).when(EXAMINE).then()


@pytest.mark.clause("C-35")
def test_the_complaints_are_those_of_the_streams_that_he_was_on_as_the_assistant_anchor() -> None:
    elsewhere = [ended("s3", wang=ASSISTANT), figures("s3", complaints=90)]
    as_anchor = [ended("s4", li=ANCHOR), figures("s4", complaints=90)]
    months(*elsewhere, *as_anchor).when(EXAMINE).then()


@pytest.mark.clause("R11")
def test_a_stream_that_is_too_long_is_not_counted() -> None:
    months(ended("s3", hours=13, too_long=True), figures("s3", complaints=90)).when(EXAMINE).then()


@pytest.mark.clause("A-61", "P-14")
def test_without_a_threshold_nothing_is_proposed() -> None:
    open_ = seeing_months(given(violations).under(POOR_PERFORMANCE_OPEN), *DECLINING, review_opened())
    open_.when(EXAMINE).refused("policy.not_configured", setting=("complaints_min", "decline_pct"))
    decline_only = POOR.replace("complaints_min: 10\n", "")
    months(*MANY_COMPLAINTS, rules=decline_only).when(EXAMINE).then()


@pytest.mark.parametrize("figure", ["ratings", "satisfied", "complaints", "charm"])
def test_a_decline_is_told_by_no_figure_that_says_nothing_of_the_work(figure: str) -> None:
    with pytest.raises(PolicyError, match="policy:4: figure: "):
        load_policy(PoorPerformance, POOR.lstrip().replace("figure: viewers", f"figure: {figure}"))


def test_a_decline_is_told_from_complete_figures_alone() -> None:
    unmeasured = ended("s3", datetime(2024, 5, 11, 4, tzinfo=UTC))
    months(*DECLINING, unmeasured).when(EXAMINE).then()
    explained(months(*DECLINING, unmeasured, figures("s3", 6_900)))


def test_without_an_earlier_stream_there_is_no_decline() -> None:
    months(*stream("s1", 5, 1), *stream("old", 1, 90_000)).when(EXAMINE).then()


def test_a_month_is_judged_from_the_opening_of_its_review_on() -> None:
    policy = load_policy(PoorPerformance, POOR)
    seeing_months(given(violations).under(policy), *DECLINING).when(EXAMINE).then()
    as_anchor = review_opened(post=ANCHOR)
    seeing_months(given(violations).under(policy), *DECLINING, as_anchor).when(EXAMINE).then()


@pytest.mark.clause("A-61")
def test_corrected_figures_withdraw_the_case() -> None:
    corrected = [*DECLINING, figures("s1", 9_000)]
    gone = withdrawn(POOR_MAY, "the figures of the month do not reach a threshold")
    (event,) = months(*corrected, history=[POOR_MAY]).when(EXAMINE).events
    assert isinstance(event, ViolationWithdrawn)
    assert replace(event, used=()) == gone
    assert len(event.used) == len(corrected) + 1  # all that was known when it fell, with the opened review
    explained(months(*DECLINING, history=[POOR_MAY, gone]))


def test_a_stream_that_he_was_not_on_after_all_no_longer_counts() -> None:
    without_him = [ended("s2", datetime(2024, 5, 10, 4, tzinfo=UTC), wang=ANCHOR)]
    months(*MANY_COMPLAINTS, *without_him).when(EXAMINE).then()
    another = [ended("s2", datetime(2024, 5, 10, 4, tzinfo=UTC), sun=ASSISTANT)]
    months(*MANY_COMPLAINTS, *another).when(EXAMINE).then()


def test_a_changed_month_is_looked_at_with_the_three_that_are_compared_with_it() -> None:
    commands = poor_months(PersonMonth(person=LI, month=Month("2023-11")), Context(now=NOON, actor="system"))
    expected = [Month("2023-11"), Month("2023-12"), Month("2024-01"), Month("2024-02")]
    assert commands == [ExamineMonth(person=LI, month=month) for month in expected]


def test_months_are_counted_over_the_turn_of_the_year() -> None:
    assert (moved(Month("2024-01"), -3), moved(Month("2023-12"), 1)) == ("2023-10", "2024-01")


def test_the_figures_of_a_month_are_shown_once_it_is_reviewed() -> None:
    may = PersonMonth(person=LI, month=MAY)
    facts = [*MANY_COMPLAINTS, ended("s3", NOON + timedelta(days=1))]
    before = total(may, known(monthly_figures, may, heard(monthly_figures, *facts)))
    assert before == MonthlyFigures()
    told_all = heard(monthly_figures, *facts, review_opened())
    now = total(may, known(monthly_figures, may, told_all))
    assert (now.streams, now.measured, now.complaints, now.viewers) == (3, 2, 10, 20_000)


CAUSE = RecordCause(person=LI, month=MAY, finding=NOTE)


@pytest.mark.clause("A-61", "R3")
def test_a_member_of_the_group_records_what_caused_it() -> None:
    given(violations, POOR_MAY).when(CAUSE, by=ZHAO, capacity="supervision_group").then(CAUSED)
    given(violations, POOR_MAY, CAUSED).when(CAUSE, by=ZHAO, capacity="supervision_group").then()
    given(violations, POOR_MAY).when(CAUSE, by=LI).refused("violation.by_the_subject")
    given(violations).when(CAUSE, by=ZHAO).refused("violation.not_standing")
    (row,) = folded(all_violations, POOR_MAY, CAUSED)
    assert (row.stands, row.cause_recorder) == (Stands.RECORDED, ZHAO)
