"""An objection to a review's result: which facts it may correct, and that it cannot lower the score. Ruling R7.

Clauses: O-107, A-38, A-39; C-09.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast, get_type_hints

from pydantic import TypeAdapter, ValidationError

from services import objection
from services.objection import (
    Amended,
    AmendedFacts,
    Contested,
    Correction,
    Escalating,
    NamedFact,
    ObjectionRules,
    Objections,
    Raising,
    Resolving,
    Withdrawing,
    Word,
    canonical_text,
)
from services.performance.metrics.events import MetricRecorded
from services.performance.reviews.events import (
    ReviewObjectionEscalated,
    ReviewObjectionRaised,
    ReviewObjectionResolved,
    ReviewObjectionWithdrawn,
)
from services.performance.reviews.results import Result, points
from services.performance.scores.evidence import Event as Fact
from services.performance.scores.facts import kpi, score
from services.performance.scores.standard import AppraisalStandard
from services.supervision.contracts import StreamMetricsRecorded, StreamObserved
from services.training.contracts import ExamGraded, ExamRegraded
from services.vocabulary import Month, PersonId, PersonMonth
from shared.decider import Context, Refused
from shared.event import Recorded
from shared.explanation import Fact as Leaf
from shared.explanation import load, walk
from shared.limits import unkept
from shared.value import value


@value
class RaiseObjection(Raising):
    """To the result of which the person was told last."""

    person: PersonId
    month: Month


@value
class ResolveObjection(Resolving):
    person: PersonId
    month: Month


@value
class WithdrawObjection(Withdrawing):
    person: PersonId
    month: Month


@value
class EscalateObjection(Escalating):
    person: PersonId
    month: Month


Object = RaiseObjection | ResolveObjection | WithdrawObjection | EscalateObjection
ObjectionEvent = (
    ReviewObjectionRaised | ReviewObjectionEscalated | ReviewObjectionResolved | ReviewObjectionWithdrawn
)  # fmt: skip


def object_to(
    command: Object, of: Contested, result: Result, before: Objections, rules: ObjectionRules, context: Context
) -> list[ObjectionEvent]:
    subject = PersonMonth(person=command.person, month=command.month)

    def corrected(amended: AmendedFacts) -> tuple[Correction, ...]:
        return corrections(subject, amended, result, context)

    said = objection.answered(command, of, before, rules, context, corrected)
    return [worded(subject, word) for word in said]


def worded(subject: PersonMonth, word: Word) -> ObjectionEvent:
    match word:
        case objection.Raised():
            return ReviewObjectionRaised(subject=subject, told=word)
        case objection.Escalated():
            return ReviewObjectionEscalated(subject=subject, told=word)
        case objection.Resolved():
            return ReviewObjectionResolved(subject=subject, told=word)
        case objection.Withdrawn():
            return ReviewObjectionWithdrawn(subject=subject, told=word)


# What is corrected


def corrections(
    subject: PersonMonth, amended: Sequence[Amended], result: Result, context: Context
) -> tuple[Correction, ...]:
    """Of the facts on which the result rests. Raises Refused("objection.lowers_the_score") where they would."""
    says = leaves(result.explanation)
    objection.check_amended(amended, says)
    known = {r.meta.id: r for r in context.known(kpi, subject).facts}
    if unknown := [one.fact for one in amended if one.fact not in known]:
        raise Refused("objection.not_gathered", facts=unknown, next="ask again in a moment")
    made = tuple(correction(one, says[one.named], known[one.fact].event) for one in amended)
    facts = [changed(r, [one for one in amended if one.fact == r.meta.id]) for r in known.values()]
    check_not_lowered(subject, facts, result, context)
    return made


def leaves(explanation: Mapping[str, Any]) -> dict[NamedFact, str]:
    nodes = walk(load(explanation))
    return {
        NamedFact(fact=str(n.event), field=n.name): canonical_text(str(n.amount)) for n in nodes if isinstance(n, Leaf)
    }


def correction(one: Amended, was: str, event: Fact) -> Correction:
    return Correction(fact=one.fact, about=owned(event, one), field=one.field, was=was, now=one.value)


def owned(event: Fact, one: Amended) -> tuple[str, ...]:
    """By which name the owner of the fact knows it, where it is one that he corrects upon an objection."""
    match event:
        case StreamObserved():
            return "observation", event.observation
        case StreamMetricsRecorded():
            return "figures", event.stream
        case ExamGraded() | ExamRegraded():
            return "exam", event.session, event.course, event.attempt
        case MetricRecorded():
            return "metric", event.metric
        case _:
            raise Refused(
                "objection.not_corrected_here",
                fact=one.fact,
                kind=type(event).__name__,
                next="correct the roster, or withdraw the adjustment, where it was recorded",
            )


def check_not_lowered(subject: PersonMonth, facts: Sequence[Recorded[Fact]], result: Result, context: Context) -> None:
    """By the rules under which the result was published, over the facts as they will be."""
    standard = context.policy_as(AppraisalStandard, result.standard)
    now = points(score(subject, kpi.gathered(subject, facts), standard))
    if result.score is not None and now is not None and now < result.score:
        raise Refused("objection.lowers_the_score", score=result.score, would_be=now, next="reject it, or correct less")


def changed(recorded: Recorded[Fact], amended: Sequence[Amended]) -> Recorded[Fact]:
    if not amended:
        return recorded
    values = {one.field: parsed(one, recorded.event) for one in amended}
    now: Fact = replace(cast(Any, recorded.event), **values)
    if isinstance(now, StreamMetricsRecorded) and now.satisfied > now.ratings:
        raise no_such_value("satisfied", f"of {now.ratings} who were asked no more can be satisfied: correct both")
    return Recorded(event=now, meta=recorded.meta)


def parsed(one: Amended, event: Fact) -> Any:
    """What the field would hold, as its owner takes it. Raises Refused("objection.no_such_value")."""
    field = TypeAdapter(get_type_hints(type(event), include_extras=True)[one.field])
    try:
        now = field.validate_python(one.value)
    except ValidationError:
        raise no_such_value(one.field, "give a value that the fact can hold") from None
    if wrong := unkept(now):
        raise no_such_value(one.field, wrong)
    if isinstance(event, ExamGraded | ExamRegraded) and now != round(now, 2):
        raise no_such_value(one.field, "a mark has two places at most")
    return now


def no_such_value(field: str, what: str) -> Refused:
    return Refused("objection.no_such_value", field=field, next=what)
