"""A demotion that supervision imposed: carried out by a named person once, dropped or reversed when it is revoked."""

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import permutations
from typing import Any

import pytest

from services.people.main import service
from services.people.persons.decisions import Registered, persons
from services.people.persons.demotions import (
    DemotePerson,
    Demotion,
    HoldDemotion,
    RequireDemotion,
    ReverseDemotion,
    Stage,
)
from services.people.persons.events import (
    DemotionDropped,
    DemotionHeld,
    DemotionRequired,
    PersonAssignedToPost,
    PersonDemoted,
    PersonDemotionReversed,
)
from services.people.persons.projections import demotions
from services.people.persons.reactions import imposed_demotions
from services.people.posts.decisions import posts
from services.people.posts.events import PostDefined
from services.supervision.contracts import (
    PenaltyHeld,
    PenaltyImposed,
    PenaltyKind,
    PenaltyRevoked,
    ViolationKind,
)
from services.vocabulary import PersonId, PostId
from shared.decider import Context
from shared.identity import Actor
from shared.memory_broker import MemoryBroker
from shared.testing import Given
from tests.arrows import arrows, drawn, step
from tests.http.serving import SERVICES, Served, in_memory, naming, served, until
from tests.people.recording import recorded, rows
from tests.people.test_persons import ASSIGNED, IN_SCOPE, LI, LIVE, RIVER, li

HR = PersonId("p-hr")
P, JULY = "p7", date(2024, 7, 1)
JUNE_20, JULY_10 = (datetime(2024, month, day, 4, tzinfo=UTC) for month, day in ((6, 20), (7, 10)))
JUNIOR = PostDefined(post=PostId("junior"), title="助理")

DEMOTE = DemotePerson(person=LI, penalty=P, post=JUNIOR.post, unit=LIVE, effective_on=JULY)
REQUIRE, REVERSE = RequireDemotion(person=LI, penalty=P), ReverseDemotion(person=LI, penalty=P)
HOLD, FREE = (HoldDemotion(person=LI, penalty=P, held=held) for held in (True, False))
REQUIRED = DemotionRequired(person=LI, penalty=P)
HELD, FREED = (DemotionHeld(person=LI, penalty=P, held=held) for held in (True, False))
DEMOTED = PersonDemoted(
    person=LI,
    penalty=P,
    former_post=ASSIGNED.post,
    post=JUNIOR.post,
    unit=LIVE,
    effective_on=JULY,
    decider=HR,
    capacity="hr",
)
TO_JUNIOR = PersonAssignedToPost(person=LI, post=JUNIOR.post, unit=LIVE, studio=RIVER, effective_on=JULY)
DROPPED = DemotionDropped(person=LI, penalty=P)
DONE = (REQUIRED, DEMOTED, TO_JUNIOR)


def anchor(*more: Any) -> Given[Any, Any, Any]:
    """He is an anchor since May."""
    return li(ASSIGNED, IN_SCOPE, *more).seeing(posts, JUNIOR.post, found=JUNIOR)


def hr(there: Given[Any, Any, Any], command: Any = DEMOTE) -> Any:
    return there.when(command, by=HR, capacity="hr", now=JUNE_20)


def told(there: Given[Any, Any, Any], command: Any, now: datetime = JULY_10) -> Any:
    return there.when(command, by="system", capacity="system", now=now)


@pytest.mark.clause("S-45", "R3")
def test_an_imposed_demotion_is_carried_out_by_a_named_person_and_the_assignment_follows() -> None:
    imposed = told(anchor(), REQUIRE, JUNE_20).then(REQUIRED)
    hr(imposed).then(DEMOTED, TO_JUNIOR)


@pytest.mark.clause("S-45")
def test_without_an_imposed_demotion_that_stands_nobody_is_demoted() -> None:
    hr(anchor()).refused("demotion.not_imposed", penalty=P, clause="S-45")
    hr(anchor(REQUIRED), replace(DEMOTE, penalty="p8")).refused("demotion.not_imposed", penalty="p8")
    hr(anchor(REQUIRED, HELD)).refused("demotion.held", penalty=P)
    hr(anchor(REQUIRED, DROPPED)).refused("demotion.reversed", penalty=P)
    later = replace(DEMOTE, effective_on=date(2024, 8, 1))
    hr(anchor(*DONE), later).refused("demotion.carried_out_already", post=JUNIOR.post)


@pytest.mark.clause("S-45", "R3")
def test_neither_the_person_himself_nor_a_machine_demotes() -> None:
    anchor(REQUIRED).when(DEMOTE, by=LI, capacity="hr", now=JUNE_20).refused("demotion.by_the_subject")
    for capacity in ("", "system"):
        refused = anchor(REQUIRED).when(DEMOTE, by=HR, capacity=capacity, now=JUNE_20)
        refused.refused("demotion.without_capacity")
    for capacity in ("system", "supervision_group", "anchor"):
        assert not service.access.allows("person.demote", Actor(person="qi", capacity=capacity))


@pytest.mark.clause("S-45")
def test_a_demotion_leads_from_the_post_that_he_holds_to_another_from_today_on() -> None:
    imposed = anchor(REQUIRED)
    hr(imposed.seeing(posts, JUNIOR.post, found=None)).refused("post.unknown", post=JUNIOR.post)
    hr(imposed, replace(DEMOTE, post=ASSIGNED.post)).refused("demotion.to_the_same_post")
    hr(imposed, replace(DEMOTE, effective_on=date(2024, 6, 19))).refused("demotion.backdated")
    assert hr(imposed, replace(DEMOTE, effective_on=date(2024, 6, 20))).refusal is None
    hr(anchor(REQUIRED, replace(ASSIGNED, effective_on=JULY))).refused("demotion.backdated", assigned_from=JULY)
    hr(li(REQUIRED)).refused("demotion.without_former_post")


@pytest.mark.clause("S-45", "R6")
def test_revoked_before_it_is_carried_out_it_is_dropped() -> None:
    told(anchor(REQUIRED), REVERSE).then(DROPPED)
    told(anchor(REQUIRED, HELD), REVERSE).then(DROPPED)


@pytest.mark.clause("S-45", "R6")
@pytest.mark.parametrize(
    ("revoked", "back"), [(JULY_10, date(2024, 7, 10)), (JUNE_20, JULY)], ids=["begun", "still ahead"]
)
def test_revoked_afterwards_he_has_his_former_post_again(revoked: datetime, back: date) -> None:
    """By itself, in his favour; what he did in the other post stays done there."""
    restored = PersonDemotionReversed(person=LI, penalty=P, restored=True)
    told(anchor(*DONE), REVERSE, revoked).then(restored, replace(ASSIGNED, effective_on=back))
    told(anchor(*DONE, HELD), REVERSE, revoked).then(restored, replace(ASSIGNED, effective_on=back))


@pytest.mark.clause("S-45", "R6")
@pytest.mark.parametrize("on", [JULY, date(2024, 8, 1)])
def test_who_was_assigned_elsewhere_since_is_left_to_a_person(on: date) -> None:
    elsewhere = replace(TO_JUNIOR, post=PostId("editor"), effective_on=on)
    left = PersonDemotionReversed(person=LI, penalty=P, restored=False)
    there = told(anchor(*DONE, elsewhere), REVERSE).then(left)
    (row,) = rows(demotions, recorded([("person/li", event) for event in there.history]))
    assert (row.stage, row.restored) == (Stage.REVERSED, False)


@pytest.mark.clause("S-45", "R3", "R6", "R7")
def test_a_demotion() -> None:
    """What was said twice says nothing, and a revocation that comes first is not forgotten."""
    states = {
        "none": anchor(),
        "pending": anchor(REQUIRED),
        "carried_out": anchor(*DONE),
        "held": anchor(REQUIRED, HELD),
        "reversed": anchor(REQUIRED, DROPPED),
    }
    steps = {
        "impose": step(REQUIRE, by="system"),
        "carry_out": step(DEMOTE, by=HR, capacity="hr", now=JUNE_20),
        "hold": step(HOLD, by="system"),
        "free": step(FREE, by="system"),
        "revoke": step(REVERSE, by="system", now=JULY_10),
    }
    assert arrows(states, steps, stage) == drawn(
        """
                     impose   carry_out    hold  free     revoke
        none         pending  -            -     -        reversed
        pending      .        carried_out  held  .        reversed
        carried_out  .        -            held  .        reversed
        held         .        -            .     pending  reversed
        reversed     .        -            .     .        .
        """
    )
    freed = told(anchor(*DONE, HELD), FREE).then(FREED)
    assert stage(persons.state(freed.history)) == "carried_out"


def stage(found: Any) -> str:
    assert isinstance(found, Registered)
    return found.demotions[P].stage if P in found.demotions else "none"


@pytest.mark.clause("S-45", "R6")
def test_neither_order_nor_repetition_of_what_supervision_tells_shows() -> None:
    for order in permutations([REQUIRE, REVERSE, REQUIRE, REVERSE]):
        there = anchor()
        for command in order:
            there = replace(there, history=(*there.history, *told(there, command).events))
        state = persons.state(there.history)
        assert isinstance(state, Registered)
        assert stage(state) == "reversed"
        assert there.history.count(DROPPED) == 1
        assert list(state.assignments.values()) == [ASSIGNED]


@pytest.mark.clause("S-45", "R7")
def test_what_supervision_tells_of_a_demotion_is_followed_and_of_nothing_else() -> None:
    offence: dict[str, Any] = {"offence": ViolationKind.LATE, "occasion": "s1"}
    imposed = PenaltyImposed(penalty=P, person=LI, violation="v", kind=PenaltyKind.DEMOTION, decider=HR)
    revoked = PenaltyRevoked(penalty=P, person=LI, kind=PenaltyKind.DEMOTION, cause="heard")
    held = PenaltyHeld(
        penalty=P, person=LI, kind=PenaltyKind.DEMOTION, contested=True, held=True, imposed=True, **offence
    )
    now = Context(now=JUNE_20, actor="system")
    said: list[Any] = [imposed, held, replace(held, held=False), revoked]
    for penalty, command in zip(said, [REQUIRE, HOLD, FREE, REVERSE], strict=True):
        assert list(imposed_demotions(penalty, now)) == [command]
        assert list(imposed_demotions(replace(penalty, kind=PenaltyKind.WARNING), now)) == []
    assert list(imposed_demotions(replace(held, imposed=False), now)) == []


@pytest.mark.clause("S-45", "R3")
def test_the_register_shows_what_is_to_be_carried_out_carried_out_held_and_reversed_apart() -> None:
    def row(*history: Any) -> Demotion:
        (found,) = rows(demotions, recorded([("person/li", event) for event in history]))
        assert isinstance(found, Demotion)
        return found

    assert row(REQUIRED) == Demotion(person=LI, penalty=P, stage=Stage.PENDING)
    assert row(REQUIRED, HELD).stage is Stage.HELD
    assert row(REQUIRED, HELD, FREED).stage is Stage.PENDING
    done = row(*DONE)
    assert done == Demotion(
        person=LI,
        penalty=P,
        stage=Stage.CARRIED_OUT,
        former_post=ASSIGNED.post,
        post=JUNIOR.post,
        unit=LIVE,
        effective_on=JULY,
        decider=HR,
        capacity="hr",
    )
    assert row(*DONE, HELD) == replace(done, stage=Stage.HELD)
    assert row(REQUIRED, DROPPED).stage is Stage.REVERSED


LATE = {"person": "li", "offence": "late", "occasion": "s1"}
ORGANISED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/units/define", {"unit": "east", "name": "East"}),
    ("/posts/define", {"post": "anchor", "title": "主播", "categories": ["live_team"]}),
    ("/posts/define", {"post": "junior", "title": "助理", "categories": ["live_team"]}),
    (
        "/persons/register",
        {
            "person": "li",
            "name": "Li",
            "categories": ["live_team"],
            "engagement": "employee",
            "joined_on": "2024-01-01",
        },
    ),
    ("/persons/assign", {"person": "li", "post": "anchor", "unit": "east", "effective_on": "2024-02-01"}),
)


async def posted(there: Served, path: str, body: dict[str, Any], by: str = "zhao", capacity: str = "hr") -> None:
    answer = await there.http.post(path, json=body, headers=naming(by, capacity))
    assert answer.status_code == 202, answer.text


async def stages(there: Served) -> list[tuple[str, bool | None]]:
    answer = await there.http.get("/persons/li/demotions", headers=naming("li", "anchor"))
    return [(item["stage"], item["restored"]) for item in answer.json()["items"]]


@pytest.mark.clause("S-45", "R3", "R6")
async def test_from_the_penalty_in_supervision_to_the_post_in_people_and_back() -> None:
    broker = MemoryBroker()
    async with (
        served(await in_memory(SERVICES["people"], broker)) as people,
        served(await in_memory(SERVICES["supervision"], broker)) as supervision,
    ):
        for path, body in ORGANISED:
            await posted(people, path, body)
            await people.caught_up()
        await supervision.caught_up()
        violation = {"person": "li", "kind": "late", "occasion": "s1", "occurred_on": "2024-05-06"}
        more = {"evidence": ["s1"], "severity": "minor", "note": "seen"}
        await posted(supervision, "/violations/record", violation | more, capacity="supervision_group")
        await supervision.caught_up()
        demotion = LATE | {"kind": "demotion"}
        await posted(supervision, "/penalties/propose", demotion, by="wang", capacity="supervision_group")
        await posted(supervision, "/penalties/impose", LATE)
        await until(lambda: shows(people, [("pending", None)]))
        listed = await people.http.get("/demotions", params={"stage": "pending"}, headers=naming("zhao", "hr"))
        (waiting,) = listed.json()["items"]
        carried = {"person": "li", "penalty": waiting["penalty"], "post": "junior", "unit": "east"}
        await posted(people, "/persons/demote", carried | {"effective_on": "2099-01-01"})
        await until(lambda: shows(people, [("carried_out", None)]))
        assert (await person(people))["post"] == "junior"
        await posted(supervision, "/penalties/revoke", LATE | {"reason": "the clock was wrong"})
        await until(lambda: shows(people, [("reversed", True)]))
        assert (await person(people))["post"] == "anchor"
        await supervision.caught_up()
        assert (await people.parked(), await supervision.parked()) == ([], [])


async def shows(there: Served, wanted: list[tuple[str, bool | None]]) -> bool:
    return await stages(there) == wanted


async def person(there: Served) -> dict[str, Any]:
    await there.caught_up()
    return dict((await there.http.get("/persons/li", headers=naming("zhao", "hr"))).json())
