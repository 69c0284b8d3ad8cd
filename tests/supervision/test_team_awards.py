"""Awards to teams: decided by nobody who is of the team. Clauses: S-50; C-18; ruling R8."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from services.people.contracts import PersonAssignedToPost
from services.supervision.awards.decisions import (
    ApproveAward,
    Awards,
    Command,
    ConfirmAward,
    ProposeAward,
    RejectAward,
    RevokeAward,
    Ruling,
    awards,
)
from services.supervision.awards.events import (
    AwardApproved,
    AwardGranted,
    AwardProposed,
    AwardRejected,
    AwardReviewOpened,
    AwardRevoked,
    Cause,
    Event,
    Ground,
    Reward,
)
from services.supervision.awards.items import AwardItems
from services.supervision.awards.projections import Standing, all_awards
from services.supervision.directory.teams import Team, belonged, teams
from services.supervision.whatif.facts import Conduct, conduct
from services.vocabulary import Fen, PersonId, UnitId
from shared.policy import PolicyError, load_policy
from shared.testing import Given, given
from tests.supervision.folding import folded
from tests.supervision.hearing import heard, known
from tests.supervision.organisation import ASSISTANT, HR, ITEMS, LI, STUDIO, WANG, ZHAO, shipped

LIVE, NIGHT, SALES = UnitId("live"), UnitId("live-night"), UnitId("sales")
WHERE: dict[str, Any] = {"team": LIVE, "item": "team_merit", "period": "2024-05"}
CAUSE = Cause(ground=Ground.MERIT, fact="GMV of May")
MORNING = datetime(2024, 6, 2, 1, tzinfo=UTC)
APPROVE = ApproveAward(**WHERE)
PROPOSED = AwardProposed(award="award", causes=(CAUSE,), proposer=ZHAO, ruled_on=date(2024, 5, 31), **WHERE)
APPROVED = AwardApproved(award="award", team=LIVE, approver=HR, capacity="hr")
GRANTED = AwardGranted(
    award="award", granted_on=date(2024, 6, 2), rewards=(Reward.COMMENDATION,), amount_not_configured=True, **WHERE
)


def assigned(person: PersonId, on: date, unit: UnitId = LIVE, *above: UnitId) -> PersonAssignedToPost:
    return PersonAssignedToPost(
        person=person, post=ASSISTANT, unit=unit, above=(*above, STUDIO), studio=STUDIO, effective_on=on
    )


JANUARY = date(2024, 1, 1)
OF_THE_TEAM = (assigned(LI, JANUARY), assigned(WANG, JANUARY, NIGHT, LIVE))
ELSEWHERE = assigned(HR, JANUARY, SALES)


def under(*history: Event, told: tuple[PersonAssignedToPost, ...] = OF_THE_TEAM) -> Given[Command, Awards, Event]:
    team = Team(team=LIVE)
    members = known(teams, team, heard(teams, *told, ELSEWHERE))
    return given(awards, *history).under(ITEMS).seeing(teams, team, found=members)


@pytest.mark.clause("S-50", "C-18")
def test_an_excellent_team_is_proposed_approved_and_rewarded() -> None:
    (event,) = under().when(ProposeAward(causes=(CAUSE,), **WHERE), by=ZHAO, now=MORNING).events
    assert replace(event, award="award") == PROPOSED
    under(PROPOSED).when(APPROVE, by=HR, capacity="hr", now=MORNING).then(APPROVED, GRANTED)
    (row,) = folded(all_awards, PROPOSED, APPROVED, GRANTED)
    assert (row.person, row.team, row.standing, row.decider) == (None, LIVE, Standing.FINAL, HR)
    assert (row.causes, row.rewards, row.amount_not_configured) == ((CAUSE,), (Reward.COMMENDATION,), True)


@pytest.mark.clause("R8")
def test_what_was_granted_is_not_granted_again_on_the_same_causes() -> None:
    granted = (PROPOSED, APPROVED, GRANTED)
    under(*granted).when(ProposeAward(causes=(CAUSE,), **WHERE), by=ZHAO, now=MORNING).then()
    other = ProposeAward(causes=(CAUSE, replace(CAUSE, fact="no complaint in May")), **WHERE)
    (event,) = under(*granted).when(other, by=ZHAO, now=MORNING).events
    assert isinstance(event, AwardProposed)
    revoked = AwardRevoked(award="award", team=LIVE, decider=HR, capacity="hr", reason="not ours")
    review = AwardReviewOpened(award="award", team=LIVE, cause=CAUSE)
    (event,) = under(*granted, review, revoked).when(ProposeAward(causes=(CAUSE,), **WHERE), by=ZHAO).events
    assert isinstance(event, AwardProposed)


@pytest.mark.clause("S-50", "P-19")
def test_a_team_is_paid_what_its_item_says() -> None:
    paying = load_policy(AwardItems, shipped("award_items").replace("amount:\n", "amount: 100000\n"))
    granting = under(PROPOSED).under(paying).when(APPROVE, by=HR, capacity="hr", now=MORNING).events
    rewards = (Reward.COMMENDATION, Reward.MONEY)
    assert granting[1] == replace(GRANTED, rewards=rewards, amount=Fen(100_000), amount_not_configured=False)


RULINGS: tuple[Ruling, ...] = (
    APPROVE,
    RejectAward(reason="modesty", **WHERE),
    ConfirmAward(award="award", reason="ours", **WHERE),
    RevokeAward(award="award", reason="not ours", **WHERE),
)


@pytest.mark.clause("S-50", "R8")
@pytest.mark.parametrize("command", RULINGS, ids=lambda command: type(command).__name__)
@pytest.mark.parametrize("member", [LI, WANG])
def test_nobody_decides_on_the_award_of_his_own_team(command: Ruling, member: PersonId) -> None:
    """Wang works in a unit below it."""
    under(PROPOSED).when(command, by=member, capacity="hr", now=MORNING).refused("award.by_a_member", team=LIVE)


@pytest.mark.clause("S-50", "R8")
@pytest.mark.parametrize(
    ("to", "on", "member"),
    [
        (SALES, date(2024, 5, 1), False),  # left before May
        (SALES, date(2024, 5, 2), True),  # was there on 1 May
        (LIVE, date(2024, 6, 2), True),  # came since
        (LIVE, date(2024, 6, 3), False),  # will come
    ],
)
def test_whoever_was_of_the_team_in_the_period_or_since_is_a_member(to: UnitId, on: date, member: bool) -> None:
    before = SALES if to == LIVE else LIVE
    told = (assigned(LI, JANUARY), assigned(HR, date(2024, 1, 2), before), assigned(HR, on, to))
    outcome = under(PROPOSED, told=told).when(APPROVE, by=HR, capacity="hr", now=MORNING)
    assert (outcome.refusal is not None) == member


@pytest.mark.clause("S-50", "R8")
def test_of_a_period_to_come_whoever_is_a_member_today_decides_nothing() -> None:
    """That he will have left by then is no matter."""
    july = WHERE | {"period": "2024-07"}
    told = (assigned(LI, JANUARY), assigned(HR, date(2024, 1, 2)), assigned(HR, date(2024, 6, 15), SALES))
    proposed = replace(PROPOSED, period="2024-07", ruled_on=date(2024, 6, 2))
    outcome = under(proposed, told=told).when(ApproveAward(**july), by=HR, capacity="hr", now=MORNING)
    outcome.refused("award.by_a_member", team=LIVE)


def test_a_post_that_is_corrected_was_never_held() -> None:
    team = Team(team=LIVE)
    told = heard(teams, assigned(LI, JANUARY), assigned(LI, JANUARY, SALES), assigned(WANG, JANUARY, NIGHT, LIVE))
    assert belonged(known(teams, team, told), LIVE, date(2024, 5, 1), date(2024, 6, 2)) == {WANG}


@pytest.mark.clause("R8")
def test_a_team_of_which_nobody_is_known_is_awarded_nothing() -> None:
    """Nobody could say who is not of it."""
    under(PROPOSED, told=()).when(APPROVE, by=HR, capacity="hr", now=MORNING).refused("award.team_unknown", team=LIVE)


@pytest.mark.parametrize("capacity", ["", "system"])
def test_no_machine_decides_on_a_team(capacity: str) -> None:
    under(PROPOSED).when(APPROVE, by="importer", capacity=capacity).refused("award.without_capacity")


@pytest.mark.clause("S-50", "C-18")
def test_an_item_is_for_persons_or_for_teams() -> None:
    person = ProposeAward(person=LI, item="team_merit", period="2024-05", causes=(CAUSE,))
    team = ProposeAward(team=LIVE, item="merit", period="2024-05", causes=(CAUSE,))
    under().when(person, by=ZHAO).refused("award.other_subject", subject_kind="team")
    under().when(team, by=ZHAO).refused("award.other_subject", subject_kind="person")
    for body in ({"person": LI, "team": LIVE}, {}):
        with pytest.raises(ValidationError, match="one person or for one team"):
            TypeAdapter(ApproveAward).validate_python(body | {"item": "merit", "period": "2024-05"})


def test_a_team_and_a_person_of_one_name_have_awards_of_their_own() -> None:
    of_a_person = ApproveAward(person=PersonId(LIVE), item="team_merit", period="2024-05")
    assert awards.stream(of_a_person) != awards.stream(APPROVE)


def test_a_teams_award_may_be_rejected_and_taken_back_after_a_review() -> None:
    reject, revoke = RULINGS[1], RULINGS[3]
    rejected = AwardRejected(award="award", team=LIVE, decider=HR, capacity="hr", reason="modesty")
    under(PROPOSED).when(reject, by=HR, capacity="hr", now=MORNING).then(rejected)
    review = AwardReviewOpened(award="award", team=LIVE, cause=CAUSE)
    revoked = AwardRevoked(award="award", team=LIVE, decider=HR, capacity="hr", reason="not ours")
    under(PROPOSED, APPROVED, GRANTED, review).when(revoke, by=HR, capacity="hr", now=MORNING).then(revoked)


def test_a_criterion_about_a_persons_months_is_refused_for_a_teams_item() -> None:
    text = shipped("award_items") + '    criterion: {cel: "score >= 90"}\n'
    with pytest.raises(PolicyError, match=f":{text.count(chr(10))}: .*a team's item has none"):
        load_policy(AwardItems, text)


def test_a_teams_award_is_a_consequence_for_the_team_and_for_no_person() -> None:
    assert conduct.subjects(GRANTED) == [Conduct(team=LIVE)]
    of_nobody = replace(GRANTED, person=PersonId(""), team=None)
    assert conduct.subjects(of_nobody) == [Conduct(person=PersonId(""))]
