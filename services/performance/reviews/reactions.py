"""Facts that add to, take from, or restate a person's month. Clauses: T-65, A-61; rulings R1, R3, R6; C-16."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from services import objection
from services.performance.metrics.decisions import CorrectMetric, recorded_metrics
from services.performance.metrics.events import MetricId
from services.performance.reviews.adjustments import (
    CreditExcellence,
    DeductForPenalty,
    HoldAdjustment,
    WithdrawAdjustment,
)
from services.performance.reviews.decisions import RestateScore, reviews
from services.performance.reviews.events import ReviewObjectionRaised, ReviewObjectionResolved, ReviewScored
from services.performance.reviews.objections import EscalateObjection
from services.supervision.contracts import Objected, PenaltyImposed, PenaltyKind, PenaltyRevoked, holds
from services.training.contracts import ExamGraded, ExamRegraded, Grade
from services.vocabulary import Month, PersonMonth, month
from shared.decider import Context
from shared.reaction import Reaction

Deduction = PenaltyImposed | PenaltyRevoked | Objected
Deducted = DeductForPenalty | WithdrawAdjustment | HoldAdjustment


def credit_excellence(exam: ExamGraded | ExamRegraded) -> Iterator[CreditExcellence | WithdrawAdjustment]:
    """Plus points for an excellent exam, in the month in which it was held; taken back where it is regraded lower."""
    subject = PersonMonth(person=exam.person, month=Month(f"{exam.held_on:%Y-%m}"))
    adjustment = f"exam/{exam.session}/{exam.attempt}"
    if exam.grade is Grade.EXCELLENT:
        yield CreditExcellence(subject=subject, adjustment=adjustment, attempt=exam.attempt)
    elif isinstance(exam, ExamRegraded):
        yield WithdrawAdjustment(subject=subject, adjustment=adjustment)


def deduct_for_penalty(penalty: Deduction, context: Context) -> Iterator[Deducted]:
    """Minus points that supervision imposed: held while they are objected to. One without its month is refused: nobody
    could take it back again."""
    if penalty.kind is not PenaltyKind.POINTS_DEDUCTION:
        return
    subject = PersonMonth(person=penalty.person, month=penalty.month or month(context.now))
    adjustment = f"penalty/{penalty.penalty}"
    match penalty:
        case PenaltyRevoked():
            yield WithdrawAdjustment(subject=subject, adjustment=adjustment)
        case PenaltyImposed():
            points = penalty.points if penalty.month else None
            yield DeductForPenalty(subject=subject, adjustment=adjustment, points=points)
        case _:
            if (held := holds(penalty)) is not None:
                yield HoldAdjustment(subject=subject, adjustment=adjustment, held=held)


def restate(subject: PersonMonth) -> Iterator[RestateScore]:
    """What is known about a month has changed."""
    yield RestateScore(subject=subject)


def look_again(review: ReviewScored) -> Iterator[RestateScore]:
    """A fact may have arrived between the look and the scoring, when there was nothing yet to restate."""
    yield RestateScore(subject=review.subject)


def escalate(raised: ReviewObjectionRaised) -> Iterator[EscalateObjection]:
    if raised.told.answer_by is not None:
        subject = raised.subject
        yield EscalateObjection(person=subject.person, month=subject.month, version=raised.told.version)


def answer_due(raised: ReviewObjectionRaised) -> datetime | None:
    return objection.answer_due(raised.told)


def correct_metrics(resolved: ReviewObjectionResolved) -> Iterator[CorrectMetric]:
    """What was found wrong in the metrics of the month (R7)."""
    for correction in resolved.told.corrections:
        thing, *names = correction.about
        if thing == "metric":
            yield CorrectMetric(
                subject=resolved.subject,
                metric=MetricId(names[0]),
                field=correction.field,
                now=Decimal(correction.now),
            )


training_excellence = Reaction(name="training_excellence", to=reviews, react=credit_excellence)
points_deduction = Reaction(name="points_deduction", to=reviews, react=deduct_for_penalty)
restatement = Reaction(name="restatement", to=reviews, react=restate)
second_look = Reaction(name="second_look", to=reviews, react=look_again)
objection_answers = Reaction(name="objection_answer", to=reviews, react=escalate, at=answer_due)
objection_metrics = Reaction(name="objection_metric", to=recorded_metrics, react=correct_metrics)
