"""What training is told: courses with their standards, sessions from the notice to the exams.

Lines of one kind stand together, so that those which rest on each other are decided in different batches, and the
lines of an exam's chain stand next to each other, so that a make-up is held before its term is looked at.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from cli.demo.world.lines import Line, Origin
from cli.demo.world.training import (
    BANDS,
    COURSES,
    QUIZ_COURSE,
    QUIZ_TITLE,
    SET_ON,
    Exam,
    Heroine,
    Presence,
    Session,
)
from shared.value import BUSINESS_ZONE

NOTICE = timedelta(days=3)  # before the start
SICK_NOTE = timedelta(days=3)  # after it


def training_lines(sessions: Sequence[Session]) -> Iterator[Line]:
    titles = {name: (course[0], course[1]) for name, course in COURSES.items()} | {QUIZ_COURSE: (QUIZ_TITLE, "basics")}
    for name, (title, area) in titles.items():
        body: dict[str, Any] = {"course": name, "title": title, "areas": [area]}
        yield line("DesignCourse", body, SET_ON, f"course/{name}")
    for name in titles:
        yield line("SetAssessmentStandard", {"course": name, **BANDS}, SET_ON, f"standard/{name}")
    for step in (scheduled, enrolled, noticed, signed_in, delivered, absent):
        for session in sessions:
            yield from step(session)
    for session in sessions:
        for exam in session.exams:
            yield from examined(session, exam)


def scheduled(session: Session) -> Iterator[Line]:
    body = {
        "session": session.id,
        "course": session.course,
        "starts_at": session.starts_at,
        "ends_at": session.ends_at,
        "place": session.place,
        "content": session.content,
        "method": session.method,
        "trainer": session.trainer,
        "trainer_kind": session.trainer_kind,
    }
    yield line("ScheduleSession", body, session.starts_at - 4 * NOTICE, f"session/{session.id}")


def enrolled(session: Session) -> Iterator[Line]:
    body = {"session": session.id, "persons": list(session.presence)}
    yield line("EnrolTrainees", body, session.starts_at - 3 * NOTICE, f"enrolled/{session.id}")


def noticed(session: Session) -> Iterator[Line]:
    body = {
        "session": session.id,
        "persons": list(session.presence),
        "starts_at": session.starts_at,
        "place": session.place,
        "content": session.content,
        "method": session.method,
    }
    yield line("SendTrainingNotice", body, session.starts_at - NOTICE, f"notice/{session.id}")


def signed_in(session: Session) -> Iterator[Line]:
    for number, person in enumerate(session.with_presence(Presence.SIGNED_IN)):
        at = session.starts_at - timedelta(seconds=900 - 7 * (number % 120))
        yield line("SignIn", {"session": session.id, "person": person}, at, f"present/{session.id}/{person}")


def delivered(session: Session) -> Iterator[Line]:
    body = {"session": session.id, "started_at": session.starts_at, "ended_at": session.ends_at}
    yield line("DeliverSession", body, session.ends_at + timedelta(minutes=10), f"delivered/{session.id}")


def absent(session: Session) -> Iterator[Line]:
    at = session.ends_at + timedelta(minutes=30)
    for person, presence in session.presence.items():
        if presence is not Presence.SIGNED_IN:
            body = {"session": session.id, "person": person, "ground": presence.value}
            yield line("RecordAbsence", body, at, f"absent/{session.id}/{person}")


def examined(session: Session, exam: Exam) -> Iterator[Line]:
    key, course = f"{session.id}/{exam.person}", session.course
    first = {"person": exam.person, "session": session.id, "held_on": exam.held_on}
    if exam.retrains:
        first["retrains"] = exam.retrains
    yield line("ScheduleExam", first, evening(session.ends_at), f"exam/{key}")
    marks = {"person": exam.person, "session": session.id, "course": course, "score": exam.score}
    yield line("GradeExam", marks, after(exam.held_on), f"graded/{key}", exam.origin)
    if exam.make_up_on is None:
        return
    again = {"person": exam.person, "session": session.id, "held_on": exam.make_up_on}
    yield line("ScheduleExam", again, after(exam.held_on) + timedelta(hours=1), f"make-up/{key}")
    marks = {**marks, "score": exam.make_up_score}
    yield line("GradeExam", marks, after(exam.make_up_on), f"make-up-graded/{key}")


def sick_note(heroine: Heroine, sessions: Sequence[Session]) -> Line:
    """It comes when the absence has had its consequence already (R2)."""
    session = next(session for session in sessions if session.id == heroine.absent_from)
    body = {"session": session.id, "person": heroine.person.id, "ground": Presence.SICK.value}
    return line("CorrectAbsence", body, session.ends_at + SICK_NOTE, f"sick-note/{session.id}")


def evening(moment: datetime) -> datetime:
    return moment + timedelta(hours=1)


def after(day: date) -> datetime:
    """When the marks of that day's exam are entered: six o'clock in Asia/Shanghai."""
    return datetime.combine(day, time(18), BUSINESS_ZONE).astimezone(UTC)


def line(command: str, body: dict[str, Any], at: datetime, key: str, origin: Origin = Origin.GENERATED) -> Line:
    return Line(service="training", command=command, body=body, occurred_at=at, key=key, origin=origin)
