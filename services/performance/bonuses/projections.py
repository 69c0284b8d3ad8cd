"""What can be asked about bonuses. All events of a row come from one stream."""

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any

from services.performance.bonuses.events import (
    BonusAdjusted,
    BonusCalculated,
    BonusDeducted,
    BonusPaid,
    BonusReductionDecided,
    Event,
    Standing,
)
from services.vocabulary import Fen, Month, PersonId
from shared.projection import Projection
from shared.value import value


@value
class BonusRow:
    """Where a month's bonus stands, in fen. `standing` is that of the last adjustment; none: there was none, or a
    person has decided about it."""

    person: PersonId
    month: Month
    version: int = 0
    amount: Fen | None = None  # that the last version came to
    owed: Fen = Fen(0)
    paid: Fen = Fen(0)
    standing: Standing | None = None
    scheme: str = ""  # policy:version


def bonus(row: BonusRow, event: Event) -> BonusRow:
    match event:
        case BonusDeducted():
            return row
        case BonusCalculated():
            return replace(row, version=1, amount=event.amount, owed=event.amount, scheme=event.scheme)
        case BonusPaid():
            return replace(row, paid=Fen(row.paid + event.amount))
        case BonusAdjusted():
            owed = event.amount if event.standing is Standing.GRANTED else row.owed
            return replace(row, version=event.version, amount=event.amount, owed=owed, standing=event.standing)
        case BonusReductionDecided():
            owed = row.amount if event.stands and row.amount is not None else row.owed
            return replace(row, owed=owed, standing=None)


def bonus_row(event: Event) -> BonusRow:
    return BonusRow(person=event.subject.person, month=event.subject.month)


bonuses_by_month = Projection(name="bonuses", key=bonus_row, evolve=bonus)


@value
class BonusVersion:
    """A version of a bonus with the tree that computed it, beside those before."""

    person: PersonId
    month: Month
    version: int
    amount: Fen = Fen(0)
    difference: Fen = Fen(0)
    standing: Standing | None = None
    effective: Month | None = None  # the month in which the difference takes effect
    causes: tuple[str, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict)


def version(row: BonusVersion, event: BonusCalculated | BonusAdjusted) -> BonusVersion:
    if isinstance(event, BonusCalculated):
        return replace(row, amount=event.amount, document=event.explanation)
    return replace(
        row,
        amount=event.amount,
        difference=event.difference,
        standing=event.standing,
        effective=event.month,
        causes=event.causes,
        document=event.explanation,
    )


def version_row(event: BonusCalculated | BonusAdjusted) -> BonusVersion:
    number = event.version if isinstance(event, BonusAdjusted) else 1
    return BonusVersion(person=event.subject.person, month=event.subject.month, version=number)


bonus_versions = Projection(name="bonus_versions", key=version_row, evolve=version)
