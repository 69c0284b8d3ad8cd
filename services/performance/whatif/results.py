"""What a month, a quarter or a year would have come to under another policy, beside what was decided. Pure.

The very functions of the score, the adjustment, the bonus and the roll-up, over the very facts. Clauses: S-38, T-65,
O-98, O-109, E-61, E-62; rulings R3, R4, R5, R6.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from msgspec.structs import replace as replace_meta

from services.performance.bonuses.facts import Event as Earning
from services.performance.bonuses.facts import PersonBonus, bonus
from services.performance.bonuses.policies import BonusScheme
from services.performance.periods.facts import Event as Completing
from services.performance.periods.facts import PersonPeriod, periods, population, told
from services.performance.reviews.adjustments import CreditExcellence, adjust
from services.performance.reviews.events import ReviewCompleted, ReviewScoreAdjusted, ScoreRestated
from services.performance.reviews.policies import AdjustmentPolicy
from services.performance.reviews.reactions import credit_excellence
from services.performance.reviews.results import Result, grade, hundredths, missing, points
from services.performance.scores.evidence import Event as Fact
from services.performance.scores.facts import kpi
from services.performance.scores.standard import AppraisalStandard
from services.training.contracts import ExamGraded, ExamRegraded
from services.vocabulary import PersonMonth, first_day
from services.whatif import Case
from shared.decider import Context, Refused
from shared.event import Recorded
from shared.explanation import Node, evaluate, load
from shared.facts import Known
from shared.policy import Document, Policies
from shared.store import Result as Stored
from shared.value import value

INCOMPLETE, NO_GRADE, NOT_CONFIGURED = "incomplete", "no grade", "not configured"


@value
class Outcome:
    """`grade`: also not_rated, incomplete, no grade or not configured. `bonus` in fen; none: nothing is earned or no
    scheme is configured."""

    score: Decimal | None
    grade: str
    bonus: int | None


UNSET = Outcome(score=None, grade=NOT_CONFIGURED, bonus=None)


@value
class Decided:
    """A month as it stands in the log."""

    subject: PersonMonth
    traits: Mapping[str, str]  # post and studio under which it was reviewed
    evaluator: str
    result: Result


def compare(
    decided: Decided, known: Known[Fact], earning: Known[Earning], context: Context, under: Policies, tried: Document
) -> Case[Outcome]:
    """`context` holds the policies that are loaded."""
    result = decided.result
    was = Outcome(score=result.score, grade=result.grade, bonus=earned(decided, earning, context.policies, None))
    trying = replace_policies(context, under)
    standard = standard_for(decided, context.policies, under, tried)
    facts = credited(known, trying) if isinstance(tried.body, AdjustmentPolicy) else known
    tree = kpi.compute(decided.subject, facts, trying.under(standard))
    would = Outcome(score=None, grade=INCOMPLETE, bonus=None)
    if not missing(tree):
        would = Outcome(score=points(tree), grade=grade(tree), bonus=earned(decided, earning, under, points(tree)))
    return Case(
        person=decided.subject.person,
        period=decided.subject.month,
        post=decided.traits["post"],
        studio=decided.traits["studio"],
        evaluator=decided.evaluator,
        was=was,
        would=would,
    )


def replace_policies(context: Context, policies: Policies) -> Context:
    return Context(now=context.now, actor=context.actor, policies=policies)


def standard_for(decided: Decided, loaded: Policies, under: Policies, tried: Document) -> AppraisalStandard:
    """The tried one where it holds for this population; else the version under which the month was decided."""
    if isinstance(tried.body, AppraisalStandard) and tried.covers(decided.traits):
        found, _ = under.resolve(AppraisalStandard, first_day(decided.subject.month), decided.traits)
        if found is tried.body:
            return found
    return loaded.version(AppraisalStandard, decided.result.standard)


def credited(known: Known[Fact], context: Context) -> Known[Fact]:
    """The facts with the points for excellent exams as the policy gives them (T-65). What was withdrawn stays so."""
    made = {r.event.adjustment: r for r in known.last(ReviewScoreAdjusted).values()}
    by_rule = {name: r for name, r in made.items() if r.event.reason == "training_excellence" and not r.event.withdrawn}
    others = [
        r for r in known.facts if not isinstance(r.event, ReviewScoreAdjusted) or r.event.adjustment not in by_rule
    ]
    gone = {name for name, r in made.items() if r.event.withdrawn}
    new = [r for r in excellence(known, context, by_rule) if r.event.adjustment not in gone]
    return Known([*others, *new], known.about, known.concerns)


def excellence(
    known: Known[Fact], context: Context, before: Mapping[str, Recorded[ReviewScoreAdjusted]]
) -> Iterator[Recorded[Any]]:
    for exam in known.last(ExamGraded, ExamRegraded).values():
        for command in credit_excellence(exam.event):
            if not isinstance(command, CreditExcellence):
                continue
            try:
                events = adjust(command, {}, context)
            except Refused:  # not configured: nothing is added
                continue
            for event in events:
                found = before.get(event.adjustment)
                meta = found.meta if found else replace_meta(exam.meta, id=f"{exam.meta.id}/{event.adjustment}")
                yield Recorded(event=event, meta=meta)


def earned(decided: Decided, known: Known[Earning], policies: Policies, score: Decimal | None) -> int | None:
    """Of the completed review; with another score where one is given."""
    if not known.last(ReviewCompleted):
        return None
    try:
        scheme, _ = policies.resolve(BonusScheme, first_day(decided.subject.month), decided.traits)
    except Refused:
        return None
    facts = known if score is None else Known([rescored(r, score) for r in known.facts], known.about, known.concerns)
    subject = PersonBonus(person=decided.subject.person, month=decided.subject.month)
    found = evaluate(bonus(subject, facts, scheme))
    return int(found) if isinstance(found, Fraction) else None


def rescored(recorded: Recorded[Earning], score: Decimal) -> Recorded[Earning]:
    event = recorded.event
    if isinstance(event, ReviewCompleted | ScoreRestated) and event.score is not None:
        return Recorded(event=replace(event, score=score), meta=recorded.meta)
    return recorded


# Quarters and years


def compare_period(subject: PersonPeriod, stored: Stored, known: Known[Completing], context: Context) -> Case[Outcome]:
    """`context` holds the policies that are tried."""
    traits = population(subject, known)
    try:
        would = of_period(subject, periods.compute(subject, known, context))
    except Refused:
        would = UNSET
    return Case(
        person=subject.person,
        period=subject.period,
        post=traits.get("post", ""),
        studio=traits.get("studio", ""),
        evaluator="",
        was=UNSET if stored.error else of_period(subject, load(stored.document)),
        would=would,
    )


def of_period(subject: PersonPeriod, tree: Node) -> Outcome:
    found = told(subject, tree)
    incomplete = found.score is None and found.under_review
    return Outcome(score=found.score, grade=INCOMPLETE if incomplete else found.grade or NO_GRADE, bonus=None)


# The report


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """`mean` of the points, `bonus` in fen."""
    scores = [Fraction(o.score) for o in outcomes if o.score is not None]
    grades: dict[str, int] = {}
    for outcome in sorted(outcomes, key=lambda o: o.grade):
        grades[outcome.grade] = grades.get(outcome.grade, 0) + 1
    mean = str(hundredths(Fraction(round(sum(scores) / len(scores) * 100), 100))) if scores else None
    return {
        "results": len(outcomes),
        "mean": mean,
        "grades": grades,
        "bonus": sum(o.bonus for o in outcomes if o.bonus is not None),
    }
