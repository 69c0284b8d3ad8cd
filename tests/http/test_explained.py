"""Why somebody has a penalty or was given an award, for whoever may read it: from the log, down to the clause."""

from typing import Any, get_type_hints

import pytest

from services.answering import Language
from services.supervision.awards.events import Ground, Reward
from services.supervision.awards.projections import Standing as AwardStanding
from services.supervision.explanations.account import TOLD, Under, under
from services.supervision.explanations.languages import WORDS
from services.supervision.penalties.events import Mode, PenaltyKind
from services.supervision.penalties.projections import Penalty
from services.supervision.penalties.projections import Standing as PenaltyStanding
from services.supervision.violations.events import Severity, ViolationKind
from services.vocabulary import Figure
from tests.http.flows import AWARD, FLOWS, LATE, TEAM, organisation
from tests.http.serving import SERVICES, Served, naming
from tests.supervision.organisation import SHIPPED

TEXT = {"Accept": "text/plain"}
HR, LI, WU = naming("qi", "hr"), naming("li", "assistant_anchor"), naming("wu", "assistant_anchor")


async def done(there: Served) -> None:
    for step in FLOWS["supervision"]:
        route, headers = step.asks(SERVICES["supervision"])
        await there.http.post(route.path, json=step.body, headers=headers)
    await there.caught_up()


async def one(there: Served, path: str, **equal: str) -> Any:
    (found,) = (await there.http.get(path, params=equal, headers=HR)).json()["items"]
    return found


@pytest.mark.clause("A-60", "R3", "R7")
async def test_a_penalty_tells_its_violation_who_decided_and_under_which_clause() -> None:
    async with organisation("supervision") as there:
        await done(there)
        penalty = (await one(there, "/penalties", person="li", offence=LATE["offence"]))["penalty"]
        said = (await there.http.get(f"/penalties/{penalty}/explanation", headers=HR)).json()
        assert [step["says"] for step in said["steps"]] == [
            "ViolationRecorded",
            "PenaltyProposed",
            "PenaltyImposed",
            "PenaltyObjectionRaised",
            "PenaltyObjectionResolved",
            "PenaltyRevoked",
        ]
        assert (said["person"], said["what"], said["standing"]) == ("li", "warning", "reversed")
        seen, proposed, imposed, _, resolved, revoked = said["steps"]
        assert (seen["by"], seen["capacity"]) == ("", "supervision_group")  # R5: by capacity only
        assert seen["details"]["occasion"] == "s1"
        assert proposed["by"] == "chen"
        assert (imposed["by"], imposed["capacity"]) == ("qi", "hr")
        catalogues = [one for one in imposed["under"] if one["policy"].startswith("penalties_")]
        assert catalogues == [{"policy": "penalties_assistant_anchor", "version": 1, "clause": "A-60"}]
        assert (resolved["by"], resolved["details"]) == ("wei", {"outcome": "rejected"})
        assert revoked["details"] == {"cause": "the clock was wrong"}
        ids = [stored.id for stored in await there.parts.store.tail(0, 1000)]
        assert {step["event"] for step in said["steps"]} <= set(ids)


@pytest.mark.clause("R3")
async def test_of_two_penalties_for_one_violation_each_tells_its_own_decisions() -> None:
    async with organisation("supervision") as there:
        await done(there)
        again = {**LATE, "kind": "warning"}
        answer = await there.http.post("/penalties/propose", json=again, headers=naming("wei", "supervision_group"))
        assert answer.status_code == 202, answer.text
        await there.caught_up()
        query = {"person": "li", "offence": LATE["offence"]}
        both = (await there.http.get("/penalties", params=query, headers=HR)).json()["items"]
        (pending,) = [p["penalty"] for p in both if p["standing"] == "pending"]
        said = (await there.http.get(f"/penalties/{pending}/explanation", headers=HR)).json()
        assert [(step["says"], step["by"]) for step in said["steps"]] == [
            ("ViolationRecorded", ""),
            ("PenaltyProposed", "wei"),
        ]


@pytest.mark.clause("R3")
async def test_as_a_text_it_is_read_by_the_person_himself_and_by_nobody_else() -> None:
    async with organisation("supervision") as there:
        await done(there)
        penalty = (await one(there, "/penalties", person="li", offence=LATE["offence"]))["penalty"]
        path = f"/penalties/of/li/{penalty}/explanation"
        text = (await there.http.get(path, headers=LI | TEXT)).text
        decided = "作出处罚: 类别 警告\n    qi, 人力资源部\n"
        for said in ("警告 li (已撤销)", "记录违纪: 类别 迟到", decided, "制度 penalties_assistant_anchor v1 A-60"):
            assert said in text
        assert "说明: seen" in text  # as in the register: it is about him
        closed = (
            await there.http.get(f"/penalties/{penalty}/explanation", headers=naming("wei", "auditor") | TEXT)
        ).text
        assert "说明: withheld" in closed
        assert "seen" not in closed
        assert "enc1" not in closed
        assert "warning li (reversed)" in (await there.http.get(f"{path}?language=en", headers=LI | TEXT)).text
        assert (await there.http.get(path, headers=WU)).status_code == 403
        other = f"/penalties/of/wu/{penalty}/explanation"
        assert (await there.http.get(other, headers=WU)).status_code == 404
        assert (await there.http.get(f"/penalties/{penalty}/explanation", headers=LI)).status_code == 403


@pytest.mark.clause("S-44", "S-50", "R8")
async def test_an_award_tells_its_causes_and_who_approved_it() -> None:
    async with organisation("supervision") as there:
        await done(there)
        for wanted, what, whose, clause in ((AWARD, "merit", "person", "S-44"), (TEAM, "team_merit", "team", "S-50")):
            found = await one(there, "/awards", **{whose: wanted[whose]})
            said = (await there.http.get(f"/awards/{found['award']}/explanation", headers=HR)).json()
            assert (said["what"], said[whose]) == (what, wanted[whose])
            proposed, approved, granted = said["steps"][:3]
            assert proposed["details"]["causes"] == "merit s1"
            assert (approved["says"], approved["by"], approved["capacity"]) == ("AwardApproved", "qi", "hr")
            assert granted["says"] == "AwardGranted"
            assert [under["clause"] for under in approved["under"] if under["policy"] == "award_items"] == [clause]
        award = (await one(there, "/awards", person="li"))["award"]
        text = (await there.http.get(f"/awards/of/li/{award}/explanation", headers=LI | TEXT)).text
        assert "绩效激励 li" in text
        assert "授予奖励: 奖励方式" in text
        assert (await there.http.get(f"/awards/of/wu/{award}/explanation", headers=WU)).status_code == 404


@pytest.mark.clause("T-66", "T-67")
@pytest.mark.parametrize(
    ("offence", "clause"),
    [(ViolationKind.UNEXCUSED_TRAINING_ABSENCE, "T-66"), (ViolationKind.TRAINING_ASSESSMENT_FAILED, "T-67")],
)
def test_a_catalogue_states_the_clause_of_the_violation_that_a_penalty_is_for(
    offence: ViolationKind, clause: str
) -> None:
    penalty = Penalty(penalty="p", kind=PenaltyKind.CRITICISM, offence=offence)
    (catalogue,) = [d for d in SHIPPED.documents if str(d.issue) == "penalties_live_marketing:1"]
    found = under("penalties_live_marketing:1", penalty, catalogue)
    assert found == Under(policy="penalties_live_marketing", version=1, clause=clause)


def test_every_word_of_an_account_has_a_chinese_name() -> None:
    """Whoever adds a step, a kind or a detail is told here."""
    details = {path.rpartition(".")[2] for paths in TOLD.values() for path in paths}
    said = {*PenaltyKind, *ViolationKind, *Severity, *Mode, *Ground, *Reward, *PenaltyStanding, *AwardStanding, *Figure}
    names = {event.__name__ for event in TOLD} | details | {str(word) for word in said}
    assert names - WORDS[Language.ZH].keys() == set()
    assert {event.__name__ for event in TOLD} <= WORDS[Language.EN].keys()


@pytest.mark.parametrize(("event", "path"), [(event, path) for event, paths in TOLD.items() for path in paths], ids=str)
def test_what_an_account_tells_is_a_field_of_its_event(event: type, path: str) -> None:
    """A field that is renamed would else be told no more."""
    kind = event
    for name in path.split("."):
        assert name in get_type_hints(kind), f"{event.__name__} has no {path}"
        kind = get_type_hints(kind)[name]
