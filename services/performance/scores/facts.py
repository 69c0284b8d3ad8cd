"""The KPI score of a person in a month: a pure function of what is known. Ruling R5.

Clauses: S-38 to S-40, O-89, O-93, T-65, A-61.
"""

from collections.abc import Mapping
from decimal import Decimal

from services.performance.reviews.events import (
    Direction,
)
from services.performance.scores.evidence import Event, Evidence, about, evidence_of, opened, subjects
from services.performance.scores.measures import PER_CENT, measured
from services.performance.scores.standard import AppraisalStandard, Banded, Component, Form, Line, Points, Target
from services.vocabulary import PersonMonth, first_day
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
    nothing,
)
from shared.facts import Facts, Known


def population(subject: PersonMonth, known: Known[Event]) -> Mapping[str, str]:
    """The post and studio under which the review was opened; nobody's standard before that."""
    review = opened(known)
    return {"post": review.event.post, "studio": review.event.studio} if review else {}


def score(subject: PersonMonth, known: Known[Event], standard: AppraisalStandard) -> Bands:
    """The order of R5: weighted, adjusted with caps on the sums, clamped, rounded, graded."""
    evidence = evidence_of(subject, known)
    points = Round(name="score", of=not_rated(evidence) or clamped(evidence, standard))
    return Bands(name="grade", of=points, bands=standard.grades)


kpi = Facts(
    name="kpi_score",
    about=about,
    subjects=subjects,
    result=score,
    on=lambda subject: first_day(subject.month),
    population=population,
)


def not_rated(evidence: Evidence) -> Nothing | None:
    review = evidence.opened
    if review is None or review.event.not_rated is None:
        return None
    return nothing(review, "month", Kind.NOT_RATED, review.event.not_rated)


def clamped(evidence: Evidence, standard: AppraisalStandard) -> Clamp:
    parts = tuple(weighed(component, evidence) for component in standard.components)
    raw = Weighted(name="raw", of=parts, heir=standard.na_weight_to, least=standard.min_applicable_weight)
    plus, minus = proposed(Direction.PLUS, evidence), proposed(Direction.MINUS, evidence)
    plus = AtMost(name="plus", of=plus, cap=standard.plus_cap) if standard.plus_cap else plus
    minus = AtMost(name="minus", of=minus, cap=standard.minus_cap) if standard.minus_cap else minus
    adjusted = Difference(name="adjusted", of=Sum(name="raised", of=(raw, plus)), less=minus)
    return Clamp(name="clamped", of=adjusted, low=Decimal(0), high=Decimal(100))


def proposed(direction: Direction, evidence: Evidence) -> Node:
    points = tuple(fact(r, "points") for r in evidence.adjustments if r.event.direction is direction)
    return Sum(name=f"{direction}_proposed", of=points)


def weighed(component: Component, evidence: Evidence) -> Part:
    return Part(weight=component.weight, of=declared(component, evidence) or scored(component, evidence))


def declared(component: Component, evidence: Evidence) -> Nothing | None:
    found = evidence.declared.get(component.name)
    if found is None:
        return None
    return nothing(found, component.name, Kind.NOT_APPLICABLE, found.event.reason)


def scored(component: Component, evidence: Evidence) -> Node:
    if component.parts:
        parts = tuple(weighed(part, evidence) for part in component.parts)
        return Weighted(name=component.name, of=parts, heir=component.na_weight_to)
    if component.lowest_of:
        return Least(name=component.name, of=tuple(line(x, component.absent, evidence) for x in component.lowest_of))
    return line(component, component.absent, evidence)


def line(of: Line | Component, absent: Kind, evidence: Evidence) -> Node:
    if of.measure is None:
        raise TypeError(f"{of.name} has no measure")  # AppraisalStandard has refused it
    actual = measured(of.measure, of.name, evidence)
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
