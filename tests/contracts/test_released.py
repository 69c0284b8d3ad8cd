"""What was released holds: all of it is read, changes get their verdict, documents are current. G8."""

import json
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import jsonschema_rs
import pytest
from annotated_types import Le

from cli.contracts import releases
from cli.contracts.asyncapi import files
from cli.contracts.documents import contracts, text
from cli.contracts.main import FOLDER, check, diff, outdated, release, write
from cli.contracts.releases import Releases, Verdict, judge, promises, unreadable
from deploy.local.processes import StartFailed
from shared.event import Contract, Envelope, encode
from shared.store import Stored
from shared.value import value
from shared.wire import to_record
from tests.seeded.patching import mutated

SERVICES = tuple(contracts())
PROMISED = [
    (service, number, name)
    for service in SERVICES
    for number, promised in enumerate(Releases(FOLDER / service).all, 1)
    for name in promised
]
ASYNCAPI = jsonschema_rs.validator_for(json.loads(Path(__file__).with_name("asyncapi-3.0.0.json").read_text()))


def test_every_service_has_released() -> None:
    assert {service for service, _, _ in PROMISED} == set(SERVICES)


@pytest.mark.parametrize(("service", "number", "name"), PROMISED)
def test_what_was_released_is_read_for_ever(service: str, number: int, name: str) -> None:
    contract, promise = contracts()[service], Releases(FOLDER / service).all[number - 1][name]
    assert list(unreadable(contract, promise)) == []
    assert promise.examples
    for shown in promise.examples:
        assert list(jsonschema_rs.Draft202012Validator(promise.json_schema).iter_errors(shown)) == []


def test_nothing_breaks_and_the_documents_are_current() -> None:
    """What `kaibo contracts check` says of the code as it is."""
    assert check() == 0


class TestDocuments:
    @pytest.mark.parametrize("service", SERVICES)
    def test_schemas_are_valid(self, service: str) -> None:
        for file in (FOLDER / service / "schemas").glob("*.json"):
            schema = json.loads(file.read_text())
            jsonschema_rs.meta.validate(schema)
            assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
            assert schema["additionalProperties"] is False
            assert f"{schema['$id'].replace(':', '.')}.json".endswith(f".{service}.{file.name}")

    @pytest.mark.parametrize("service", SERVICES)
    def test_the_document_is_valid(self, service: str) -> None:
        """Against the JSON Schema of AsyncAPI 3.0, and every reference leads somewhere."""
        document = read(service)
        assert [(e.message, list(e.instance_path)) for e in ASYNCAPI.iter_errors(document)] == []
        for reference in references(document):
            file, _, pointer = reference.partition("#")
            found: Any = document if not file else json.loads((FOLDER / service / file).read_text())
            for step in filter(None, pointer.split("/")):
                found = found[step]
            assert found

    def test_an_invalid_document_is_seen(self) -> None:
        document = read("training")
        document["operations"]["publish-events"]["action"] = "publish"
        assert not ASYNCAPI.is_valid(document)

    @pytest.mark.parametrize("service", SERVICES)
    def test_every_event_stands_on_its_topic(self, service: str) -> None:
        contract, channels = contracts()[service], read(service)["channels"]
        for name, kind in contract.events.items():
            message = f"{name}.{contract.schema(kind)}"
            assert [c["address"] for c in channels.values() if message in c["messages"]] == [contract.topic(kind)]
        assert [c["x-restricted"] for c in channels.values()] == [False, True]

    @pytest.mark.parametrize("service", SERVICES)
    def test_it_tells_the_headers_that_a_record_has(self, service: str) -> None:
        contract, document = contracts()[service], read(service)
        attributes = document["components"]["schemas"]["attributes"]
        everything = Envelope(
            actor="p-7",
            capacity="c",
            cause="c",
            correlation="c",
            scope="s",
            origin="o",
            depth=1,
            policies=("a:1",),
        )
        for name, kind in contract.events.items():
            message = document["components"]["messages"][f"{name}.{contract.schema(kind)}"]
            told = message["headers"] | {"allOf": [attributes]}
            bare, full = headers(contract, name, Envelope(actor="p-7")), headers(contract, name, everything)
            for sent in (bare, full):
                assert [e.message for e in jsonschema_rs.Draft202012Validator(told).iter_errors(sent)] == []
            assert sorted(bare) == sorted(attributes["required"])
            assert full.keys() | {"ce_formerly"} == attributes["properties"].keys()
            other = full | {"ce_type": f"kaibo.{service}.Other"}
            assert not jsonschema_rs.Draft202012Validator(told).is_valid(other)

    def test_examples_are_of_their_schema(self) -> None:
        for service in SERVICES:
            for message in read(service)["components"]["messages"].values():
                schema = json.loads((FOLDER / service / message["payload"]["schema"]["$ref"]).read_text())
                for example in message["examples"]:
                    jsonschema_rs.Draft202012Validator(schema).validate(example["payload"])


def read(service: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / service / "asyncapi.json").read_text())
    return found


def references(part: Any) -> Iterator[str]:
    match part:
        case {"$ref": str(reference)}:
            yield reference
        case dict():
            for inner in part.values():
                yield from references(inner)
        case list():
            for inner in part:
                yield from references(inner)


def headers(contract: Contract, name: str, envelope: Envelope) -> dict[str, str]:
    stored = Stored(
        position=4711,
        stream="a/b",
        version=3,
        topic="t",
        partition=1,
        id="0198c0de-0000-7000-8000-000000000001",
        type=name,
        schema=contract.schema(contract.events[name]),
        occurred_at=datetime(2026, 5, 4, 9, 30, tzinfo=UTC),
        recorded_at=datetime(2026, 5, 4, 9, 30, 1, tzinfo=UTC),
        data=b"{}",
        meta=encode(envelope),
    )
    return {key: text.decode() for key, text in to_record(contract, "log", stored, 4702).headers}


@value
class Marked:
    """As it was first."""

    person: str
    points: int


First = Marked


def second() -> type:
    @value
    class Marked:
        person: str
        score: Annotated[Decimal, Le(100)]

    return Marked


def lift(document: dict[str, Any]) -> dict[str, Any]:
    return {"person": document["person"], "score": str(document["points"])}


def third(name: str = "Marked") -> type:
    @value
    class Marked:
        person: str
        score: Annotated[Decimal, Le(100)]
        standard: str

    Marked.__name__ = Marked.__qualname__ = name
    return Marked


def add_standard(document: dict[str, Any]) -> dict[str, Any]:
    return document | {"standard": "none"}


@value
class Other:
    person: str


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where one event was released, in schema 1."""
    assert Releases(tmp_path).record(Contract("school", First)) == 1
    return tmp_path


def verdict(folder: Path, contract: Contract) -> Mapping[str, Verdict]:
    return {v.event: v for v in judge(contract, Releases(folder))}


class TestVerdict:
    def test_nothing_has_changed(self, folder: Path) -> None:
        assert verdict(folder, Contract("school", First)) == {}
        assert Releases(folder).record(Contract("school", First)) == 0
        assert len(Releases(folder).all) == 1

    def test_a_new_event(self, folder: Path) -> None:
        found = verdict(folder, Contract("school", First, Other))
        assert {name: (v.verdict, v.reason) for name, v in found.items()} == {"Other": ("compatible", "it is new")}

    def test_an_event_that_is_gone(self, folder: Path) -> None:
        found = verdict(folder, Contract("school", Other))["Marked"]
        assert (found.verdict, found.reason) == ("breaking", "it is gone, and its records stay")
        assert 'renamed={"Marked": …}' in found.todo

    def test_other_fields_without_another_schema(self, folder: Path) -> None:
        found = verdict(folder, Contract("school", second()))["Marked"]
        assert found.verdict == "breaking"
        assert "score is new (text) and is always there" in found.reason
        assert "its example is not read: ValidationError: Object missing required field `score`" in found.reason

    def test_a_schema_with_its_upcast(self, folder: Path) -> None:
        kind = second()
        found = verdict(folder, Contract("school", kind, upcasts={kind: {1: lift}}))["Marked"]
        assert (found.verdict, found.reason) == (
            "consumers first",
            "schema 1 → 2: points is gone; score is new (text) and is always there",
        )

    @pytest.mark.parametrize(
        ("wrong", "why"),
        [
            (lambda d: d, "its example is not read: ValidationError: Object missing required field `score`"),
            (lambda d: {"person": d["person"], "score": "many"}, "its example is not read: ValidationError"),
            (lambda d: {"person": d["person"], "score": d["marks"]}, "its example is not read: KeyError: 'marks'"),
            (lambda d: {"person": d["person"], "score": d["points"] + "0"}, "its example is not read: TypeError"),
        ],
    )
    def test_an_upcast_that_does_not_make_the_event_of_today(self, folder: Path, wrong: Any, why: str) -> None:
        kind = second()
        found = verdict(folder, Contract("school", kind, upcasts={kind: {1: wrong}}))["Marked"]
        assert found.verdict == "breaking"
        assert f"as it was in release 1, schema 1: {why}" in found.reason
        assert found.todo == "Mend the upcasts."

    def test_the_whole_chain(self, folder: Path) -> None:
        kind = second()
        assert Releases(folder).record(Contract("school", kind, upcasts={kind: {1: lift}})) == 1
        kind = third()
        contract = Contract("school", kind, upcasts={kind: {1: lift, 2: add_standard}})
        assert verdict(folder, contract)["Marked"].verdict == "consumers first"
        assert Releases(folder).record(contract) == 1
        assert verdict(folder, contract) == {}
        assert [list(found) for found in Releases(folder).all] == [["Marked"]] * 3
        broken = Contract("school", kind, upcasts={kind: {1: dict, 2: add_standard}})
        assert "as it was in release 1, schema 1" in verdict(folder, broken)["Marked"].reason
        assert "release 2" not in verdict(folder, broken)["Marked"].reason

    def test_what_today_forbids(self, folder: Path) -> None:
        """The reader does not look at bounds; whoever validates does."""

        @value
        class Marked:
            person: str
            points: Annotated[int, Le(5)]

        found = verdict(folder, Contract("school", Marked))["Marked"]
        assert found.verdict == "breaking"
        assert "reads as what today's schema forbids: 12 is greater than the maximum of 5" in found.reason
        assert "points: maximum none → 5" in found.reason

    def test_a_schema_that_is_lower(self, folder: Path) -> None:
        kind = second()
        Releases(folder).record(Contract("school", kind, upcasts={kind: {1: lift}}))
        found = verdict(folder, Contract("school", second()))["Marked"]
        assert found.verdict == "breaking"
        assert "schema 2 → 1, and records of 2 stay" in found.reason

    def test_another_name(self, folder: Path) -> None:
        kind = second()
        Releases(folder).record(Contract("school", kind, upcasts={kind: {1: lift}}))
        kind = third("ExamMarked")
        contract = Contract("school", kind, upcasts={kind: {1: lift, 2: add_standard}}, renamed={"Marked": kind})
        found = verdict(folder, contract)
        assert {name: v.verdict for name, v in found.items()} == {"Marked": "consumers first"}
        assert found["Marked"].reason.startswith("it is called ExamMarked now; schema 2 → 3: standard is new")
        Releases(folder).record(contract)
        assert verdict(folder, contract) == {}
        gone = Contract("school", kind, upcasts={kind: {1: lift, 2: add_standard}})
        assert verdict(folder, gone)["Marked"].verdict == "breaking"

    def test_another_topic(self, folder: Path) -> None:
        found = verdict(folder, Contract("school", restricted=[First]))["Marked"]
        assert found.verdict == "breaking"
        assert "it moves from kaibo.school.events to kaibo.school.restricted" in found.reason

    def test_the_documents_tell_every_schema_and_name(self, folder: Path) -> None:
        kind = third("ExamMarked")
        contract = Contract("school", kind, upcasts={kind: {1: lift, 2: add_standard}}, renamed={"Marked": kind})
        found = {
            file.relative_to(folder).as_posix(): json.loads(said) for file, said in files(contract, folder).items()
        }
        assert sorted(found) == ["asyncapi.json", "schemas/ExamMarked.3.json", "schemas/Marked.1.json"]
        document = found["asyncapi.json"]
        assert [(e.message, list(e.instance_path)) for e in ASYNCAPI.iter_errors(document)] == []
        assert list(document["channels"]["events"]["messages"]) == ["ExamMarked.3", "Marked.1"]
        assert document["components"]["messages"]["Marked.1"]["deprecated"] is True
        assert found["schemas/Marked.1.json"] == promises(Contract("school", First))["Marked"].json_schema


class TestCommand:
    """On a copy of what was released."""

    @pytest.fixture
    def copy(self, tmp_path: Path) -> Path:
        shutil.copytree(FOLDER, tmp_path / "contracts")
        return tmp_path / "contracts"

    @pytest.fixture
    def broken(self, copy: Path) -> Path:
        """As if a field that was promised were there no longer, and another event had been bound less tightly."""
        file = copy / "training" / "released" / "1" / "ExamGraded.json"
        promise = json.loads(file.read_text())
        promise["json_schema"]["properties"]["session"] = {"type": "integer"}
        file.write_text(text(promise))
        return copy

    def test_what_breaks_fails(
        self, broken: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "200")  # wide enough for any name
        assert check(broken) == 1
        said = " ".join(capsys.readouterr().out.split())
        assert "training ExamGraded breaking session: integer →" in said

    def test_what_breaks_is_not_released(self, broken: Path) -> None:
        with pytest.raises(StartFailed, match=r"training\.ExamGraded would break whoever reads it"):
            release(broken)
        assert not (broken / "training" / "released" / "2").exists()

    def test_the_difference_in_words(self, broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
        diff(broken)
        assert "training.ExamGraded  breaking\n  session: integer → text\n" in capsys.readouterr().out

    def test_what_is_not_current_fails_and_is_written(self, copy: Path) -> None:
        (copy / "people" / "asyncapi.json").write_text("{}")
        (copy / "people" / "schemas" / "Nothing.1.json").write_text("{}")
        (copy / "training" / "schemas" / "ExamGraded.1.json").unlink()
        assert check(copy) == 1
        assert [file.name for file in outdated(copy)] == ["asyncapi.json", "Nothing.1.json", "ExamGraded.1.json"]
        assert write(copy) == 3
        assert check(copy) == 0

    def test_a_release_holds_what_is_new(self, copy: Path) -> None:
        file = copy / "people" / "released" / "1" / "UnitDefined.json"
        file.unlink()
        assert release(copy) == {"training": 0, "people": 1, "performance": 0, "supervision": 0}
        assert [f.name for f in (copy / "people" / "released" / "2").iterdir()] == ["UnitDefined.json"]
        assert release(copy) == dict.fromkeys(SERVICES, 0)


def test_seeded_a_wrong_upcast_is_passed_over(folder: Path) -> None:
    with (
        mutated(
            releases,
            "    for number, promise in releases.of([name]):\n        for why",
            "    for number, promise in []:\n        for why",
        ),
        pytest.raises(AssertionError),
    ):
        TestVerdict().test_an_upcast_that_does_not_make_the_event_of_today(folder, lambda d: d, "its example")


@pytest.mark.clause("R9")
def test_no_topic_that_may_be_granted_carries_what_is_said_of_one_person() -> None:
    """Rosters name persons at most in lists; what has one person as its subject is restricted."""
    for service, contract in contracts().items():
        for name, kind in contract.events.items():
            if kind not in contract.restricted:
                of_one = {"person", "subject", "score", "grade", "explanation", "points"} & set(kind.__annotations__)
                assert not of_one, f"{service}.{name}"
