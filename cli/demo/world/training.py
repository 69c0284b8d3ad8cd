"""Courses, sessions, who came, who did not and why, and exams with their make-ups.

The quiz of the input is one session's exam: its marks are real, who sat it is drawn. All else is generated.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from random import Random

from cli.demo.chance import Chance
from cli.demo.inputs.quiz import QuizAttempt
from cli.demo.world.lines import Origin
from cli.demo.world.organisation import Organisation, Person, Studio
from cli.demo.world.rosters import Diary
from shared.value import BUSINESS_ZONE, value

BANDS = {"excellent": Decimal(90), "good": Decimal(75), "passing": Decimal(60)}  # the demo organisation's own setting
COURSES = {  # title, area, method, first day of its sessions: one studio a day
    "basics": ("直播基础 Live-stream basics", "basics", "internal", date(2024, 5, 7)),
    "marketing": ("沟通与销售 Communication and sales", "marketing_skills", "practice", date(2024, 5, 15)),
    "compliance": ("合规经营 Operating in compliance", "laws", "external", date(2024, 5, 21)),
    "data": ("直播数据 Reading stream data", "data_analysis", "internal", date(2024, 6, 4)),
    "new-media": ("新媒体运营 New-media operations", "new_media", "sharing", date(2024, 6, 12)),
    "teamwork": ("团队协作 Working as a team", "teamwork", "practice", date(2024, 6, 18)),
}
QUIZ_COURSE, QUIZ_DAY = "platform-rules", date(2024, 5, 13)
QUIZ_TITLE = "直播平台规则 Platform rules"
RETRAINING_DAY = date(2024, 6, 25)
STORY_COURSE = "compliance"  # from whose session the person of the story is absent
SET_ON = datetime(2024, 4, 1, 1, tzinfo=UTC)  # when courses and standards are made known
EXAM_AFTER, MAKE_UP_AFTER = timedelta(days=1), timedelta(days=8)


class Presence(StrEnum):
    """Signed in, or the ground of the absence."""

    SIGNED_IN = "signed_in"
    NONE = "none"
    LEAVE = "leave"
    SICK = "sick"
    OWN_STREAM = "own_stream"


@value
class Exam:
    person: str
    held_on: date
    score: Decimal
    origin: Origin
    make_up_on: date | None = None
    make_up_score: Decimal | None = None
    retrains: str | None = None  # the session that is trained again


@value
class Session:
    id: str
    course: str
    starts_at: datetime
    ends_at: datetime
    place: str
    content: str
    method: str
    trainer: str
    trainer_kind: str
    presence: dict[str, Presence]  # of everybody enrolled
    exams: Sequence[Exam]

    def with_presence(self, presence: Presence) -> list[str]:
        return [person for person, found in self.presence.items() if found is presence]


def passed(score: Decimal) -> bool:
    return score >= BANDS["passing"]


@value
class Heroine:
    """The person whose story is told at the end."""

    person: Person
    attempt: QuizAttempt
    absent_from: str  # a session of STORY_COURSE


class School:
    """Plans the sessions around who is on air."""

    def __init__(
        self, organisation: Organisation, diary: Diary, quiz: Sequence[QuizAttempt], *, chance: Chance, real: Origin
    ) -> None:
        self.organisation, self.diary, self.quiz, self.chance, self.real = organisation, diary, quiz, chance, real
        self.heroine = self.chosen()

    def sessions(self) -> list[Session]:
        """In order of their starts."""
        first = [self.quiz_session()]
        first += [self.course_session(c, s, n) for c in COURSES for n, s in enumerate(self.organisation.studios)]
        return sorted([*first, *self.retraining(first)], key=lambda session: (session.starts_at, session.id))

    # The person of the story

    def chosen(self) -> Heroine:
        """Of the files if there is one, on air, with the quiz and the story's session free of streams of her own."""
        attempt = next((a for a in self.quiz if not passed(a.score)), self.quiz[0])
        candidates = []
        for number, studio in enumerate(self.organisation.studios):
            held = self.held(STORY_COURSE, number)
            candidates += [
                (not anchor.in_files, anchor.gender != "female", anchor.id, anchor, number)
                for anchor in studio.anchors
                if not self.diary.on_air(anchor.id, *held) and not self.diary.on_air(anchor.id, *span(QUIZ_DAY))
            ]
        if not candidates:
            raise ValueError("every anchor is on air during both sessions of the story: take another seed")
        *_, person, number = min(candidates, key=lambda found: found[:3])
        studio = self.organisation.studios[number]
        return Heroine(person=person, attempt=attempt, absent_from=session_id(STORY_COURSE, studio))

    # Sessions

    def quiz_session(self) -> Session:
        """As many trainees as attempts, of the files' people first; the heroine makes the attempt that is hers."""
        held = span(QUIZ_DAY)
        others = sorted(
            (
                person
                for studio in self.organisation.studios
                for person in (*studio.anchors, *studio.assistants)
                if person.id != self.heroine.person.id and not self.diary.on_air(person.id, *held)
            ),
            key=lambda person: (not person.in_files, person.id),
        )
        sitting = {a.number: p for a, p in zip((a for a in self.quiz if a != self.heroine.attempt), others)}  # noqa: B905
        sitting[self.heroine.attempt.number] = self.heroine.person
        identity = f"{QUIZ_COURSE}-1"
        exams = [
            self.exam(identity, sitting[a.number].id, QUIZ_DAY, score=a.score, origin=self.real)
            for a in self.quiz
            if a.number in sitting
        ]
        presence = {exam.person: Presence.SIGNED_IN for exam in exams}
        return self.session(identity, QUIZ_COURSE, "internal", held, presence, exams)

    def course_session(self, course: str, studio: Studio, number: int) -> Session:
        identity, held = session_id(course, studio), self.held(course, number)
        day = held[0].astimezone(BUSINESS_ZONE).date()
        presence = {person.id: self.came(identity, person.id, held) for person in trainees(studio)}
        exams = [self.exam(identity, p, day) for p, found in presence.items() if found is Presence.SIGNED_IN]
        return self.session(identity, course, COURSES[course][2], held, presence, exams)

    def held(self, course: str, number: int) -> "Span":
        """A studio's session of a course: on its day, in the two hours in which fewest of its people are on air."""
        studio, day = self.organisation.studios[number], COURSES[course][3] + timedelta(days=number)

        def missing(hour: int) -> int:
            return sum(self.diary.on_air(person.id, *span(day, hour)) for person in trainees(studio))

        return span(day, min(range(8, 20), key=lambda hour: (missing(hour), abs(hour - 14))))

    def retraining(self, sessions: Sequence[Session]) -> Iterator[Session]:
        """For whoever failed a make-up before that day: a later session of the course."""
        for course in (QUIZ_COURSE, *COURSES):
            failed = {
                exam.person: session.id
                for session in sessions
                for exam in session.exams
                if session.course == course
                and exam.make_up_on is not None
                and exam.make_up_on < RETRAINING_DAY
                and exam.make_up_score is not None
                and not passed(exam.make_up_score)
            }
            held, identity = span(RETRAINING_DAY, hour=10), f"{course}-again"
            free = [person for person in failed if not self.diary.on_air(person, *held)]
            if free:
                exams = [self.exam(identity, person, RETRAINING_DAY, retrains=failed[person]) for person in free]
                method = COURSES[course][2] if course in COURSES else "internal"
                yield self.session(identity, course, method, held, dict.fromkeys(free, Presence.SIGNED_IN), exams)

    def session(
        self, identity: str, course: str, method: str, held: "Span", presence: dict[str, Presence], exams: list[Exam]
    ) -> Session:
        title = COURSES[course][0] if course in COURSES else QUIZ_TITLE
        kind = "external" if method == "external" else "internal"
        return Session(
            id=identity,
            course=course,
            starts_at=held[0],
            ends_at=held[1],
            place="培训室 Training room",
            content=title,
            method=method,
            trainer=self.chance.name("trainer", kind, course),
            trainer_kind=kind,
            presence=presence,
            exams=exams,
        )

    # Trainees

    def came(self, session: str, person: str, held: "Span") -> Presence:
        if (session, person) == (self.heroine.absent_from, self.heroine.person.id):
            return Presence.NONE
        if self.diary.on_air(person, *held):
            return Presence.OWN_STREAM
        drawn = self.chance.unit("presence", session, person)
        for limit, presence in ((0.012, Presence.NONE), (0.035, Presence.LEAVE), (0.045, Presence.SICK)):
            if drawn < limit:
                return presence
        return Presence.SIGNED_IN

    def exam(
        self,
        session: str,
        person: str,
        day: date,
        *,
        score: Decimal | None = None,
        origin: Origin = Origin.GENERATED,
        retrains: str | None = None,
    ) -> Exam:
        """A fail is made up for a week later; nearly everybody passes then. The heroine fails once and no more."""
        draws = self.chance.draws("exam", session, person)
        hers = person == self.heroine.person.id
        first = max(drawn_score(draws, 77, 8.5), Decimal(66) if hers else Decimal(0)) if score is None else score
        held_on = day + EXAM_AFTER
        if passed(first):
            return Exam(person=person, held_on=held_on, score=first, origin=origin, retrains=retrains)
        again = max(drawn_score(draws, 70, 9), Decimal(66) if hers else Decimal(0))
        return Exam(
            person=person,
            held_on=held_on,
            score=first,
            origin=origin,
            make_up_on=day + MAKE_UP_AFTER,
            make_up_score=again,
            retrains=retrains,
        )


Span = tuple[datetime, datetime]


def span(day: date, hour: int = 14) -> Span:
    """Two hours of a day in Asia/Shanghai."""
    start = datetime.combine(day, time(hour), BUSINESS_ZONE).astimezone(UTC)
    return start, start + timedelta(hours=2)


def trainees(studio: Studio) -> list[Person]:
    return [*studio.anchors, *studio.assistants, *studio.supervisors]


def session_id(course: str, studio: Studio) -> str:
    return f"{course}-{studio.id}"


def drawn_score(draws: Random, middle: float, spread: float) -> Decimal:
    return Decimal(min(100, max(0, round(draws.gauss(middle, spread) * 2) / 2))).quantize(Decimal("0.01"))
