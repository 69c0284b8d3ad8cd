"""The published result of a review, from what is known, and its next version. Guarantee G10, rulings R5, R6."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from services.performance.reviews.events import Notice, ReviewScored, ScoreRestated
from services.performance.scores.facts import kpi
from services.performance.scores.standard import AppraisalStandard
from services.vocabulary import PersonMonth
from shared.decider import Context, Refused
from shared.explanation import Bands, Kind, Nothing, dump, evaluate, find, walk
from shared.value import value


@value
class Result:
    """A version of it. `used` is the whole set that was known, the leaves of the explanation are part of it."""

    version: int
    score: Decimal | None
    grade: str
    excellent: bool
    used: tuple[str, ...]
    explanation: Mapping[str, Any]
    standard: str

    @classmethod
    def first(cls, event: ReviewScored) -> "Result":
        return cls(
            version=1,
            score=event.score,
            grade=event.grade,
            excellent=event.excellent,
            used=event.used,
            explanation=event.explanation,
            standard=event.standard,
        )

    def then(self, event: ScoreRestated) -> "Result":
        return replace(
            self,
            version=event.version,
            score=event.score,
            grade=event.grade,
            excellent=event.excellent,
            used=event.used,
            explanation=event.explanation,
        )


def scored(subject: PersonMonth, standard: AppraisalStandard, context: Context) -> ReviewScored:
    tree = kpi(subject, context.under(standard))
    if gaps := missing(tree):
        raise Refused("review.incomplete", missing="; ".join(gaps), next="record what is missing, or declare it")
    return ReviewScored(
        subject=subject,
        score=points(tree),
        grade=grade(tree),
        excellent=grade(tree) == standard.excellent,
        used=context.known(kpi, subject).ids,
        explanation=dump(tree),
        standard=str(standard.issue),
    )


def restated(subject: PersonMonth, before: Result, context: Context) -> list[ScoreRestated]:
    """Under the version of the standard under which it was published. Nothing, where what is new changes nothing."""
    known = context.known(kpi, subject)
    if known.ids == before.used:
        return []
    standard = context.policy_as(AppraisalStandard, before.standard)
    tree = kpi(subject, context.under(standard))
    if missing(tree) or (explanation := dump(tree)) == before.explanation:
        return []
    now = points(tree)
    difference = None if before.score is None or now is None else now - before.score
    return [
        ScoreRestated(
            subject=subject,
            version=before.version + 1,
            score=now,
            grade=grade(tree),
            excellent=grade(tree) == standard.excellent,
            difference=difference,
            causes=tuple(new for new in known.ids if new not in before.used),
            used=known.ids,
            explanation=explanation,
            standard=before.standard,
            notice=notices(before.grade != grade(tree), difference, standard),
        )
    ]


def notices(regraded: bool, difference: Decimal | None, standard: AppraisalStandard) -> tuple[Notice, ...]:
    """Why the person is told (R6)."""
    moved = standard.notice_points and difference is not None and abs(difference) >= standard.notice_points.amount
    return (*([Notice.GRADE] if regraded else []), *([Notice.SCORE] if moved else []))


def missing(tree: Bands) -> list[str]:
    """What keeps the review incomplete, each once."""
    found = evaluate(tree)
    if not isinstance(found, Nothing) or found.kind is not Kind.MISSING:
        return []
    gaps = (node for node in walk(tree) if isinstance(node, Nothing) and node.kind is Kind.MISSING)
    return list(dict.fromkeys(f"{gap.name}: {gap.reason}" for gap in gaps))


def points(tree: Bands) -> Decimal | None:
    """None: not rated."""
    exact = evaluate(find(tree, "score"))
    return hundredths(exact) if isinstance(exact, Fraction) else None


def hundredths(exact: Fraction) -> Decimal:
    """Of a number that `Round` has already rounded."""
    return (Decimal(exact.numerator) / exact.denominator).quantize(Decimal("0.01"))


def grade(tree: Bands) -> str:
    found = evaluate(tree)
    return found if isinstance(found, str) else Kind.NOT_RATED.value
