"""Training as a whole on the parts in memory: commands in bulk, read models, reactions, and who may see what."""

import asyncio
import dataclasses
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.routing import APIRoute

from services.training.exams.decisions import EndMakeUpTerm
from services.training.exams.facts import Examinee, exam_history
from services.training.exams.objections import EscalateObjection
from services.training.main import service
from services.training.rules import TrainingRules
from services.vocabulary import PersonId
from shared.desk import Desk
from shared.facts import key_text
from shared.kafka import KafkaSettings
from shared.memory import MemoryStore
from shared.memory_broker import MemoryBroker
from shared.privacy import Vault
from shared.service import Parts, Workers, api, tend
from shared.settings import Settings

PATIENCE = 30.0
Line = tuple[str, str, dict[str, Any]]  # when, what, its body
CONFIGURED = """
kind: TrainingRules
issue: {policy: training_rules, version: 2, effective_from: 2024-01-01}
notice: {clause: T-45, min_lead_hours: 24}
make_up: {clause: T-53, due_days: 14, after_deadline: lost}
exam_absence: {}
retraining: {clause: T-54, max_cycles: 2}
"""
SESSION = {
    "session": "laws-may",
    "starts_at": "2024-05-06T01:00:00Z",
    "place": "Studio 3",
    "content": "Advertising law",
    "method": "internal",
}
MAY: list[Line] = [
    ("2024-05-02T01:00:00Z", "DesignCourse", {"course": "laws", "title": "Laws", "areas": ["laws"]}),
    ("2024-05-02T01:00:00Z", "SetAssessmentStandard", {"course": "laws", "excellent": 90, "good": 75, "passing": 60}),
    (
        "2024-05-02T02:00:00Z",
        "ScheduleSession",
        SESSION
        | {"course": "laws", "ends_at": "2024-05-06T03:00:00Z", "trainer": "teacher", "trainer_kind": "internal"},
    ),
    ("2024-05-02T03:00:00Z", "EnrolTrainees", {"session": "laws-may", "persons": ["li", "wu", "zhao"]}),
    ("2024-05-03T01:00:00Z", "SendTrainingNotice", SESSION | {"persons": ["li", "wu"]}),
    ("2024-05-06T00:50:00Z", "SignIn", {"session": "laws-may", "person": "li"}),
    (
        "2024-05-06T03:10:00Z",
        "DeliverSession",
        {"session": "laws-may", "started_at": "2024-05-06T01:00:00Z", "ended_at": "2024-05-06T03:00:00Z"},
    ),
    ("2024-05-06T04:00:00Z", "RecordAbsence", {"session": "laws-may", "person": "wu", "ground": "none"}),
    ("2024-05-06T04:00:00Z", "RecordAbsence", {"session": "laws-may", "person": "zhao", "ground": "none"}),
    ("2024-05-09T01:00:00Z", "CorrectAbsence", {"session": "laws-may", "person": "wu", "ground": "sick"}),
    ("2024-05-07T01:00:00Z", "ScheduleExam", {"person": "li", "session": "laws-may", "held_on": "2024-05-08"}),
    (
        "2024-05-09T01:00:00Z",
        "GradeExam",
        {"person": "li", "session": "laws-may", "course": "laws", "score": "57.142857"},
    ),
]
JUNE: list[Line] = [
    ("2024-05-19T01:00:00Z", "ScheduleExam", {"person": "li", "session": "laws-may", "held_on": "2024-05-20"}),
    ("2024-05-21T01:00:00Z", "GradeExam", {"person": "li", "session": "laws-may", "course": "laws", "score": 58}),
    (
        "2024-06-20T02:00:00Z",
        "ScheduleSession",
        SESSION
        | {"session": "laws-june", "starts_at": "2024-06-24T01:00:00Z", "ends_at": "2024-06-24T03:00:00Z"}
        | {"course": "laws", "trainer": "teacher", "trainer_kind": "internal"},
    ),
    ("2024-06-20T03:00:00Z", "EnrolTrainees", {"session": "laws-june", "persons": ["li"]}),
    ("2024-06-24T00:50:00Z", "SignIn", {"session": "laws-june", "person": "li"}),
    (
        "2024-06-25T01:00:00Z",
        "ScheduleExam",
        {"person": "li", "session": "laws-june", "held_on": "2024-06-26", "retrains": "laws-may"},
    ),
    ("2024-06-27T01:00:00Z", "GradeExam", {"person": "li", "session": "laws-june", "course": "laws", "score": 57}),
    ("2024-07-08T01:00:00Z", "ScheduleExam", {"person": "li", "session": "laws-june", "held_on": "2024-07-09"}),
    ("2024-07-10T01:00:00Z", "GradeExam", {"person": "li", "session": "laws-june", "course": "laws", "score": 64}),
]
ADMINISTRATOR = {"Kaibo-Person": "admin", "Kaibo-Capacity": "training_admin"}


class Training:
    def __init__(self, parts: Parts, client: httpx2.AsyncClient) -> None:
        self.parts, self.client = parts, client

    async def send(self, *lines: Line) -> list[dict[str, Any]]:
        content = "".join(
            json.dumps({"command": command, "body": body, "occurred_at": at}) + "\n" for at, command, body in lines
        )
        headers = {"Kaibo-Person": "import", "Kaibo-Capacity": "system", "Content-Type": "application/x-ndjson"}
        answer = await self.client.post("/bulk", content=content, headers=headers)
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.text.splitlines()]

    async def get(self, path: str, who: dict[str, str], **params: Any) -> httpx2.Response:
        return await self.client.get(path, headers=who, params=params)

    async def items(self, path: str, **params: Any) -> list[dict[str, Any]]:
        answer = await self.get(path, ADMINISTRATOR, **params)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    async def types(self) -> list[str]:
        return [stored.type for stored in await self.parts.store.tail(0, 1000)]


@asynccontextmanager
async def running(organisation: Path | None = None) -> AsyncIterator[Training]:
    policies = service.load_policies(organisation)
    store = MemoryStore(dict.fromkeys(service.contract.topics, 3))
    settings = Settings(
        service="training",
        database_url="",
        kafka=KafkaSettings(bootstrap_servers=""),
        master_key=secrets.token_bytes(32),
        development_secret="secret",
    )
    desk = Desk(store, service.contract, service.contracts, await store.topics(), policies)
    vault = Vault(settings.master_key, store)
    parts = Parts(service, settings, store, MemoryBroker(), policies, desk, vault)
    crew = Workers(parts)
    await store.prepare(crew.readers)
    tended = asyncio.create_task(tend(parts, crew, "all"))

    async def ready() -> bool:
        return crew.ready

    try:
        await until(ready)
        transport = httpx2.ASGITransport(api(parts))
        secret = {"Authorization": "Bearer secret"}
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=secret) as client:
            yield Training(parts, client)
    finally:
        tended.cancel()
        await asyncio.gather(tended, return_exceptions=True)


@pytest.fixture
async def training() -> AsyncIterator[Training]:
    async with running() as found:
        yield found


async def until(true: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(PATIENCE):
        while True:
            if found := await true():
                return found
            await asyncio.sleep(0.01)


async def imported(training: Training) -> None:
    results = await training.send(*MAY)
    assert [(r["status"], r["problem"]) for r in results] == [("stored", None)] * len(MAY)

    async def read() -> bool:
        last = await training.get("/exams/li/laws-may", ADMINISTRATOR)
        sick = await training.items("/attendance", session="laws-may", excused=True)
        (session,) = await training.items("/sessions") or [{"absent": 0}]
        return (
            last.status_code == 200 and bool(last.json()["make_up_granted"]) and bool(sick) and session["absent"] == 2
        )

    await until(read)


@pytest.mark.clause("T-46", "T-49", "R2")
async def test_a_month_is_imported_and_read(training: Training) -> None:
    await imported(training)
    (session,) = await training.items("/sessions", course="laws", delivered=True)
    counts = {name: session[name] for name in ("enrolled", "noticed", "attended", "absent")}
    assert counts == {"enrolled": 3, "noticed": 2, "attended": 1, "absent": 2}
    roster = {e["person"]: e for e in await training.items("/attendance", session="laws-may")}
    assert (roster["li"]["presence"], roster["li"]["signed_in_at"]) == ("attended", "2024-05-06T00:50:00Z")
    assert (roster["wu"]["ground"], roster["wu"]["excused"], roster["wu"]["corrected"]) == ("sick", True, True)
    assert (roster["zhao"]["excused"], roster["zhao"]["noticed"]) == (False, False)
    chain = (await training.get("/exams/li/laws-may", ADMINISTRATOR)).json()
    assert (chain["first_score"], chain["first_grade"], chain["standing"]) == ("57.14", "fail", "make_up_due")
    assert chain["make_up_due_on"] is None


async def test_importing_twice_changes_nothing(training: Training) -> None:
    await imported(training)
    before = await training.types()
    await training.send(*MAY)
    assert await training.types() == before


@pytest.mark.clause("T-53", "T-54", "R1")
async def test_a_failed_chain_and_the_retraining_that_answers_it_are_imported_in_one_file(training: Training) -> None:
    results = await training.send(*MAY, *JUNE)
    assert [r["problem"] for r in results] == [None] * len(results)

    async def both() -> list[dict[str, Any]]:
        chains = await training.items("/exams/li")
        return chains if [c["standing"] for c in chains].count("passed") and len(chains) == 2 else []

    june, may = await until(both)
    assert (may["standing"], may["retraining_open"], may["retrained_in"]) == (
        "retraining_required",
        False,
        ["laws-june"],
    )
    marks = (june["first_score"], june["make_up_score"], june["cycle"], june["retrains"])
    assert marks == ("57.00", "64.00", 1, "laws-may")


@pytest.mark.clause("T-54", "R1")
async def test_a_later_session_answers_a_failed_chain_that_nobody_names(training: Training) -> None:
    *held, (at, command, named) = JUNE[:6]
    await training.send(*MAY, *held)
    examinee = key_text(Examinee(person=PersonId("li")))

    async def gathered() -> bool:
        held = await training.parts.store.known(exam_history, [examinee])
        return any(fact.type == "RetrainingRequired" for fact in held[examinee])

    await until(gathered)
    unnamed = {name: said for name, said in named.items() if name != "retrains"}
    assert (await training.send((at, command, unnamed)))[0]["problem"] is None

    async def june() -> Any:
        return (await training.get("/exams/li/laws-june", ADMINISTRATOR)).json()

    async def opened() -> bool:
        return bool((await june()).get("cycle"))

    await until(opened)
    assert (await june())["retrains"] == "laws-may"


@pytest.mark.clause("P-02", "P-07", "T-54", "R1")
async def test_the_organisations_own_settings_hold_and_a_deadline_passes_by_itself(tmp_path: Path) -> None:
    (tmp_path / "training_rules.yaml").write_text(CONFIGURED)
    async with running(tmp_path) as training:
        results = await training.send(*MAY)
        assert {r["status"] for r in results} == {"stored"}
        late = {"session": "laws-may", "persons": ["zhao"]}
        assert (await training.send(("2024-05-05T02:00:00Z", "SendTrainingNotice", SESSION | late)))[0]["problem"]

        async def retraining() -> list[dict[str, Any]]:
            return await training.items("/exams", retraining_open=True)

        (chain,) = await until(retraining)
        assert (chain["person"], chain["make_up_due_on"]) == ("li", "2024-05-23")
        assert (await training.types())[-2:] == ["MakeUpDeadlinePassed", "RetrainingRequired"]


@pytest.mark.clause("P-02", "P-07", "C-14")
def test_what_ships_leaves_the_open_values_open() -> None:
    (document,) = service.load_policies(None).of(TrainingRules)
    rules = document.body
    assert isinstance(rules, TrainingRules)
    settings = (
        rules.notice.min_lead_hours,
        rules.make_up.due_days,
        rules.make_up.after_deadline,
        rules.exam_absence.unexcused,
        rules.retraining.max_cycles,
    )
    assert settings == (None,) * 5


OTHERS = {"trainee": 403, "hr": 403, "auditor": 403, "live_ops_supervisor": 403, "trainer_internal": 404}


@pytest.mark.clause("R9")
async def test_marks_and_attendance_are_for_himself_the_trainer_and_the_administrator(training: Training) -> None:
    await imported(training)
    for path in ("/exams/li/laws-may", "/attendance/li/laws-may"):
        assert (await training.get(path, ADMINISTRATOR)).status_code == 200
        for person, capacity in (("li", "trainee"), ("li", ""), ("teacher", "trainer_internal")):
            who = {"Kaibo-Person": person, "Kaibo-Capacity": capacity}
            assert (await training.get(path, who)).status_code == 200
        for capacity, status in OTHERS.items():
            who = {"Kaibo-Person": "somebody", "Kaibo-Capacity": capacity}
            assert (await training.get(path, who)).status_code == status, (path, capacity)


@pytest.mark.clause("R9")
async def test_lists_are_no_back_door(training: Training) -> None:
    await imported(training)
    teacher = {"Kaibo-Person": "teacher", "Kaibo-Capacity": "trainer_internal"}
    for path in ("/exams", "/attendance", "/learning", "/teaching/answers", "/teaching/performances"):
        assert (await training.get(path, teacher, session="laws-may")).status_code == 200
        assert (await training.get(path, teacher)).status_code == 404
        assert (await training.get(path, {**teacher, "Kaibo-Person": "other"}, session="laws-may")).status_code == 404
        for capacity in ("hr", "auditor", "trainee", "system"):
            who = {"Kaibo-Person": "somebody", "Kaibo-Capacity": capacity}
            assert (await training.get(path, who, session="laws-may")).status_code == 403, (path, capacity)
    for path in ("/exams/li", "/attendance/li", "/learning/li", "/teaching/performances/li"):
        assert (await training.get(path, {"Kaibo-Person": "li", "Kaibo-Capacity": "anchor"})).status_code == 200
        assert (await training.get(path, {"Kaibo-Person": "wu", "Kaibo-Capacity": "anchor"})).status_code == 403


async def test_a_trainer_marks_in_his_own_sessions(training: Training) -> None:
    await imported(training)
    mark = {"person": "li", "session": "laws-may", "course": "laws", "score": 64}
    other = {"Kaibo-Person": "other", "Kaibo-Capacity": "trainer_internal"}
    assert (await training.client.post("/exams/grade", json=mark, headers=other)).status_code == 404
    answer = await training.client.post("/exams/grade", json=mark, headers={**other, "Kaibo-Person": "teacher"})
    assert (answer.status_code, answer.json()["title"]) == (409, "exam.not_scheduled")


@pytest.mark.clause("T-48")
async def test_free_text_of_a_lesson_is_sealed_and_read_by_those_who_teach(training: Training) -> None:
    await imported(training)
    teacher = {"Kaibo-Person": "teacher", "Kaibo-Capacity": "trainer_internal"}
    question = {"session": "laws-may", "person": "li", "question": "q1", "asked": "Cheapest?", "answer": "Never."}
    answer = await training.client.post("/teaching/answers", json=question, headers=teacher)
    assert answer.status_code == 202, answer.text
    stored = (await training.parts.store.tail(0, 1000))[-1]
    assert (stored.type, stored.topic) == ("TraineeQuestionAnswered", "kaibo.training.restricted")
    assert b"Cheapest" not in stored.data

    async def shown() -> Any:
        return (await training.get("/teaching/answers", teacher, session="laws-may")).json()["items"]

    assert await until(shown) == [question]


@pytest.mark.clause("R9")
def test_what_a_subscriber_may_be_granted_tells_nothing_of_one_person() -> None:
    """Marks and attendance are for applicants, so they travel on the topic of the four services alone."""
    of_one_person = {
        name
        for name, event in service.contract.events.items()
        if "person" in {field.name for field in dataclasses.fields(event)}
    }
    restricted = {event.__name__ for event in service.contract.restricted}
    assert restricted == of_one_person >= {"ExamGraded", "SessionAttended", "SessionAbsenceRecorded"}
    assert all(len({service.contract.topic(event) for event in d.facts}) == 1 for d in service.deciders)


def test_every_command_has_a_route_but_the_deadlines_own() -> None:
    bodies = {
        field.field_info.annotation
        for router in service.routers
        for route in router.routes
        if isinstance(route, APIRoute)
        for field in route.dependant.body_params
    }
    commands = {command for decider in service.deciders for command in decider.commands}
    assert commands - bodies == {EndMakeUpTerm, EscalateObjection}
