import pytest
from fastapi.routing import APIRoute

from services.supervision.main import service
from shared.identity import Actor
from shared.service import check_route
from shared.trial import open_values
from tests.supervision.organisation import CONSEQUENCES, SHIPPED


def routes() -> list[APIRoute]:
    return [route for router in service.routers for route in router.routes if isinstance(route, APIRoute)]


@pytest.mark.parametrize("route", routes(), ids=lambda route: f"{min(route.methods)} {route.path}")
def test_each_route_states_a_capability_that_somebody_holds(route: APIRoute) -> None:
    check_route(route, service.access)


def test_every_event_of_every_decider_is_in_the_contract() -> None:
    told = {event for decider in service.deciders for event in decider.facts}
    assert told == set(service.contract.events.values())


def test_what_concerns_a_person_is_told_to_the_organisation_alone() -> None:
    public = {name for name, event in service.contract.events.items() if event not in service.contract.restricted}
    assert public == {"StreamScheduled", "StreamStarted", "StreamEnded", "StreamMetricsRecorded"}


@pytest.mark.clause("R3", "R8")
@pytest.mark.parametrize("capability", ["penalty.decide", "award.decide"])
def test_no_importing_account_decides(capability: str) -> None:
    assert not service.access.allows(capability, Actor(person="importer", capacity="system"))
    assert not service.access.allows(capability, Actor(person="li", capacity="assistant_anchor"), frozenset({"li"}))
    assert service.access.allows(capability, Actor(person="chen", capacity="hr"))


@pytest.mark.parametrize("capability", ["penalty.read_person", "award.read_person", "observation.read_person"])
def test_everybody_reads_what_is_his_own(capability: str) -> None:
    li = Actor(person="li", capacity="assistant_anchor")
    assert service.access.allows(capability, li, frozenset({"li"}))
    assert not service.access.allows(capability, li, frozenset({"wang"}))


@pytest.mark.clause("R5")
def test_who_observed_is_for_the_auditor() -> None:
    assert service.access.table["observer.read"] == ("auditor",)


@pytest.mark.clause("P-13", "P-14", "P-19")
def test_what_ships_leaves_open_what_the_regulations_leave_open() -> None:
    said = [found for document in SHIPPED.documents for found in open_values(document.body)]
    for code in ("P-13", "P-14", "P-19"):
        assert {found.value for found in said if found.code == code} == {None}, code
    assert CONSEQUENCES.fines is None
