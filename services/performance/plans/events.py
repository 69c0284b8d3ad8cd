"""An operations plan 运营计划, for a year and broken down into quarters and months, or of a store or of marketing.

Clauses: S-25, S-26."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, NewType

from annotated_types import Ge, Len
from pydantic import Field

from services.performance.metrics.events import MetricId
from services.vocabulary import Fen, Text
from shared.value import value

PlanId = NewType("PlanId", str)
PlanPeriod = NewType(
    "PlanPeriod",
    Annotated[
        str,
        Field(pattern=r"^(1[89]|2[0-2])[0-9]{2}(-Q[1-4]|-(0[1-9]|1[0-2]))?$", examples=["2024", "2024-Q2", "2024-05"]),
    ],
)


class PlanKind(StrEnum):
    ANNUAL = "annual"
    QUARTERLY = "quarterly"
    MONTHLY = "monthly"
    STORE = "store"
    MARKETING = "marketing"


class Area(StrEnum):
    STORE = "store"
    PROMOTION = "promotion"
    CUSTOMER_SERVICE = "customer_service"
    MARKETING = "marketing"


@value
class Goal:
    """In the unit of the metric."""

    text: Text
    metric: MetricId
    target: Decimal


@value
class Contents:
    """What a plan says."""

    goals: Annotated[tuple[Goal, ...], Len(1, 50)]
    strategy: Text
    key_work: Annotated[tuple[Text, ...], Len(1, 50)]
    areas: Annotated[tuple[Area, ...], Len(0, 4)] = ()
    budget: Annotated[Fen, Ge(0)]


@value
class OperationsPlanAdopted:
    """The same plan with other contents is its next version."""

    plan: PlanId
    version: int
    kind: PlanKind
    period: PlanPeriod
    parent: PlanId | None = None
    contents: Contents
