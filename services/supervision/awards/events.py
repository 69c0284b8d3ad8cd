"""An award 奖励 of a person or a team: proposed with its causes, approved by people, never by the subject. Ruling R8.

Clauses: A-57, A-58, T-64, S-44, S-50, E-65.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from services.vocabulary import Fen, PersonId, Text, UnitId
from shared.value import value


class Ground(StrEnum):
    """What an award may rest on."""

    EXCELLENT_EXAM = "excellent_exam"  # 培训中表现优秀 T-64
    TRAINING_PARTICIPATION = "training_participation"  # 积极参与培训 E-65
    TRAINING_EFFECT = "training_effect"  # 培训效果优秀 E-65
    LIVE_PERFORMANCE = "live_performance"  # 互动效果显著、产品销售转化率突出 A-57
    SUGGESTION_ADOPTED = "suggestion_adopted"  # 建议被采纳 A-58
    BENEFIT_CONFIRMED = "benefit_confirmed"  # 有效提升直播运营效益 A-58
    MERIT = "merit"  # any other, S-44


class Reward(StrEnum):
    CERTIFICATE = "certificate"  # 荣誉证书
    MONEY = "money"  # 奖金
    PRIZE = "prize"  # 奖品
    COMMENDATION = "commendation"  # 表彰
    PROMOTION_OPPORTUNITY = "promotion_opportunity"  # 晋升机会


class SubjectKind(StrEnum):
    PERSON = "person"
    TEAM = "team"


@value
class Subject:
    """Whose award it is: one person's, or one team's (S-50), which is a unit of the organisation."""

    person: PersonId | None = None
    team: Annotated[UnitId | None, Field(examples=[None])] = None

    @property
    def kind(self) -> SubjectKind:
        return SubjectKind.PERSON if self.team is None else SubjectKind.TEAM


@value
class Cause:
    ground: Ground
    fact: str  # what shows it: the id of a session, a stream, a suggestion, an event


@value
class AwardProposed(Subject):
    award: str
    item: str  # of the catalogue
    period: str  # 2024-05, 2024-Q2 or 2024
    causes: tuple[Cause, ...]
    proposer: str  # a person, or policy:version for a rule's proposal
    ruled_on: date | None = None  # the business date whose catalogue decides


@value
class AwardCausesAdded(Subject):
    """To the open proposal: there is one for a subject, an item and a period (R8). Or to what was granted and had lost
    the cause: it was restored."""

    award: str
    causes: tuple[Cause, ...]
    proposer: str


@value
class AwardCauseReversed(Subject):
    """A correction took a cause away from a proposal, or another one from an award under review."""

    award: str
    cause: Cause


@value
class AwardWithdrawn(Subject):
    """No cause of the proposal was left."""

    award: str


@value
class AwardApproved(Subject):
    award: str
    approver: PersonId
    capacity: str


@value
class AwardRejected(Subject):
    award: str
    decider: PersonId
    capacity: str
    reason: Text


@value
class AwardGranted(Subject):
    award: str
    item: str
    period: str
    granted_on: date
    rewards: tuple[Reward, ...]
    amount: Fen | None = None
    amount_not_configured: bool = False  # money is among the item's rewards, and nobody has said how much (P-19)
    explanation: Mapping[str, Any] | None = None  # how the item's criterion was met; none: it has none


@value
class AwardReviewOpened(Subject):
    """A cause of what was granted is gone. Nothing is taken back by machine."""

    award: str
    cause: Cause


@value
class AwardConfirmed(Subject):
    """After the review it stands."""

    award: str
    decider: PersonId
    capacity: str
    reason: Text


@value
class AwardRevoked(Subject):
    """After the review it is taken back."""

    award: str
    decider: PersonId
    capacity: str
    reason: Text
    amount: Fen | None = None


Event = (
    AwardProposed | AwardCausesAdded | AwardCauseReversed | AwardWithdrawn | AwardApproved | AwardRejected
    | AwardGranted | AwardReviewOpened | AwardConfirmed | AwardRevoked
)  # fmt: skip
