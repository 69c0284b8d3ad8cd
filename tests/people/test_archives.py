"""The training archive: opened for every live-marketing person, complete, and nothing in it is ever erased."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from services.people.archives.facts import archive
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
from services.people.archives.projections import OpenArchive, open_archives
from services.people.persons.events import CategoriesChanged, Category, Engagement, PersonRegistered
from services.training.contracts import (
    Attempt,
    ExamGraded,
    ExamRegraded,
    Grade,
    Ground,
    Method,
    SessionAbsenceCorrected,
    SessionAbsenceRecorded,
    SessionAttended,
    SessionDelivered,
)
from services.vocabulary import CourseId, PersonId, SessionId
from shared.decider import Context
from shared.event import Recorded
from shared.privacy import Name
from tests.people.recording import recorded, rows

LI, WANG, TRAINER = PersonId("p-li"), PersonId("p-wang"), PersonId("p-trainer")
RULES, SAFETY = SessionId("rules-1"), SessionId("safety-1")
COURSE = CourseId("platform-rules")
STARTS = datetime(2024, 5, 14, 1, tzinfo=UTC)
ENDS = STARTS + timedelta(hours=2)


def registered(person: PersonId = LI, *categories: Category) -> PersonRegistered:
    return PersonRegistered(
        person=person,
        name=Name("enc1"),
        categories=categories,
        engagement=Engagement.EMPLOYEE,
        joined_on=date(2024, 1, 2),
    )


def delivered(*persons: PersonId, session: SessionId = RULES, content: str = "platform rules") -> SessionDelivered:
    return SessionDelivered(
        session=session,
        course=COURSE,
        started_at=STARTS,
        ended_at=ENDS,
        place="Room 2",
        content=content,
        method=Method.INTERNAL,
        trainer=TRAINER,
        persons=persons,
    )


def attended(person: PersonId = LI, session: SessionId = RULES) -> SessionAttended:
    return SessionAttended(session=session, course=COURSE, person=person, held_at=STARTS, signed_in_at=STARTS)


def absent(person: PersonId = LI, session: SessionId = RULES) -> SessionAbsenceRecorded:
    return SessionAbsenceRecorded(
        session=session,
        course=COURSE,
        person=person,
        held_at=STARTS,
        ground=Ground.NONE,
        excused=False,
        noticed=True,
    )


def sick(person: PersonId = LI, session: SessionId = RULES) -> SessionAbsenceCorrected:
    return SessionAbsenceCorrected(
        session=session,
        course=COURSE,
        person=person,
        held_at=STARTS,
        ground=Ground.SICK,
        excused=True,
        noticed=True,
    )


def graded(
    score: int, person: PersonId = LI, session: SessionId = RULES, attempt: Attempt = Attempt.FIRST
) -> ExamGraded:
    return ExamGraded(
        person=person,
        session=session,
        course=COURSE,
        attempt=attempt,
        held_on=date(2024, 5, 20),
        score=Decimal(score),
        grade=Grade.PASS if score >= 60 else Grade.FAIL,
        standard=1,
        began_on=date(2024, 5, 20),
    )


def regraded(
    score: int, person: PersonId = LI, session: SessionId = RULES, attempt: Attempt = Attempt.FIRST
) -> ExamRegraded:
    first = graded(score, person, session, attempt)
    return ExamRegraded(
        person=person,
        session=session,
        course=COURSE,
        attempt=attempt,
        held_on=first.held_on,
        score=first.score,
        grade=first.grade,
        standard=1,
        began_on=first.began_on,
    )


def stream(event: Any) -> str:
    match event:
        case SessionDelivered():
            return f"session/{event.session}"
        case SessionAttended() | SessionAbsenceRecorded() | SessionAbsenceCorrected():
            return f"attendance/{event.session}/{event.person}"
        case ExamGraded() | ExamRegraded():
            return f"exam/{event.person}/{event.session}"
        case _:
            return f"person/{event.person}"


def logged(*events: Any, happened: Sequence[datetime] = ()) -> list[Recorded[Any]]:
    return recorded([(stream(event), event) for event in events], happened=happened)


def page(person: PersonId, arrived: Iterable[Recorded[Any]]) -> ArchivePage:
    """From facts by thing and things by person, as readers keep them, in this order of arrival."""
    facts, things = defaultdict(list), defaultdict(set)
    for fact in arrived:
        thing = archive.about(fact.event)
        facts[thing].append(fact)
        for subject in archive.subjects(fact.event):
            things[subject].add(thing)
    subject = PersonArchive(person=person)
    known = archive.gathered(subject, [fact for thing in things[subject] for fact in facts[thing]])
    return archive.compute(subject, known, Context(now=STARTS, actor=""))


@pytest.mark.clause("T-59", "T-61")
def test_after_a_session_every_trainee_has_an_entry_that_nobody_has_to_write() -> None:
    facts = logged(
        registered(LI, Category.LIVE_MARKETING),
        registered(WANG, Category.LIVE_MARKETING),
        delivered(LI, WANG),
        attended(LI),
        absent(WANG),
        graded(75),
    )
    li, wang = page(LI, facts), page(WANG, facts)
    session = SessionWord(
        event="e003",
        course=COURSE,
        started_at=STARTS,
        ended_at=ENDS,
        place="Room 2",
        content="platform rules",
        method=Method.INTERNAL,
        trainer=TRAINER,
        enrolled=True,
    )
    assert li.sessions == wang.sessions == (SessionEntry(session=RULES, first=session),)
    signed_in = AttendanceWord(event="e004", course=COURSE, held_at=STARTS, signed_in_at=STARTS)
    away = AttendanceWord(event="e005", course=COURSE, held_at=STARTS, ground=Ground.NONE, excused=False, noticed=True)
    assert li.attendance == (AttendanceEntry(session=RULES, first=signed_in),)
    assert wang.attendance == (AttendanceEntry(session=RULES, first=away),)
    mark = ResultWord(
        event="e006",
        course=COURSE,
        held_on=date(2024, 5, 20),
        score=Decimal(75),
        grade=Grade.PASS,
        standard=1,
    )
    assert li.results == (ResultEntry(session=RULES, attempt=Attempt.FIRST, first=mark),)
    assert (wang.results, li.effect) == ((), ())


@pytest.mark.clause("T-02", "T-59")
def test_an_archive_is_opened_for_every_live_marketing_person_and_for_nobody_else() -> None:
    facts = logged(
        registered(LI, Category.LIVE_MARKETING, Category.LIVE_TEAM),
        registered(WANG, Category.LIVE_TEAM),
        registered(TRAINER),
        CategoriesChanged(person=WANG, categories=(Category.LIVE_MARKETING, Category.LIVE_TEAM)),
        CategoriesChanged(person=LI, categories=()),  # who leaves keeps his archive
        CategoriesChanged(person=LI, categories=(Category.LIVE_MARKETING,)),
    )
    assert rows(open_archives, facts) == [
        OpenArchive(person=LI, opened_by="e001", opened_at=facts[0].meta.occurred_at),
        OpenArchive(person=WANG, opened_by="e004", opened_at=facts[3].meta.occurred_at),
    ]
    opened = {person: page(person, facts).opened_by for person in (LI, WANG, TRAINER)}
    assert opened == {LI: "e001", WANG: "e004", TRAINER: None}


@pytest.mark.clause("T-59")
def test_what_was_before_he_became_live_marketing_personnel_is_in_the_archive_too() -> None:
    facts = logged(
        registered(LI),
        delivered(LI),
        attended(),
        graded(75),
        CategoriesChanged(person=LI, categories=(Category.LIVE_MARKETING,)),
    )
    found = page(LI, facts)
    assert (found.opened_by, len(found.sessions), len(found.attendance), len(found.results)) == ("e005", 1, 1, 1)


@pytest.mark.clause("T-60")
def test_a_sick_note_corrects_an_absence_and_both_words_stay() -> None:
    (entry,) = page(LI, logged(delivered(LI), absent(), sick())).attendance
    assert entry.first
    assert (entry.first.event, entry.first.ground, entry.first.excused) == ("e002", Ground.NONE, False)
    assert [(word.event, word.ground, word.excused) for word in entry.corrections] == [("e003", Ground.SICK, True)]


@pytest.mark.clause("T-60")
def test_a_regrading_stands_beside_the_first_grade_and_the_make_up_apart() -> None:
    make_up = graded(64, attempt=Attempt.MAKE_UP)
    first, second = page(LI, logged(delivered(LI), graded(55), make_up, regraded(57), regraded(58))).results
    assert [(word.event, word.score) for word in (first.first, *first.corrections)] == [
        ("e002", Decimal(55)),
        ("e004", Decimal(57)),
        ("e005", Decimal(58)),
    ]
    assert (second.attempt, second.first.score, second.corrections) == (Attempt.MAKE_UP, Decimal(64), ())


@pytest.mark.clause("T-60")
def test_the_first_word_is_what_was_said_first_whatever_business_time_a_correction_carries() -> None:
    earlier = [STARTS, STARTS, STARTS - timedelta(days=1)]
    (entry,) = page(LI, logged(delivered(LI), absent(), sick(), happened=earlier)).attendance
    assert entry.first
    assert (entry.first.event, [word.event for word in entry.corrections]) == ("e002", ["e003"])


@pytest.mark.clause("T-60")
def test_whom_a_corrected_delivery_no_longer_names_keeps_both_words() -> None:
    corrected = delivered(WANG, content="rules and law")
    (entry,) = page(LI, logged(delivered(LI, WANG), corrected)).sessions
    assert entry.first
    assert (entry.first.event, entry.first.enrolled) == ("e001", True)
    assert [(word.event, word.enrolled, word.content) for word in entry.corrections] == [
        ("e002", False, "rules and law")
    ]
    assert page(LI, logged(delivered(LI, WANG), corrected)).attendance == ()  # nothing is awaited of him any more


@pytest.mark.clause("T-60")
def test_what_is_not_known_yet_shows_as_missing() -> None:
    facts = logged(delivered(LI), attended(session=SAFETY), graded(75, session=SAFETY))
    found = page(LI, facts)
    assert {entry.session: entry.first is None for entry in found.sessions} == {RULES: False, SAFETY: True}
    assert {entry.session: entry.first is None for entry in found.attendance} == {RULES: True, SAFETY: False}


@pytest.mark.clause("R9")
def test_nobody_elses_attendance_or_marks_are_in_an_archive_or_among_what_it_knows() -> None:
    facts = logged(delivered(LI, WANG), attended(LI), absent(WANG), graded(75), graded(40, WANG))
    assert page(WANG, facts).results[0].first.score == 40
    assert {word.event for word in words(page(LI, facts))} == {"e001", "e002", "e004"}


def words(found: ArchivePage) -> list[Any]:
    entries: tuple[Any, ...] = (*found.sessions, *found.attendance, *found.results)
    return [word for entry in entries for word in said(entry)]


def test_one_stream_speaks_of_a_thing() -> None:
    facts = recorded([("attendance/1", absent()), ("attendance/2", sick())])
    with pytest.raises(ValueError, match="both speak of"):
        page(LI, facts)


PERSONS, SESSIONS = st.sampled_from([LI, WANG]), st.sampled_from([RULES, SAFETY])
ATTEMPTS, SCORES = st.sampled_from(Attempt), st.integers(0, 100)
CATEGORIES = st.lists(st.sampled_from(Category), max_size=2).map(tuple)
SAID = st.one_of(
    st.builds(lambda p, c: replace(registered(p), categories=c), PERSONS, CATEGORIES),
    st.builds(CategoriesChanged, person=PERSONS, categories=CATEGORIES),
    st.builds(
        lambda persons, session, content: delivered(*sorted(persons), session=session, content=content),
        st.sets(PERSONS),
        SESSIONS,
        st.sampled_from(["rules", "law"]),
    ),
    st.builds(attended, PERSONS, SESSIONS),
    st.builds(absent, PERSONS, SESSIONS),
    st.builds(sick, PERSONS, SESSIONS),
    st.builds(graded, SCORES, PERSONS, SESSIONS, ATTEMPTS),
    st.builds(regraded, SCORES, PERSONS, SESSIONS, ATTEMPTS),
)


@st.composite
def logs(draw: st.DrawFn) -> list[Recorded[Any]]:
    events = draw(st.lists(SAID, max_size=25))
    happened = [STARTS + timedelta(hours=draw(st.integers(0, 3))) for _ in events]
    return logged(*events, happened=happened)


@pytest.mark.clause("T-60")
@for_all(st.data())
def test_neither_order_nor_repetition_of_arrival_shows(data: st.DataObject) -> None:
    facts = data.draw(logs())
    again = data.draw(st.lists(st.sampled_from(facts), max_size=8)) if facts else []
    arrival = data.draw(st.permutations([*facts, *again]))
    for person in (LI, WANG):
        assert page(person, arrival) == page(person, facts)


@pytest.mark.clause("T-60")
@for_all(logs(), st.randoms(use_true_random=False))
def test_the_archive_equals_a_plain_fold_of_the_log(facts: list[Recorded[Any]], chance: Any) -> None:
    arrival = chance.sample(facts, len(facts))
    for person in (LI, WANG):
        assert flat(page(person, arrival)) == folded(person, facts)


def flat(found: ArchivePage) -> dict[str, Any]:
    """The parts, in no order of entries: (session, attempt) to what was said."""
    return {
        "opened_by": found.opened_by,
        "sessions": {e.session: [(w.event, w.content, w.enrolled) for w in said(e)] for e in found.sessions},
        "attendance": {e.session: [(w.event, w.signed_in_at, w.ground) for w in said(e)] for e in found.attendance},
        "results": {(e.session, e.attempt): [(w.event, w.score) for w in said(e)] for e in found.results},
    }


def said(entry: Any) -> list[Any]:
    return [word for word in (entry.first, *entry.corrections) if word]


def folded(person: PersonId, facts: list[Recorded[Any]]) -> dict[str, Any]:
    """One pass over the log in its order, then what is missing; nothing of the archive's own code."""
    opened = None
    sessions: dict[Any, list[Any]] = {}
    attendance: dict[Any, list[Any]] = {}
    results: dict[Any, list[Any]] = {}
    enrolled = {
        fact.event.session
        for fact in facts
        if type(fact.event).__name__ == "SessionDelivered" and person in fact.event.persons
    }
    now_enrolled = {}
    for fact in facts:
        event, id_ = fact.event, fact.meta.id
        match type(event).__name__:
            case "PersonRegistered" | "CategoriesChanged" if event.person == person:
                if opened is None and "live_marketing" in event.categories:
                    opened = id_
            case "SessionDelivered" if event.session in enrolled:
                sessions.setdefault(event.session, []).append((id_, event.content, person in event.persons))
                now_enrolled[event.session] = person in event.persons
            case "SessionAttended" if event.person == person:
                attendance.setdefault(event.session, []).append((id_, event.signed_in_at, None))
            case "SessionAbsenceRecorded" | "SessionAbsenceCorrected" if event.person == person:
                attendance.setdefault(event.session, []).append((id_, None, event.ground))
            case "ExamGraded" | "ExamRegraded" if event.person == person:
                results.setdefault((event.session, event.attempt), []).append((id_, event.score))
    for session in {*attendance, *(session for session, _ in results)}:
        sessions.setdefault(session, [])
    for session, awaited in now_enrolled.items():
        if awaited:
            attendance.setdefault(session, [])
    return {"opened_by": opened, "sessions": sessions, "attendance": attendance, "results": results}
