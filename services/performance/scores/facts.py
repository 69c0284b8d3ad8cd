"""The KPI score of a person in a month: a pure function of what is known. Ruling R5.

Clauses: S-38 to S-40, O-89, O-93, T-65, A-61.
"""

from collections.abc import Mapping
from decimal import Decimal

from services.performance.reviews.events import (
    Direction,
    NotApplicableDeclared,
    PersonMonth,
    ReviewOpened,
    ReviewScoreAdjusted,
)
from services.performance.scores.measures import PER_CENT, measured
from services.performance.scores.standard import AppraisalStandard, Banded, Component, Form, Line, Points, Target
from services.performance.scores.things import Event, about, subjects
from services.vocabulary import first_day
from shared.event import Recorded
from shared.explanation import (
    AtMost,
    Bands,
    Clamp,
    Difference,
    Kind,
    Least,
    Node,
    Nothing,
    Part,
    Ratio,
    Round,
    Sum,
    ToTarget,
    Weighted,
    fact,
)
from shared.facts import Facts, Known


def population(subject: PersonMonth, known: Known[Event]) -> Mapping[str, str]:
    """The post and studio under which the review was opened; nobody's standard before that."""
    opened = review(known)
    return {"post": opened.event.post, "studio": opened.event.studio} if opened else {}


def score(subject: PersonMonth, known: Known[Event], standard: AppraisalStandard) -> Bands:
    """The order of R5: weighted, adjusted with caps on the sums, clamped, rounded, graded."""
    points = Round(name="score", of=not_rated(known) or clamped(subject, known, standard))
    return Bands(name="grade", of=points, bands=standard.grades)


kpi = Facts(
    name="kpi_score",
    about=about,
    subjects=subjects,
    result=score,
    on=lambda subject: first_day(subject.month),
    population=population,
)


def review(known: Known[Event]) -> Recorded[ReviewOpened] | None:
    return next(iter(known.last(ReviewOpened).values()), None)


def not_rated(known: Known[Event]) -> Nothing | None:
    opened = review(known)
    if opened is None or opened.event.not_rated is None:
        return None
    return Nothing(name="month", kind=Kind.NOT_RATED, reason=opened.event.not_rated, event=opened.meta.id)


def clamped(subject: PersonMonth, known: Known[Event], standard: AppraisalStandard) -> Clamp:
    parts = tuple(weighed(component, subject, known) for component in standard.components)
    raw = Weighted(name="raw", of=parts, heir=standard.na_weight_to, least=standard.min_applicable_weight)
    plus, minus = proposed(Direction.PLUS, known), proposed(Direction.MINUS, known)
    plus = AtMost(name="plus", of=plus, cap=standard.plus_cap) if standard.plus_cap else plus
    minus = AtMost(name="minus", of=minus, cap=standard.minus_cap) if standard.minus_cap else minus
    adjusted = Difference(name="adjusted", of=Sum(name="raised", of=(raw, plus)), less=minus)
    return Clamp(name="clamped", of=adjusted, low=Decimal(0), high=Decimal(100))


def proposed(direction: Direction, known: Known[Event]) -> Node:
    adjustments = [r for r in known.last(ReviewScoreAdjusted).values() if not r.event.withdrawn]
    points = tuple(fact(r, "points") for r in adjustments if r.event.direction is direction)
    return Sum(name=f"{direction}_proposed", of=points)


def weighed(component: Component, subject: PersonMonth, known: Known[Event]) -> Part:
    return Part(weight=component.weight, of=declared(component, known) or scored(component, subject, known))


def declared(component: Component, known: Known[Event]) -> Nothing | None:
    for r in known.last(NotApplicableDeclared).values():
        if r.event.component == component.name and not r.event.withdrawn:
            return Nothing(name=component.name, kind=Kind.NOT_APPLICABLE, reason=r.event.reason, event=r.meta.id)
    return None


def scored(component: Component, subject: PersonMonth, known: Known[Event]) -> Node:
    if component.parts:
        parts = tuple(weighed(part, subject, known) for part in component.parts)
        return Weighted(name=component.name, of=parts, heir=component.na_weight_to)
    if component.lowest_of:
        lines = tuple(line(x, component.absent, subject, known) for x in component.lowest_of)
        return Least(name=component.name, of=lines)
    if component.measure is None:
        raise TypeError(f"{component.name} has no measure")  # AppraisalStandard has refused it
    own = Line(name=component.name, measure=component.measure, form=component.form)
    return line(own, component.absent, subject, known)


def line(of: Line, absent: Kind, subject: PersonMonth, known: Known[Event]) -> Node:
    actual = measured(of.measure, of.name, subject, known)
    return formed(of.name, of.form, actual or Nothing(name=of.name, kind=absent, reason="no fact"))


def formed(name: str, form: Form | None, actual: Node) -> Node:
    match form:
        case None:
            return actual if actual.name == name else Sum(name=name, of=(actual,))
        case Target():
            return ToTarget(
                name=name, actual=actual, target=form.target, cap=form.cap, lower_is_better=form.lower_is_better
            )
        case Points():
            return Ratio(name=name, over=actual, under=form.of, per=PER_CENT)
        case Banded():
            if form.against:
                actual = Ratio(name=f"{name}_in_per_cent", over=actual, under=form.against, per=PER_CENT)
            if form.of is None:
                return Bands(name=name, of=actual, bands=form.bands)
            points = Bands(name=f"{name}_points", of=actual, bands=form.bands)
            return Ratio(name=name, over=points, under=form.of, per=PER_CENT)
