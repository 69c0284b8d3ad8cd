"""The quarter of a person: the adjusted months that are rated, by the organisation's function. Rulings R5, R11; P-10.

A month that is not rated counts neither for nor against; one that is under review keeps the quarter incomplete.
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, NewType

from pydantic import Field

from services.performance.quarters.policies import Function, RollUpPolicy
from services.performance.reviews.events import ReviewCompleted, ReviewOpened, ScoreRestated
from services.performance.reviews.results import hundredths
from services.vocabulary import Month, PersonId, first_day
from shared.explanation import Kind, Mean, Node, Nothing, Part, Round, Sum, Weighted, evaluate, fact, find
from shared.facts import Facts, Known
from shared.value import value

Quarter = NewType("Quarter", Annotated[str, Field(pattern=r"^(1[89]|2[0-2])[0-9]{2}-Q[1-4]$", examples=["2024-Q2"])])
Event = ReviewOpened | ReviewCompleted | ScoreRestated


@value
class PersonQuarter:
    person: PersonId
    quarter: Quarter

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\d{4}-Q[1-4]", self.quarter):
            raise ValueError(f"{self.quarter} is no quarter such as 2024-Q2")


def quarter(of: Month) -> Quarter:
    on = first_day(of)
    return Quarter(f"{on.year:04}-Q{(on.month + 2) // 3}")


def months(of: Quarter) -> tuple[Month, Month, Month]:
    year, number = of.split("-Q")
    first = 3 * int(number) - 2
    return Month(f"{year}-{first:02}"), Month(f"{year}-{first + 1:02}"), Month(f"{year}-{first + 2:02}")


def about(event: Event) -> tuple[str, ...]:
    return "review", event.subject.person, event.subject.month


def subjects(event: Event) -> list[PersonQuarter]:
    return [PersonQuarter(person=event.subject.person, quarter=quarter(event.subject.month))]


def population(subject: PersonQuarter, known: Known[Event]) -> Mapping[str, str]:
    """The post under which the last month was reviewed."""
    opened = [r.event for r in known.last(ReviewOpened).values()]
    last = max(opened, key=lambda event: event.subject.month, default=None)
    return {"post": last.post, "studio": last.studio} if last else {}


def first(subject: PersonQuarter) -> date:
    return first_day(months(subject.quarter)[0])


def roll_up(subject: PersonQuarter, known: Known[Event], policy: RollUpPolicy) -> Round:
    of = tuple(adjusted(month, subject, known) for month in months(subject.quarter))
    if policy.function is Function.MEAN:
        return Round(name="score", of=Mean(name="months", of=of))
    parts = tuple(Part(weight=weight, of=node) for weight, node in zip(policy.weights, of, strict=True))
    return Round(name="score", of=Weighted(name="months", of=parts))


quarters = Facts(name="quarter_score", about=about, subjects=subjects, result=roll_up, on=first, population=population)


def adjusted(month: Month, subject: PersonQuarter, known: Known[Event]) -> Node:
    """The result of a month that stands: as completed, or as restated since."""
    thing = "review", subject.person, month
    opened, result = known.last(ReviewOpened).get(thing), known.last(ReviewCompleted, ScoreRestated).get(thing)
    if result is None or thing not in known.last(ReviewCompleted):
        kind, reason = (Kind.MISSING, "under review") if opened else (Kind.NOT_APPLICABLE, "no review")
        return Nothing(name=month, kind=kind, reason=reason)
    if result.event.score is None:
        why = opened.event.not_rated if opened else None
        reason = f"not rated: {why}" if why else "not rated"
        return Nothing(name=month, kind=Kind.NOT_APPLICABLE, reason=reason, event=result.meta.id)
    return Sum(name=month, of=(fact(result, "score"),))


@value
class QuarterScore:
    """What a quarter came to, and which months it is made of."""

    subject: PersonQuarter
    score: Decimal | None
    made_of: tuple[Month, ...]
    not_rated: tuple[str, ...]  # month and reason
    under_review: tuple[Month, ...]


def told(subject: PersonQuarter, tree: Node) -> QuarterScore:
    exact = evaluate(tree)
    leaves = {month: find(tree, month) for month in months(subject.quarter)}
    nothings = {month: node for month, node in leaves.items() if isinstance(node, Nothing)}
    return QuarterScore(
        subject=subject,
        score=hundredths(exact) if isinstance(exact, Fraction) else None,
        made_of=tuple(month for month in leaves if month not in nothings),
        not_rated=tuple(f"{m}: {n.reason}" for m, n in nothings.items() if n.kind is not Kind.MISSING),
        under_review=tuple(m for m, n in nothings.items() if n.kind is Kind.MISSING),
    )
