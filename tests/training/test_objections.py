"""Objections to exams: what follows from the mark is held; upheld, the mark is raised and all of it falls. R7; C-09."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from services.objection import Amended, Correction, Escalated, ObjectionRules, Outcome, Raised, Resolved, Withdrawn
from services.objection import Standing as Objected
from services.training.attendance.decisions import Attended, attendance
from services.training.courses.decisions import courses
from services.training.exams.decisions import EndMakeUpTerm, GradeExam, RegradeExam, ScheduleExam, exams
from services.training.exams.events import (
    Attempt,
    ExamGraded,
    ExamObjectionEscalated,
    ExamObjectionRaised,
    ExamObjectionResolved,
    ExamObjectionWithdrawn,
    ExamRegraded,
    MakeUpExamGranted,
)
from services.training.exams.facts import exam_history
from services.training.exams.objections import EscalateObjection, RaiseObjection, ResolveObjection, WithdrawObjection
from services.training.exams.projections import Standing, exam_chains, exam_objections
from services.training.exams.reactions import answer_due, escalate
from services.vocabulary import PersonId
from shared.policy import Format, Policies, load_document, load_policy
from shared.privacy import Personal
from shared.testing import given
from tests.training.chains import (
    ASSESSED,
    DUE,
    DUE_ON,
    EXAMINED,
    FAILED,
    FAILED_TWICE,
    FIRST,
    FIRST_ON,
    GRANTED,
    MAKE_UP,
    MAKE_UP_ON,
    MAKE_UP_WITHDRAWN,
    RETRAIN,
    RETRAINING_WITHDRAWN,
    gathered,
    graded,
    regraded,
    scheduled,
)
from tests.training.folding import folded
from tests.training.recorded import (
    LAWS,
    LAWS_MAY,
    LI,
    NO_OBJECTIONS,
    NOT_CONFIGURED,
    RULES,
    SHIPPED,
    START,
    TRAINER,
    WU,
)

ADMITTED = SHIPPED.replace("admitted: false", "admitted: true")
OPEN_ENDED = load_policy(ObjectionRules, ADMITTED)
FIVE_DAYS = load_policy(
    ObjectionRules,
    ADMITTED.replace("window_days:", "window_days: 5").replace("answer_days:", "answer_days: 3")
    + "handler_differs: true\n",
)
DEADLINE = load_policy(
    type(RULES), NOT_CONFIGURED.replace("make_up: {}", "make_up: {due_days: 14, after_deadline: lost}")
)
MAY_10, JUNE_4 = datetime(2024, 5, 10, 2, tzinfo=UTC), datetime(2024, 6, 4, 2, tzinfo=UTC)
ADMIN = PersonId("admin")
REASON, FINDING = Personal("the last page was not read"), Personal("it was not")
RAISE = RaiseObjection(person=LI, session=LAWS_MAY, attempt=FIRST, reason=REASON)
WITHDRAW = WithdrawObjection(person=LI, session=LAWS_MAY, attempt=FIRST, version=1)


def resolving(value: str | None = None, attempt: Attempt = FIRST, **other: str) -> ResolveObjection:
    mark = {"fact": f"exam/{LI}/{LAWS_MAY}/{attempt}", "field": "score", **other}
    return ResolveObjection(
        person=LI,
        session=LAWS_MAY,
        course=LAWS,
        attempt=attempt,
        version=1,
        finding=FINDING,
        amended=(Amended(value=value, **mark),) if value else (),
    )


def said(kind: type, word: Any, attempt: Attempt = FIRST) -> Any:
    return kind(person=LI, session=LAWS_MAY, course=LAWS, attempt=attempt, began_on=FIRST_ON, told=word)


def raised(attempt: Attempt = FIRST, answer_by: date | None = None, version: int = 1) -> ExamObjectionRaised:
    word = Raised(person=LI, version=version, named=(), reason=REASON, raised_on=date(2024, 5, 10), answer_by=answer_by)
    made: ExamObjectionRaised = said(ExamObjectionRaised, word, attempt)
    return made


def resolved(was: str = "", now: str = "", attempt: Attempt = FIRST, by: PersonId = ADMIN) -> ExamObjectionResolved:
    about = ("exam", LAWS_MAY, LAWS, attempt)
    correction = Correction(fact=f"exam/{LI}/{LAWS_MAY}/{attempt}", about=about, field="score", was=was, now=now)
    word = Resolved(
        person=LI,
        version=1,
        outcome=Outcome.UPHELD if now else Outcome.REJECTED,
        corrections=(correction,) if now else (),
        handler=by,
        capacity="training_admin",
        finding=FINDING,
    )
    made: ExamObjectionResolved = said(ExamObjectionResolved, word, attempt)
    return made


def chain(*history: Any, rules: ObjectionRules = OPEN_ENDED, training: Any = RULES) -> Any:
    attended = Attended(course=LAWS, held_at=START)
    found = given(exams, *history).under(training, rules).seeing(courses, LAWS, found=ASSESSED)
    return found.seeing(attendance, LAWS_MAY, LI, found=attended).seeing(exam_history, EXAMINED, found=gathered())


def handled(found: Any, command: Any, by: PersonId = ADMIN, now: datetime = MAY_10) -> Any:
    return found.when(command, by=by, capacity="training_admin", now=now)


@pytest.mark.clause("R7", "C-09")
def test_where_the_regulation_is_silent_none_is_admitted() -> None:
    chain(*FAILED, rules=NO_OBJECTIONS).when(RAISE, by=LI, now=MAY_10).refused("objection.not_admitted")


@pytest.mark.clause("R7", "T-53")
def test_a_first_exam_that_was_marked_too_low_takes_its_make_up_back() -> None:
    """R1's correction, upon an objection: 55 → 62, pass 60."""
    open_ = chain(*FAILED).when(RAISE, by=LI, now=MAY_10).then(raised())
    better = replace(regraded(62), grader=ADMIN)
    upheld = handled(open_, resolving("62")).then(better, MAKE_UP_WITHDRAWN, resolved("55", "62"))
    handled(upheld, resolving("62")).then()
    upheld.when(RAISE, by=LI, now=MAY_10).then(raised(version=2))  # the next version can be objected to anew


@pytest.mark.clause("R7", "T-54")
def test_a_make_up_that_was_marked_too_low_takes_the_retraining_back() -> None:
    make_up = replace(RAISE, attempt=MAKE_UP)
    open_ = chain(*FAILED_TWICE).when(make_up, by=LI, now=MAY_10).then(raised(MAKE_UP))
    better = replace(regraded(64, MAKE_UP, MAKE_UP_ON), grader=ADMIN)
    handled(open_, resolving("64", MAKE_UP), now=JUNE_4).then(
        better, RETRAINING_WITHDRAWN, resolved("58", "64", MAKE_UP)
    )


@pytest.mark.clause("R7")
def test_it_names_the_mark_and_cannot_lower_it() -> None:
    open_ = chain(*FAILED, raised())
    handled(open_, resolving("54.99")).refused("objection.lowers_the_score", score=Decimal(55))
    handled(open_, resolving("55.00")).refused("objection.corrects_nothing", says="55")
    handled(open_, resolving("62", field="grade")).refused("objection.not_a_fact")
    handled(open_, resolving("62", fact=f"exam/{LI}/{LAWS_MAY}/make_up")).refused("objection.not_a_fact")
    for nonsense in ("101", "many", "NaN", "55.001", "1e-1000000"):
        handled(open_, resolving(nonsense)).refused("objection.no_such_value")
    handled(open_, resolving()).then(resolved())


@pytest.mark.clause("R7")
def test_the_person_himself_objects_and_somebody_else_handles_it() -> None:
    chain(*FAILED).when(RAISE, by=WU, capacity="training_admin", now=MAY_10).refused("objection.by_another")
    chain(scheduled()).when(RAISE, by=LI, now=MAY_10).refused("exam.not_graded")
    open_ = chain(*FAILED, raised())
    open_.when(replace(RAISE, reason=Personal("once more")), by=LI, now=MAY_10).refused("objection.once_a_version")
    handled(open_, resolving("62"), by=LI).refused("objection.by_the_subject")
    open_.when(resolving("62"), by=ADMIN, capacity="system", now=MAY_10).refused("objection.without_capacity")
    marked = (scheduled(), replace(graded(55), grader=TRAINER), GRANTED, raised())
    handled(chain(*marked, rules=FIVE_DAYS), resolving("62"), by=TRAINER).refused("objection.by_the_evaluator")
    assert handled(chain(*marked), resolving("62"), by=TRAINER).refusal is None


@pytest.mark.clause("R7", "P-18")
def test_the_window_opens_with_the_grading_and_again_with_each_correction() -> None:
    grading = GradeExam(person=LI, session=LAWS_MAY, course=LAWS, score=Decimal(70))
    ungraded = chain(scheduled(), rules=FIVE_DAYS)
    (result,) = ungraded.when(grading, by=TRAINER, now=datetime(2024, 5, 9, 16, tzinfo=UTC)).events
    assert isinstance(result, ExamGraded)
    assert (result.objections_until, result.grader) == (date(2024, 5, 15), TRAINER)  # graded on the 10th, in Shanghai
    then = chain(scheduled(), result, rules=FIVE_DAYS)
    (event,) = then.when(RAISE, by=LI, now=datetime(2024, 5, 15, 15, 59, tzinfo=UTC)).events
    assert event.told.answer_by == date(2024, 5, 18)
    late = datetime(2024, 5, 15, 16, tzinfo=UTC)
    then.when(RAISE, by=LI, now=late).refused("objection.window_closed", ended_on=date(2024, 5, 15))
    regrading = RegradeExam(person=LI, session=LAWS_MAY, course=LAWS, attempt=FIRST, score=Decimal(71))
    (correction,) = then.when(regrading, by=ADMIN, now=late).events
    assert isinstance(correction, ExamRegraded)
    assert correction.objections_until == date(2024, 5, 21)
    (event,) = chain(scheduled(), result, correction, rules=FIVE_DAYS).when(RAISE, by=LI, now=late).events
    assert event.told.version == 2


@pytest.mark.clause("R7")
def test_overdue_escalates_and_stays_open() -> None:
    due = raised(answer_by=date(2024, 5, 13))
    assert answer_due(due) == datetime(2024, 5, 13, 16, tzinfo=UTC)
    assert list(escalate(raised())) == []
    (command,) = escalate(due)
    assert isinstance(command, EscalateObjection)
    word = Escalated(person=LI, version=1, answer_by=date(2024, 5, 13))
    late = chain(*FAILED, due).when(command, by="system").then(said(ExamObjectionEscalated, word))
    late.when(command, by="system").then()
    assert handled(late, resolving("62")).refusal is None


@pytest.mark.clause("R7", "P-07")
@pytest.mark.parametrize("ending", ["rejected", "withdrawn", "corrected"])
def test_the_term_of_the_make_up_stands_still_meanwhile(ending: str) -> None:
    """The chance is not lost while its fail is objected to, and the whole term is left when that is settled."""
    passed = EndMakeUpTerm(person=LI, session=LAWS_MAY, due_on=DUE_ON)
    late = ScheduleExam(person=LI, session=LAWS_MAY, held_on=date(2024, 6, 20))
    chain(*DUE, training=DEADLINE).when(late).refused("exam.after_deadline")
    open_ = chain(*DUE, raised(), training=DEADLINE)
    open_.when(late).then(scheduled(MAKE_UP, date(2024, 6, 20)))
    open_.when(passed, by="system", now=JUNE_4).then()
    again = MakeUpExamGranted(person=LI, session=LAWS_MAY, course=LAWS, due_on=date(2024, 6, 18))
    match ending:
        case "rejected":
            settled = handled(open_, resolving(), now=JUNE_4).then(resolved(), again)
        case "withdrawn":
            word = Withdrawn(person=LI, version=1)
            settled = open_.when(WITHDRAW, by=LI, now=JUNE_4).then(said(ExamObjectionWithdrawn, word), again)
        case _:
            better = replace(regraded(58), grader=ADMIN)  # and a fail still
            settled = handled(open_, resolving("58"), now=JUNE_4).then(better, resolved("55", "58"), again)
    if ending != "withdrawn":
        handled(settled, resolving({"rejected": None, "corrected": "58"}[ending]), now=JUNE_4).then()
    settled.when(passed, by="system", now=JUNE_4).then()  # the first term is gone
    settled.when(late).refused("exam.after_deadline", due_on=date(2024, 6, 18))
    (lapsed, _) = settled.when(replace(passed, due_on=date(2024, 6, 18)), by="system", now=JUNE_4).events
    assert lapsed.chance_lost


@pytest.mark.clause("R7", "T-53")
def test_no_term_begins_anew_where_the_make_up_was_sat() -> None:
    sat = (*DUE, scheduled(MAKE_UP, MAKE_UP_ON), graded(58, MAKE_UP, MAKE_UP_ON), RETRAIN)
    open_ = chain(*sat, raised(MAKE_UP), training=DEADLINE)
    handled(open_, resolving(attempt=MAKE_UP), now=JUNE_4).then(resolved(attempt=MAKE_UP))


@pytest.mark.clause("R7", "R3")
def test_whether_it_is_admitted_says_the_policy_in_force_when_the_chain_began() -> None:
    since = ADMITTED.replace("version: 1", "version: 2, effective_from: 2024-05-09")
    documents = [
        load_document(Format(kinds=(ObjectionRules,)), text)
        for text in (SHIPPED.replace("version: 1", "version: 1, effective_from: 2024-01-01"), since)
    ]
    both = replace(chain(*FAILED), policies=Policies(documents=tuple(documents)).under(RULES))
    both.when(RAISE, by=LI, now=MAY_10).refused("objection.not_admitted")


@pytest.mark.clause("R7")
def test_the_register_shows_what_is_held_and_by_which_objection() -> None:
    (open_,) = folded(exam_chains, *FAILED, raised()).values()
    assert (open_.standing, open_.held, open_.first_objection) == (Standing.MAKE_UP_DUE, True, Objected.OPEN)
    upheld = (raised(), regraded(62), MAKE_UP_WITHDRAWN, resolved("55", "62"))
    (settled,) = folded(exam_chains, *FAILED, *upheld).values()
    assert (settled.standing, settled.held, settled.first_objection) == (Standing.PASSED, False, Objected.UPHELD)
    (shown,) = folded(exam_objections, *upheld[:1], *upheld[-1:]).values()
    assert (shown.standing, shown.handler, shown.corrections[0].now) == (Objected.UPHELD, ADMIN, "62")
