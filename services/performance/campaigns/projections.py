"""The board of campaigns. Clauses: S-26, O-36, O-37; C-30."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from services.performance.campaigns.decisions import Stage, stage_after
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
)
from services.vocabulary import PersonId
from shared.projection import Projection
from shared.value import value


@value
class CampaignRow:
    """`opinions` are those of the last review; `participants` is how many came."""

    campaign: CampaignId
    stage: Stage | None = None
    kind: CampaignKind | None = None
    proposer: PersonId = PersonId("")
    version: int = 1
    proposal: Proposal | None = None
    gate: bool = True
    changes: str = ""
    opinions: str = ""
    reviewer: PersonId | None = None
    discussed_with: tuple[PersonId, ...] = ()
    started_at: datetime | None = None
    incidents: tuple[CampaignIncidentHandled, ...] = ()
    ended_at: datetime | None = None
    participants: int | None = None
    cancelled_because: str = ""


def campaign(row: CampaignRow, event: Event) -> CampaignRow:
    return replace(row, stage=stage_after(event), **changed(row, event))


def changed(row: CampaignRow, event: Event) -> dict[str, Any]:
    match event:
        case CampaignProposed():
            now: dict[str, Any] = {
                "kind": event.kind,
                "proposer": event.proposer,
                "proposal": event.proposal,
                "gate": event.gate,
            }
        case CampaignRevised():
            now = {"version": event.version, "proposal": event.proposal, "changes": event.changes}
        case CampaignReviewed():
            now = {
                "opinions": event.opinions,
                "reviewer": event.reviewer,
                "discussed_with": event.discussed_with,
            }
        case CampaignStarted():
            now = {"started_at": event.started_at}
        case CampaignIncidentHandled():
            others = (known for known in row.incidents if known.incident != event.incident)
            now = {"incidents": (*others, event)}
        case CampaignEnded():
            now = {"ended_at": event.ended_at, "participants": event.participants}
        case CampaignCancelled():
            now = {"cancelled_because": event.reason}
    return now


campaign_board = Projection(name="campaigns", key=lambda event: CampaignRow(campaign=event.campaign), evolve=campaign)
