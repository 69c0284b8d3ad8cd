"""The training archive of a person: a pure function of what is known. Clauses: T-02, T-59 to T-61.

A delivery speaks of a session and names its trainees; a sign-in, an absence and a grade speak of one person at one
session. So the delivery reaches everybody whom any word of it ever named, and nobody's attendance or marks reach
another's archive.
"""

from collections.abc import Hashable, Mapping, Sequence

from services.people.archives.page import (
    ArchivePage,
    AttendanceEntry,
    AttendanceWord,
    PersonArchive,
    ResultEntry,
    ResultWord,
    SessionEntry,
    SessionWord,
)
from services.people.persons.events import CategoriesChanged, Category, PersonRegistered
from services.training.contracts import (
    Attempt,
    ExamGraded,
    ExamRegraded,
    SessionAbsenceCorrected,
    SessionAbsenceRecorded,
    SessionAttended,
    SessionDelivered,
)
from services.vocabulary import SessionId
from shared.event import Recorded
from shared.facts import Facts, Known

Attendance = SessionAttended | SessionAbsenceRecorded | SessionAbsenceCorrected
Exam = ExamGraded | ExamRegraded
Entry = PersonRegistered | CategoriesChanged
Event = SessionDelivered | Attendance | Exam | Entry
Thing = tuple[str, ...]
Words = Mapping[Hashable, Sequence[Recorded[Event]]]  # about each thing, as they were said


def about(event: Event) -> Thing:
    match event:
        case SessionDelivered():
            return "session", event.session
        case SessionAttended() | SessionAbsenceRecorded() | SessionAbsenceCorrected():
            return "attendance", event.session, event.person
        case ExamGraded() | ExamRegraded():
            return "exam", event.session, event.person, event.attempt
        case PersonRegistered() | CategoriesChanged():
            return "person", event.person


def subjects(event: Event) -> list[PersonArchive]:
    if isinstance(event, SessionDelivered):
        return [PersonArchive(person=person) for person in event.persons]
    return [PersonArchive(person=event.person)]


def page(subject: PersonArchive, known: Known[Event]) -> ArchivePage:
    words = known.words()
    sessions = tuple(dict.fromkeys(r.event.session for r in known.facts if not isinstance(r.event, Entry)))
    attendance = (attendance_entry(session, subject, words) for session in sessions)
    results = (result_entry(session, attempt, subject, words) for session in sessions for attempt in Attempt)
    return ArchivePage(
        person=subject.person,
        opened_by=opened_by(subject, words),
        sessions=tuple(session_entry(session, subject, words) for session in sessions),
        attendance=tuple(entry for entry in attendance if entry),
        results=tuple(entry for entry in results if entry),
        effect=(),
    )


archive = Facts(name="archive", about=about, subjects=subjects, result=page)


def opened_by(subject: PersonArchive, words: Words) -> str | None:
    """Once, for every live-marketing person (T-02, T-59): whoever leaves the category keeps his archive."""
    for word in words.get(("person", subject.person), ()):
        if isinstance(word.event, Entry) and Category.LIVE_MARKETING in word.event.categories:
            return word.meta.id
    return None


def session_entry(session: SessionId, subject: PersonArchive, words: Words) -> SessionEntry:
    found = [
        session_word(word.meta.id, word.event, subject)
        for word in words.get(("session", session), ())
        if isinstance(word.event, SessionDelivered)
    ]
    return SessionEntry(session=session, first=found[0] if found else None, corrections=tuple(found[1:]))


def session_word(event: str, delivered: SessionDelivered, subject: PersonArchive) -> SessionWord:
    return SessionWord(
        event=event,
        course=delivered.course,
        started_at=delivered.started_at,
        ended_at=delivered.ended_at,
        place=delivered.place,
        content=delivered.content,
        method=delivered.method,
        trainer=delivered.trainer,
        enrolled=subject.person in delivered.persons,
    )


def attendance_entry(session: SessionId, subject: PersonArchive, words: Words) -> AttendanceEntry | None:
    found = [
        attendance_word(word.meta.id, word.event)
        for word in words.get(("attendance", session, subject.person), ())
        if isinstance(word.event, Attendance)
    ]
    if not found and not awaited(session, subject, words):
        return None
    return AttendanceEntry(session=session, first=found[0] if found else None, corrections=tuple(found[1:]))


def awaited(session: SessionId, subject: PersonArchive, words: Words) -> bool:
    """The last word on the session counts the person among its trainees: either he was there or he was not."""
    deliveries = words.get(("session", session), ())
    return bool(deliveries) and subject in subjects(deliveries[-1].event)


def attendance_word(event: str, word: Attendance) -> AttendanceWord:
    if isinstance(word, SessionAttended):
        return AttendanceWord(event=event, course=word.course, held_at=word.held_at, signed_in_at=word.signed_in_at)
    return AttendanceWord(
        event=event,
        course=word.course,
        held_at=word.held_at,
        ground=word.ground,
        excused=word.excused,
        noticed=word.noticed,
    )


def result_entry(session: SessionId, attempt: Attempt, subject: PersonArchive, words: Words) -> ResultEntry | None:
    found = [
        result_word(word.meta.id, word.event)
        for word in words.get(("exam", session, subject.person, attempt), ())
        if isinstance(word.event, Exam)
    ]
    if not found:
        return None
    return ResultEntry(session=session, attempt=attempt, first=found[0], corrections=tuple(found[1:]))


def result_word(event: str, graded: Exam) -> ResultWord:
    return ResultWord(
        event=event,
        course=graded.course,
        held_on=graded.held_on,
        score=graded.score,
        grade=graded.grade,
        standard=graded.standard,
    )
