from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from services.training.courses.decisions import courses
from services.training.rules import TrainingRules
from services.training.sessions.decisions import (
    Command,
    DeliverSession,
    EnrolTrainees,
    ScheduleSession,
    SendTrainingNotice,
    State,
    sessions,
)
from services.training.sessions.events import (
    Event,
    Method,
    TraineesEnrolled,
    TrainerKind,
)
from services.training.sessions.projections import session_records
from services.vocabulary import PersonId
from shared.policy import load_policy
from shared.testing import Given, given
from tests.training.folding import folded
from tests.training.recorded import (
    COURSE,
    DELIVERED,
    END,
    ENROLLED,
    LAWS,
    LAWS_MAY,
    LI,
    NOT_CONFIGURED,
    RULES,
    SCHEDULED,
    START,
    TRAINER,
    WU,
    noticed,
)

A_DAY_BEFORE = load_policy(TrainingRules, NOT_CONFIGURED.replace("min_lead_hours: ", "min_lead_hours: 24"))
SCHEDULE = ScheduleSession(
    session=LAWS_MAY,
    course=LAWS,
    starts_at=START,
    ends_at=END,
    place="Studio 3",
    content="Advertising law",
    method=Method.INTERNAL,
    trainer=TRAINER,
    trainer_kind=TrainerKind.INTERNAL,
)
NOTICE = SendTrainingNotice(
    session=LAWS_MAY,
    persons=(LI, WU),
    starts_at=START,
    place="Studio 3",
    content="Advertising law",
    method=Method.INTERNAL,
)
DELIVER = DeliverSession(session=LAWS_MAY, started_at=START, ended_at=END)


def scheduling() -> Given[Command, State, Event]:
    return given(sessions).seeing(courses, LAWS, found=COURSE)


@pytest.mark.parametrize(
    ("method", "fitting"),
    [
        pytest.param(Method.INTERNAL, {TrainerKind.INTERNAL}, marks=pytest.mark.clause("T-40")),
        pytest.param(Method.EXTERNAL, {TrainerKind.EXTERNAL}, marks=pytest.mark.clause("T-41")),
        (Method.ONLINE, set(TrainerKind)),
        (Method.PRACTICE, set(TrainerKind)),
        (Method.SHARING, set(TrainerKind)),
    ],
)
def test_the_trainer_fits_the_method(method: Method, fitting: set[TrainerKind]) -> None:
    for kind in TrainerKind:
        outcome = scheduling().when(replace(SCHEDULE, method=method, trainer_kind=kind))
        if kind in fitting:
            outcome.then(replace(SCHEDULED, method=method, trainer_kind=kind))
        else:
            outcome.refused("session.trainer_does_not_fit", method=method)


@pytest.mark.parametrize(
    ("method", "content"),
    [
        pytest.param(Method.PRACTICE, "实际直播演练 Live-stream drill", marks=pytest.mark.clause("T-43")),
        pytest.param(Method.PRACTICE, "案例分析 Case analysis", marks=pytest.mark.clause("T-43")),
        pytest.param(Method.SHARING, "交流分享会 What sold in May", marks=pytest.mark.clause("T-44")),
    ],
)
def test_drills_and_exchange_meetings_are_scheduled_announced_and_on_record_as_what_they_are(
    method: Method, content: str
) -> None:
    held = (
        scheduling()
        .under(RULES)
        .when(replace(SCHEDULE, method=method, content=content))
        .then(replace(SCHEDULED, method=method, content=content))
        .when(EnrolTrainees(session=LAWS_MAY, persons=(LI, WU)))
        .then(ENROLLED)
        .when(replace(NOTICE, method=method, content=content), now=START - timedelta(days=1))
        .then(replace(noticed(LI, WU), method=method, content=content))
        .when(DELIVER, now=END)
        .then(replace(DELIVERED, method=method, content=content))
    )
    (record,) = folded(session_records, *held.history).values()
    assert (record.method, record.content, record.delivered) == (method, content, True)


def test_a_session_is_of_a_designed_course() -> None:
    given(sessions).seeing(courses, LAWS, found=None).when(SCHEDULE).refused("course.not_designed", course=LAWS)


def test_a_session_is_scheduled_once() -> None:
    again = given(sessions, SCHEDULED).seeing(courses, LAWS, found=COURSE)
    again.when(SCHEDULE).then()
    again.when(replace(SCHEDULE, place="Studio 4")).refused("session.already_scheduled")


def test_a_session_ends_after_its_start() -> None:
    scheduling().when(replace(SCHEDULE, ends_at=START)).refused("session.ends_before_it_starts")


def test_trainees_are_enrolled_once_and_until_delivery() -> None:
    (
        given(sessions, SCHEDULED)
        .when(EnrolTrainees(session=LAWS_MAY, persons=(LI, LI)))
        .then(TraineesEnrolled(session=LAWS_MAY, course=LAWS, persons=(LI,)))
        .when(EnrolTrainees(session=LAWS_MAY, persons=(LI, WU)))
        .then(TraineesEnrolled(session=LAWS_MAY, course=LAWS, persons=(WU,)))
        .when(EnrolTrainees(session=LAWS_MAY, persons=(WU,)))
        .then()
    )
    late = EnrolTrainees(session=LAWS_MAY, persons=(PersonId("zhao"),))
    given(sessions, SCHEDULED, ENROLLED, DELIVERED).when(late).refused("session.delivered")
    given(sessions).when(late).refused("session.not_scheduled")


@pytest.mark.clause("T-45")
def test_a_notice_before_the_start_is_on_record_for_each_who_was_told() -> None:
    before = START - timedelta(minutes=1)
    (
        given(sessions, SCHEDULED, ENROLLED)
        .under(RULES)
        .when(replace(NOTICE, persons=(LI,)), now=before)
        .then(noticed(LI))
        .when(NOTICE, now=before)
        .then(noticed(WU))
        .when(NOTICE, now=START)
        .then()
    )


@pytest.mark.clause("T-45")
def test_a_notice_at_the_start_is_no_notice_in_advance() -> None:
    given(sessions, SCHEDULED, ENROLLED).under(RULES).when(NOTICE, now=START).refused("notice.too_late", latest=START)


@pytest.mark.clause("T-45", "P-02")
def test_the_lead_time_is_the_organisations_own() -> None:
    assert RULES.notice.min_lead_hours is None
    a_day_before = START - timedelta(hours=24)
    planned = given(sessions, SCHEDULED, ENROLLED).under(A_DAY_BEFORE)
    planned.when(NOTICE, now=a_day_before).then(noticed(LI, WU))
    planned.when(NOTICE, now=a_day_before + timedelta(seconds=1)).refused("notice.too_late", latest=a_day_before)


@pytest.mark.clause("T-45")
@pytest.mark.parametrize("field", ["starts_at", "place", "content", "method"])
def test_none_of_the_four_fields_may_be_missing_or_blank(field: str) -> None:
    adapter = TypeAdapter(SendTrainingNotice)
    body = {
        "session": LAWS_MAY,
        "persons": [LI],
        "starts_at": "2024-05-06T01:00:00Z",
        "place": "Studio 3",
        "content": "Advertising law",
        "method": "internal",
    }
    assert adapter.validate_python(body) == replace(NOTICE, persons=(LI,))
    for wrong in ({k: v for k, v in body.items() if k != field}, body | {field: " "}):
        with pytest.raises(ValidationError) as error:
            adapter.validate_python(wrong)
        assert [e["loc"] for e in error.value.errors()] == [(field,)]


@pytest.mark.clause("T-45", "R2")
@pytest.mark.parametrize(
    "wrong",
    [{"starts_at": END}, {"place": "Studio 4"}, {"content": "Consumer law"}, {"method": Method.SHARING}],
)
def test_a_notice_tells_what_is_scheduled_in_each_of_the_four_fields(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    planned = given(sessions, SCHEDULED, ENROLLED).under(RULES)
    outcome = planned.when(replace(NOTICE, **wrong), now=START - timedelta(days=1))
    outcome.refused("notice.differs_from_schedule", **{name: getattr(SCHEDULED, name)})


def test_only_the_enrolled_are_told() -> None:
    planned = given(sessions, SCHEDULED, replace(ENROLLED, persons=(WU,))).under(RULES)
    planned.when(NOTICE, now=START - timedelta(days=1)).refused("notice.not_enrolled", persons=[LI])


@pytest.mark.clause("T-49")
def test_the_delivery_is_recorded_with_time_place_content_trainer_and_trainees() -> None:
    (
        given(sessions, SCHEDULED, ENROLLED)
        .when(DELIVER, now=END)
        .then(DELIVERED)
        .when(DELIVER, now=END + timedelta(days=1))
        .then()
        .when(replace(DELIVER, place="Studio 4"), now=END)
        .refused("session.delivered", ended_at=END)
    )


@pytest.mark.clause("T-47", "T-49")
@pytest.mark.parametrize(
    "otherwise", [{}, {"place": "Studio 4"}, {"content": "Consumer law"}, {"trainer": PersonId("substitute")}]
)
def test_a_session_was_taught_as_planned_but_for_what_the_record_says_was_otherwise(otherwise: dict[str, Any]) -> None:
    planned = given(sessions, SCHEDULED, ENROLLED)
    (record,) = planned.when(replace(DELIVER, **otherwise), now=END).events
    plan = {name: getattr(SCHEDULED, name) for name in ("course", "place", "content", "method", "trainer")}
    assert {name: getattr(record, name) for name in plan} == plan | otherwise


def test_what_is_not_over_is_not_delivered() -> None:
    planned = given(sessions, SCHEDULED, ENROLLED)
    planned.when(DELIVER, now=END - timedelta(seconds=1)).refused("session.not_over", ended_at=END)
    planned.when(replace(DELIVER, ended_at=START), now=END).refused("session.ends_before_it_starts")
    given(sessions).when(DELIVER, now=END).refused("session.not_scheduled")


@pytest.mark.parametrize("log", [(ENROLLED,), (SCHEDULED, SCHEDULED), (SCHEDULED, DELIVERED, ENROLLED)])
def test_a_log_that_nobody_decided_is_an_error(log: tuple[Event, ...]) -> None:
    with pytest.raises(ValueError, match=r"session changed|scheduled twice"):
        sessions.state(log)
