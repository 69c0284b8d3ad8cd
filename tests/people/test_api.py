"""People over HTTP: every look into an archive is on record first, and there is no way round."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx2
import pytest
from fastapi import FastAPI

from services.people.applications.rules import ArchiveRules
from services.people.archives.facts import archive
from services.people.contracts import contract as people
from services.people.main import service
from services.training.contracts import contract as training
from services.vocabulary import PersonId
from shared.desk import Desk
from shared.event import Recorded, encode
from shared.facts import key_text
from shared.kafka import KafkaSettings
from shared.memory import MemoryStore
from shared.policy import Issue
from shared.privacy import Vault
from shared.service import Parts, api
from shared.settings import Settings
from shared.store import NewResult
from shared.wire import heading, to_record
from shared.wire import recorded as record_read
from tests.people.test_archives import attended, delivered, graded, logged, page

HR, LI, REVIEWER = (PersonId(p) for p in ("p-hr", "p-li", "p-reviewer"))


@dataclass
class People:
    """The service over HTTP on a store in memory, whose readers catch up when they are told to."""

    http: httpx2.AsyncClient
    store: MemoryStore

    async def post(self, path: str, body: dict[str, Any], by: str = HR, capacity: str = "hr") -> httpx2.Response:
        answer = await self.http.post(path, json=body, headers=naming(by, capacity))
        await self.catch_up()
        return answer

    async def get(self, path: str, by: str = HR, capacity: str = "hr", **query: Any) -> httpx2.Response:
        answer = await self.http.get(path, params=query, headers=naming(by, capacity))
        await self.catch_up()
        return answer

    async def catch_up(self) -> None:
        """Rows from this service's log; archives from it and from what training told."""
        own = [self.read(event) for event in self.store.events]
        taught = logged(delivered(LI, REVIEWER), attended(LI), graded(75, LI))
        known = [fact for fact in [*own, *taught] if isinstance(fact.event, archive.events)]
        async with self.store.work() as work:
            for projection in service.projections:
                rows: dict[tuple[Any, ...], Any] = {}
                for fact in own:
                    if isinstance(fact.event, projection.events):
                        projection.apply(rows, fact)
                await work.put_rows(projection, list(rows.values()))
            subjects = {subject for fact in known for subject in archive.subjects(fact.event)}
            results = [(key_text(s), page(s.person, known)) for s in subjects]
            found = [NewResult(subject=s, document=encode(p), used=()) for s, p in results]
            await work.put_results(archive, found)

    def read(self, stored: Any) -> Recorded[Any]:
        record = to_record(people, self.store.log, stored, 0)
        return record_read(record, heading(record), service.contracts)

    def recorded(self, name: str) -> list[Any]:
        return [fact.event for stored in self.store.events if stored.type == name for fact in [self.read(stored)]]


def naming(person: str, capacity: str) -> dict[str, str]:
    return {"Authorization": "Bearer secret", "Kaibo-Person": person, "Kaibo-Capacity": capacity}


@pytest.fixture
async def organisation() -> AsyncIterator[People]:
    """Two persons who were trained, and a reviewer's application to read results of one."""
    store = MemoryStore(dict.fromkeys(people.topics, 1))
    policies = service.load_policies(None)
    desk = Desk(store, people, service.contracts, await store.topics(), policies)
    settings = Settings(
        service="people",
        database_url="",
        kafka=KafkaSettings(bootstrap_servers=""),
        master_key=b"k" * 32,
        development_secret="secret",
    )
    parts = Parts(
        service=service,
        settings=settings,
        store=store,
        broker=cast(Any, None),
        policies=policies,
        desk=desk,
        vault=Vault(settings.master_key, store),
    )
    deciding = asyncio.create_task(desk.run())
    transport = httpx2.ASGITransport(api(parts))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        found = People(http, store)
        for person in (LI, REVIEWER, HR):
            await found.post("/persons/register", registration(person))
        assert (await found.post("/applications/request", APPLICATION, REVIEWER, "appraiser")).status_code == 202
        yield found
    deciding.cancel()


def registration(person: str) -> dict[str, Any]:
    return {
        "person": person,
        "name": f"Name of {person}",
        "contact": "13800000000",
        "categories": ["live_marketing"],
        "engagement": "employee",
        "joined_on": "2024-01-02",
    }


APPLICATION = {
    "application": "a1",
    "applicant": REVIEWER,
    "persons": [LI],
    "parts": ["results"],
    "purpose": "choice of a trainer",
    "ends_on": str((datetime.now(UTC) + timedelta(days=30)).date()),
}


async def approved(organisation: People) -> People:
    answer = await organisation.post("/applications/approve", {"application": "a1"})
    assert answer.status_code == 202, answer.text
    return organisation


@pytest.mark.clause("T-63", "R9")
async def test_a_reading_is_a_fact_and_shows_what_is_named_and_no_more(organisation: People) -> None:
    await approved(organisation)
    answer = await organisation.get(f"/archives/{LI}", REVIEWER, "appraiser", application="a1")
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert [entry["first"]["score"] for entry in shown["results"]] == ["75"]
    assert [part for part in ("sessions", "attendance", "effect") if shown[part] is not None] == []
    assert answer.headers["Cache-Control"] == "no-store"
    (reading,) = organisation.recorded("ArchiveConsulted")
    assert (reading.person, reading.reader, reading.parts) == (LI, REVIEWER, ("results",))


@pytest.mark.clause("R9")
async def test_no_reading_counts_for_another_one(organisation: People) -> None:
    await approved(organisation)
    for number in range(1, 3):
        await organisation.get(f"/archives/{LI}", REVIEWER, "appraiser", application="a1")
        assert len(organisation.recorded("ArchiveConsulted")) == number
    headers = naming(REVIEWER, "appraiser") | {"Idempotency-Key": "once"}
    answer = await organisation.http.get(f"/archives/{LI}", params={"application": "a1"}, headers=headers)
    assert answer.status_code == 400
    assert "75" not in answer.text


@pytest.mark.clause("T-62", "T-63", "R9")
@pytest.mark.parametrize("capacity", ["hr", "training_admin", "auditor", "appraiser"])
async def test_nobody_looks_into_anothers_archive_without_an_approved_application(
    organisation: People, capacity: str
) -> None:
    reader = "p-reader" if capacity != "appraiser" else REVIEWER
    query = {"application": "a1"} if capacity == "appraiser" else {}
    answer = await organisation.get(f"/archives/{LI}", reader, capacity, **query)
    assert answer.status_code == 409
    assert "75" not in answer.text
    assert organisation.recorded("ArchiveConsulted") == []


@pytest.mark.clause("T-62")
@pytest.mark.parametrize("capacity", ["trainer_external", "supplier", "viewer", "system", ""])
async def test_outsiders_and_service_accounts_hold_no_capability_of_archives(
    organisation: People, capacity: str
) -> None:
    for answer in (
        await organisation.get(f"/archives/{LI}", "p-outside", capacity, application="a1"),
        await organisation.get("/archives", "p-outside", capacity),
        await organisation.post("/applications/request", APPLICATION, "p-outside", capacity),
        await organisation.post("/applications/approve", {"application": "a1"}, "p-outside", capacity),
    ):
        assert answer.status_code == 403


@pytest.mark.clause("R9")
async def test_the_person_reads_all_of_his_own_and_sees_that_and_who_else_read(organisation: People) -> None:
    await approved(organisation)
    await organisation.get(f"/archives/{LI}", REVIEWER, "appraiser", application="a1")
    own = (await organisation.get(f"/archives/{LI}", LI, "anchor")).json()
    assert (own["sessions"][0]["first"]["content"], own["attendance"][0]["session"]) == ("platform rules", "rules-1")
    seen = (await organisation.get(f"/archives/{LI}/readings", LI, "anchor")).json()["items"]
    assert [(row["reader"], row["application"]) for row in seen] == [(LI, ""), (REVIEWER, "a1")]
    (application,) = (await organisation.get(f"/archives/{LI}/applications", LI, "anchor")).json()["items"]
    assert (application["applicant"], application["decision"]) == (REVIEWER, "approved")
    assert (await organisation.get(f"/archives/{LI}/readings", REVIEWER, "anchor")).status_code == 403


@pytest.mark.clause("R9")
async def test_the_person_sees_a_refused_application_and_why(organisation: People) -> None:
    await organisation.post("/applications/reject", {"application": "a1", "reason": "a course list suffices"})
    answer = await organisation.get(f"/archives/{LI}", REVIEWER, "appraiser", application="a1")
    assert (answer.status_code, answer.json()["title"]) == (409, "archive.not_approved")
    (seen,) = (await organisation.get(f"/archives/{LI}/applications", LI, "anchor")).json()["items"]
    assert (seen["decision"], seen["reason"]) == ("rejected", "a course list suffices")


@pytest.mark.clause("R9")
@pytest.mark.parametrize(("delay", "sees"), [(timedelta(days=2), 1), (timedelta(days=-2), 2)])
async def test_an_investigation_delays_what_the_person_sees_until_its_end(
    organisation: People, delay: timedelta, sees: int
) -> None:
    ends_on = str((datetime.now(UTC) + delay).date())
    secret = APPLICATION | {"application": "a2", "investigation": {"reason": "sold marks", "ends_on": ends_on}}
    await organisation.post("/applications/request", secret, REVIEWER, "appraiser")
    for application in ("a1", "a2"):
        await organisation.post("/applications/approve", {"application": application})
        await organisation.get(f"/archives/{LI}", REVIEWER, "appraiser", application=application)
    for trace in ("applications", "readings"):
        own = (await organisation.get(f"/archives/{LI}/{trace}", LI, "anchor")).json()["items"]
        audit = (await organisation.get(f"/archives/{LI}/{trace}", "p-audit", "auditor")).json()["items"]
        assert (len(own), len(audit)) == (sees, 2)
    listed = (await organisation.get("/applications", LI, "hr")).json()["items"]  # if he is of human resources himself
    assert len(listed) == sees
    assert (await organisation.get("/applications/a2", LI, "hr")).status_code == (404 if sees == 1 else 200)


@pytest.mark.clause("R9")
async def test_what_is_delayed_shows_in_no_cursor_number_or_history(organisation: People) -> None:
    ends_on = str((datetime.now(UTC) + timedelta(days=20)).date())
    delayed = APPLICATION | {"application": "a0", "investigation": {"reason": "sold marks", "ends_on": ends_on}}
    await organisation.post("/applications/request", delayed, REVIEWER, "appraiser")
    for application in ("a0", "a1"):
        await organisation.post("/applications/approve", {"application": application})
        await organisation.get(f"/archives/{LI}", REVIEWER, "appraiser", application=application)
    own = await organisation.get(f"/archives/{LI}", LI, "anchor")
    assert own.headers["ETag"] == '"1"'
    for path in (f"/archives/{LI}/applications", f"/archives/{LI}/readings", "/applications"):
        first = (await organisation.get(path, LI, "auditor", limit=1)).json()
        assert [row["application"] for row in first["items"]] == [first["items"][0]["application"]] != ["a0"]
        everything = (await organisation.get(path, LI, "auditor")).json()
        assert {row.get("reading", 1) for row in everything["items"]} == {1}
        assert (first["next"] is None) == (len(everything["items"]) == 1)
    for stream in ("archive_application/a0", f"archive_reading/{LI}/a0", f"archive_reading/{LI}"):
        assert (await organisation.get("/history", LI, "auditor", stream=stream)).status_code == 404


async def test_names_are_shown_to_those_who_may_read_them_and_ids_to_the_others(organisation: People) -> None:
    for path in ("/persons", "/persons?engagement=employee"):
        by_hr = (await organisation.get(path)).json()["items"]
        by_trainer = (await organisation.get(path, "p-trainer", "training_admin")).json()["items"]
        assert [row["person"] for row in by_trainer] == [row["person"] for row in by_hr] == [HR, LI, REVIEWER]
        assert {row["name"] for row in by_hr} == {f"Name of {person}" for person in (HR, LI, REVIEWER)}
        assert {row["name"] for row in by_trainer} | {row["contact"] for row in by_trainer} == {"withheld"}
    assert b"Name of" not in b"".join(event.data for event in organisation.store.events)


async def test_an_applicant_finds_his_own_applications(organisation: People) -> None:
    (mine,) = (await organisation.get("/applications/mine", REVIEWER, "appraiser")).json()["items"]
    assert (mine["application"], mine["decision"]) == ("a1", "open")
    assert (await organisation.get("/applications/mine", "p-other", "appraiser")).json()["items"] == []
    assert (await organisation.get("/applications", REVIEWER, "appraiser")).status_code == 403


@pytest.mark.clause("T-02", "T-59")
async def test_the_list_of_archives_tells_that_there_is_one_and_not_what_it_holds(organisation: People) -> None:
    found = (await organisation.get("/archives")).json()["items"]
    assert [row["person"] for row in found] == [HR, LI, REVIEWER]
    assert all(row.keys() == {"person", "opened_by", "opened_at"} for row in found)


@pytest.mark.clause("R9")
def test_attendance_and_marks_lie_in_the_archive_alone_and_one_route_opens_it() -> None:
    taught = set(training.events.values())
    assert taught & set(archive.events)
    assert [projection.name for projection in service.projections if taught & set(projection.events)] == []
    app = FastAPI()
    for router in service.routers:
        app.include_router(router)
    schemas = app.openapi()
    shows = [
        path for path, acts in schemas["paths"].items() if told(acts, schemas) & {"score", "signed_in_at", "ground"}
    ]
    assert shows == ["/archives/{person}"]


def told(schema: Any, document: dict[str, Any]) -> set[str]:
    """The names of all fields that answers of a route have."""
    if isinstance(schema, list):
        return set().union(*(told(part, document) for part in schema))
    if not isinstance(schema, dict):
        return set()
    if (reference := schema.get("$ref")) is not None:
        return told(document["components"]["schemas"][reference.rsplit("/", 1)[-1]], document)
    fields = schema.get("properties")
    return set(fields or ()).union(*(told(part, document) for part in schema.values()))


def test_what_ships_leaves_open_what_the_regulation_leaves_open() -> None:
    (document,) = service.load_policies(None).of(ArchiveRules)
    assert document.body == ArchiveRules(issue=Issue(policy="archive", version=1), clause="T-63")
