"""A penalty: proposed by a rule or a person, imposed by people, never by the subject. Rulings R2, R3.

Clauses: T-66, T-67, A-60, A-61, S-45.
"""

from datetime import date
from enum import StrEnum

from services.objection import Escalated, Raised, Resolved, Withdrawn
from services.supervision.violations.events import ViolationKind
from services.vocabulary import Fen, Month, PersonId, Score, Text
from shared.value import value


class PenaltyKind(StrEnum):
    CRITICISM = "criticism"  # 批评教育 T-66, T-67
    WARNING = "warning"  # 警告 A-60
    POINTS_DEDUCTION = "points_deduction"  # 绩效扣分 A-61
    BONUS_DEDUCTION = "bonus_deduction"  # 扣减奖金 S-45
    FINE = "fine"  # 罚款 A-60: off unless the jurisdiction switch is on
    DEMOTION = "demotion"  # 降级 S-45
    DISMISSAL = "dismissal"  # 解雇 S-45: named by a catalogue, and refused as long as its legal path is not complete


class Mode(StrEnum):
    """How far a rule goes by itself (R3)."""

    PROPOSE = "propose"
    IMPOSE = "impose"  # criticism and education only


@value
class PenaltyProposed:
    penalty: str
    person: PersonId
    violation: str  # the stream of the violation
    kind: PenaltyKind
    proposer: str  # a person, or policy:version for a rule's proposal
    points: Score | None = None  # none: not configured (P-14)
    month: Month | None = None  # to which a deduction of points belongs
    offence: ViolationKind = ViolationKind.OTHER  # the violation's kind and occasion
    occasion: str = ""
    ruled_on: date | None = None  # the business date whose policies decide
    mode: Mode | None = None  # how far the rule goes that proposed it; none: a person proposed


@value
class PenaltyImposed:
    penalty: str
    person: PersonId
    violation: str
    kind: PenaltyKind
    decider: str  # a person, or policy:version where the rule imposes
    points: Score | None = None
    month: Month | None = None
    amount: Fen | None = None  # of a fine or a deduction of bonus
    capacity: str = ""  # in which the decider decided
    objections_until: date | None = None  # the last day of the window (P-18); none: it has no end, or admits none
    offence: ViolationKind = ViolationKind.OTHER  # the violation's kind and occasion
    occasion: str = ""


@value
class PenaltyRejected:
    penalty: str
    person: PersonId
    decider: str
    reason: Text
    capacity: str = ""


@value
class PenaltyRevoked:
    """Its cause fell away, or it was decided to take it back."""

    penalty: str
    person: PersonId
    kind: PenaltyKind
    cause: Text
    points: Score | None = None
    month: Month | None = None
    decider: str = ""  # none: its cause fell away
    capacity: str = ""
    offence: ViolationKind = ViolationKind.OTHER
    occasion: str = ""


@value
class PenaltyWithdrawn:
    """A proposal whose cause fell away before anybody decided; proposal and withdrawal both stay readable."""

    penalty: str
    person: PersonId
    cause: Text


@value
class PenaltyHeld:
    """What its violation rests on is objected to, or no longer (R7)."""

    penalty: str
    person: PersonId
    kind: PenaltyKind
    offence: ViolationKind
    occasion: str
    contested: bool  # the fact
    held: bool  # what follows from the penalty: for that fact, or for an objection to the penalty itself
    imposed: bool  # no: it is only proposed
    month: Month | None = None


@value
class PenaltyObjectionRaised:
    """Where the policy admits it (C-09); until it is resolved, what follows from the penalty is held (R7)."""

    penalty: str
    person: PersonId
    offence: ViolationKind
    occasion: str
    kind: PenaltyKind
    told: Raised
    month: Month | None = None


@value
class PenaltyObjectionEscalated:
    penalty: str
    person: PersonId
    offence: ViolationKind
    occasion: str
    kind: PenaltyKind
    told: Escalated
    month: Month | None = None


@value
class PenaltyObjectionResolved:
    """Upheld: the violation that it names is withdrawn, and the penalty falls with it."""

    penalty: str
    person: PersonId
    offence: ViolationKind
    occasion: str
    kind: PenaltyKind
    told: Resolved
    month: Month | None = None


@value
class PenaltyObjectionWithdrawn:
    penalty: str
    person: PersonId
    offence: ViolationKind
    occasion: str
    kind: PenaltyKind
    told: Withdrawn
    month: Month | None = None


ObjectionEvent = (
    PenaltyObjectionRaised | PenaltyObjectionEscalated | PenaltyObjectionResolved | PenaltyObjectionWithdrawn
)  # fmt: skip
Event = (
    PenaltyProposed | PenaltyImposed | PenaltyRejected | PenaltyRevoked | PenaltyWithdrawn | PenaltyHeld
    | ObjectionEvent
)  # fmt: skip
