"""What other policies would have made of the recorded facts and of what people decided on them. Rulings R1, R3, R8."""

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

import httpx2
import pytest
from hypothesis import given as for_all
from hypothesis import settings

from services.people.contracts import CategoriesChanged
from services.supervision.awards.decisions import ApproveAward, ProposeAward, RejectAward, awards
from services.supervision.awards.events import Cause, Ground
from services.supervision.awards.merits import merits
from services.supervision.directory.teams import Team, teams
from services.supervision.main import service
from services.supervision.penalties.decisions import ImposePenalty, RejectPenalty, penalties
from services.supervision.penalties.rules import ConsequenceRules
from services.supervision.violations.decisions import RecordCause, violations
from services.supervision.violations.events import ViolationKind
from services.supervision.violations.facts import monthly_figures
from services.supervision.whatif.facts import Conduct, conduct
from services.supervision.whatif.replay import CAUSES, Replay
from services.supervision.whatif.results import Consequence, Outcome, compare, summary
from services.supervision.whatif.trial import awarded_months, judged_months
from services.vocabulary import Fen, Month
from services.whatif import Case, report
from shared.policy import Policies, load_document, load_policy
from shared.privacy import Personal
from tests.http.flows import organisation
from tests.http.serving import POLICIES, naming
from tests.supervision.interleaving import World
from tests.supervision.organisation import (
    AFTER_MAKE_UP,
    CONSEQUENCES,
    HR,
    IMPOSING,
    LI,
    MAY,
    POOR,
    POOR_PERFORMANCE,
    STUDIO,
    WANG,
    ZHAO,
    policies,
    shipped,
)
from tests.supervision.test_interleaving import ABSENCE, FAIL, paces, tell, told
from tests.supervision.test_team_awards import CAUSE, JANUARY, LIVE, OF_THE_TEAM, SALES, assigned

DEMO = POLICIES / "supervision"
PROPOSED = Consequence(kind="penalty", name="criticism", standing="proposed")
IMPOSED = Consequence(kind="penalty", name="criticism", standing="imposed")
TEAM_GRANTED = Consequence(kind="award", name="team_merit", standing="granted")

HIS, TEAM = Conduct(person=LI), Conduct(team=LIVE)
POSTS = [(f"person/{said.person}", said) for said in (*OF_THE_TEAM[1:], assigned(HR, JANUARY, SALES))]
CORRECTED = [("person/chen", assigned(HR, JANUARY))]  # he was of the team, as was told when he had decided
FACTS = [*POSTS, *((stream, event) for stream, event in told() if not isinstance(event, CategoriesChanged))]
MOVED = [(stream, event) for stream, event in told() if isinstance(event, CategoriesChanged)]


def speak(made: World) -> None:
    """People's words: awards and penalties are decided on, two awards are proposed, one of them for a team."""
    excellent: dict[str, Any] = {"person": LI, "item": "training_excellence", "period": "2024-05"}
    merit: dict[str, Any] = {"person": LI, "item": "merit", "period": "2024-Q2"}
    sale: dict[str, Any] = {"person": LI, "offence": ABSENCE, "occasion": "sales"}
    goods: dict[str, Any] = {"person": LI, "offence": FAIL, "occasion": "goods"}
    poor: dict[str, Any] = {"person": LI, "offence": ViolationKind.POOR_PERFORMANCE, "occasion": "2024-05"}
    shown = (Cause(ground=Ground.MERIT, fact="stream/s5"),)
    finding = Personal("enc1:li:note:x")
    made.ask(awards, ProposeAward(**merit, causes=shown), by=WANG, capacity="senior_anchor")
    made.ask(penalties, ImposePenalty(**sale), by=HR, capacity="hr")
    made.ask(penalties, RejectPenalty(**goods, reason="heard"), by=HR, capacity="hr")
    made.ask(violations, RecordCause(person=LI, month=MAY, finding=finding), by=ZHAO, capacity="supervision_group")
    made.ask(penalties, ImposePenalty(**poor), by=HR, capacity="hr")
    for item in (excellent, merit):
        made.ask(awards, ApproveAward(**item), by=HR, capacity="hr")
    for month in ("2024-04", "2024-05"):
        made.ask(awards, ProposeAward(causes=(CAUSE,), **of_the_team(month)), by=ZHAO, capacity="supervision_group")
    made.ask(awards, ApproveAward(**of_the_team("2024-05")), by=WANG, capacity="hr")  # he is of it
    made.ask(awards, RejectAward(reason="modesty", **of_the_team("2024-04")), by=HR, capacity="hr")
    made.ask(awards, ApproveAward(**of_the_team("2024-05")), by=HR, capacity="hr")


def of_the_team(month: str) -> dict[str, Any]:
    return {"team": LIVE, "item": "team_merit", "period": month}


def tried(made: World, under: Policies, scope: str = "", one: Conduct = HIS) -> list[Case[Outcome]]:
    """What stands from January to June, beside what would under other policies."""
    known = conduct.gathered(one, made.facts_of(conduct, one))
    period = [Month(f"2024-0{month}") for month in range(1, 7)]
    figures = {
        s: monthly_figures.gathered(s, made.facts_of(monthly_figures, s)) for s in judged_months(one, known, period)
    }
    shown = {s: merits.gathered(s, made.facts_of(merits, s)) for s in awarded_months(known)}
    of = [Team(team=one.team)] if one.team else []
    posts = {team: teams.gathered(team, made.facts_of(teams, team)) for team in of}
    replay = Replay(one, known.facts, figures, shown, posts, under)
    replay.run(period)
    return compare(replay, "2024-01", "2024-06", scope)


def changes(cases: Sequence[Case[Outcome]]) -> dict[str, tuple[Outcome, Outcome]]:
    return {case.about: (case.was, case.would) for case in cases if case.changed}


@settings(max_examples=20, deadline=None)
@for_all(paces)
@pytest.mark.parametrize("rules", [CONSEQUENCES, IMPOSING, AFTER_MAKE_UP], ids=["propose", "impose", "after_make_up"])
def test_the_unchanged_policies_change_nothing_whatever_the_order_was(rules: Any, pace: Random) -> None:
    made = World(policies(rules, POOR_PERFORMANCE), pace)
    for _ in range(2):  # some of it comes too early, and is refused
        speak(made)
    tell(made, FACTS)
    speak(made)
    tell(made, [*MOVED, *CORRECTED])
    cases = tried(made, made.policies)
    assert changes(cases) == {}
    assert {case.was.kind for case in cases if case.was} == {"award", "penalty"}
    of_a_team = tried(made, made.policies, one=TEAM)
    assert changes(of_a_team) == {}
    assert "2024-05" in {case.about for case in of_a_team}


@pytest.fixture(scope="module")
def may() -> World:
    """Granted: the award for his exams, ¥0 as nothing is configured. Imposed: criticism for `sales`, 2.5 points for
    poor work; proposed: criticism for `service`; rejected: the one for `goods`."""
    made = World(policies(CONSEQUENCES, POOR_PERFORMANCE), Random(3))
    tell(made, FACTS)
    speak(made)
    made.run()
    stands = {case.about: case.was.standing for case in tried(made, made.policies) if case.was}
    assert stands == {
        "2024-05": "granted",
        "2024-Q2": "granted",
        "unexcused_training_absence sales": "imposed",
        "training_assessment_failed service": "proposed",
        "poor_performance 2024-05": "imposed",
    }
    return made


def trying(made: World, text: str) -> Policies:
    return made.policies.trying(load_document(service.format, text))


@pytest.mark.clause("T-66", "T-67")
def test_a_rule_that_imposes_asks_nobody(may: World) -> None:
    rules = shipped("consequence_rules").replace("criticism, mode: propose", "criticism, mode: impose")
    assert changes(tried(may, trying(may, rules))) == {
        "training_assessment_failed goods": (None, IMPOSED),  # what a person rejected would not have waited for him
    }


@pytest.mark.clause("T-67", "C-13")
def test_the_fail_that_counts_is_the_one_that_the_tried_policy_names(may: World) -> None:
    later = shipped("failed_assessment").replace("first_fail", "after_make_up")
    assert changes(tried(may, trying(may, later))) == {}  # `service` failed both, `goods` was rejected
    under = may.policies.under(AFTER_MAKE_UP, shipped_without("training_assessment_failed"))
    assert changes(tried(may, under)) == {"training_assessment_failed service": (PROPOSED, None)}


def shipped_without(offence: str) -> ConsequenceRules:
    lines = shipped("consequence_rules").splitlines()
    return load_policy(ConsequenceRules, "\n".join(line for line in lines if f"violation: {offence}" not in line))


@pytest.mark.clause("C-11")
def test_a_catalogue_that_does_not_know_a_penalty_takes_the_decision_along(may: World) -> None:
    none = shipped("penalties_live_marketing").split("penalties:")[0] + "penalties: []"
    assert changes(tried(may, trying(may, none))) == {
        "unexcused_training_absence sales": (IMPOSED, None),
        "training_assessment_failed service": (PROPOSED, None),
    }


@pytest.mark.clause("A-61", "P-14")
def test_other_thresholds_and_points_are_other_penalties(may: World) -> None:
    points = Consequence(kind="penalty", name="points_deduction", standing="imposed", points=Decimal("2.5"))
    about = "poor_performance 2024-05"
    stricter = trying(may, POOR.replace("points: 2.5", "points: 4"))
    assert changes(tried(may, stricter)) == {about: (points, replace(points, points=Decimal(4)))}
    assert changes(tried(may, trying(may, POOR.replace("decline_pct: 30", "decline_pct: 60")))) == {
        about: (points, None)
    }
    open_ = trying(may, shipped("poor_performance"))
    assert changes(tried(may, open_)) == {about: (points, None)}


@pytest.mark.clause("T-64", "P-19")
def test_an_award_follows_the_tried_catalogue(may: World) -> None:
    """Another amount, and an item that falls away."""
    text = shipped("award_items")
    head = text[: text.index("  - name: merit")]
    paying = head.replace("excellent_exam]\n    rewards: [certificate, money]\n    amount:", PAID)
    assert paying != head
    granted = Consequence(kind="award", name="training_excellence", standing="granted")
    lost = Consequence(kind="award", name="merit", standing="granted")
    cases = tried(may, trying(may, paying))
    assert changes(cases) == {"2024-05": (granted, replace(granted, amount=Fen(20_000))), "2024-Q2": (lost, None)}
    found = report(cases, summary)
    assert (found["changed"], found["would"]["money"], found["was"]["money"]) == (2, 20_000, 0)
    assert found["would"]["consequences"]["award training_excellence granted"] == 1
    assert "award merit granted" not in found["would"]["consequences"]
    assert [group["name"] for group in found["by_evaluator"]] == ["", HR]


PAID = "excellent_exam]\n    rewards: [certificate, money]\n    amount: 20000"


@pytest.mark.clause("S-50", "C-18")
def test_an_award_to_a_team_follows_the_tried_catalogue(may: World) -> None:
    """It is worth more, or falls away with its item, or waits for another ground."""
    paying = trying(may, shipped("award_items").replace("amount:\n", "amount: 100000\n"))
    cases = tried(may, paying, one=TEAM)
    paid = replace(TEAM_GRANTED, amount=Fen(100_000))
    assert changes(cases) == {"2024-05": (TEAM_GRANTED, paid)}
    assert [(c.person, c.team, c.studio, c.evaluator) for c in cases] == [(None, LIVE, STUDIO, HR)]
    found = report(cases, summary)
    assert (found["persons"], found["teams"], found["was"]["money"], found["would"]["money"]) == (0, 1, 0, 100_000)
    text = shipped("award_items")
    without = text[: text.index("  - name: team_merit")]
    another = text.replace(
        "subject_kind: team\n    needs: [merit]", "subject_kind: team\n    needs: [live_performance]"
    )
    for other in (without, another):
        assert text != other
        assert changes(tried(may, trying(may, other), one=TEAM)) == {"2024-05": (TEAM_GRANTED, None)}
    assert tried(may, paying, scope="west", one=TEAM) == []
    assert len(tried(may, paying, scope=STUDIO, one=TEAM)) == 1


def test_who_proposed_decides_nothing_where_the_tried_policy_forbids_it() -> None:
    made = World(policies(), Random(1))
    merit: dict[str, Any] = {"person": LI, "item": "merit", "period": "2024-05"}
    causes = (Cause(ground=Ground.MERIT, fact="stream/s5"),)
    made.ask(awards, ProposeAward(**merit, causes=causes), by=HR, capacity="hr")
    made.ask(awards, ApproveAward(**merit), by=HR, capacity="hr")
    tell(made, told())
    differs = shipped("award_items").replace("items:", "decider_differs: true\nitems:", 1)
    found = [case for case in tried(made, trying(made, differs)) if case.changed]
    assert [(c.was and c.was.standing, c.would and c.would.standing) for c in found] == [("granted", "proposed")]


def test_whatever_leads_to_an_award_or_a_penalty_is_replayed() -> None:
    ours = {r.name for r in service.reactions if r.to in (violations, penalties, awards)}
    elsewhere = {"violation_consequence", "penalty_settlement", "poor_month", "penalty_answer"}  # no cause of others
    assert ours == {reaction.name for reaction in CAUSES} | elsewhere
    assert {event for reaction in CAUSES for event in reaction.events} <= set(conduct.events)


def test_members_of_another_studio_are_not_counted(may: World) -> None:
    assert tried(may, may.policies, scope="west") == []


async def test_over_http_it_is_told_with_progress_and_nothing_is_recorded() -> None:
    merit = {"person": LI, "item": "merit", "period": "2024-05"}
    team = {"team": "east", "item": "team_merit", "period": "2024-05"}
    async with organisation("supervision") as there:
        for award in (merit, team):
            shown = {**award, "causes": [{"ground": "merit", "fact": "stream/s5"}]}
            for path, body, by in (("propose", shown, WANG), ("approve", award, HR)):
                answer = await there.http.post(f"/awards/{path}", json=body, headers=naming(by, "hr"))
                assert answer.status_code == 202, answer.text
        await there.caught_up()
        before = await there.parts.store.maximum()

        async def asked(policy: str, since: str = "2024-05") -> httpx2.Response:
            body = {"policy": policy, "since": since, "until": "2024-06"}
            return await there.http.post("/what-if", json=body, headers=naming(HR, "hr"))

        kept = (DEMO / "award_items.yaml").read_text()
        progress, last = map(json.loads, (await asked(kept)).text.splitlines())
        assert progress == {"done": 4, "of": 4}  # the three whom people told of, and the team
        told = last["report"]
        assert (told["results"], told["persons"], told["teams"], told["changed"]) == (2, 1, 1, 0)
        assert (told["was"]["money"], told["would"]["money"]) == (130_000, 130_000)
        assert "a new item is not told" in " ".join(told["unsaid"])
        without = kept[: kept.index("  - name: merit")]
        report = json.loads((await asked(without)).text.splitlines()[-1])["report"]
        of_li, of_the_team = report["changes"]
        assert (of_li["person"], of_li["team"]) == ("li", None)
        assert of_the_team == {
            "person": None,
            "team": "east",
            "period": "2024-05",
            "post": "",
            "studio": "east",
            "evaluator": "chen",
            "was": {"kind": "award", "name": "team_merit", "standing": "granted", "amount": 100_000, "points": None},
            "would": None,
            "about": "2024-05",
        }
        later = json.loads((await asked(kept, since="2024-06")).text.splitlines()[-1])["report"]
        assert (later["results"], later["there"]) == (0, {"periods": ["2024-05"], "studios": ["east"]})
        refused = await asked(shipped("stream_rules"))
        assert "no result here is compared under another StreamRules" in refused.text
        assert await there.parts.store.maximum() == before
