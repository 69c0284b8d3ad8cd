"""The service whole, on store and broker in memory: facts of others become a score that explains itself over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from cli.explain import Logs, named, verified
from deploy.local.processes import StartFailed
from services.performance.main import service
from services.performance.scores.facts import kpi
from services.supervision.contracts import (
    PenaltyImposed,
    PenaltyKind,
    PenaltyRevoked,
    StreamEnded,
    StreamMetricsRecorded,
    StreamObserved,
)
from services.supervision.contracts import contract as supervision
from services.training.contracts import ExamGraded, ExamRegraded, Grade, SessionAttended
from services.training.contracts import contract as training
from shared.broker import Broker
from shared.decider import Decider
from shared.desk import Desk, Request
from shared.event import Contract, Contracts
from shared.explanation import load, render
from shared.kafka import KafkaSettings
from shared.memory import MemoryStore
from shared.memory_broker import MemoryBroker
from shared.policy import Policies
from shared.privacy import Vault
from shared.register import register
from shared.relay import Relay
from shared.service import Parts, Workers, api, tend
from shared.settings import Settings
from shared.store import Store
from tests.performance.month import MAY, NOON, A, attended, ended, exam, figures, observed, regraded

DEMO = Path(__file__).parents[2] / "deploy/demo/policies/performance"
PATIENCE = 60.0

Exam = ExamGraded | ExamRegraded | None


def tell_exam(exam: ExamGraded | ExamRegraded, before: Exam) -> list[ExamGraded | ExamRegraded]:
    return [exam]


def told_exam(before: Exam, exam: ExamGraded | ExamRegraded) -> Exam:
    return exam


exams = Decider(  # a correction stands on the stream of what it corrects
    name="exam",
    key=lambda e: (e.person, e.session),
    initial=lambda: None,
    decide=tell_exam,
    evolve=told_exam,
)

REGISTERS: dict[type, Decider[Any, Any, Any]] = {
    StreamEnded: register(name="stream", fact=StreamEnded, key=lambda e: (e.stream,)),
    StreamMetricsRecorded: register(name="figures", fact=StreamMetricsRecorded, key=lambda e: (e.stream,)),
    StreamObserved: register(name="observation", fact=StreamObserved, key=lambda e: (e.observation,)),
    PenaltyImposed: register(name="penalty", fact=PenaltyImposed, key=lambda e: (e.penalty,)),
    PenaltyRevoked: register(name="revocation", fact=PenaltyRevoked, key=lambda e: (e.penalty,)),
    ExamGraded: exams,
    ExamRegraded: exams,
    SessionAttended: register(name="attendance", fact=SessionAttended, key=lambda e: (e.person, e.session)),
}


class Publisher:
    """Another service, as far as it tells facts."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.store = MemoryStore(dict.fromkeys(contract.topics, 2))
        topics = dict.fromkeys(contract.topics, 2)
        self.desk = Desk(self.store, contract, Contracts(contract), topics, Policies())

    async def tell(self, *facts: Any) -> None:
        told = await self.desk.decide(
            [Request(decider=REGISTERS[type(fact)], command=fact, now=NOON, actor="somebody") for fact in facts]
        )
        assert {answer.outcome for answer in told} <= {"stored", "unchanged"}


@dataclass
class Performance:
    http: httpx2.AsyncClient
    supervision: Publisher
    training: Publisher
    store: Any

    async def post(
        self, path: str, body: dict[str, Any], by: str = "reviewer", capacity: str = "hr"
    ) -> httpx2.Response:
        return await self.http.post(path, json=body, headers=naming(by, capacity))

    async def done(self, path: str, body: dict[str, Any]) -> None:
        """Asked again as long as its own facts have not come round."""

        async def accepted() -> bool:
            answer = await self.post(path, body)
            assert answer.status_code == 202 or answer.json()["title"] in WAITING, answer.text
            return answer.status_code == 202

        await until(accepted)

    async def get(
        self, path: str, by: str = "reviewer", capacity: str = "hr", accept: str = "", **query: Any
    ) -> httpx2.Response:
        headers = naming(by, capacity) | ({"Accept": accept} if accept else {})
        return await self.http.get(path, headers=headers, params=query)

    async def explained(self, by: str = "reviewer", **query: Any) -> httpx2.Response:
        """Once the explanation has come round too."""

        async def there() -> httpx2.Response | None:
            answer = await self.get("/reviews/a/2024-05/explanation", by=by, **query)
            return None if answer.status_code == 404 else answer

        found: httpx2.Response = await until(there)
        return found

    async def review(self, **wanted: Any) -> dict[str, Any]:
        """The row of May, once it is as wanted."""

        async def as_wanted() -> dict[str, Any] | None:
            answer = await self.get("/reviews/a/2024-05")
            row: dict[str, Any] = answer.json()
            return row if answer.status_code == 200 and row | wanted == row else None

        found: dict[str, Any] = await until(as_wanted)
        return found


WAITING = ("review.not_gathered", "review.incomplete")


def naming(person: str, capacity: str) -> dict[str, str]:
    return {"Authorization": "Bearer secret", "Kaibo-Person": person, "Kaibo-Capacity": capacity}


async def until(true: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(PATIENCE):
        while not (found := await true()):  # noqa: ASYNC110 — what is waited for is a row
            await asyncio.sleep(0.01)
        return found


@asynccontextmanager
async def running(
    organisation: Path | None = DEMO, store: Store | None = None, broker: Broker | None = None
) -> AsyncIterator[Performance]:
    """In memory, unless there are others."""
    broker = broker or MemoryBroker()
    store = store or MemoryStore(dict.fromkeys(service.contract.topics, 2))
    policies = service.load_policies(organisation)
    settings = Settings(
        service="performance",
        database_url="",
        kafka=KafkaSettings(bootstrap_servers=""),
        master_key=b"k" * 32,
        development_secret="secret",
    )
    desk = Desk(store, service.contract, service.contracts, await store.topics(), policies)
    vault = Vault(settings.master_key, store)
    parts = Parts(
        service=service, settings=settings, store=store, broker=broker, policies=policies, desk=desk, vault=vault
    )
    observers, trainers = Publisher(supervision), Publisher(training)
    crew = Workers(parts)
    await store.prepare(crew.readers)
    tasks = [asyncio.create_task(Relay(o.store, broker, o.contract).run()) for o in (observers, trainers)]
    tasks.append(asyncio.create_task(tend(parts, crew, "all")))

    async def ready() -> bool:
        return crew.ready

    try:
        await until(ready)
        transport = httpx2.ASGITransport(api(parts))
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            yield Performance(http, observers, trainers, store)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def told_of_may(there: Performance) -> None:
    """An anchor's May, all of it known: full marks but for 80 on air and 95, an excellent one, in the exam."""
    await there.supervision.tell(
        ended("s1", a=240),
        figures("s1", 15_000, interactions=6_000, buyers=300, ratings=100, satisfied=95, gmv=30_000_000),
    )
    await there.supervision.tell(observed(80))
    await there.training.tell(exam("95", grade=Grade.EXCELLENT), attended("safety"))
    assert (await there.post("/cycles/open", {"month": "2024-05"})).status_code == 202
    opening = {"subject": {"person": A, "month": "2024-05"}, "post": "anchor", "studio": "east"}
    assert (await there.post("/reviews/open", opening)).status_code == 202

    async def known() -> bool:
        answer = await there.get("/scores/a/2024-05")
        return answer.status_code == 200 and answer.json()["score"] == "97.4"

    await until(known)


@pytest.fixture
async def may() -> AsyncIterator[Performance]:
    async with running() as there:
        await told_of_may(there)
        yield there


SUBJECT = {"subject": {"person": "a", "month": "2024-05"}}


@pytest.mark.clause("S-33", "S-34", "S-35", "S-36", "S-37", "S-38", "S-42", "T-65")
async def test_a_month_is_scored_from_what_others_told_and_explains_itself(may: Performance) -> None:
    (credit,) = (await may.get("/reviews/a/2024-05/adjustments")).json()["items"]
    assert (credit["adjustment"], credit["points"]) == ("exam/safety/first", "2")
    await may.done("/reviews/score", SUBJECT)
    # result 100; on air 80; training 0.6·95 + 0.4·100 = 97: 60 + 16 + 19.4, and 2 for excellence
    row = await may.review(state="scored")
    assert (row["score"], row["grade"], row["excellent"], row["version"]) == ("97.40", "A", True, 1)
    told = (await may.explained(by="a", capacity="anchor")).json()
    assert told["effect"] == {
        "raw": "95.40",
        "plus_proposed": "2.00",
        "plus": "2.00",
        "minus_proposed": "0.00",
        "minus": "0.00",
        "effective": "2.00",
    }
    assert told["standard"] == "appraisal_standard.anchor:1"
    assert told["not_configured"] == []
    assert render(load(told["document"])).startswith("grade = A (band)\n  score = 97.4 (rounded half up)")


@pytest.mark.clause("R5")
async def test_the_totals_of_a_studio_are_read_by_month(may: Performance) -> None:
    async def total(**query: str) -> Any:
        found = (await may.get("/totals/2024-05", **query)).json()
        return found if found["streams"] and not found["without_figures"] else None

    for query in ({}, {"studio": "east"}):
        found = await until(lambda query=query: total(**query))
        assert (found["figures"]["gmv"], found["by_post"]["anchor"]["gmv"]) == (30_000_000, "30000000.00")
    assert (await may.get("/totals/2024-05", studio="west")).json()["streams"] == 0
    assert (await may.get("/totals/2024-05", by="a", capacity="anchor")).status_code == 403


@pytest.mark.clause("S-42", "R9", "R5")
async def test_single_marks_are_for_the_person_alone_and_observers_are_capacities(may: Performance) -> None:
    """R9: an explanation is no back door to the archive."""
    await may.done("/reviews/score", SUBJECT)
    await may.review(state="scored")
    path = "/reviews/a/2024-05/explanation"
    his = (await may.explained(by="a", capacity="anchor", accept="text/plain", language="zh")).text
    reviewers = (await may.explained(accept="text/plain", language="en")).text
    assert "考核成绩 = 95 (平均)\n" in his
    assert "得分 = 95 (事实" in his
    assert "exam_marks = 95 (details by application only)" in reviewers
    assert "= 95 (fact" not in reviewers.replace("satisfied = 95 (fact", "")
    document = (await may.explained()).text
    assert document.count('"closed":true') == 2
    for told in (his, reviewers, document):
        assert "observer-7" not in told
        assert "senior_anchor" in told or "资深主播" in told
    stranger = await may.get(path, by="b", capacity="anchor")
    assert stranger.status_code == 403


@pytest.mark.clause("S-42", "A-61", "R6")
async def test_late_facts_restate_beside_what_was_published(may: Performance) -> None:
    await may.done("/reviews/score", SUBJECT)
    await may.done("/reviews/complete", SUBJECT)
    await may.review(state="completed", score="97.40")
    await may.supervision.tell(
        figures("s1", 7_500, interactions=6_000, buyers=300, ratings=100, satisfied=95, gmv=30_000_000)
    )
    assert (await may.review(version=2))["score"] == "88.40"  # viewers 50 of 100: result 85
    first = (await may.explained(version=1)).json()
    assert (first["score"], first["grade"]) == ("97.40", "A")
    second = (await may.explained(version=2)).json()
    for asked, version in (
        ({"as_of": first["known_at"]}, 1),
        ({"as_of": second["known_at"]}, 2),
        ({"as_of_position": second["position"] - 1}, 1),
        ({"as_of_position": second["position"]}, 2),
        ({}, 2),
    ):
        assert (await may.explained(**asked)).json()["version"] == version
    too_early = await may.get("/reviews/a/2024-05/explanation", as_of="2024-06-01T00:00:00Z")
    assert too_early.status_code == 404

    async def restatements() -> list[Any]:
        rows: list[Any] = (await may.get("/reviews/restatements", month="2024-05")).json()["items"]
        return rows

    (restated,) = await until(restatements)
    assert (restated["difference"], len(restated["causes"])) == ("-9.00", 1)

    penalty = PenaltyImposed(
        penalty="p1",
        person=A,
        violation="v1",
        kind=PenaltyKind.POINTS_DEDUCTION,
        decider="head",
        points=Decimal(3),
        month=MAY.month,
    )
    await may.supervision.tell(penalty)
    assert (await may.review(version=3))["score"] == "85.40"
    revoked = PenaltyRevoked(
        penalty="p1", person=A, kind=PenaltyKind.POINTS_DEDUCTION, cause="heard", points=Decimal(3), month=MAY.month
    )
    await may.supervision.tell(revoked)
    assert (await may.review(version=4))["score"] == "88.40"

    async def quarter() -> dict[str, Any] | None:
        found: dict[str, Any] = (await may.get("/periods/a/2024-Q2")).json()
        return found if found.get("result") and found["result"]["score"] == "88.40" else None

    result = (await until(quarter))["result"]
    assert (result["made_of"], result["not_rated"]) == (["2024-05"], ["2024-04: no review", "2024-06: no review"])

    async def stood(**then: Any) -> dict[str, Any]:
        found: dict[str, Any] = (await may.get("/periods/a/2024-Q2", **then)).json()["result"]
        return found

    assert (await stood(as_of_position=first["position"]))["under_review"] == ["2024-05"]
    assert (await stood(as_of_position=second["position"] - 1))["score"] == "97.40"
    assert (await stood(as_of=second["known_at"]))["score"] == "88.40"
    early = {"as_of": "2024-06-01T00:00:00Z"}
    assert (await may.get("/periods/a/2024-Q2", **early)).status_code == 404


@pytest.mark.clause("T-65")
async def test_a_regraded_exam_takes_its_points_back(may: Performance) -> None:
    await may.done("/reviews/score", SUBJECT)
    await may.review(score="97.40")
    await may.training.tell(regraded("85"))
    # training 0.6·85 + 0.4·100 = 91: 60 + 16 + 18.2, and no points
    assert (await may.review(score="94.20"))["version"] >= 2

    async def withdrawn() -> bool:
        (credit,) = (await may.get("/reviews/adjustments", month="2024-05")).json()["items"]
        return bool(credit["withdrawn"])

    assert await until(withdrawn)


@pytest.mark.clause("S-43")
async def test_what_a_person_was_told_is_sealed_and_late_is_shown(may: Performance) -> None:
    await may.done("/reviews/score", SUBJECT)
    await may.done("/reviews/complete", SUBJECT)
    told = {
        "person": "a",
        "month": "2024-05",
        "mode": "call",
        "merits": "calm in trouble",
        "shortcomings": "talks too fast",
        "advice": "pause after a price",
        "held_on": "2024-06-01",
    }
    assert (await may.post("/reviews/feedback", told)).status_code == 202
    row = await may.review(fed_back_on="2024-06-01")
    assert row["feedback_lag_days"] == (date(2024, 6, 1) - date.fromisoformat(row["scored_on"])).days
    assert row["feedback_late"] is False

    async def read() -> list[Any]:
        rows: list[Any] = (await may.get("/reviews/a/2024-05/feedback")).json()["items"]
        return rows

    (interview,) = await until(read)
    assert (interview["merits"], interview["interviewer"]) == ("calm in trouble", "reviewer")
    (own,) = (await may.get("/reviews/a/2024-05/feedback", by="a", capacity="anchor")).json()["items"]
    assert own["advice"] == "pause after a price"
    assert (await may.get("/reviews/a/2024-05/feedback", by="b", capacity="anchor")).status_code == 403
    (withheld,) = (await may.get("/reviews/a/2024-05/feedback", capacity="auditor")).json()["items"]
    assert withheld["merits"] == "withheld"
    assert not any(b"calm in trouble" in event.data for event in may.store.events)


@pytest.mark.clause("P-11")
async def test_without_settings_of_the_organisation_a_score_says_which_are_not_configured() -> None:
    async with running(organisation=None) as there:
        await there.supervision.tell(ended("s1", a=240))

        async def computed() -> dict[str, Any] | None:
            answer = await there.get("/scores/a/2024-05")
            return answer.json() if answer.status_code == 200 else None

        score = await until(computed)
        assert score["not_configured"] == ["appraisal_standard (P-11): not configured"]
        assert score["document"] is None


async def test_lists_are_filtered(may: Performance) -> None:
    await may.done("/reviews/score", SUBJECT)
    await may.review(state="scored")

    async def listed(**query: str) -> list[str]:
        return [row["person"] for row in (await may.get("/reviews", **query)).json()["items"]]

    assert await listed(month="2024-05", studio="east", post="anchor", state="scored", grade="A") == ["a"]
    for other in ({"month": "2024-06"}, {"studio": "west"}, {"post": "x"}, {"state": "open"}, {"grade": "B"}):
        assert await listed(**other) == []
    assert (await may.get("/reviews", state="dreamt")).status_code == 422


async def test_the_edge_names_what_it_refuses(may: Performance) -> None:
    assert (await may.post("/reviews/score", {"subject": {"person": "a", "month": "2024-13"}})).status_code == 422
    assert (await may.get("/scores/a/2024-13")).status_code == 422
    assert (await may.get("/periods/a/2024-Q9")).status_code == 422
    assert (await may.get("/reviews/nobody/2024-05")).status_code == 404
    assert (await may.get("/reviews/nobody/2024-05/explanation")).status_code == 404
    assert (await may.post("/reviews/score", SUBJECT, by="x", capacity="anchor")).status_code == 403
    unknown = await may.post("/recorded-metrics/record", SUBJECT | {"metric": "charm", "amount": "1", "source": "x"})
    assert (unknown.status_code, unknown.json()["title"]) == (409, "metric.unknown")


# What is stored, held against logs and policies


def logs_of(may: Performance) -> Logs:
    told = {"supervision": may.supervision.store, "training": may.training.store}
    return Logs({"performance": may.store, **told}, DEMO.parent)


@pytest.fixture
async def closed(may: Performance) -> Performance:
    """May is completed, and its bonus calculated."""
    await may.done("/reviews/score", SUBJECT)
    await may.done("/reviews/complete", SUBJECT)

    async def calculated() -> bool:
        bonus = await may.get("/bonuses/a/2024-05")
        year = await may.get("/periods/a/2024")
        return bonus.status_code == 200 and bool(year.json().get("result"))

    await until(calculated)
    await may.explained()
    return may


@pytest.mark.clause("O-108", "E-63", "E-62")
async def test_a_completed_month_has_a_bonus_a_year_and_a_run(closed: Performance) -> None:
    bonus = (await closed.get("/bonuses/a/2024-05")).json()
    assert (bonus["amount"], bonus["owed"], bonus["paid"], bonus["scheme"]) == (150_000, 150_000, 0, "bonus:1")
    told = (await closed.get("/bonuses/a/2024-05/explanation", accept="text/plain", language="en")).text
    assert "≥ 90 → 150000 (rule bonus v1 O-108)" in told
    assert "score_of_the_month = 97.4" in told
    year = (await closed.get("/periods/a/2024")).json()["result"]
    assert (year["score"], year["grade"], year["made_of"]) == ("97.40", "A", ["2024-05"])
    run = (await closed.get("/streaks/a")).json()
    assert (run["length"], run["months"]) == (1, ["2024-05"])
    assert (await closed.get("/bonuses/a/2024-05", by="b", capacity="anchor")).status_code == 403


@pytest.mark.clause("S-42", "R6")
async def test_every_stored_explanation_follows_from_the_logs_and_the_policies(closed: Performance) -> None:
    report = await verified(logs_of(closed))
    assert report.unsound == ()
    assert report.stored >= 5  # the month as it runs and as scored, bonus, quarter, year, run
    for name in ("a/2024-05", "a/2024-05@1", "a/2024-Q2", "a/2024", "bonus/a/2024-05"):
        assert (await named(logs_of(closed), name)).document["tree"]["value"]
    for name in ("a/2024-06", "a/2024-05@7", "a", "a/2024-Q5", "bonus/a/2024"):
        with pytest.raises(StartFailed):
            await named(logs_of(closed), name)


TAMPERED = (
    ('"value":"97.4"', '"value":"98"', "a value does not follow from the leaves"),
    ('"amount":15000,"unit":"persons"', '"amount":15001,"unit":"persons"', ".viewers is not 15001"),
    ('"amount":"15000"}', '"amount":"14000"}', "does not state components.result.parts.live_viewers.form.target"),
    ("stream/s1", "stream/s2", "was not recorded"),
    ('"amount":"75"', '"amount":"70"', "does not state grades.1.below = 70"),
    ("S-33", "S-34", "does not state components.result.parts.live_viewers"),
)


@pytest.mark.clause("S-42")
async def test_what_was_tampered_with_is_reported(closed: Performance) -> None:
    """A stored value, a leaf, a rule, a stream, an edge of a band, a clause."""
    results = closed.store.tables[f"{closed.store.prefix(kpi)}_result"]
    ((subject, (result, at)),) = results.items()
    for old, new, wrong in TAMPERED:
        document = result.document.decode()
        assert old in document
        results[subject] = msgspec.structs.replace(result, document=document.replace(old, new).encode()), at
        (unsound,) = (await verified(logs_of(closed))).unsound
        assert unsound.name.startswith("kpi_score")
        assert any(wrong in said for said in unsound.wrong), unsound.wrong
    results[subject] = result, at
    assert (await verified(logs_of(closed))).unsound == ()
