"""Facts that oblige us to look whether somebody violated a rule. Clauses: A-61, T-66, T-67; R1, R2, R3, R7."""

from collections.abc import Iterator

from services.supervision.penalties.events import PenaltyObjectionResolved
from services.supervision.violations.decisions import (
    ContestExam,
    DropViolation,
    ExamineMonth,
    JudgeAbsence,
    JudgeExam,
    violations,
)
from services.supervision.violations.facts import moved
from services.training.contracts import (
    ExamGraded,
    ExamObjectionRaised,
    ExamObjectionResolved,
    ExamObjectionWithdrawn,
    ExamRegraded,
    Grade,
    SessionAbsenceCorrected,
    SessionAbsenceRecorded,
)
from services.vocabulary import PersonMonth, day
from shared.reaction import Reaction


def judge_absence(absence: SessionAbsenceRecorded | SessionAbsenceCorrected) -> Iterator[JudgeAbsence]:
    """Absent from training without good reason (T-66)."""
    yield JudgeAbsence(
        person=absence.person,
        session=absence.session,
        held_on=day(absence.held_at),
        excused=absence.excused,
        noticed=absence.noticed,
        corrected=isinstance(absence, SessionAbsenceCorrected),
    )


absences = Reaction(name="training_absence", to=violations, react=judge_absence)


Exam = ExamGraded | ExamRegraded | ExamObjectionRaised | ExamObjectionResolved | ExamObjectionWithdrawn


def judge_exam(exam: Exam) -> Iterator[JudgeExam | ContestExam]:
    """Failed the assessment of a training (T-67). A pass matters where it corrects; a mark that an objection corrected
    was told before the objection ends. One reader for all, so that their order holds."""
    if isinstance(exam, ExamObjectionRaised | ExamObjectionResolved | ExamObjectionWithdrawn):
        yield ContestExam(
            person=exam.person,
            session=exam.session,
            attempt=exam.attempt,
            version=exam.told.version,
            began_on=exam.began_on,
            open=isinstance(exam, ExamObjectionRaised),
        )
        return
    corrected = isinstance(exam, ExamRegraded)
    if corrected or exam.grade is Grade.FAIL:
        yield JudgeExam(
            person=exam.person,
            session=exam.session,
            attempt=exam.attempt,
            failed=exam.grade is Grade.FAIL,
            held_on=exam.held_on,
            began_on=exam.began_on,
            corrected=corrected,
        )


failed_exams = Reaction(name="failed_exam", to=violations, react=judge_exam)


def examine_months(subject: PersonMonth) -> Iterator[ExamineMonth]:
    """What is known of a month has changed: it is judged itself, and compared with by the three after it (A-61)."""
    for n in range(4):
        yield ExamineMonth(person=subject.person, month=moved(subject.month, n))


poor_months = Reaction(name="poor_month", to=violations, react=examine_months)


def drop_violation(resolved: PenaltyObjectionResolved) -> Iterator[DropViolation]:
    """The objection was upheld: the fact that it corrects is the violation (R7)."""
    if resolved.told.corrections:
        yield DropViolation(
            person=resolved.person,
            kind=resolved.offence,
            occasion=resolved.occasion,
            handler=resolved.told.handler,
        )


upheld_objections = Reaction(name="upheld_objection", to=violations, react=drop_violation)
