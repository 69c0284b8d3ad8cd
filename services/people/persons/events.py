"""A person of the organisation, the categories that the regulations see in him, and his posts.

Names and contacts are Personal. Clauses: T-02; C-42; ruling R4 (engagement).
"""

from enum import StrEnum

from services.calendar import Day
from services.vocabulary import PersonId, PostId, UnitId
from shared.privacy import Contact, Name
from shared.value import value


class Category(StrEnum):
    """Whose rules a person falls under; one person may be in several (C-42)."""

    LIVE_MARKETING = "live_marketing"  # 直播营销人员, document 000
    OPERATIONS_GROUP = "operations_group"  # 运营组, 001
    LIVE_TEAM = "live_team"  # 直播运营团队, 002
    ASSISTANT_ANCHOR = "assistant_anchor"  # 助播, 003
    E_COMMERCE = "e_commerce"  # 电商运营, 004


class Engagement(StrEnum):
    EMPLOYEE = "employee"
    BROKERAGE = "brokerage"  # 经纪合同
    COOPERATION = "cooperation"
    DISPATCHED = "dispatched"  # 劳务派遣
    INTERN = "intern"


@value
class PersonRegistered:
    person: PersonId
    name: Name
    contact: Contact | None = None
    categories: tuple[Category, ...]  # sorted, each once
    engagement: Engagement
    joined_on: Day


@value
class PersonNameCorrected:
    person: PersonId
    name: Name
    contact: Contact | None = None


@value
class CategoriesChanged:
    person: PersonId
    categories: tuple[Category, ...]


@value
class EngagementChanged:
    person: PersonId
    engagement: Engagement
    effective_on: Day


@value
class PersonAssignedToPost:
    person: PersonId
    post: PostId
    unit: UnitId
    studio: UnitId
    above: tuple[UnitId, ...] = ()  # the units over his, the nearest first; the last is the studio
    effective_on: Day
    reports_to: PersonId | None = None


@value
class PersonErased:
    """Every service forgets the personal texts that it recorded of him, for ever; ids, marks and dates stay."""

    person: PersonId


Event = (
    PersonRegistered | PersonNameCorrected | CategoriesChanged | EngagementChanged | PersonAssignedToPost | PersonErased
)
