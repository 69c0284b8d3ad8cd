"""What a bonus follows: the result of a month, and deductions that supervision imposed. S-45; R3, R6, R7."""

from collections.abc import Iterator

from services.performance.bonuses.decisions import (
    CalculateBonus,
    DeductBonus,
    HoldBonusDeduction,
    WithdrawBonusDeduction,
    bonuses,
)
from services.performance.bonuses.facts import PersonBonus
from services.performance.reviews.reactions import Deduction
from services.supervision.contracts import PenaltyImposed, PenaltyKind, PenaltyRevoked, holds
from services.vocabulary import PersonMonth, month
from shared.decider import Context
from shared.reaction import Reaction


def calculate(subject: PersonBonus) -> Iterator[CalculateBonus]:
    """What is known of the month's bonus has changed."""
    yield CalculateBonus(subject=PersonMonth(person=subject.person, month=subject.month))


def deduct(penalty: Deduction, context: Context) -> Iterator[DeductBonus | WithdrawBonusDeduction | HoldBonusDeduction]:
    """Held while it is objected to. One without amount or month is refused, not guessed."""
    if penalty.kind is not PenaltyKind.BONUS_DEDUCTION:
        return
    subject = PersonMonth(person=penalty.person, month=penalty.month or month(context.now))
    deduction = f"penalty/{penalty.penalty}"
    match penalty:
        case PenaltyRevoked():
            yield WithdrawBonusDeduction(subject=subject, deduction=deduction)
        case PenaltyImposed():
            yield DeductBonus(subject=subject, deduction=deduction, amount=penalty.amount if penalty.month else None)
        case _:
            if (held := holds(penalty)) is not None:
                yield HoldBonusDeduction(subject=subject, deduction=deduction, held=held)


bonus_calculation = Reaction(name="bonus_calculation", to=bonuses, react=calculate)
bonus_deduction = Reaction(name="bonus_deduction", to=bonuses, react=deduct)
