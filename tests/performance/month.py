"""A person's month for the tests: facts as others tell them, a standard, and the score that follows."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

from services.performance.contracts import MetricId, MetricRecorded, ReviewOpened
from services.performance.ratings.events import Marks, RaterFeedbackClosed, Relation
from services.performance.reviews.events import (
    Direction,
    NotApplicableDeclared,
    ReviewScoreAdjusted,
)
from services.performance.scores.facts import kpi
from services.performance.scores.standard import AppraisalStandard
from services.supervision.contracts import Shift, StreamEnded, StreamMetricsRecorded, StreamObserved
from services.training.contracts import (
    Attempt,
    ExamGraded,
    ExamRegraded,
    Grade,
    Ground,
    SessionAbsenceCorrected,
    SessionAbsenceRecorded,
    SessionAttended,
)
from services.vocabulary import CourseId, Fen, Month, PersonId, PersonMonth, PostId, SessionId, StreamId, UnitId
from shared.decider import Context
from shared.event import Meta, Recorded
from shared.explanation import Nothing, dump, evaluate, find, rules, verify
from shared.facts import Known
from shared.policy import load_policy

A, B = PersonId("a"), PersonId("b")
ANCHOR, STUDIO = PostId("anchor"), UnitId("east")
MAY, JUNE = (PersonMonth(person=A, month=Month(m)) for m in ("2024-05", "2024-06"))
BS_MAY = PersonMonth(person=B, month=Month("2024-05"))
NOON = datetime(2024, 5, 14, 4, tzinfo=UTC)
MAY_IS_OVER = datetime(2024, 5, 31, 16, tzinfo=UTC)  # midnight in Shanghai

TEXT = """
kind: AppraisalStandard
issue: {policy: appraisal_standard.anchor, version: 3}
clause: S-39
plus_cap: 5
minus_cap: 5
min_applicable_weight: 50
excellent: A
components:
  - name: result
    weight: 60
    parts:
      - name: viewers
        weight: 50
        clause: S-33
        measure: {figure: viewers, aggregation: sum}
        form: {target: 1000}
      - name: conversion
        weight: 30
        clause: S-35
        measure: {figure: buyers, aggregation: ratio, per: viewers}
        form:
          bands:
            - {below: 1, gives: 40}
            - {at_least: 1, below: 2, gives: 60}
            - {at_least: 2, gives: 100}
      - name: satisfaction
        weight: 20
        clause: S-36
        measure: {figure: satisfied, aggregation: ratio, per: ratings}
        form: {target: 100}
  - name: training
    weight: 20
    clause: T-65
    measure: {exams: all}
  - name: attitude
    weight: 20
    clause: A-33
    measure: {criteria: [language]}
grades:
  - {below: 60, gives: D}
  - {at_least: 60, below: 70, gives: C}
  - {at_least: 70, below: 80, gives: B}
  - {at_least: 80, gives: A}
"""


@cache
def standard(text: str = TEXT) -> AppraisalStandard:
    return load_policy(AppraisalStandard, text)


STANDARD = standard()


def opened(subject: PersonMonth = MAY, not_rated: str | None = None, post: PostId = ANCHOR) -> ReviewOpened:
    return ReviewOpened(subject=subject, post=post, studio=STUDIO, not_rated=not_rated)


def ended(stream: str, started_at: datetime = NOON, too_long: bool = False, **minutes: int) -> StreamEnded:
    crew = tuple(Shift(person=PersonId(p), post=ANCHOR, minutes=m) for p, m in minutes.items())
    on = max(minutes.values(), default=60)
    return StreamEnded(
        stream=StreamId(stream),
        studio=STUDIO,
        started_at=started_at,
        ended_at=started_at + timedelta(minutes=on),
        minutes=on,
        crew=crew,
        too_long=too_long,
    )


def figures(stream: str, viewers: int, **others: int) -> StreamMetricsRecorded:
    at = dict.fromkeys(("interactions", "clicks", "buyers", "new_followers", "ratings", "satisfied", "complaints"), 0)
    gmv = Fen(others.pop("gmv", 0))
    return StreamMetricsRecorded(stream=StreamId(stream), viewers=viewers, gmv=gmv, **(at | others))


def observed(marks: int | str, name: str = "o1", stream: str = "s1", **criteria: int) -> StreamObserved:
    """The same mark for all four criteria, but for those named."""
    names = ("language", "interaction", "product_accuracy", "emergency_handling")
    four = {criterion: Decimal(criteria.get(criterion, marks)) for criterion in names}
    return StreamObserved(
        observation=name,
        stream=StreamId(stream),
        person=A,
        observer=PersonId("observer-7"),
        capacity="senior_anchor",
        observed_at=NOON,
        started_at=NOON,
        language=four["language"],
        interaction=four["interaction"],
        product_accuracy=four["product_accuracy"],
        emergency_handling=four["emergency_handling"],
        conflict=False,
    )


def exam(
    points: str, session: str = "safety", attempt: Attempt = Attempt.FIRST, grade: Grade = Grade.GOOD
) -> ExamGraded:
    return ExamGraded(
        person=A,
        session=SessionId(session),
        course=CourseId("law"),
        attempt=attempt,
        held_on=date(2024, 5, 20),
        score=Decimal(points),
        grade=grade,
        standard=1,
        began_on=date(2024, 5, 20),
    )


def regraded(points: str, session: str = "safety", grade: Grade = Grade.GOOD) -> ExamRegraded:
    first = exam(points, session, grade=grade)
    return ExamRegraded(
        person=first.person,
        session=first.session,
        course=first.course,
        attempt=first.attempt,
        held_on=first.held_on,
        score=first.score,
        grade=first.grade,
        standard=1,
        began_on=first.began_on,
    )


def attended(session: str) -> SessionAttended:
    return SessionAttended(
        session=SessionId(session), course=CourseId("law"), person=A, held_at=NOON, signed_in_at=NOON
    )


def absent(
    session: str, ground: Ground = Ground.NONE, excused: bool = False, noticed: bool = True
) -> SessionAbsenceRecorded:
    return SessionAbsenceRecorded(
        session=SessionId(session),
        course=CourseId("law"),
        person=A,
        held_at=NOON,
        ground=ground,
        excused=excused,
        noticed=noticed,
    )


def was_sick(session: str) -> SessionAbsenceCorrected:
    return SessionAbsenceCorrected(
        session=SessionId(session),
        course=CourseId("law"),
        person=A,
        held_at=NOON,
        ground=Ground.SICK,
        excused=True,
        noticed=True,
    )


def adjusted(
    name: str, points: str, direction: Direction = Direction.PLUS, withdrawn: bool = False
) -> ReviewScoreAdjusted:
    return ReviewScoreAdjusted(
        subject=MAY,
        adjustment=name,
        direction=direction,
        points=Decimal(points),
        reason="training_excellence",
        withdrawn=withdrawn,
    )


def not_applicable(component: str, withdrawn: bool = False) -> NotApplicableDeclared:
    return NotApplicableDeclared(subject=MAY, component=component, reason="no survey was held", withdrawn=withdrawn)


def metric(name: str, amount: str, base: str | None = None) -> MetricRecorded:
    return MetricRecorded(
        subject=MAY,
        metric=MetricId(name),
        definition=1,
        amount=Decimal(amount),
        base=Decimal(base) if base else None,
        source="shop backend",
    )


def marks(three: tuple[int, int, int]) -> Marks:
    enthusiasm, responsibility, teamwork = map(Decimal, three)
    return Marks(enthusiasm=enthusiasm, responsibility=responsibility, teamwork=teamwork)


def closed(**given: tuple[tuple[int, int, int], ...]) -> RaterFeedbackClosed:
    """Enthusiasm, responsibility and teamwork, as each rater of a relation marked them."""
    by = {relation.value: tuple(map(marks, given.get(relation, ()))) for relation in Relation}
    return RaterFeedbackClosed(person=A, month=MAY.month, **by)


# 700 and 100 of 1000 viewers are 80 points, 9 of 800 buyers (1.125 %) 60, satisfaction 71, exam 83.4, attitude 84
FACTS: list[Any] = [
    ended("s1", a=180, b=60),
    ended("s2", a=240),
    figures("s1", 700, buyers=8, ratings=50, satisfied=35),
    figures("s2", 100, buyers=1, ratings=50, satisfied=36),
    observed(84),
    exam("83.4"),
    opened(),
]


def recorded(events: Sequence[Any], about: Callable[[Any], Hashable] = kpi.about) -> list[Recorded[Any]]:
    """As if each had been recorded a minute after the one before; one stream for each thing of each publisher."""
    streams = [stream(event, about) for event in events]
    return [
        Recorded(
            event=event,
            meta=Meta(
                id=f"e{i:02}",
                service="test",
                stream=streams[i],
                version=streams[: i + 1].count(streams[i]),
                position=i + 1,
                occurred_at=NOON + timedelta(minutes=i),
                recorded_at=NOON,
                actor="somebody",
            ),
        )
        for i, event in enumerate(events)
    ]


def stream(event: Any, about: Callable[[Any], Hashable]) -> str:
    corrections = {"ExamRegraded": "ExamGraded", "SessionAbsenceCorrected": "SessionAbsenceRecorded"}
    kind = type(event).__name__
    thing = about(event)
    return "/".join((corrections.get(kind, kind), *(thing if isinstance(thing, tuple) else (str(thing),))))


def known(facts: Iterable[Any], subject: PersonMonth = MAY) -> Known[Any]:
    """What a subject knows of these, having arrived in this order."""
    held = list(facts)
    things = {kpi.about(r.event) for r in held if subject in kpi.subjects(r.event)}
    return kpi.gathered(subject, (r for r in held if kpi.about(r.event) in things))


def context(
    facts: Iterable[Any], under: AppraisalStandard = STANDARD, now: datetime = MAY_IS_OVER, by: str = "reviewer"
) -> Context:
    """In which these facts are known of every subject of the tests."""
    held = list(facts)
    seen: dict[tuple[str, Hashable], object] = {
        (kpi.name, subject): known(held, subject) for subject in (MAY, JUNE, BS_MAY)
    }
    return Context(now=now, actor=by, seen=seen).under(under)


def score(events: Sequence[Any], text: str = TEXT, subject: PersonMonth = MAY) -> Fraction | str | Nothing:
    """After its explanation has been held against the log and the policy."""
    facts, under = recorded(events), standard(text)
    tree = kpi(subject, context(facts, under))
    by_id = {r.meta.id: r for r in facts}
    assert verify(dump(tree), log=by_id.get, stated=lambda policy, version: rules(under)) == []
    return evaluate(find(tree, "score"))
