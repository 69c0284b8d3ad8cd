"""A person of the organisation, the categories that the regulations see in him, and his posts.

Names and contacts are Personal. Clauses: T-02; C-42; S-45; ruling R4 (engagement).
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
class DemotionRequired:
    """Supervision has imposed it (S-45); to which post, somebody decides here."""

    person: PersonId
    penalty: str


@value
class DemotionHeld:
    """The penalty is objected to, or no longer (R7)."""

    person: PersonId
    penalty: str
    held: bool


@value
class PersonDemoted:
    """The assignment to the post goes with it."""

    person: PersonId
    penalty: str
    former_post: PostId
    post: PostId
    unit: UnitId
    effective_on: Day
    decider: PersonId
    capacity: str


@value
class DemotionDropped:
    """The penalty was revoked before anybody carried it out."""

    person: PersonId
    penalty: str


@value
class PersonDemotionReversed:
    """The penalty was revoked. `restored`: the former post goes with it; no: he was assigned elsewhere since, and a
    person decides (R6)."""

    person: PersonId
    penalty: str
    restored: bool


@value
class PersonErased:
    """Every service forgets the personal texts that it recorded of him, for ever; ids, marks and dates stay."""

    person: PersonId


DemotionEvent = DemotionRequired | DemotionHeld | PersonDemoted | DemotionDropped | PersonDemotionReversed
Event = (
    PersonRegistered | PersonNameCorrected | CategoriesChanged | EngagementChanged | PersonAssignedToPost
    | DemotionEvent | PersonErased
)  # fmt: skip
