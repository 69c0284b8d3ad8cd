from dataclasses import replace
from datetime import timedelta

import pytest

from services.training.attendance.decisions import Command, CorrectAbsence, RecordAbsence, SignIn, State, attendance
from services.training.attendance.events import (
    Event,
    Ground,
    SessionAbsenceCorrected,
    SessionAbsenceRecorded,
    SessionAttended,
)
from services.training.sessions.decisions import State as Session
from services.training.sessions.decisions import sessions
from services.training.sessions.events import Method
from services.vocabulary import PersonId
from shared.testing import Given, given
from tests.training.recorded import DELIVERED, END, ENROLLED, LAWS, LAWS_MAY, LI, SCHEDULED, START, WU, noticed

PLANNED = sessions.state([SCHEDULED, ENROLLED, noticed(LI)])
OVER = sessions.state([SCHEDULED, ENROLLED, noticed(LI), DELIVERED])
EXCUSED = {Ground.NONE: False, Ground.LEAVE: True, Ground.SICK: True, Ground.OWN_STREAM: True}

SIGN_IN = SignIn(session=LAWS_MAY, person=LI)
ATTENDED = SessionAttended(session=LAWS_MAY, course=LAWS, person=LI, held_at=START, signed_in_at=START)


def at(session: Session, *history: Event) -> Given[Command, State, Event]:
    return given(attendance, *history).seeing(sessions, LAWS_MAY, found=session)


def away(ground: Ground, person: PersonId = LI) -> RecordAbsence:
    return RecordAbsence(session=LAWS_MAY, person=person, ground=ground)


def absent(ground: Ground, *, noticed: bool = True, person: PersonId = LI) -> SessionAbsenceRecorded:
    return SessionAbsenceRecorded(
        session=LAWS_MAY,
        course=LAWS,
        person=person,
        held_at=START,
        ground=ground,
        excused=EXCUSED[ground],
        noticed=noticed,
    )


def corrected(ground: Ground) -> SessionAbsenceCorrected:
    return SessionAbsenceCorrected(
        session=LAWS_MAY,
        course=LAWS,
        person=LI,
        held_at=START,
        ground=ground,
        excused=EXCUSED[ground],
        noticed=True,
    )


@pytest.mark.clause("T-46")
def test_a_trainee_signs_in_before_the_start_and_once() -> None:
    early = START - timedelta(minutes=10)
    (at(PLANNED).when(SIGN_IN, now=early).then(replace(ATTENDED, signed_in_at=early)).when(SIGN_IN, now=START).then())


@pytest.mark.clause("T-46")
def test_sign_in_closes_at_delivery() -> None:
    at(OVER).when(SIGN_IN, now=END).refused("attendance.closed", ended_at=END)


@pytest.mark.clause("T-46")
def test_a_late_comer_signs_in_until_delivery() -> None:
    late = END - timedelta(minutes=5)
    at(PLANNED).when(SIGN_IN, now=late).then(replace(ATTENDED, signed_in_at=late))


@pytest.mark.clause("T-46")
def test_sign_in_is_of_the_enrolled() -> None:
    stranger = SignIn(session=LAWS_MAY, person=PersonId("zhao"))
    at(PLANNED).when(stranger, now=START).refused("attendance.not_enrolled", person="zhao")
    at(None).when(SIGN_IN, now=START).refused("session.not_scheduled")


@pytest.mark.clause("T-42")
def test_an_online_session_is_open_from_its_start() -> None:
    online = sessions.state([replace(SCHEDULED, method=Method.ONLINE), ENROLLED])
    before = START - timedelta(minutes=10)
    at(online).when(SIGN_IN, now=before).refused("attendance.too_early", starts_at=START)
    at(online).when(SIGN_IN, now=START + timedelta(minutes=90)).then(
        replace(ATTENDED, signed_in_at=START + timedelta(minutes=90))
    )


@pytest.mark.clause("R2")
@pytest.mark.parametrize("ground", list(Ground))
def test_leave_sickness_and_the_own_stream_excuse(ground: Ground) -> None:
    at(OVER).when(away(ground)).then(absent(ground)).when(away(ground)).then()


@pytest.mark.clause("T-45", "R2")
def test_an_absence_tells_whether_its_notice_was_sent_before_the_start() -> None:
    at(OVER).when(away(Ground.NONE, LI)).then(absent(Ground.NONE, noticed=True))
    at(OVER).when(away(Ground.NONE, WU)).then(absent(Ground.NONE, noticed=False, person=WU))


def test_only_the_enrolled_can_be_absent_and_only_once_sign_in_has_closed() -> None:
    at(OVER).when(away(Ground.NONE, PersonId("zhao"))).refused("attendance.not_enrolled", person="zhao")
    at(PLANNED).when(away(Ground.NONE)).refused("session.not_delivered")


@pytest.mark.clause("R2")
def test_a_later_sick_note_corrects_the_absence_and_the_first_fact_stays() -> None:
    sick_note = CorrectAbsence(session=LAWS_MAY, person=LI, ground=Ground.SICK)
    corrections = at(OVER, absent(Ground.NONE)).when(sick_note).then(corrected(Ground.SICK))
    assert corrections.history == (absent(Ground.NONE), corrected(Ground.SICK))
    corrections.when(sick_note).then()


def test_a_correction_corrects_an_absence() -> None:
    sick_note = CorrectAbsence(session=LAWS_MAY, person=LI, ground=Ground.SICK)
    at(OVER).when(sick_note).refused("absence.not_recorded")
    at(OVER, ATTENDED).when(sick_note).refused("attendance.signed_in")
    at(OVER, ATTENDED).when(away(Ground.NONE)).refused("attendance.signed_in")
    at(OVER, absent(Ground.NONE)).when(away(Ground.SICK)).refused("absence.already_recorded", ground=Ground.NONE)
    at(OVER, absent(Ground.NONE)).when(SIGN_IN).refused("attendance.closed")


def test_nobody_excuses_himself() -> None:
    at(OVER).when(away(Ground.SICK), by=LI).refused("absence.by_the_subject")
    mine = CorrectAbsence(session=LAWS_MAY, person=LI, ground=Ground.SICK)
    at(OVER, absent(Ground.NONE)).when(mine, by=LI).refused("absence.by_the_subject")


@pytest.mark.parametrize(
    "log", [(corrected(Ground.SICK),), (ATTENDED, absent(Ground.NONE)), (absent(Ground.NONE), ATTENDED)]
)
def test_a_log_that_nobody_decided_is_an_error(log: tuple[Event, ...]) -> None:
    with pytest.raises(ValueError, match="of a trainee who is"):
        attendance.state(log)
