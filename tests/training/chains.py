"""The chain of exams that the specifications speak of, as it is recorded."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec

from services.training.courses.events import AssessmentStandardSet
from services.training.exams.decisions import exams
from services.training.exams.events import (
    Attempt,
    Event,
    ExamAbsenceRecorded,
    ExamGraded,
    ExamRegraded,
    ExamScheduled,
    Grade,
    MakeUpDeadlinePassed,
    MakeUpExamGranted,
    MakeUpExamWithdrawn,
    RetrainingRequired,
    RetrainingWithdrawn,
)
from services.training.exams.facts import Examinee, exam_history
from services.vocabulary import SessionId
from shared.event import Recorded
from shared.facts import Known
from tests.training.folding import META
from tests.training.recorded import COURSE, LAWS, LAWS_MAY, LI

LAWS_JUNE = SessionId("laws-june")
JUNE_START = datetime(2024, 6, 24, 1, tzinfo=UTC)
FIRST_ON, MAKE_UP_ON, AGAIN_ON, LAST_ON = (date(2024, month, day) for month, day in ((5, 8), (5, 20), (6, 26), (7, 9)))
NOW = datetime(2024, 7, 31, tzinfo=UTC)
FIRST, MAKE_UP = Attempt.FIRST, Attempt.MAKE_UP
STANDARD = AssessmentStandardSet(
    course=LAWS, version=1, excellent=Decimal(90), good=Decimal(75), passing=Decimal(60), set_on=date(2024, 5, 2)
)
ASSESSED = replace(COURSE, standards=(STANDARD,))

GRANTED = MakeUpExamGranted(person=LI, session=LAWS_MAY, course=LAWS)
MAKE_UP_WITHDRAWN = MakeUpExamWithdrawn(person=LI, session=LAWS_MAY, course=LAWS)
RETRAIN = RetrainingRequired(person=LI, session=LAWS_MAY, course=LAWS, cycle=1)
RETRAINING_WITHDRAWN = RetrainingWithdrawn(person=LI, session=LAWS_MAY, course=LAWS)


def scheduled(attempt: Attempt = FIRST, on: date = FIRST_ON) -> ExamScheduled:
    return ExamScheduled(person=LI, session=LAWS_MAY, course=LAWS, attempt=attempt, held_on=on)


def grade_of(score: str | int) -> Grade:
    marks = Decimal(score)
    return Grade.EXCELLENT if marks >= 90 else Grade.GOOD if marks >= 75 else Grade.PASS if marks >= 60 else Grade.FAIL


def graded(score: str | int, attempt: Attempt = FIRST, on: date = FIRST_ON) -> ExamGraded:
    return ExamGraded(
        person=LI,
        session=LAWS_MAY,
        course=LAWS,
        attempt=attempt,
        held_on=on,
        score=Decimal(score),
        grade=grade_of(score),
        standard=1,
        began_on=FIRST_ON,
        grader="somebody",
    )


def regraded(score: int, attempt: Attempt = FIRST, on: date = FIRST_ON) -> ExamRegraded:
    return ExamRegraded(
        person=LI,
        session=LAWS_MAY,
        course=LAWS,
        attempt=attempt,
        held_on=on,
        score=Decimal(score),
        grade=grade_of(score),
        standard=1,
        began_on=FIRST_ON,
        grader="somebody",
    )


def missed(*, excused: bool, lost: bool = False, attempt: Attempt = FIRST, on: date = FIRST_ON) -> ExamAbsenceRecorded:
    return ExamAbsenceRecorded(
        person=LI, session=LAWS_MAY, course=LAWS, attempt=attempt, held_on=on, excused=excused, chance_lost=lost
    )


FAILED = (scheduled(), graded(55), GRANTED)
FAILED_TWICE = (*FAILED, scheduled(MAKE_UP, MAKE_UP_ON), graded(58, MAKE_UP, MAKE_UP_ON), RETRAIN)
PASSED_MAKE_UP = (*FAILED, scheduled(MAKE_UP, MAKE_UP_ON), graded(64, MAKE_UP, MAKE_UP_ON))


DUE_ON = date(2024, 5, 23)
GRANTED_UNTIL = replace(GRANTED, due_on=DUE_ON)
DUE = (scheduled(), graded(55), GRANTED_UNTIL)


def deadline(*, lost: bool) -> MakeUpDeadlinePassed:
    return MakeUpDeadlinePassed(person=LI, session=LAWS_MAY, course=LAWS, due_on=DUE_ON, chance_lost=lost)


EXAMINED = Examinee(person=LI)


def gathered(*chains: Sequence[Event]) -> Known[Event]:
    """What is known of Li's chains."""
    facts = [
        Recorded(
            event=event,
            meta=msgspec.structs.replace(
                META, id=f"{event.session}-{n}", stream=exams.named(event.person, event.session), version=n
            ),
        )
        for chain in chains
        for n, event in enumerate(chain, 1)
    ]
    return exam_history.gathered(EXAMINED, facts)
