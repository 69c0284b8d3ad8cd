"""Months of persons from stored facts to stored scores with explanation, beside a bare loop over the same facts.

Both begin at the bytes that a reader keeps, read the same facts and compute with exact numbers by the same policy
(`cli.bench.totals`); the loop keeps nothing but score and grade, which are compared. The same months under another
standard, beside their scoring. And one explanation of many, beside its row alone.
"""

import random
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import uvloop

from cli.bench.databases import fresh
from cli.bench.figure import Figure, Plan, tell
from cli.bench.totals import totals
from deploy.local.postgres import postgres
from services.performance.bonuses.facts import PersonBonus, bonuses_earned
from services.performance.bonuses.policies import BonusScheme
from services.performance.contracts import ReviewCompleted, ReviewOpened, ReviewScored
from services.performance.main import service
from services.performance.reviews.decisions import Completed, reviews
from services.performance.reviews.projections import Explanation, explanations
from services.performance.scores.disclosure import as_document
from services.performance.scores.facts import kpi
from services.performance.scores.standard import AppraisalStandard
from services.performance.whatif.results import Decided, Outcome, compare
from services.supervision.contracts import Shift, StreamEnded, StreamMetricsRecorded, StreamObserved
from services.training.contracts import Attempt, ExamGraded, Grade, SessionAttended
from services.vocabulary import CourseId, Fen, Month, PersonId, PersonMonth, PostId, SessionId, StreamId, UnitId
from services.whatif import Case
from shared.decider import Context
from shared.desk import recall
from shared.event import Meta, encode
from shared.facts import key_text
from shared.memory import MemoryStore
from shared.memory_broker import MemoryBroker
from shared.policy import Document, Format, Policies, load_document
from shared.postgres import open_store
from shared.store import Held
from shared.subscription import Subscription

SIZES = (1_000, 3_000, 10_000)  # persons
MONTHS = ("2024-05", "2024-06", "2024-07")
CHUNK = 100  # persons whose facts are held at once
STREAMS = 6  # live streams a month, with a crew of two
STORED, READS = 100_000, 2_000
TABLE = f"{explanations.name}_{explanations.version}"
STANDARD = """
kind: AppraisalStandard
issue: {policy: bench, version: 1}
clause: S-39
excellent: A
components:
  - name: results
    weight: 60
    parts:
      - {name: c1, weight: 15, measure: {figure: viewers, aggregation: mean}, form: {target: 15000}}
      - {name: c2, weight: 15, measure: {figure: interactions, aggregation: ratio, per: viewers}, form: {target: 40}}
      - {name: c3, weight: 10, measure: {figure: clicks, aggregation: ratio, per: viewers}, form: {target: 30}}
      - {name: c4, weight: 10, measure: {figure: buyers, aggregation: ratio, per: viewers}, form: {target: 3}}
      - {name: c5, weight: 15, measure: {figure: satisfied, aggregation: ratio, per: ratings}, form: {target: 95}}
      - name: c6
        weight: 15
        measure: {figure: gmv, aggregation: sum, attribution: by_minutes}
        form: {target: 20000000}
      - {name: c7, weight: 10, measure: {figure: new_followers, aggregation: sum}, form: {target: 900}}
      - name: c8
        weight: 10
        measure: {figure: complaints, aggregation: sum}
        form: {target: 10, lower_is_better: true}
  - {name: c9, weight: 10, measure: {on_air: minutes}, form: {target: 1200}}
  - {name: c10, weight: 10, measure: {criteria: [language, interaction]}}
  - {name: c11, weight: 10, measure: {exams: all}}
  - {name: c12, weight: 10, measure: {sessions: attended}}
grades: [{below: 60, gives: C}, {at_least: 60, below: 80, gives: B}, {at_least: 80, gives: A}]
"""
BONUS = """
kind: BonusScheme
issue: {policy: bonus, version: 1}
clause: O-108
bands: [{below: 60, gives: 0}, {at_least: 60, below: 80, gives: 60000}, {at_least: 80, gives: 120000}]
"""
FIGURES = ("viewers", "interactions", "clicks", "buyers", "new_followers", "ratings", "satisfied", "complaints")

Kept = tuple[PersonMonth, list[Held]]


def measure(directory: Path, plan: Plan) -> Iterator[Figure]:
    for persons in SIZES:
        tell(f" {persons:,} persons, 12 indicators, {len(MONTHS)} months")
        turns = [scored(persons, turn) for turn in range(plan.rounds if persons == SIZES[0] else 1)]
        ours, bare = zip(*turns, strict=True)
        name = f"scoring with explanation, {persons:,} persons"
        yield Figure(name=name, unit="persons/s", ours=ours, twin=bare, beside="the totals alone")
    tell(f" what if: {SIZES[0]:,} persons, {len(MONTHS)} months")
    tries, scorings = zip(*[tried(SIZES[0], turn) for turn in range(plan.rounds)], strict=True)
    yield Figure(
        name="what if: another standard over the same months",
        unit="persons/s",
        ours=tries,
        twin=scorings,
        beside="their scoring with explanation",
    )
    tell(f" one explanation of {STORED:,}")
    with postgres(directory / "scoring") as server:
        ours_ms, bare_ms = uvloop.run(read(server.url()))
    yield Figure(
        name="one explanation, 99 %", unit="ms", ours=[ours_ms], twin=[bare_ms], beside="its row alone", better="less"
    )


def scored(persons: int, turn: int) -> tuple[float, float]:
    """Persons a second: scored with explanation, and their totals alone."""
    reader, chance = scorer(), random.Random(turn)
    ours = bare = 0.0
    for first in range(0, persons, CHUNK):
        kept = [month for number in range(first, min(first + CHUNK, persons)) for month in months(number, chance)]
        began = time.perf_counter()
        results = [reader.compute(kpi, key_text(subject), held)[0] for subject, held in kept]
        between = time.perf_counter()
        bare_totals = [totals(subject, held, reader.policies) for subject, held in kept]
        ended = time.perf_counter()
        ours, bare = ours + between - began, bare + ended - between
        if [told(result.document) for result in results] != bare_totals:
            raise ValueError("the bare loop computes something else")
    return persons / ours, persons / bare


def tried(persons: int, turn: int) -> tuple[float, float]:
    """Persons a second: another standard held against what was decided, as `/what-if` does once all is read, and the
    scoring of the same months. Raises ValueError where another standard changes nothing."""
    reader, chance = scorer(), random.Random(turn)
    stricter = load_document(Format(kinds=(AppraisalStandard,)), STANDARD.replace("target: 15000", "target: 20000"))
    context = Context(now=datetime.now(UTC), actor="", policies=reader.policies)
    under, changed = reader.policies.trying(stricter), 0
    scoring = trying = 0.0
    for first in range(0, persons, CHUNK):
        kept = [month for number in range(first, min(first + CHUNK, persons)) for month in months(number, chance)]
        began = time.perf_counter()
        results = [reader.compute(kpi, key_text(subject), held)[0] for subject, held in kept]
        scoring += time.perf_counter() - began
        logs = [log(subject, result.document) for (subject, _), result in zip(kept, results, strict=True)]
        began = time.perf_counter()
        for (subject, held), said in zip(kept, logs, strict=True):
            changed += again(subject, held, said, context, under, stricter).changed
        trying += time.perf_counter() - began
    if not changed:
        raise ValueError("another standard changes nothing")
    return persons / trying, persons / scoring


def log(subject: PersonMonth, document: bytes) -> list[Held]:
    """What the review's stream says of a month that was scored and completed."""
    tree = msgspec.json.decode(document)
    grade, score, at = tree["tree"]["value"], Decimal(tree["tree"]["of"]["value"]), datetime(2024, 9, 1, tzinfo=UTC)
    opened = ReviewOpened(subject=subject, post=PostId("anchor"), studio=UnitId("east"))
    scored = ReviewScored(
        subject=subject,
        score=score,
        grade=grade,
        excellent=grade == "A",
        used=(),
        explanation=tree,
        standard="bench:1",
    )
    completed = ReviewCompleted(
        subject=subject,
        post=opened.post,
        studio=opened.studio,
        version=1,
        score=score,
        grade=grade,
        excellent=grade == "A",
    )
    stream = reviews.named(subject.person, subject.month)
    return [kept(f"r{i}", "performance", e, at, stream, i) for i, e in enumerate((opened, scored, completed), 1)]


def again(
    subject: PersonMonth, held: list[Held], said: list[Held], context: Context, under: Policies, tried: Document
) -> Case[Outcome]:
    events = [recall(service.contracts, one) for one in said]
    stage = reviews.state(r.event for r in events).stage
    if not isinstance(stage, Completed):
        raise ValueError(f"the review of {subject} is not completed")
    decided = Decided(
        subject=subject,
        traits={"post": stage.opened.post, "studio": stage.opened.studio},
        evaluator=events[1].meta.actor,
        result=stage.result,
    )
    known = kpi.gathered(subject, (recall(service.contracts, one) for one in held))
    own = PersonBonus.of(subject)
    earned = bonuses_earned.gathered(own, [r for r in events if isinstance(r.event, bonuses_earned.events)])
    return compare(decided, known, earned, context, under, tried)


def scorer() -> Subscription:
    """As the service's own worker computes a result."""
    standard = load_document(Format(kinds=(AppraisalStandard,)), STANDARD)
    bonus = load_document(Format(kinds=(BonusScheme,)), BONUS)
    policies = Policies(documents=(standard, bonus))
    return Subscription("bench", kpi, MemoryStore({}), MemoryBroker(), service.contracts, policies)


def told(document: bytes) -> tuple[str, str]:
    tree = msgspec.json.decode(document)["tree"]
    return tree["of"]["value"], tree["value"]


# Facts as a reader keeps them


def months(number: int, chance: random.Random) -> Iterator[Kept]:
    person, other = PersonId(f"p{number}"), PersonId("colleague")
    for month in MONTHS:
        at = datetime.fromisoformat(f"{month}-03T04:00:00").replace(tzinfo=UTC)
        subject = PersonMonth(person=person, month=Month(month))
        events: list[tuple[str, Any]] = [
            ("performance", ReviewOpened(subject=subject, post=PostId("anchor"), studio=UnitId("east")))
        ]
        for i in range(STREAMS):
            events += streamed(f"{number}-{month}-{i}", person, other, at + timedelta(days=i), chance)
        for i in (1, 2):
            events += trained(f"{month}-{i}", person, at, chance)
        yield subject, [kept(f"{number}-{month}-{i}", name, event, at) for i, (name, event) in enumerate(events)]


def streamed(
    name: str, person: PersonId, other: PersonId, at: datetime, chance: random.Random
) -> Iterator[tuple[str, Any]]:
    stream, minutes = StreamId(name), chance.randint(120, 300)
    crew = (
        Shift(person=person, post=PostId("anchor"), minutes=minutes),
        Shift(person=other, post=PostId("assistant_anchor"), minutes=minutes // 2),
    )
    yield (
        "supervision",
        StreamEnded(
            stream=stream,
            studio=UnitId("east"),
            started_at=at,
            ended_at=at + timedelta(minutes=minutes),
            minutes=minutes,
            crew=crew,
            too_long=False,
        ),
    )
    figures = {figure: chance.randint(1, 400) for figure in FIGURES} | {"viewers": chance.randint(5_000, 20_000)}
    yield (
        "supervision",
        StreamMetricsRecorded(stream=stream, gmv=Fen(chance.randint(10**6, 10**7)), **figures),
    )
    if name.endswith(("0", "1")):
        yield (
            "supervision",
            StreamObserved(
                observation=name,
                stream=stream,
                person=person,
                observer=other,
                capacity="senior_anchor",
                observed_at=at,
                started_at=at,
                language=Decimal(chance.randint(60, 100)),
                interaction=Decimal(chance.randint(60, 100)),
                product_accuracy=Decimal(80),
                emergency_handling=Decimal(80),
                conflict=False,
            ),
        )


def trained(session: str, person: PersonId, at: datetime, chance: random.Random) -> Iterator[tuple[str, Any]]:
    course, run = CourseId("law"), SessionId(session)
    yield "training", SessionAttended(session=run, course=course, person=person, held_at=at, signed_in_at=at)
    yield (
        "training",
        ExamGraded(
            person=person,
            session=run,
            course=course,
            attempt=Attempt.FIRST,
            held_on=date.fromisoformat(f"{session[:7]}-20"),
            score=Decimal(chance.randint(600, 1000)) / 10,
            grade=Grade.GOOD,
            standard=1,
            began_on=at.date(),
        ),
    )


def kept(name: str, publisher: str, event: Any, at: datetime, stream: str = "", version: int = 1) -> Held:
    meta = Meta(
        id=name,
        service=publisher,
        stream=stream or f"{type(event).__name__}/{name}",
        version=version,
        position=1,
        occurred_at=at,
        recorded_at=at,
        actor="somebody",
    )
    return Held(service=publisher, type=type(event).__name__, schema=1, data=encode(event), meta=encode(meta), id=name)


# One explanation of many


async def read(url: str) -> tuple[float, float]:
    """Milliseconds that 99 of 100 reads stay below: as the route answers, and the row's document alone."""
    store = await open_store(await fresh(url, "scoring"), dict.fromkeys(service.contract.topics, 1))
    try:
        await store.prepare([explanations])
        ((subject, held), *_) = months(0, random.Random(0))
        document = msgspec.json.decode(scorer().compute(kpi, key_text(subject), held)[0].document)
        row = Explanation(person=subject.person, month=subject.month, version=1, document=document)
        async with store.work() as work:
            await work.put_rows(explanations, [row])
        await multiply(store.pool)
        chance = random.Random(0)
        asked = [PersonId(f"p{chance.randint(1, STORED)}") for _ in range(READS)]
        ours, bare = list[float](), list[float]()
        sql = f"select document from {TABLE} where person = $1 and month = $2 and version = $3"
        for person in asked:
            began = time.perf_counter()
            (found,) = await store.rows(explanations, [(person, subject.month, 1)])
            encode(as_document(found.document, "reviewer", person))
            between = time.perf_counter()
            await store.pool.fetchrow(sql, person, subject.month, 1)
            ours.append(between - began)
            bare.append(time.perf_counter() - between)
        return percentile(ours), percentile(bare)
    finally:
        await store.close()


async def multiply(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    sql = "select column_name from information_schema.columns where table_name = $1"
    columns = [record["column_name"] for record in await pool.fetch(sql, TABLE)]
    others = ", ".join(column for column in columns if column != "person")
    await pool.execute(
        f"insert into {TABLE} (person, {others}) select 'p' || n, {others} from {TABLE},"
        f" generate_series(1, {STORED}) as n where person = 'p0'"
    )
    await pool.execute(f"analyze {TABLE}")


def percentile(seconds: Sequence[float]) -> float:
    return sorted(seconds)[len(seconds) * 99 // 100] * 1_000
