"""The deadlines of a make-up and of an answer, and marks that an objection to a review corrects.

Clauses: T-53, O-107; P-07, P-17; R7.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from services import objection
from services.calendar import end_of
from services.performance.contracts import ReviewObjectionResolved
from services.training.exams.decisions import EndMakeUpTerm, RegradeExam, exams
from services.training.exams.events import Attempt, ExamObjectionRaised, MakeUpExamGranted
from services.training.exams.objections import EscalateObjection
from services.vocabulary import CourseId, SessionId
from shared.reaction import Reaction


def end_make_up_term(granted: MakeUpExamGranted) -> Iterator[EndMakeUpTerm]:
    if granted.due_on is not None:
        yield EndMakeUpTerm(person=granted.person, session=granted.session, due_on=granted.due_on)


def end_of_term(granted: MakeUpExamGranted) -> datetime | None:
    return end_of(granted.due_on) if granted.due_on is not None else None


make_up_term = Reaction(name="make_up_term", to=exams, react=end_make_up_term, at=end_of_term)


def escalate(raised: ExamObjectionRaised) -> Iterator[EscalateObjection]:
    if raised.told.answer_by is not None:
        yield EscalateObjection(
            person=raised.person, session=raised.session, attempt=raised.attempt, version=raised.told.version
        )


def answer_due(raised: ExamObjectionRaised) -> datetime | None:
    return objection.answer_due(raised.told)


exam_answers = Reaction(name="exam_answer", to=exams, react=escalate, at=answer_due)


def correct_marks(resolved: ReviewObjectionResolved) -> Iterator[RegradeExam]:
    for correction in resolved.told.corrections:
        thing, *names = correction.about
        if thing == "exam":
            session, course, attempt = names
            yield RegradeExam(
                person=resolved.subject.person,
                session=SessionId(session),
                course=CourseId(course),
                attempt=Attempt(attempt),
                score=Decimal(correction.now),
            )


objected_exams = Reaction(name="objected_exam", to=exams, react=correct_marks)
