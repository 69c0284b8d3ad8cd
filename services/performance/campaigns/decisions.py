"""What becomes of a campaign. Nobody reviews his own proposal. Clauses: S-26, O-36, O-37; C-30."""

from collections.abc import Mapping
from dataclasses import field, replace
from enum import StrEnum
from typing import Annotated

from annotated_types import Ge, Len

from services.calendar import Moment
from services.deciding import check_decider, check_himself
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
    Event,
    Proposal,
    Verdict,
)
from services.performance.campaigns.policies import ReleasePolicy
from services.performance.metrics.decisions import metrics
from services.vocabulary import PersonId, Text
from shared.decider import Context, Decider, Refused, Sight, look
from shared.value import value


@value
class ProposeCampaign:
    campaign: CampaignId
    person: PersonId  # who proposes it
    kind: CampaignKind
    proposal: Proposal


@value
class ReviseCampaign:
    """By its proposer, before it is approved."""

    campaign: CampaignId
    proposal: Proposal
    changes: Text


@value
class ReviewCampaign:
    """The proposal of that version, by somebody else than its proposer."""

    campaign: CampaignId
    version: Annotated[int, Ge(1)]
    verdict: Verdict
    opinions: Text
    discussed_with: Annotated[tuple[PersonId, ...], Len(0, 50)] = ()


@value
class StartCampaign:
    campaign: CampaignId


@value
class HandleCampaignIncident:
    campaign: CampaignId
    incident: str
    what: Text
    solution: Text
    occurred_at: Moment
    handled_at: Moment


@value
class EndCampaign:
    campaign: CampaignId
    participants: Annotated[int, Ge(0)]


@value
class CancelCampaign:
    campaign: CampaignId
    reason: Text


Command = (
    ProposeCampaign
    | ReviseCampaign
    | ReviewCampaign
    | StartCampaign
    | HandleCampaignIncident
    | EndCampaign
    | CancelCampaign
)


class Stage(StrEnum):
    PROPOSED = "proposed"
    RETURNED = "returned"
    REJECTED = "rejected"
    APPROVED = "approved"
    RUNNING = "running"
    ENDED = "ended"
    CANCELLED = "cancelled"


@value
class Campaign:
    proposed: CampaignProposed
    stage: Stage
    version: int  # of the proposal
    said: Event  # last
    incidents: Mapping[str, CampaignIncidentHandled] = field(default_factory=dict)


State = Campaign | None  # none: nobody proposed it


def decide(command: Command, state: State, context: Context) -> list[Event]:
    if isinstance(command, ProposeCampaign):
        return propose(command, state, context)
    if state is None:
        raise Refused("campaign.unknown", next="propose it first")
    told = answer(command, state, context)
    if told == state.said or told in state.incidents.values():
        return []
    if state.stage not in FROM[type(command)]:
        raise Refused("campaign.stage", stage=state.stage, next=f"possible from: {', '.join(FROM[type(command)])}")
    if isinstance(command, StartCampaign) and state.proposed.gate and state.stage is Stage.PROPOSED:
        raise Refused("campaign.not_approved", clause="O-37", next="somebody else than its proposer reviews it first")
    return [told]


def propose(command: ProposeCampaign, state: State, context: Context) -> list[Event]:
    if state:
        before = state.proposed
        if (before.kind, before.proposer, before.proposal) == (command.kind, command.person, command.proposal):
            return []
        raise Refused("campaign.proposed_already", next="revise it, or propose another under an id of its own")
    check_himself("campaign", command.person, context)
    check_proposal(command.proposal, context)
    told = CampaignProposed(
        campaign=command.campaign,
        kind=command.kind,
        proposer=command.person,
        proposal=command.proposal,
        gate=gate(command.person, context),
    )
    return [told]


def gate(proposer: PersonId, context: Context) -> bool:
    """As long as no post of the proposer is known, there is one."""
    post = context.row(posts_held, PostHeld(person=proposer)).post
    return post is None or context.policy(ReleasePolicy, post=post).superior_review


def check_proposal(proposal: Proposal, context: Context) -> None:
    if proposal.ends_at <= proposal.starts_at:
        raise Refused("campaign.ends_before_it_starts", next="let it end after its start")
    for effect in proposal.expected_effects:
        if context.state(metrics, effect.metric) is None:
            raise Refused("campaign.metric_unknown", metric=effect.metric, next="define the metric first")


Later = ReviseCampaign | ReviewCampaign | StartCampaign | HandleCampaignIncident | EndCampaign | CancelCampaign

FROM: Mapping[type[Later], tuple[Stage, ...]] = {
    ReviseCampaign: (Stage.PROPOSED, Stage.RETURNED),
    ReviewCampaign: (Stage.PROPOSED,),
    StartCampaign: (Stage.PROPOSED, Stage.APPROVED),
    HandleCampaignIncident: (Stage.RUNNING,),
    EndCampaign: (Stage.RUNNING,),
    CancelCampaign: (Stage.PROPOSED, Stage.RETURNED, Stage.APPROVED),
}


def answer(command: Later, state: Campaign, context: Context) -> Event:
    """What is said, wherever the campaign stands."""
    match command:
        case ReviseCampaign():
            return revised(command, state, context)
        case ReviewCampaign():
            return reviewed(command, state, context)
        case HandleCampaignIncident():
            return handled(command, context)
        case StartCampaign():
            at = state.said.started_at if isinstance(state.said, CampaignStarted) else context.now
            return CampaignStarted(campaign=command.campaign, started_at=at)
        case EndCampaign():
            at = state.said.ended_at if isinstance(state.said, CampaignEnded) else context.now
            return CampaignEnded(campaign=command.campaign, ended_at=at, participants=command.participants)
        case CancelCampaign():
            return CampaignCancelled(campaign=command.campaign, reason=command.reason)


def revised(command: ReviseCampaign, state: Campaign, context: Context) -> CampaignRevised:
    check_himself("campaign", state.proposed.proposer, context)
    check_proposal(command.proposal, context)
    said = CampaignRevised(
        campaign=command.campaign, version=state.version, proposal=command.proposal, changes=command.changes
    )
    return said if said == state.said else replace(said, version=state.version + 1)


def reviewed(command: ReviewCampaign, state: Campaign, context: Context) -> CampaignReviewed:
    check_decider("campaign", state.proposed.proposer, context)
    if command.version != state.version:
        raise Refused("campaign.another_version", version=state.version, next="review the proposal as it is now")
    return CampaignReviewed(
        campaign=command.campaign,
        version=command.version,
        verdict=command.verdict,
        opinions=command.opinions,
        reviewer=PersonId(context.actor),
        capacity=context.capacity,
        discussed_with=command.discussed_with,
    )


def handled(command: HandleCampaignIncident, context: Context) -> CampaignIncidentHandled:
    if not command.occurred_at <= command.handled_at <= context.now:
        raise Refused("campaign.incident_times", next="it occurred, was handled after that, and is told then")
    return CampaignIncidentHandled(
        campaign=command.campaign,
        incident=command.incident,
        what=command.what,
        solution=command.solution,
        occurred_at=command.occurred_at,
        handled_at=command.handled_at,
        handled_by=PersonId(context.actor),
    )


def evolve(state: State, event: Event) -> State:
    """Raises ValueError for a history that no decision makes."""
    if isinstance(event, CampaignProposed):
        return Campaign(proposed=event, stage=Stage.PROPOSED, version=1, said=event)
    if state is None:
        raise ValueError(f"{type(event).__name__} does not follow where nothing was proposed")
    now = replace(state, said=event, stage=stage_after(event))
    match event:
        case CampaignRevised():
            return replace(now, version=event.version)
        case CampaignIncidentHandled():
            return replace(now, incidents={**state.incidents, event.incident: event})
        case _:
            return now


def stage_after(event: Event) -> Stage:
    match event:
        case CampaignProposed() | CampaignRevised():
            return Stage.PROPOSED
        case CampaignReviewed():
            return Stage(event.verdict)
        case CampaignStarted() | CampaignIncidentHandled():
            return Stage.RUNNING
        case CampaignEnded():
            return Stage.ENDED
        case CampaignCancelled():
            return Stage.CANCELLED


def sees(command: Command) -> list[Sight]:
    match command:
        case ProposeCampaign():
            effects = [look(metrics, effect.metric) for effect in command.proposal.expected_effects]
            return [look(posts_held, PostHeld(person=command.person)), *effects]
        case ReviseCampaign():
            return [look(metrics, effect.metric) for effect in command.proposal.expected_effects]
        case _:
            return []


def nothing() -> State:
    return None


campaigns = Decider(
    name="campaign", key=lambda command: (command.campaign,), initial=nothing, decide=decide, evolve=evolve, sees=sees
)
