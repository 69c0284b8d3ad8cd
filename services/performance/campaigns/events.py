"""A campaign 活动: proposed, reviewed where a gate applies, run, ended. Clauses: S-26, O-36, O-37; C-30."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, NewType

from annotated_types import Ge, Len

from services.performance.metrics.events import MetricId
from services.vocabulary import Fen, PersonId, Text
from shared.value import value

CampaignId = NewType("CampaignId", str)


class CampaignKind(StrEnum):
    MARKETING = "marketing"
    PROMOTION = "promotion"
    LIVE = "live"
    OTHER = "other"


@value
class Effect:
    """In the unit of the metric."""

    metric: MetricId
    target: Decimal


@value
class Proposal:
    """What O-36 asks of one: theme, form, time, participants, expected effect."""

    theme: Text
    form: Text
    starts_at: datetime
    ends_at: datetime
    participants: Text  # who is to take part, no names
    expected_effects: Annotated[tuple[Effect, ...], Len(1, 20)]
    budget: Annotated[Fen, Ge(0)] | None = None


@value
class CampaignProposed:
    campaign: CampaignId
    kind: CampaignKind
    proposer: PersonId
    proposal: Proposal
    gate: bool  # it starts once it is approved


@value
class CampaignRevised:
    """By its proposer; reviewed anew."""

    campaign: CampaignId
    version: int  # of the proposal
    proposal: Proposal
    changes: Text


class Verdict(StrEnum):
    APPROVED = "approved"
    RETURNED = "returned"
    REJECTED = "rejected"


@value
class CampaignReviewed:
    campaign: CampaignId
    version: int
    verdict: Verdict
    opinions: Text
    reviewer: PersonId
    capacity: str
    discussed_with: tuple[PersonId, ...]


@value
class CampaignStarted:
    campaign: CampaignId
    started_at: datetime


@value
class CampaignIncidentHandled:
    """The same incident again corrects it."""

    campaign: CampaignId
    incident: str
    what: Text
    solution: Text
    occurred_at: datetime
    handled_at: datetime
    handled_by: PersonId


@value
class CampaignEnded:
    campaign: CampaignId
    ended_at: datetime
    participants: int  # persons


@value
class CampaignCancelled:
    """Before it started."""

    campaign: CampaignId
    reason: Text


Event = (
    CampaignProposed
    | CampaignRevised
    | CampaignReviewed
    | CampaignStarted
    | CampaignIncidentHandled
    | CampaignEnded
    | CampaignCancelled
)
