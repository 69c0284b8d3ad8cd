"""Campaigns over HTTP."""

from services.performance.campaigns.decisions import (
    CancelCampaign,
    EndCampaign,
    HandleCampaignIncident,
    ProposeCampaign,
    ReviewCampaign,
    ReviseCampaign,
    Stage,
    StartCampaign,
    campaigns,
)
from services.performance.campaigns.events import CampaignId, CampaignKind
from services.performance.campaigns.projections import CampaignRow, campaign_board
from shared.access import requires
from shared.web import Accepted, Handle, Page, Paging, Read, Router

router = Router(prefix="/campaigns", tags=["campaigns"])


@router.post("/propose", status_code=202, dependencies=[requires("campaign.propose")])
async def propose(command: ProposeCampaign, handle: Handle) -> Accepted:
    """Propose a campaign: theme, form, time, participants, expected effect. Clauses: S-26, O-36."""
    return await handle(campaigns, command)


@router.post("/revise", status_code=202, dependencies=[requires("campaign.propose")])
async def revise(command: ReviseCampaign, handle: Handle) -> Accepted:
    """Revise one's own proposal; it is reviewed anew. Clause: O-37."""
    return await handle(campaigns, command)


@router.post("/review", status_code=202, dependencies=[requires("campaign.review")])
async def review(command: ReviewCampaign, handle: Handle) -> Accepted:
    """Approve, return or reject another's proposal, and say with whom it was discussed. Clause: O-37."""
    return await handle(campaigns, command)


@router.post("/start", status_code=202, dependencies=[requires("campaign.run")])
async def start(command: StartCampaign, handle: Handle) -> Accepted:
    """Start a campaign, once it is approved where a gate applies. Clauses: S-26, O-37; C-30."""
    return await handle(campaigns, command)


@router.post("/handle-incident", status_code=202, dependencies=[requires("campaign.run")])
async def handle_incident(command: HandleCampaignIncident, handle: Handle) -> Accepted:
    """Record an incident of a running campaign and how it was handled. Clause: S-26."""
    return await handle(campaigns, command)


@router.post("/end", status_code=202, dependencies=[requires("campaign.run")])
async def end(command: EndCampaign, handle: Handle) -> Accepted:
    """End a campaign, and say how many took part. Clause: S-26."""
    return await handle(campaigns, command)


@router.post("/cancel", status_code=202, dependencies=[requires("campaign.run")])
async def cancel(command: CancelCampaign, handle: Handle) -> Accepted:
    """Cancel a campaign before it starts."""
    return await handle(campaigns, command)


@router.get("", dependencies=[requires("campaign.read")])
async def listed(
    read: Read, paging: Paging, kind: CampaignKind | None = None, stage: Stage | None = None
) -> Page[CampaignRow]:
    """The board of campaigns. Clauses: S-26, O-36, O-37."""
    return await read.page(campaign_board, paging, kind=kind, stage=stage)


@router.get("/{campaign}", dependencies=[requires("campaign.read")])
async def one(campaign: CampaignId, read: Read) -> CampaignRow:
    """A campaign, with its review and its incidents. Clauses: S-26, O-36, O-37."""
    return await read(campaign_board, CampaignRow(campaign=campaign))
