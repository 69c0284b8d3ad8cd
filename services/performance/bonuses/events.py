"""The variable bonus of one person's month: calculated, paid, adjusted beside what stood. Money in fen.

Clauses: O-108, O-109, E-63, S-45; rulings R3, R6. Wages are no part of it.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from services.vocabulary import Fen, Month, PersonId, PersonMonth, Text
from shared.value import value


@value
class BonusDeducted:
    """Supervision has imposed it, on a bonus that is not determined yet (S-45; R3)."""

    subject: PersonMonth
    deduction: str
    amount: Fen
    withdrawn: bool = False  # its cause fell away
    held: bool = False  # it is objected to: the bonus is not determined meanwhile (R7)


@value
class BonusCalculated:
    """Version 1, of a completed review. The leaves of the explanation are among `used`."""

    subject: PersonMonth
    amount: Fen
    used: tuple[str, ...]
    explanation: Mapping[str, Any]
    scheme: str  # policy:version: an adjustment keeps it


@value
class BonusPaid:
    """By finance; the pay system is another one."""

    subject: PersonMonth
    amount: Fen
    paid_on: date


class Standing(StrEnum):
    """What becomes of a difference: in the person's favour by itself, against him by a named person alone (R6)."""

    GRANTED = "granted"
    PROPOSED = "proposed"
    RECOVERY_UNDECIDED = "recovery_undecided"  # it was paid; nothing is withheld by machine


@value
class BonusAdjusted:
    """The next version, beside the one before: what the restated result comes to under the scheme as published."""

    subject: PersonMonth
    version: int
    amount: Fen
    difference: Fen  # to what the person is owed
    standing: Standing
    month: Month  # in which it takes effect
    causes: tuple[str, ...]
    used: tuple[str, ...]
    explanation: Mapping[str, Any]


@value
class BonusReductionDecided:
    """By a named person, who is never the subject: whether the lower amount stands, or what was owed stays owed."""

    subject: PersonMonth
    version: int
    stands: bool
    reason: Text
    decider: PersonId


Event = BonusDeducted | BonusCalculated | BonusPaid | BonusAdjusted | BonusReductionDecided
