"""What a completed review earns: a pure function of its last result, the deductions and the scheme.

Clauses: O-108, O-109, E-63, S-45; rulings R3, R6.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from services.performance.bonuses.events import BonusDeducted
from services.performance.bonuses.policies import BonusScheme
from services.performance.reviews.events import ReviewCompleted, ReviewOpened, ScoreRestated
from services.vocabulary import Month, PersonId, PersonMonth, first_day
from shared.explanation import Bands, Clamp, Difference, Kind, Node, Nothing, Rule, Sum, fact, nothing
from shared.facts import Facts, Known
from shared.value import value

Event = ReviewOpened | ReviewCompleted | ScoreRestated | BonusDeducted


@value
class PersonBonus:
    person: PersonId
    month: Month

    @classmethod
    def of(cls, subject: PersonMonth) -> "PersonBonus":
        return cls(person=subject.person, month=subject.month)


def about(event: Event) -> tuple[str, ...]:
    if isinstance(event, BonusDeducted):
        return "deduction", event.subject.person, event.subject.month, event.deduction
    return "review", event.subject.person, event.subject.month


def subjects(event: Event) -> list[PersonBonus]:
    return [PersonBonus.of(event.subject)]


def population(subject: PersonBonus, known: Known[Event]) -> Mapping[str, str]:
    opened = next(iter(known.last(ReviewOpened).values()), None)
    return {"post": opened.event.post, "studio": opened.event.studio} if opened else {}


def first(subject: PersonBonus) -> date:
    return first_day(subject.month)


def bonus(subject: PersonBonus, known: Known[Event], scheme: BonusScheme) -> Node:
    """A nothing before the review is completed, while a deduction is objected to, and of a month that is not rated."""
    result = next(iter(known.last(ReviewCompleted, ScoreRestated).values()), None)
    if result is None or not known.last(ReviewCompleted):
        return Nothing(name="bonus", kind=Kind.MISSING, reason="under review")
    if any(r.event.held for r in known.last(BonusDeducted).values()):
        return Nothing(name="bonus", kind=Kind.MISSING, reason="a deduction is objected to")
    if result.event.score is None:
        return nothing(result, "bonus", Kind.NOT_RATED, "not rated")
    earned = Bands(name="earned", of=Sum(name="score_of_the_month", of=(fact(result, "score"),)), bands=scheme.bands)
    off = tuple(fact(r, "amount") for r in known.last(BonusDeducted).values() if not r.event.withdrawn)
    left = Difference(name="left", of=earned, less=Sum(name="deducted", of=off))
    return Clamp(name="bonus", of=left, low=Decimal(0), high=most(scheme))


def most(scheme: BonusScheme) -> Decimal:
    return max(band.gives.amount for band in scheme.bands if isinstance(band.gives, Rule))


bonuses_earned = Facts(
    name="bonus_earned", about=about, subjects=subjects, result=bonus, on=first, population=population
)
