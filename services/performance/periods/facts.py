"""The quarter and the year of a person: his adjusted months, by the organisation's function.

Rulings R5, R11; P-10; C-01 to C-03. One set of facts: a month belongs to its quarter and to its year, and nothing is
recorded twice. A month that is not rated counts neither for nor against; one that is under review keeps the period
incomplete.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, NewType

from pydantic import Field

from services.performance.periods.policies import Function, RollUp, RollUpPolicy, Source
from services.performance.reviews.events import ReviewCompleted, ReviewOpened, ScoreRestated
from services.performance.reviews.results import hundredths
from services.vocabulary import Month, PersonId, first_day
from shared.event import Recorded
from shared.explanation import (
    Bands,
    Kind,
    Mean,
    Node,
    Nothing,
    Part,
    Round,
    Sum,
    Weighted,
    evaluate,
    fact,
    find,
    nothing,
)
from shared.facts import Facts, Known
from shared.refusal import Refused
from shared.value import value

Period = NewType(
    "Period", Annotated[str, Field(pattern=r"^(1[89]|2[0-2])[0-9]{2}(-Q[1-4])?$", examples=["2024-Q2", "2024"])]
)
Event = ReviewOpened | ReviewCompleted | ScoreRestated


@value
class PersonPeriod:
    """A quarter such as 2024-Q2, or a year such as 2024."""

    person: PersonId
    period: Period

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\d{4}(-Q[1-4])?", self.period):
            raise ValueError(f"{self.period} is neither a quarter such as 2024-Q2 nor a year such as 2024")


def quarter(of: Month) -> Period:
    on = first_day(of)
    return Period(f"{on.year:04}-Q{(on.month + 2) // 3}")


def year(of: Month) -> Period:
    return Period(of[:4])


def quarters_of(of: Period) -> list[Period]:
    return [Period(f"{of}-Q{number}") for number in (1, 2, 3, 4)]


def months(of: Period) -> list[Month]:
    first, number = (1, 12) if "-Q" not in of else (3 * int(of[-1]) - 2, 3)
    return [Month(f"{of[:4]}-{month:02}") for month in range(first, first + number)]


def about(event: Event) -> tuple[str, ...]:
    return "review", event.subject.person, event.subject.month


def subjects(event: Event) -> list[PersonPeriod]:
    person, month = event.subject.person, event.subject.month
    return [PersonPeriod(person=person, period=period) for period in (quarter(month), year(month))]


def population(subject: PersonPeriod, known: Known[Event]) -> Mapping[str, str]:
    """The post under which the last month was reviewed."""
    opened = [r.event for r in known.last(ReviewOpened).values()]
    last = max(opened, key=lambda event: event.subject.month, default=None)
    return {"post": last.post, "studio": last.studio} if last else {}


def first(subject: PersonPeriod) -> date:
    return first_day(months(subject.period)[0])


def roll_up(subject: PersonPeriod, known: Known[Event], policy: RollUpPolicy) -> Bands | Round:
    """Raises Refused("policy.not_configured") for a period by which this population is not appraised."""

    def of_months(period: Period) -> list[Node]:
        return [adjusted(month, subject, known) for month in months(period)]

    by, from_quarters = rule_of(subject.period, policy)
    if from_quarters:
        parts: list[Node] = [
            Round(name=q, of=together(from_quarters, of_months(q))) for q in quarters_of(subject.period)
        ]
    else:
        parts = of_months(subject.period)
    points = Round(name="score", of=together(by, parts))
    return Bands(name="grade", of=points, bands=by.grades) if by.grades else points


def rule_of(period: Period, policy: RollUpPolicy) -> tuple[RollUp, RollUp | None]:
    """Of the period, and of the quarters that a year rests on."""
    if "-Q" in period:
        if policy.quarter is None:
            raise Refused("policy.not_configured", policy="RollUpPolicy", setting="quarter", next="set it")
        return policy.quarter, None
    if policy.year is None:
        raise Refused("policy.not_configured", policy="RollUpPolicy", setting="year", next="set it")
    return policy.year.result, policy.quarter if policy.year.source is Source.QUARTERS else None


def together(by: RollUp, of: Sequence[Node]) -> Node:
    if by.function is Function.MEAN:
        return Mean(name="parts", of=tuple(of))
    parts = tuple(Part(weight=weight, of=node) for weight, node in zip(by.weights, of, strict=True))
    return Weighted(name="parts", of=parts)


periods = Facts(name="period_score", about=about, subjects=subjects, result=roll_up, on=first, population=population)


def adjusted(month: Month, subject: PersonPeriod, known: Known[Event]) -> Node:
    """The result of a month that stands: as completed, or as restated since."""
    thing = "review", subject.person, month
    opened, result = known.last(ReviewOpened).get(thing), known.last(ReviewCompleted, ScoreRestated).get(thing)
    if result is None or thing not in known.last(ReviewCompleted):
        kind, reason = (Kind.MISSING, "under review") if opened else (Kind.NOT_APPLICABLE, "no review")
        return Nothing(name=month, kind=kind, reason=reason)
    if result.event.score is None:
        why = opened.event.not_rated if opened else None
        reason = f"not rated: {why}" if why else "not rated"
        return nothing(result, month, Kind.NOT_APPLICABLE, reason)
    return Sum(name=month, of=(fact(result, "score"),))


def known_by(known: Known[Event], at: datetime | None, position: int | None) -> list[Recorded[Event]]:
    """What was recorded by a moment, and up to a position of the log: from it follows what stood then (R6)."""
    return [
        r
        for r in known.facts
        if (at is None or r.meta.recorded_at <= at) and (position is None or r.meta.position <= position)
    ]


@value
class PeriodScore:
    """What a period came to, and which months it is made of. No grade: the organisation gives none to this period."""

    subject: PersonPeriod
    score: Decimal | None
    grade: str
    made_of: tuple[Month, ...]
    not_rated: tuple[str, ...]  # month and reason
    under_review: tuple[Month, ...]


def told(subject: PersonPeriod, tree: Node) -> PeriodScore:
    result = evaluate(tree)
    exact = evaluate(find(tree, "score"))
    leaves = {month: find(tree, month) for month in months(subject.period)}
    nothings = {month: node for month, node in leaves.items() if isinstance(node, Nothing)}
    return PeriodScore(
        subject=subject,
        score=hundredths(exact) if isinstance(exact, Fraction) else None,
        grade=result if isinstance(result, str) else "",
        made_of=tuple(month for month in leaves if month not in nothings),
        not_rated=tuple(f"{m}: {n.reason}" for m, n in nothings.items() if n.kind is not Kind.MISSING),
        under_review=tuple(m for m, n in nothings.items() if n.kind is Kind.MISSING),
    )
