"""No personal text leaves the edge but to who may read it: not in a log, an answer, the store, or on Kafka. G11."""

import json
import logging
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any, TextIO, cast

import pytest
import structlog
from fastapi import FastAPI

from shared.access import body_of, requires
from shared.decider import Decider
from shared.event import Contract
from shared.memory import MemoryStore
from shared.memory_broker import MemoryBroker
from shared.privacy import ERASED, Name, personal
from shared.service import Service
from shared.telemetry import configure
from shared.value import value
from shared.web import Accepted, Edge, Handle, Router, install
from tests.http.flows import FLOWS, Step, organisation
from tests.http.serving import SERVICES, Served, in_memory, naming, served
from tests.http.values import Body, places, with_value

MARK = "Zaphod Beeblebrox 42"
PERSONAL = {
    body.__name__: sorted(personal(body))
    for service in SERVICES.values()
    for route in service.routes
    if (body := body_of(route)) is not None and personal(body)
}


def marked(step: Step) -> Body:
    return step.body | {name: f"{MARK} {name}" for name in PERSONAL.get(step.command, ())}


def marked_and_wrong(step: Step) -> Iterator[Body]:
    """Each other field wrong, or a name that no field has, or a personal text that is none."""
    body = marked(step)
    for name in body.keys() - set(PERSONAL[step.command]):
        yield body | {name: {"wrong": MARK}}
    for name in PERSONAL[step.command]:
        yield body | {name: MARK * 200}
        yield body | {name: [MARK]}
        yield body | {name: f"{MARK}\0"}
    yield body | {MARK: MARK}
    yield body | {"nobody": MARK}


def everything_kept(there: Served) -> str:
    store, broker = there.parts.store, there.parts.broker
    assert isinstance(store, MemoryStore)
    assert isinstance(broker, MemoryBroker)
    return repr([store.events, store.once, store.keys, dict(store.tables), broker.logs])


def test_the_flows_say_every_personal_text_there_is() -> None:
    assert {name: fields for name, fields in PERSONAL.items() if fields} == {
        "PersonRegistered": ["contact", "name"],
        "PersonNameCorrected": ["contact", "name"],
        "SubmitRegulationFeedback": ["text"],
        "TraineeQuestionAnswered": ["answer", "asked"],
        "TraineePerformanceNoted": ["note"],
        "SubmitRaterFeedback": ["comment"],
        "RecordFeedback": ["advice", "merits", "shortcomings"],
        "SubmitSelfReview": ["achievements", "improvements", "shortcomings"],
        "SubmitSuperiorReview": ["evaluation"],
        "RaiseObjection": ["reason"],
        "ResolveObjection": ["finding"],
        "CompleteImprovementMeasure": ["result"],
        "CloseImprovementPlan": ["finding"],
        "CompleteTask": ["result"],
        "RecordWorkResult": ["description"],
        "OpenCustomerTicket": ["what"],
        "ResolveCustomerTicket": ["solution"],
        "ReopenTicket": ["reason"],
        "FeedBackTicket": ["opinion"],
        "FollowUpTicket": ["need"],
        "ObserveStream": ["note"],
        "ReturnRectificationPlan": ["opinions"],
        "VerifyRectification": ["finding"],
        "RecordViolation": ["note"],
        "RecordCause": ["finding"],
    }
    said = {step.command for flow in FLOWS.values() for step in flow}
    assert said >= set(PERSONAL)


@pytest.fixture(params=["json", "text"])
def logged(request: pytest.FixtureRequest) -> Iterator[StringIO]:
    """Everything that is logged, in the form of production and in that of a terminal."""
    configure(request.param, "service", "all")
    written = StringIO()
    form = structlog.get_config() | {
        "logger_factory": structlog.PrintLoggerFactory(cast(TextIO, written)),
        "wrapper_class": structlog.make_filtering_bound_logger(logging.DEBUG),
        "cache_logger_on_first_use": False,
    }
    structlog.configure(**form)
    yield written
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.mark.parametrize("name", SERVICES)
async def test_what_is_sent_is_nowhere_to_be_read(
    name: str, logged: StringIO, caplog: pytest.LogCaptureFixture
) -> None:
    service, told = SERVICES[name], []
    async with organisation(name) as there:
        for step in FLOWS[name]:
            route, headers = step.asks(service)
            wrong = marked_and_wrong(step) if step.command in PERSONAL else ()
            for body in (*wrong, marked(step)):
                told.append(await there.http.post(route.path, json=body, headers=headers))
                line = json.dumps({"command": step.command, "body": body, "key": f"{len(told)}"})
                importer = naming("importer", "system")
                told.append(await there.http.post("/bulk", content=line, headers=importer))
            broken = json.dumps(marked(step))[:-1].encode()
            told.append(await there.http.post(route.path, content=broken, headers=headers))
            told.append(await there.http.post("/bulk", content=broken, headers=importer))
            told.append(
                await there.http.post("/bulk", content=f'{{"{MARK}": 1}}\n{{"command": "{MARK}"}}', headers=importer)
            )
            told.append(await there.http.post("/bulk", content=b"\xff" + MARK.encode(), headers=importer))
        await there.caught_up()
        assert {answer.status_code for answer in told} >= {200, 202, 422}
        assert all(answer.status_code < 500 for answer in told)
        assert [answer.text for answer in told if MARK in answer.text] == []
        assert MARK not in everything_kept(there)
        assert "enc1:li:" in everything_kept(there)
    assert MARK not in logged.getvalue() + caplog.text
    assert "reader.applied" in logged.getvalue()


@pytest.mark.parametrize("name", SERVICES)
async def test_problems_never_say_what_was_sent(name: str) -> None:
    """Whatever field it stands in: a person fills in forms in haste."""
    async with organisation(name) as there:
        for step in FLOWS[name]:
            route, headers = step.asks(SERVICES[name])
            for at in places(step.body):
                for put in (MARK, [MARK], {MARK: MARK}):
                    body = with_value(step.body, at, put)
                    answer = await there.http.post(route.path, json=body, headers=headers)
                    line = json.dumps({"command": step.command, "body": body})
                    bulk = await there.http.post("/bulk", content=line, headers=naming("importer", "system"))
                    if answer.status_code in (400, 422):
                        assert MARK not in answer.text
                    if bulk.json()["status"] == "invalid":
                        assert MARK not in bulk.text


@pytest.mark.parametrize("header", ["If-Match", "Kaibo-Occurred-At", "Kaibo-Min-Position", "Authorization"])
async def test_nor_what_stood_in_a_header(header: str) -> None:
    async with served(await in_memory(SERVICES["people"])) as there:
        headers = naming("importer", "system") | {header: MARK}
        asked = await there.http.get("/units", headers=headers)
        told = await there.http.post("/units/define", json={"unit": "u", "name": "U"}, headers=headers)
        assert {asked.status_code, told.status_code} & {400, 401}
        assert MARK not in asked.text + told.text


async def test_a_name_is_opened_for_who_may_read_it_and_for_the_person_himself() -> None:
    async with organisation("people") as there:
        for step in FLOWS["people"]:
            route, headers = step.asks(SERVICES["people"])
            await there.http.post(route.path, json=marked(step), headers=headers)
        await there.caught_up()

        async def names(person: str, capacity: str) -> dict[str, str]:
            answer = await there.http.get("/persons", headers=naming(person, capacity))
            return {row["person"]: row["name"] for row in answer.json()["items"]}

        open_, closed = f"{MARK} name", "withheld"
        assert await names("qi", "hr") == {"li": open_, "chen": open_, "gone": ERASED}
        assert await names("qi", "auditor") == {"li": closed, "chen": closed, "gone": closed}
        assert await names("li", "auditor") == {"li": open_, "chen": closed, "gone": closed}
        own = await there.http.get("/persons/li", headers=naming("li", "anchor"))
        assert (own.json()["name"], own.json()["contact"]) == (open_, f"{MARK} contact")
        assert (await there.http.get("/persons/chen", headers=naming("li", "anchor"))).status_code == 403


async def test_a_token_that_somebody_copied_is_no_text() -> None:
    """Or he would have it opened by putting it where a reader of his own sees it."""
    async with organisation("people") as there:
        for step in FLOWS["people"][:5]:
            route, headers = step.asks(SERVICES["people"])
            await there.http.post(route.path, json=marked(step), headers=headers)
        (token,) = {
            json.loads(e.data)["name"]
            for e in await there.parts.store.tail(0, 99)
            if e.type == "PersonRegistered" and e.stream.endswith("/li")
        }
        body = {"post": "thief", "title": token}
        answer = await there.http.post("/posts/define", json=body, headers=naming("qi", "hr"))
        assert (answer.status_code, answer.json()["title"]) == (422, "personal.forged")
        line = json.dumps({"command": "PostDefined", "body": body})
        bulk = await there.http.post("/bulk", content=line, headers=naming("importer", "system"))
        assert bulk.json()["problem"]["title"] == "personal.forged"


# Where we fail ourselves


@value
class Told:
    person: str
    name: Name


def stumble(command: Told, state: None) -> list[Told]:
    raise ValueError(f"cannot tell {command.name}")


def nothing() -> None:
    return None


def unchanged(state: None, event: Told) -> None:
    return None


stumbling = Decider(name="tale", key=lambda c: (c.person,), initial=nothing, decide=stumble, evolve=unchanged)


async def test_a_mistake_of_ours_is_logged_without_what_it_was_made_on(
    tmp_path: Path, logged: StringIO, caplog: pytest.LogCaptureFixture
) -> None:
    router = Router()

    @router.post("/tell", status_code=202, dependencies=[requires("tale.tell")])
    async def tell(command: Told, handle: Handle) -> Accepted:
        return await handle(stumbling, command)

    @router.get("/slip/{person}", dependencies=[requires("tale.tell")])
    async def slip(person: str) -> int:
        return f"{MARK} is no number"  # type: ignore[return-value]

    @router.get("/fall/{person}", dependencies=[requires("tale.tell")])
    async def fall(person: str) -> int:
        raise RuntimeError(f"fell over {MARK}")

    (tmp_path / "access.yaml").write_text("tale.tell: [clerk]\n")
    club = Service(Contract("club", Told), home=tmp_path, deciders=[stumbling], routers=[router])
    async with served(await in_memory(club)) as there:
        headers = naming("a", "clerk")
        answers = [
            await there.http.post("/tell", json={"person": "p", "name": MARK}, headers=headers),
            await there.http.get("/slip/p", headers=headers),
            await there.http.get("/fall/p", headers=headers),
        ]
    for answer in answers:
        assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
        assert answer.json()["title"] == "failed"
        assert MARK not in answer.text
        assert answer.headers["kaibo-correlation-id"]
    written = logged.getvalue()
    assert MARK not in written + caplog.text
    assert written.count("http.failed") == 3
    assert answers[2].headers["kaibo-correlation-id"] in written
    assert "enc1:p:name:" in written  # what the decision stumbled on, sealed


async def test_a_correlation_of_the_callers_is_a_plain_name() -> None:
    app = FastAPI(openapi_url=None)
    install(app)
    edge = Edge(app, frozenset())
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    for named, kept in (("order-7.a_b", True), (MARK, False), ("x" * 65, False), ("é", False)):
        sent.clear()
        headers = [(b"kaibo-correlation-id", named.encode("latin-1"))]
        scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers}
        await edge(scope, receive, send)
        given = dict(sent[0]["headers"])[b"kaibo-correlation-id"].decode()
        assert (given == named) is kept
