from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings

from services.training.attendance.events import (
    Ground,
    SessionAbsenceCorrected,
    SessionAbsenceRecorded,
    SessionAttended,
)
from services.training.attendance.projections import Presence, RosterEntry, rosters
from services.training.courses.events import AssessmentStandardSet
from services.training.courses.projections import CatalogueEntry, Standard, catalogue, standards
from services.training.learning.events import LearningProgressRecorded
from services.training.learning.projections import Progress, progresses
from services.training.sessions.projections import SessionRecord, session_records
from services.training.teaching.events import TraineePerformanceNoted, TraineeQuestionAnswered
from services.training.teaching.projections import answers_given, performances
from services.vocabulary import PersonId
from shared.privacy import Personal
from tests.training.folding import folded, interleaved
from tests.training.recorded import (
    COURSE,
    DELIVERED,
    ENROLLED,
    LAWS,
    LAWS_MAY,
    LI,
    SCHEDULED,
    START,
    TRAINER,
    WU,
    noticed,
)


def absent(person: PersonId) -> SessionAbsenceRecorded:
    return SessionAbsenceRecorded(
        session=LAWS_MAY, course=LAWS, person=person, held_at=START, ground=Ground.NONE, excused=False, noticed=True
    )


SICK_NOTE = SessionAbsenceCorrected(
    session=LAWS_MAY, course=LAWS, person=WU, held_at=START, ground=Ground.SICK, excused=True, noticed=True
)
SIGNED_IN = SessionAttended(session=LAWS_MAY, course=LAWS, person=LI, held_at=START, signed_in_at=START)
MAY_STREAMS: list[list[Any]] = [
    [SCHEDULED, ENROLLED, noticed(LI), noticed(WU), DELIVERED],
    [SIGNED_IN],
    [absent(WU), SICK_NOTE],
]
RECORD = SessionRecord(
    session=LAWS_MAY,
    course=LAWS,
    starts_at=DELIVERED.started_at,
    ends_at=DELIVERED.ended_at,
    place=DELIVERED.place,
    content=DELIVERED.content,
    method=DELIVERED.method,
    trainer=TRAINER,
    trainer_kind=SCHEDULED.trainer_kind,
    delivered=True,
    enrolled=2,
    noticed=2,
    attended=1,
    absent=1,
)


@pytest.mark.clause("T-49")
@settings(deadline=None)
@for_all(interleaved(MAY_STREAMS))
def test_the_training_record_counts_in_any_order_of_streams(events: list[Any]) -> None:
    known = [e for e in events if isinstance(e, session_records.events)]
    assert folded(session_records, *known) == {(LAWS_MAY,): RECORD}


@pytest.mark.clause("T-46", "T-49")
@settings(deadline=None)
@for_all(interleaved(MAY_STREAMS))
def test_the_roster_tells_who_was_there_in_any_order_of_streams(events: list[Any]) -> None:
    known = [e for e in events if isinstance(e, rosters.events)]
    entry = RosterEntry(session=LAWS_MAY, person=LI, course=LAWS, enrolled=True, noticed=True)
    assert folded(rosters, *known) == {
        (LAWS_MAY, LI): replace(entry, presence=Presence.ATTENDED, signed_in_at=START),
        (LAWS_MAY, WU): replace(
            entry, person=WU, presence=Presence.ABSENT, ground=Ground.SICK, excused=True, corrected=True
        ),
    }


def test_the_record_tells_who_taught_in_fact() -> None:
    substitute = replace(DELIVERED, trainer=PersonId("substitute"))
    (record,) = folded(session_records, SCHEDULED, substitute).values()
    assert (record.trainer, record.delivered) == ("substitute", True)


@pytest.mark.clause("T-51")
def test_every_standard_stays_readable() -> None:
    first = AssessmentStandardSet(
        course=LAWS, version=1, excellent=Decimal(90), good=Decimal(75), passing=Decimal(60), set_on=date(2024, 5, 2)
    )
    second = replace(first, version=2, passing=Decimal(65))
    assert folded(catalogue, COURSE.design) == {
        (LAWS,): CatalogueEntry(course=LAWS, title="Laws", areas=COURSE.design.areas)
    }
    (entry,) = folded(catalogue, COURSE.design, first, second).values()
    assert entry.standard == 2
    listed = folded(standards, first, second)
    assert listed[LAWS, 1] == Standard(
        course=LAWS, version=1, excellent=Decimal(90), good=Decimal(75), passing=Decimal(60), set_on=date(2024, 5, 2)
    )
    assert listed[LAWS, 2].passing == 65


@pytest.mark.clause("T-42")
def test_progress_shows_the_last_word() -> None:
    said = [
        LearningProgressRecorded(session=LAWS_MAY, course=LAWS, person=LI, percent=Decimal(percent))
        for percent in (10, 80)
    ]
    progress = Progress(session=LAWS_MAY, person=LI, course=LAWS, percent=Decimal(80))
    assert folded(progresses, *said) == {(LAWS_MAY, LI): progress}


@pytest.mark.clause("T-48", "T-49")
def test_lessons_show_answers_and_performances() -> None:
    answer = TraineeQuestionAnswered(
        session=LAWS_MAY, person=LI, question="q1", asked=Personal("enc1:li:note:a"), answer=Personal("enc1:li:note:b")
    )
    (shown,) = folded(answers_given, answer).values()
    assert (shown.person, shown.asked, shown.answer) == (LI, answer.asked, answer.answer)
    note = TraineePerformanceNoted(session=LAWS_MAY, person=LI, participation=Decimal(70), learning=Decimal(85))
    (performance,) = folded(performances, note, replace(note, learning=Decimal(90))).values()
    assert (performance.participation, performance.learning) == (Decimal(70), Decimal(90))
