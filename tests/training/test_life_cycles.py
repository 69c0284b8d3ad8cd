"""Which step leads where, and from where it is refused. Clauses T-45 to T-54; ruling R1."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.training.attendance.decisions import CorrectAbsence
from services.training.attendance.events import Ground
from services.training.courses.decisions import courses
from services.training.exams.chain import Chain
from services.training.sessions.decisions import EnrolTrainees, Open, sessions
from services.vocabulary import PersonId
from shared.testing import given
from tests.arrows import arrows, drawn, step
from tests.training.chains import (
    FAILED,
    FAILED_TWICE,
    FIRST,
    FIRST_ON,
    LAST_ON,
    MAKE_UP,
    MAKE_UP_ON,
    NOW,
    PASSED_MAKE_UP,
    graded,
    missed,
    scheduled,
)
from tests.training.recorded import (
    COURSE,
    DELIVERED,
    END,
    ENROLLED,
    LAWS,
    LAWS_MAY,
    LI,
    RULES,
    SCHEDULED,
    START,
    noticed,
)
from tests.training.test_attendance import ATTENDED, OVER, PLANNED, SIGN_IN, absent, at, away
from tests.training.test_exams import absence, chain, grading, regrading, schedule
from tests.training.test_sessions import DELIVER, NOTICE, SCHEDULE


def standing(session: Any) -> str:
    if session is None:
        return "none"
    return ("noticed" if session.noticed else "scheduled") if isinstance(session, Open) else "delivered"


@pytest.mark.clause("T-45", "T-47", "T-49")
def test_a_session() -> None:
    histories = {
        "none": (),
        "scheduled": (SCHEDULED, ENROLLED),
        "noticed": (SCHEDULED, ENROLLED, noticed(LI)),
        "delivered": (SCHEDULED, ENROLLED, noticed(LI), DELIVERED),
    }
    states = {
        name: given(sessions, *history).under(RULES).seeing(courses, LAWS, found=COURSE)
        for name, history in histories.items()
    }
    zhao = EnrolTrainees(session=LAWS_MAY, persons=(PersonId("zhao"),))
    before = START - timedelta(hours=1)
    steps = {
        "schedule": step(SCHEDULE),
        "move": step(replace(SCHEDULE, place="Studio 4")),
        "enrol": step(zhao, now=before),
        "notify": step(NOTICE, now=before),
        "deliver": step(replace(DELIVER, content="Laws and cases"), now=END),
    }
    assert arrows(states, steps, standing) == drawn(
        """
                   schedule   move       enrol      notify   deliver
        none       scheduled  scheduled  -          -        -
        scheduled  .          -          scheduled  noticed  delivered
        noticed    .          -          noticed    noticed  delivered
        delivered  .          -          -          -        -
        """
    )


def present(found: Any) -> str:
    return type(found).__name__.lower() if found else "none"


ATTENDANCE = {
    "sign_in": step(SIGN_IN, now=START),
    "away": step(away(Ground.NONE)),
    "sick": step(away(Ground.SICK)),
    "excuse": step(CorrectAbsence(session=LAWS_MAY, person=LI, ground=Ground.SICK)),
}


@pytest.mark.clause("T-46")
def test_the_attendance_of_a_trainee_before_the_delivery() -> None:
    states = {"none": at(PLANNED), "attended": at(PLANNED, ATTENDED)}
    assert arrows(states, ATTENDANCE, present) == drawn(
        """
                  sign_in   away  sick  excuse
        none      attended  -     -     -
        attended  .         -     -     -
        """
    )


@pytest.mark.clause("T-46", "R2")
def test_and_after_it() -> None:
    states = {"none": at(OVER), "absent": at(OVER, absent(Ground.NONE))}
    assert arrows(states, ATTENDANCE, present) == drawn(
        """
                sign_in  away    sick    excuse
        none    -        absent  absent  -
        absent  -        .       -       absent
        """
    )
    for name in ("away", "sick", "excuse"):
        ATTENDANCE[name](at(OVER, ATTENDED)).refused("attendance.signed_in")


def turn(state: Chain | None) -> str:
    if state is None:
        return "none"
    if state.passed:
        return "passed"
    if state.needs_retraining:
        return "retraining"
    if state.scheduled:
        return "scheduled" if state.turn is FIRST else "make_up"
    return "due" if state.turn is FIRST else "granted"


@pytest.mark.clause("T-53", "T-54", "R1")
def test_a_chain_of_exams() -> None:
    """Passed and retraining are ends: from there only a correction of the mark leads on."""
    make_up = scheduled(MAKE_UP, MAKE_UP_ON)
    states = {
        "none": chain(),
        "scheduled": chain(scheduled()),
        "due": chain(scheduled(), missed(excused=True)),
        "granted": chain(*FAILED),
        "make_up": chain(*FAILED, make_up),
        "passed": chain(scheduled(), graded(75)),
        "retraining": chain(*FAILED_TWICE),
    }
    steps = {
        "schedule": step(schedule(LAST_ON)),
        "pass": step(replace(grading(61), held_on=LAST_ON), now=NOW),
        "fail": step(replace(grading(59), held_on=LAST_ON), now=NOW),
        "excused": excused,
        "raise_first": step(regrading(80), now=NOW),
        "lower_first": step(regrading(40), now=NOW),
        "raise_make_up": step(regrading(80, MAKE_UP), now=NOW),
    }
    assert arrows(states, steps, turn) == drawn(
        """
                    schedule   pass    fail        excused  raise_first  lower_first  raise_make_up
        none        scheduled  -       -           -        -            -            -
        scheduled   -          passed  granted     due      -            -            -
        due         scheduled  -       -           .        -            -            -
        granted     make_up    -       -           -        passed       granted      -
        make_up     -          passed  retraining  granted  passed       make_up      -
        passed      -          -       -           -        passed       granted      -
        retraining  -          -       -           -        passed       retraining   passed
        """
    )
    sat = chain(*PASSED_MAKE_UP)
    for name in ("schedule", "pass", "fail", "excused"):  # passed with the make-up is an end as well
        assert steps[name](sat).refusal is not None
    (lowered,) = steps["lower_first"](sat).events
    assert turn(sat.decider.state((*sat.history, lowered))) == "passed"


def excused(there: Any) -> Any:
    """From the exam that is scheduled, or was missed last."""
    found = there.decider.state(there.history)
    exam = (found.scheduled or found.absence) if found else None
    return there.when(absence(excused=True, on=exam.held_on if exam else FIRST_ON), now=NOW)


def test_the_chain_that_is_trained_again_is_named_once() -> None:
    """R1: what a later session trains again is said with its first exam."""
    failed = chain(*FAILED)
    failed.when(replace(schedule(MAKE_UP_ON), retrains=LAWS_MAY)).refused("exam.chain_began_otherwise", retrains=None)
