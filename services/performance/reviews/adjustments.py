"""Plus and minus points 加分 扣分: once for one occasion, in any state of the review. Clauses: T-65, A-61; C-16.

Caps act on the sums, in the score, so that the order of arrival cannot matter (R5).
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Annotated

from annotated_types import Interval

from services.deciding import check_not_the_subject
from services.performance.reviews.events import Direction, ReviewScoreAdjusted
from services.performance.reviews.policies import AdjustmentPolicy
from services.training.contracts import Attempt
from services.vocabulary import PersonMonth, Score, Text, first_day
from shared.decider import Context, Refused
from shared.value import value

Points = Annotated[Decimal, Interval(gt=0, le=100)]


@value
class AdjustScore:
    """By a named person, with his reason."""

    subject: PersonMonth
    adjustment: str
    direction: Direction
    points: Points
    reason: Text


@value
class CreditExcellence:
    """An excellent exam earns the plus points of the organisation's policy (T-65)."""

    subject: PersonMonth
    adjustment: str
    attempt: Attempt


@value
class DeductForPenalty:
    """Supervision has imposed a deduction of points (A-61)."""

    subject: PersonMonth
    adjustment: str
    points: Score | None


@value
class WithdrawAdjustment:
    """Its cause fell away; the adjustment stays readable."""

    subject: PersonMonth
    adjustment: str


@value
class HoldAdjustment:
    """Its cause is objected to, or no longer (R7)."""

    subject: PersonMonth
    adjustment: str
    held: bool


Adjust = AdjustScore | CreditExcellence | DeductForPenalty | WithdrawAdjustment | HoldAdjustment
Made = Mapping[str, ReviewScoreAdjusted]


def adjust(command: Adjust, made: Made, context: Context) -> list[ReviewScoreAdjusted]:
    match command:
        case AdjustScore():
            check_not_the_subject("review", command.subject.person, context)
            return once(command, command.direction, command.points, command.reason, made)
        case CreditExcellence():
            return credited(command, made, context)
        case DeductForPenalty():
            if command.points is None:
                raise Refused("adjustment.incomplete", next="the penalty must state its points and month")
            return once(command, Direction.MINUS, command.points, "supervision_deduction", made)
        case WithdrawAdjustment():
            return withdrawn(command, made, context)
        case HoldAdjustment():
            return held(command, made)


def credited(command: CreditExcellence, made: Made, context: Context) -> list[ReviewScoreAdjusted]:
    excellence = context.policy(AdjustmentPolicy, on=first_day(command.subject.month)).training_excellence
    if command.attempt is not Attempt.FIRST and not excellence.make_up_counts:
        return []
    if excellence.points is None:
        raise Refused(
            "policy.not_configured",
            policy="AdjustmentPolicy",
            setting="training_excellence.points",
            clause="T-65",
            next="set the points",
        )
    return once(command, Direction.PLUS, excellence.points.amount, "training_excellence", made)


def once(
    command: AdjustScore | CreditExcellence | DeductForPenalty,
    direction: Direction,
    points: Decimal,
    reason: str,
    made: Made,
) -> list[ReviewScoreAdjusted]:
    now = ReviewScoreAdjusted(
        subject=command.subject, adjustment=command.adjustment, direction=direction, points=points, reason=reason
    )
    before = made.get(command.adjustment)
    if before is None or before.withdrawn:
        return [now]
    if before == now:
        return []
    then = "withdraw it, and make it anew"
    raise Refused("adjustment.already_made", adjustment=command.adjustment, points=before.points, next=then)


def withdrawn(command: WithdrawAdjustment, made: Made, context: Context) -> list[ReviewScoreAdjusted]:
    check_not_the_subject("review", command.subject.person, context)
    before = made.get(command.adjustment)
    if before is None:
        raise Refused("adjustment.unknown", adjustment=command.adjustment, next="name one that was made")
    return [] if before.withdrawn else [replace(before, withdrawn=True, held=False)]


def held(command: HoldAdjustment, made: Made) -> list[ReviewScoreAdjusted]:
    before = made.get(command.adjustment)
    if before is None:
        raise Refused("adjustment.unknown", adjustment=command.adjustment, next="name one that was made")
    return [] if before.withdrawn or before.held == command.held else [replace(before, held=command.held)]
