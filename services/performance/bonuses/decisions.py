"""The bonus of a month: calculated for a completed review, paid, adjusted when the result is restated.

In the person's favour an adjustment is granted by itself; against him a named person decides, who is never the person
himself, and what was paid is not touched. Clauses: O-108, O-109, E-63, S-45; rulings R3, R6, R7; guarantee G10.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import date
from fractions import Fraction
from typing import Annotated

from annotated_types import Ge, Gt

from services.deciding import check_not_the_subject
from services.performance.bonuses.events import (
    BonusAdjusted,
    BonusCalculated,
    BonusDeducted,
    BonusPaid,
    BonusReductionDecided,
    Event,
    Standing,
)
from services.performance.bonuses.facts import PersonBonus, bonuses_earned
from services.performance.bonuses.policies import BonusScheme
from services.performance.reviews.decisions import reviews
from services.vocabulary import Fen, PersonId, PersonMonth, Text, month
from shared.decider import Context, Decider, Refused, Sight, look
from shared.explanation import Kind, Nothing, dump, evaluate
from shared.value import value


@value
class CalculateBonus:
    """From what is known of the month; again, after a restatement, against what stands."""

    subject: PersonMonth


@value
class DeductBonus:
    """Supervision has imposed a deduction of bonus (S-45)."""

    subject: PersonMonth
    deduction: str
    amount: Fen | None


@value
class WithdrawBonusDeduction:
    subject: PersonMonth
    deduction: str


@value
class HoldBonusDeduction:
    """It is objected to, or no longer."""

    subject: PersonMonth
    deduction: str
    held: bool


@value
class RecordBonusPaid:
    subject: PersonMonth
    amount: Annotated[Fen, Gt(0)]
    paid_on: date


@value
class DecideBonusReduction:
    """Whether the lower amount of a version stands. Of money that was paid: whether it is to be recovered at all."""

    subject: PersonMonth
    version: Annotated[int, Ge(2)]
    stands: bool
    reason: Text


Command = (
    CalculateBonus | DeductBonus | WithdrawBonusDeduction | HoldBonusDeduction | RecordBonusPaid | DecideBonusReduction
)  # fmt: skip


@value
class Determined:
    """`owed` is what the person may count on; `amount` what the last version came to."""

    version: int
    amount: Fen
    owed: Fen
    used: tuple[str, ...]
    scheme: str
    paid: Fen = Fen(0)
    open: BonusAdjusted | None = None  # a reduction on which nobody has decided


@value
class Bonus:
    deductions: Mapping[str, BonusDeducted] = field(default_factory=dict)
    determined: Determined | None = None


def decide(command: Command, bonus: Bonus, context: Context) -> Sequence[Event]:
    match command:
        case CalculateBonus():
            return calculated(command.subject, bonus, context)
        case DeductBonus():
            return deducted(command, bonus)
        case WithdrawBonusDeduction():
            return withdrawn(command, bonus)
        case HoldBonusDeduction():
            return held(command, bonus)
        case RecordBonusPaid():
            return paid(command, bonus, context)
        case DecideBonusReduction():
            return reduction_decided(command, bonus, context)


def calculated(subject: PersonMonth, bonus: Bonus, context: Context) -> list[Event]:
    known = context.known(bonuses_earned, PersonBonus.of(subject))
    heard = {r.event.deduction: r.event for r in known.last(BonusDeducted).values()}
    before = bonus.determined
    if heard != bonus.deductions or (before and before.used == known.ids):
        return []  # a deduction that has not come round yet asks again when it has
    under = context.under(context.policy_as(BonusScheme, before.scheme)) if before else context
    tree = bonuses_earned(PersonBonus.of(subject), under)
    amount = evaluate(tree)
    if isinstance(amount, Nothing) and (before is None or amount.kind is Kind.MISSING):
        return []
    if before is None:
        scheme = bonuses_earned.policy_for(PersonBonus.of(subject), known, context)
        return [
            BonusCalculated(
                subject=subject,
                amount=fen(amount),
                used=known.ids,
                explanation=dump(tree),
                scheme=str(scheme.issue),
            )
        ]
    now = fen(amount)
    if now == before.amount:
        return []
    difference = Fen(now - before.owed)
    return [
        BonusAdjusted(
            subject=subject,
            version=before.version + 1,
            amount=now,
            difference=difference,
            standing=standing(difference, now, before.paid),
            month=month(context.now),
            causes=tuple(new for new in known.ids if new not in before.used),
            used=known.ids,
            explanation=dump(tree),
        )
    ]


def standing(difference: int, amount: int, already_paid: int) -> Standing:
    if difference >= 0:
        return Standing.GRANTED
    return Standing.RECOVERY_UNDECIDED if amount < already_paid else Standing.PROPOSED


def fen(amount: Fraction | str | Nothing) -> Fen:
    """Of a month that is not rated any more: nothing is earned."""
    return Fen(int(amount)) if isinstance(amount, Fraction) else Fen(0)


def deducted(command: DeductBonus, bonus: Bonus) -> list[Event]:
    """It touches variable bonus that is not determined yet, and nothing else (R3)."""
    if command.amount is None:
        raise Refused("bonus_deduction.incomplete", next="the penalty must state its amount and month")
    now = BonusDeducted(subject=command.subject, deduction=command.deduction, amount=command.amount)
    if bonus.deductions.get(command.deduction) == now:
        return []
    if bonus.determined:
        raise Refused("bonus.already_determined", amount=bonus.determined.amount, next="people decide what follows")
    return [now]


def withdrawn(command: WithdrawBonusDeduction, bonus: Bonus) -> list[Event]:
    before = bonus.deductions.get(command.deduction)
    if before is None:
        raise Refused("bonus_deduction.unknown", deduction=command.deduction, next="name one that was made")
    return [] if before.withdrawn else [replace(before, withdrawn=True, held=False)]


def held(command: HoldBonusDeduction, bonus: Bonus) -> list[Event]:
    before = bonus.deductions.get(command.deduction)
    if before is None:
        raise Refused("bonus_deduction.unknown", deduction=command.deduction, next="name one that was made")
    return [] if before.withdrawn or before.held == command.held else [replace(before, held=command.held)]


def paid(command: RecordBonusPaid, bonus: Bonus, context: Context) -> list[Event]:
    check_not_the_subject("bonus", command.subject.person, context)
    if bonus.determined is None:
        raise Refused("bonus.not_calculated", next="complete the review first")
    left = bonus.determined.owed - bonus.determined.paid
    if command.amount > left:
        raise Refused(
            "bonus.more_than_owed",
            owed=bonus.determined.owed,
            paid=bonus.determined.paid,
            next="give what is owed less what is paid, or a part of it",
        )
    if command.paid_on > context.today:
        raise Refused("bonus.not_yet_paid", paid_on=command.paid_on, next="record it once it was paid")
    return [BonusPaid(subject=command.subject, amount=command.amount, paid_on=command.paid_on)]


def reduction_decided(command: DecideBonusReduction, bonus: Bonus, context: Context) -> list[Event]:
    check_not_the_subject("bonus", command.subject.person, context)
    waiting = bonus.determined.open if bonus.determined else None
    if waiting is None or waiting.version != command.version:
        raise Refused("bonus.nothing_to_decide", version=command.version, next="name the version whose reduction waits")
    if context.state(reviews, command.subject.person, command.subject.month).objections.open:
        raise Refused("bonus.held", next="the result is objected to: nothing follows against him until it is resolved")
    return [
        BonusReductionDecided(
            subject=command.subject,
            version=command.version,
            stands=command.stands,
            reason=command.reason,
            decider=PersonId(context.actor),
        )
    ]


def evolve(bonus: Bonus, event: Event) -> Bonus:
    """Raises ValueError for a history that no decision makes."""
    match event:
        case BonusDeducted():
            return replace(bonus, deductions={**bonus.deductions, event.deduction: event})
        case BonusCalculated():
            first = Determined(version=1, amount=event.amount, owed=event.amount, used=event.used, scheme=event.scheme)
            return replace(bonus, determined=first)
        case BonusPaid() | BonusAdjusted() | BonusReductionDecided():
            if bonus.determined is None:
                raise ValueError(f"{type(event).__name__} does not follow where no bonus is calculated")
            return replace(bonus, determined=changed(bonus.determined, event))


def changed(before: Determined, event: BonusPaid | BonusAdjusted | BonusReductionDecided) -> Determined:
    match event:
        case BonusPaid():
            return replace(before, paid=Fen(before.paid + event.amount))
        case BonusAdjusted():
            granted = event.standing is Standing.GRANTED
            return replace(
                before,
                version=event.version,
                amount=event.amount,
                owed=event.amount if granted else before.owed,
                used=event.used,
                open=None if granted else event,
            )
        case BonusReductionDecided():
            return replace(before, owed=before.amount if event.stands else before.owed, open=None)


def sees(command: Command) -> list[Sight]:
    match command:
        case CalculateBonus():
            return [look(bonuses_earned, PersonBonus.of(command.subject))]
        case DecideBonusReduction():
            return [look(reviews, command.subject.person, command.subject.month)]
        case _:
            return []


bonuses = Decider(
    name="bonus",
    key=lambda command: (command.subject.person, command.subject.month),
    initial=Bonus,
    decide=decide,
    evolve=evolve,
    sees=sees,
)
