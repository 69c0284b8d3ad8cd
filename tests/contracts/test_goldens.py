"""The released contracts: every event stands on the wire as its golden file says, and old ones can be read. G8."""

import json
from dataclasses import make_dataclass
from pathlib import Path

import pytest

from shared.event import Contract, encode
from tests.contracts.goldens import FOLDER, SERVICES, contract_of, example, golden

EVENTS = [(service, name) for service in SERVICES for name in contract_of(service).events]
HOW = "the contract has changed: raise the event's schema with an upcast, then `python -m tests.contracts.goldens`"


def file(service: str, name: str) -> Path:
    return FOLDER / service / f"{name}.json"


@pytest.mark.parametrize(("service", "name"), EVENTS)
def test_an_event_is_what_was_released(service: str, name: str) -> None:
    contract = contract_of(service)
    kind = contract.events[name]
    released = file(service, name).read_text()
    assert golden(contract, kind) == released, HOW
    document = json.loads(released)
    wire = json.dumps(document["example"]).encode()
    assert contract.decode(name, document["schema"], wire) == example(kind)
    assert document["json_schema"]["additionalProperties"] is False


def test_no_released_event_is_gone() -> None:
    files = {(path.parent.name, path.stem) for path in FOLDER.glob("*/*.json")}
    assert files == set(EVENTS), HOW


def test_a_changed_event_is_seen() -> None:
    before = make_dataclass("Told", [("person", str)], frozen=True, kw_only=True)
    after = make_dataclass("Told", [("person", str), ("points", int)], frozen=True, kw_only=True)
    assert golden(Contract("house", before), before) != golden(Contract("house", after), after)
    assert json.loads(encode(example(after))) == {"person": "person", "points": 7}


@pytest.mark.clause("R9")
def test_no_topic_that_may_be_granted_carries_what_is_said_of_one_person() -> None:
    """Definitions and rosters name persons at most in lists; what has one person as its subject is restricted."""
    for service in SERVICES:
        contract = contract_of(service)
        for name, kind in contract.events.items():
            if kind not in contract.restricted:
                of_one = {"person", "subject", "score", "grade", "explanation", "points"} & set(kind.__annotations__)
                assert not of_one, f"{service}.{name}"
