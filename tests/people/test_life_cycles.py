"""Which step leads where, and from where it is refused. Clauses T-63, A-64 to A-66; ruling R4."""

from dataclasses import replace

import pytest

from services.people.main import service
from services.people.regulations.decisions import Regulation
from services.people.regulations.events import RegulationInterpreted
from shared.identity import Actor
from tests.arrows import arrows, drawn, step
from tests.people.test_applications import APPROVE, APPROVED, NOON, REJECT, REJECTED, REQUESTED, REVIEWER, known
from tests.people.test_readings import READ
from tests.people.test_readings import under as reading
from tests.people.test_regulations import (
    ADOPTED,
    CONSULTED,
    DRAFTED,
    ID,
    IN_FORCE,
    LATER,
    NOW,
    PUBLISH,
    PUBLISHED,
    SECOND,
    TWO,
    regulation,
)


@pytest.mark.clause("A-65", "R4")
def test_a_regulation() -> None:
    """A version goes through all its stages; published, it is superseded by the next one and by nothing else."""
    third = tuple(replace(one, version=3, sha256="3" * 64) for one in SECOND)
    second_out = replace(PUBLISHED, version=2, sha256=TWO)
    states = {
        "none": regulation(),
        "drafted": regulation(DRAFTED),
        "consulted": regulation(DRAFTED, CONSULTED),
        "adopted": regulation(DRAFTED, CONSULTED, ADOPTED),
        "published": regulation(*IN_FORCE),
    }
    steps = {
        "draft": step(replace(DRAFTED, changes="Bands from 65."), now=NOW),
        "consult": step(replace(CONSULTED, outcome="Agreed."), now=NOW),
        "adopt": step(replace(ADOPTED, adopted_by="the leadership"), now=NOW),
        "publish": step(PUBLISH, now=NOW),
        "interpret": step(RegulationInterpreted(regulation=ID, version=1, clause="2", interpretation="Net."), now=NOW),
        "next": step(SECOND[0], now=NOW),
    }
    assert arrows(states, steps, stage) == drawn(
        """
                   draft    consult    adopt    publish    interpret  next
        none       drafted  -          -        -          -          -
        drafted    drafted  consulted  -        -          -          -
        consulted  drafted  consulted  adopted  -          -          -
        adopted    -        -          -        published  -          -
        published  -        -          -        .          published  drafted
        """
    )
    publish = replace(PUBLISH, version=2, sha256=TWO)
    at = regulation(*IN_FORCE, *SECOND).when(publish, now=NOW)
    assert [type(event).__name__ for event in at.events] == ["RegulationPublished", "RegulationSuperseded"]
    both = regulation(*IN_FORCE, *SECOND, *at.events, *third)
    assert both.decider.state(both.history).published[2] == second_out
    again = both.when(replace(publish, version=3, sha256="3" * 64), now=NOW)
    assert [(type(e).__name__, e.version) for e in again.events] == [
        ("RegulationPublished", 3),
        ("RegulationSuperseded", 2),  # the first was superseded before: once
    ]


def stage(found: Regulation) -> str:
    draft = found.draft
    if draft is None:
        return "published" if found.published else "none"
    return "adopted" if draft.adopted else "consulted" if draft.consulted else "drafted"


@pytest.mark.clause("A-65", "A-66")
def test_no_version_comes_into_force_before_the_one_that_it_follows() -> None:
    later = replace(PUBLISHED, effective_on=LATER)
    ready = regulation(*IN_FORCE[:3], later, *SECOND)
    publish = replace(PUBLISH, version=2, sha256=TWO)
    ready.when(publish, now=NOW).refused("regulation.effective_before_its_predecessor", before=LATER)
    assert ready.when(replace(publish, effective_on=LATER), now=NOW).refusal is None


@pytest.mark.clause("A-64", "A-65", "A-66")
@pytest.mark.parametrize(
    ("capability", "others"),
    [
        ("regulation.interpret", ("hr", "company_leadership", "live_ops_supervisor", "system")),
        ("regulation.draft", ("company_leadership", "live_ops_supervisor")),
        ("regulation.publish", ("hr", "company_leadership", "live_ops_supervisor")),
    ],
)
def test_the_administrative_department_interprets_adjusts_and_publishes(
    capability: str, others: tuple[str, ...]
) -> None:
    assert service.access.allows(capability, Actor(person="qi", capacity="admin_dept"))
    for capacity in others:
        assert not service.access.allows(capability, Actor(person="qi", capacity=capacity))


@pytest.mark.clause("T-63", "R9")
def test_an_application_to_read_archives() -> None:
    states = {
        "none": known(),
        "requested": known(REQUESTED),
        "approved": known(REQUESTED, APPROVED),
        "rejected": known(REQUESTED, REJECTED),
    }
    steps = {
        "request": step(replace(REQUESTED, purpose="another"), by=REVIEWER, now=NOON),
        "approve": step(APPROVE, by="p-other", now=NOON),
        "reject": step(REJECT, by="p-other", now=NOON),
    }
    assert arrows(states, steps, lambda found: type(found).__name__.lower() if found else "none") == drawn(
        """
                   request    approve   reject
        none       requested  -         -
        requested  -          approved  rejected
        approved   -          -         -
        rejected   -          -         -
        """
    )
    for history in ((), (REQUESTED,), (REQUESTED, REJECTED)):
        reading(*history).when(READ, by=REVIEWER, now=NOON).refused("archive.not_approved")
    assert reading(REQUESTED, APPROVED).when(READ, by=REVIEWER, now=NOON).refusal is None
