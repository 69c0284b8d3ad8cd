"""Campaigns: proposed, reviewed where a gate applies, run, ended. Clauses: S-26, O-36, O-37; C-30."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from services.people.contracts import PersonAssignedToPost
from services.performance.campaigns.decisions import (
    CancelCampaign,
    Command,
    EndCampaign,
    HandleCampaignIncident,
    ProposeCampaign,
    ReviewCampaign,
    ReviseCampaign,
    Stage,
    StartCampaign,
    State,
    campaigns,
)
from services.performance.campaigns.directory import PostHeld, posts_held
from services.performance.campaigns.events import (
    CampaignCancelled,
    CampaignEnded,
    CampaignId,
    CampaignIncidentHandled,
    CampaignKind,
    CampaignProposed,
    CampaignReviewed,
    CampaignRevised,
    CampaignStarted,
    Effect,
    Event,
    Proposal,
    Verdict,
)
from services.performance.campaigns.projections import CampaignRow, campaign_board
from services.performance.metrics.decisions import metrics
from services.performance.metrics.events import MetricId
from services.vocabulary import Fen, PersonId, PostId, UnitId
from shared.testing import Given, given
from tests.arrows import arrows, drawn, step
from tests.http.serving import SERVICES
from tests.performance.month import A, B
from tests.performance.test_metrics import DEFINED
from tests.performance.test_projections import rows

NOW = datetime(2024, 5, 6, 2, tzinfo=UTC)
BOSS = PersonId("boss")
READS = MetricId("content_reads")
SPRING = CampaignId("spring")
PROPOSAL = Proposal(
    theme="Spring",
    form="a draw",
    starts_at=NOW,
    ends_at=NOW + timedelta(hours=8),
    participants="followers",
    expected_effects=(Effect(metric=READS, target=Decimal(9000)),),
    budget=Fen(300_000),
)
QUIZ = replace(PROPOSAL, form="a quiz")
PROPOSE = ProposeCampaign(campaign=SPRING, person=A, kind=CampaignKind.MARKETING, proposal=PROPOSAL)
PROPOSED = CampaignProposed(campaign=SPRING, kind=CampaignKind.MARKETING, proposer=A, proposal=PROPOSAL, gate=True)
REVISE = ReviseCampaign(campaign=SPRING, proposal=QUIZ, changes="a quiz")
REVISED = CampaignRevised(campaign=SPRING, version=2, proposal=QUIZ, changes="a quiz")
REVIEW = ReviewCampaign(campaign=SPRING, version=1, verdict=Verdict.APPROVED, opinions="good", discussed_with=(B,))
APPROVED = CampaignReviewed(
    campaign=SPRING,
    version=1,
    verdict=Verdict.APPROVED,
    opinions="good",
    reviewer=BOSS,
    capacity="ops_supervisor",
    discussed_with=(B,),
)
RETURNED, REJECTED = replace(APPROVED, verdict=Verdict.RETURNED), replace(APPROVED, verdict=Verdict.REJECTED)
STARTED = CampaignStarted(campaign=SPRING, started_at=NOW)
HANDLE = HandleCampaignIncident(
    campaign=SPRING, incident="i1", what="no sound", solution="microphone two", occurred_at=NOW, handled_at=NOW
)
HANDLED = CampaignIncidentHandled(
    campaign=SPRING,
    incident="i1",
    what="no sound",
    solution="microphone two",
    occurred_at=NOW,
    handled_at=NOW,
    handled_by=A,
)
END = EndCampaign(campaign=SPRING, participants=420)
ENDED = CampaignEnded(campaign=SPRING, ended_at=NOW, participants=420)
CANCEL = CancelCampaign(campaign=SPRING, reason="rain")
CANCELLED = CampaignCancelled(campaign=SPRING, reason="rain")

AS_BOSS: Mapping[str, Any] = {"by": BOSS, "capacity": "ops_supervisor", "now": NOW}
AS_A: Mapping[str, Any] = {"by": A, "capacity": "live_promotion", "now": NOW}


SHIPPED = SERVICES["performance"].load_policies(None)


def campaign(*history: Event, post: str | None = "anchor", metric: Any = DEFINED) -> Given[Command, State, Event]:
    there = replace(given(campaigns, *history), policies=SHIPPED).seeing(metrics, READS, found=metric)
    held = None if post is None else PostId(post)
    return there.seeing(posts_held, PostHeld(person=A), found=PostHeld(person=A, post=held))


@pytest.mark.clause("O-36", "S-26")
@pytest.mark.parametrize("field", ["theme", "form", "starts_at", "participants", "expected_effects"])
def test_a_proposal_says_theme_form_time_participants_and_expected_effect(field: str) -> None:
    proposal = {
        "theme": "Spring",
        "form": "a draw",
        "starts_at": "2024-05-06T02:00:00Z",
        "ends_at": "2024-05-06T10:00:00Z",
        "participants": "followers",
        "expected_effects": [{"metric": READS, "target": "9000"}],
        "budget": 300_000,
    }
    body = {"campaign": "spring", "person": "a", "kind": "marketing", "proposal": proposal}
    asked = TypeAdapter(ProposeCampaign).validate_python(body)
    campaign(post="operations_specialist").when(asked, **AS_A).then(PROPOSED).when(asked, **AS_A).then()
    without = {name: said for name, said in proposal.items() if name != field}
    with pytest.raises(ValidationError, match=field):
        TypeAdapter(ProposeCampaign).validate_python(body | {"proposal": without})


def test_a_proposal_is_ones_own_its_end_after_its_start_and_its_effect_measured() -> None:
    campaign().when(PROPOSE, by=B, capacity="live_promotion").refused("campaign.by_another")
    campaign(metric=None).when(PROPOSE, **AS_A).refused("campaign.metric_unknown", metric=READS)
    campaign(PROPOSED, metric=None).when(REVISE, **AS_A).refused("campaign.metric_unknown", metric=READS)
    campaign(PROPOSED).when(replace(PROPOSE, proposal=QUIZ), **AS_A).refused("campaign.proposed_already")
    ended = replace(PROPOSE, proposal=replace(PROPOSAL, ends_at=NOW))
    campaign().when(ended, **AS_A).refused("campaign.ends_before_it_starts")


@pytest.mark.clause("C-30")
@pytest.mark.parametrize(
    ("post", "gate"),
    [
        ("operations_specialist", True),
        ("operations_supervisor", True),
        ("anchor", False),
        ("live_promotion", False),
        (None, True),
    ],
)
def test_the_gate_is_a_policy_of_the_population_and_stands_while_no_post_is_known(post: str | None, gate: bool) -> None:
    there = campaign(post=post).when(PROPOSE, **AS_A).then(replace(PROPOSED, gate=gate))
    outcome = there.when(StartCampaign(campaign=SPRING), **AS_A)
    if gate:
        outcome.refused("campaign.not_approved", clause="O-37")
    else:
        outcome.then(STARTED)


@pytest.mark.clause("O-37")
def test_somebody_else_reviews_a_proposal_and_it_is_perfected_until_he_approves() -> None:
    proposed = campaign(PROPOSED)
    proposed.when(REVIEW, by=A, capacity="ops_supervisor").refused("campaign.by_the_subject")
    proposed.when(REVIEW, by=BOSS, capacity="").refused("campaign.without_capacity")
    returned = proposed.when(replace(REVIEW, verdict=Verdict.RETURNED), **AS_BOSS).then(RETURNED)
    returned.when(StartCampaign(campaign=SPRING), **AS_A).refused("campaign.stage", stage=Stage.RETURNED)
    returned.when(REVISE, **AS_BOSS).refused("campaign.by_another")
    revised = returned.when(REVISE, **AS_A).then(REVISED)
    revised.when(REVISE, **AS_A).then()
    revised.when(REVIEW, **AS_BOSS).refused("campaign.another_version", version=2)
    second = replace(APPROVED, version=2)
    approved = revised.when(replace(REVIEW, version=2), **AS_BOSS).then(second)
    approved.when(StartCampaign(campaign=SPRING), **AS_A).then(STARTED)


@pytest.mark.clause("O-37", "S-26")
def test_a_campaign() -> None:
    histories: dict[str, tuple[Event, ...]] = {
        "none": (),
        "proposed": (PROPOSED,),
        "returned": (PROPOSED, RETURNED),
        "rejected": (PROPOSED, REJECTED),
        "approved": (PROPOSED, APPROVED),
        "running": (PROPOSED, APPROVED, STARTED),
        "ended": (PROPOSED, APPROVED, STARTED, ENDED),
        "cancelled": (PROPOSED, CANCELLED),
    }
    steps = {
        "propose": step(PROPOSE, **AS_A),
        "revise": step(REVISE, **AS_A),
        "return": step(replace(REVIEW, verdict=Verdict.RETURNED), **AS_BOSS),
        "reject": step(replace(REVIEW, verdict=Verdict.REJECTED), **AS_BOSS),
        "approve": step(REVIEW, **AS_BOSS),
        "start": step(StartCampaign(campaign=SPRING), **AS_A),
        "incident": step(HANDLE, **AS_A),
        "end": step(END, **AS_A),
        "cancel": step(CANCEL, **AS_A),
    }
    states = {name: campaign(*history) for name, history in histories.items()}
    assert arrows(states, steps, lambda state: state.stage.value if state else "none") == drawn(
        """
                   propose   revise    return    reject    approve   start    incident  end    cancel
        none       proposed  -         -         -         -         -        -         -      -
        proposed   .         proposed  returned  rejected  approved  -        -         -      cancelled
        returned   .         proposed  .         -         -         -        -         -      cancelled
        rejected   .         -         -         .         -         -        -         -      -
        approved   .         -         -         -         .         running  -         -      cancelled
        running    .         -         -         -         -         .        running   ended  -
        ended      .         -         -         -         -         -        -         .      -
        cancelled  .         -         -         -         -         -        -         -      .
        """
    )


def test_an_incident_is_told_once_it_is_handled_and_corrected_by_the_next_word() -> None:
    running = campaign(PROPOSED, APPROVED, STARTED)
    handled = running.when(HANDLE, **AS_A).then(HANDLED)
    handled.when(HANDLE, **AS_A).then()
    other = replace(HANDLED, solution="microphone three")
    twice = handled.when(replace(HANDLE, solution="microphone three"), **AS_A).then(other)
    (row,) = rows(campaign_board, twice.history)
    assert row.incidents == (other,)
    for moment in ("occurred_at", "handled_at"):
        running.when(replace(HANDLE, **{moment: NOW + timedelta(seconds=1)}), **AS_A).refused("campaign.incident_times")


@pytest.mark.clause("S-26", "O-37")
def test_the_board_tells_how_far_a_campaign_is() -> None:
    second = replace(APPROVED, version=2)
    (row,) = rows(campaign_board, [PROPOSED, RETURNED, REVISED, second, STARTED, HANDLED, ENDED])
    assert row == CampaignRow(
        campaign=SPRING,
        stage=Stage.ENDED,
        kind=CampaignKind.MARKETING,
        proposer=A,
        version=2,
        proposal=QUIZ,
        gate=True,
        changes="a quiz",
        opinions="good",
        reviewer=BOSS,
        discussed_with=(B,),
        started_at=NOW,
        incidents=(HANDLED,),
        ended_at=NOW,
        participants=420,
    )
    (row,) = rows(campaign_board, [PROPOSED, CANCELLED])
    assert (row.stage, row.cancelled_because) == (Stage.CANCELLED, "rain")


@pytest.mark.clause("S-26")
def test_marketing_staff_plan_campaigns_and_see_them_through() -> None:
    table = SERVICES["performance"].access.table
    for capability in ("plan.adopt_marketing", "campaign.propose", "campaign.run", "communication.log"):
        assert "live_promotion" in table[capability]
        assert "anchor" not in table[capability]


def test_what_is_not_proposed_has_no_history() -> None:
    with pytest.raises(ValueError, match="does not follow"):
        campaigns.state([STARTED])


def test_of_two_posts_the_later_counts() -> None:
    def assigned(post: str, day: int) -> PersonAssignedToPost:
        return PersonAssignedToPost(
            person=A,
            post=PostId(post),
            unit=UnitId("u"),
            studio=UnitId("s"),
            effective_on=NOW.date().replace(day=day),
        )

    (row,) = rows(posts_held, [assigned("operations_specialist", 3), assigned("anchor", 1)])
    assert row.post == "operations_specialist"
    (row,) = rows(posts_held, [assigned("anchor", 1), assigned("operations_specialist", 3)])
    assert row.post == "operations_specialist"
