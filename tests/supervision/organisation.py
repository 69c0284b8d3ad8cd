"""A small organisation: its persons, its own settings, and what the other services told of it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from services.people.contracts import Category, Engagement, PersonRegistered
from services.performance.contracts import ReviewOpened
from services.supervision.awards.items import AwardItems
from services.supervision.directory.projections import Member
from services.supervision.main import service
from services.supervision.penalties.rules import ConsequenceRules, PenaltyCatalogue
from services.supervision.streams.events import Shift, StreamEnded, StreamMetricsRecorded
from services.supervision.streams.rules import StreamRules
from services.supervision.violations.rules import FailedAssessment, PoorPerformance
from services.training.contracts import (
    Attempt,
    ExamGraded,
    ExamRegraded,
    Grade,
    Ground,
    SessionAbsenceCorrected,
    SessionAbsenceRecorded,
)
from services.vocabulary import CourseId, Fen, Month, PersonId, PersonMonth, PostId, SessionId, StreamId, UnitId
from shared.policy import Policies, load_policies, load_policy
from shared.privacy import Personal

LI, WANG, ZHAO = PersonId("li"), PersonId("wang"), PersonId("zhao")  # an assistant anchor, an anchor, of the group
HR = PersonId("chen")
STUDIO = UnitId("studio")
ANCHOR, ASSISTANT = PostId("anchor"), PostId("assistant_anchor")
NOON = datetime(2024, 5, 14, 4, tzinfo=UTC)  # in Shanghai
MAY = Month("2024-05")
ISSUED = Path(service.home, "policies")

SHIPPED = load_policies(service.policies, [ISSUED])


def shipped(name: str) -> str:
    return (ISSUED / f"{name}.yaml").read_text()


def consequence_rules(**changes: str) -> ConsequenceRules:
    """The shipped rules with other words, such as `{"mode: propose": "mode: impose"}`."""
    text = shipped("consequence_rules")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return load_policy(ConsequenceRules, text)


CONSEQUENCES = consequence_rules()
IMPOSING = consequence_rules(**{"penalty: criticism, mode: propose": "penalty: criticism, mode: impose"})
FIRST_FAIL = load_policy(FailedAssessment, shipped("failed_assessment"))
AFTER_MAKE_UP = load_policy(FailedAssessment, shipped("failed_assessment").replace("first_fail", "after_make_up"))
ITEMS = load_policy(AwardItems, shipped("award_items"))
TWELVE_HOURS = load_policy(StreamRules, shipped("stream_rules").replace("max_hours:", "max_hours: 12"))
NO_LIMIT = load_policy(StreamRules, shipped("stream_rules"))
POOR = """
kind: PoorPerformance
issue: {policy: poor_performance, version: 2}
clause: A-61
figure: viewers
complaints_min: 10
decline_pct: 30
points: 2.5
"""
POOR_PERFORMANCE = load_policy(PoorPerformance, POOR)
POOR_PERFORMANCE_OPEN = load_policy(PoorPerformance, shipped("poor_performance"))
ASSISTANTS = load_policy(PenaltyCatalogue, shipped("penalties_assistant_anchor"))


def policies(*bodies: object) -> Policies:
    """What ships, with these instead of theirs."""
    return SHIPPED.under(*bodies)


# What people tells


def member(person: PersonId = LI, *categories: Category) -> Member:
    return Member(
        person=person,
        registered=True,
        categories=categories or (Category.ASSISTANT_ANCHOR, Category.LIVE_MARKETING, Category.LIVE_TEAM),
        engagement=Engagement.EMPLOYEE,
        post=ASSISTANT,
        studio=STUDIO,
    )


def registered(person: PersonId = LI, *categories: Category) -> PersonRegistered:
    return PersonRegistered(
        person=person,
        name=Personal("enc1:li:name:x"),
        categories=categories or member(person).categories,
        engagement=Engagement.EMPLOYEE,
        joined_on=date(2024, 1, 1),
    )


# What training tells


def absence(session: str = "laws", *, excused: bool = False, noticed: bool = True) -> SessionAbsenceRecorded:
    return SessionAbsenceRecorded(
        session=SessionId(session),
        course=CourseId("laws"),
        person=LI,
        held_at=NOON,
        ground=Ground.SICK if excused else Ground.NONE,
        excused=excused,
        noticed=noticed,
    )


def absence_corrected(session: str = "laws", *, excused: bool = True, noticed: bool = True) -> SessionAbsenceCorrected:
    said = absence(session, excused=excused, noticed=noticed)
    return SessionAbsenceCorrected(
        session=said.session,
        course=said.course,
        person=said.person,
        held_at=said.held_at,
        ground=said.ground,
        excused=said.excused,
        noticed=said.noticed,
    )


def graded(
    points: str,
    session: str = "laws",
    attempt: Attempt = Attempt.FIRST,
    held_on: date = date(2024, 5, 20),
    began_on: date = date(2024, 5, 20),
) -> ExamGraded:
    return ExamGraded(
        person=LI,
        session=SessionId(session),
        course=CourseId("laws"),
        attempt=attempt,
        held_on=held_on,
        score=Decimal(points),
        grade=grade_of(Decimal(points)),
        standard=1,
        began_on=began_on,
    )


def regraded(points: str, session: str = "laws", attempt: Attempt = Attempt.FIRST) -> ExamRegraded:
    said = graded(points, session, attempt)
    return ExamRegraded(
        person=said.person,
        session=said.session,
        course=said.course,
        attempt=said.attempt,
        held_on=said.held_on,
        score=said.score,
        grade=said.grade,
        standard=said.standard,
        began_on=said.began_on,
    )


def grade_of(points: Decimal) -> Grade:
    """Bands of this organisation: 60, 75, 90."""
    if points >= 90:
        return Grade.EXCELLENT
    if points >= 75:
        return Grade.GOOD
    return Grade.PASS if points >= 60 else Grade.FAIL


# What performance tells


def review_opened(month: str = "2024-05", post: PostId = ASSISTANT) -> ReviewOpened:
    return ReviewOpened(subject=PersonMonth(person=LI, month=Month(month)), post=post, studio=STUDIO)


# Streams


def ended(
    stream: str = "s1",
    started_at: datetime = NOON,
    hours: int = 2,
    *,
    too_long: bool = False,
    **crew: PostId,
) -> StreamEnded:
    """With li on as the assistant anchor and wang as the anchor, unless a crew is given as person=post."""
    posts = crew or {LI: ASSISTANT, WANG: ANCHOR}
    return StreamEnded(
        stream=StreamId(stream),
        studio=STUDIO,
        started_at=started_at,
        ended_at=started_at + timedelta(hours=hours),
        minutes=60 * hours,
        crew=tuple(Shift(person=PersonId(person), post=post, minutes=60 * hours) for person, post in posts.items()),
        too_long=too_long,
    )


def figures(stream: str = "s1", viewers: int = 1000, complaints: int = 0, others: int = 0) -> StreamMetricsRecorded:
    return StreamMetricsRecorded(
        stream=StreamId(stream),
        viewers=viewers,
        interactions=100,
        clicks=50,
        buyers=10,
        gmv=Fen(100_000),
        new_followers=5,
        ratings=20,
        satisfied=15,
        complaints=complaints,
        other_complaints=others,
    )
