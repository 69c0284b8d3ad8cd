"""An objection to the mark of an exam, where the organisation admits it: the fact on which the result rests is the
mark itself; what it is worth and what follows from it are worked out again. C-09; ruling R7."""

from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter, ValidationError

from services import objection
from services.objection import (
    AmendedFacts,
    Contested,
    Correction,
    Escalating,
    NamedFact,
    ObjectionRules,
    Raising,
    Resolving,
    Withdrawing,
    Word,
)
from services.training.exams.chain import Chain, Sat, two_places
from services.training.exams.events import (
    Attempt,
    ExamObjectionEscalated,
    ExamObjectionRaised,
    ExamObjectionResolved,
    ExamObjectionWithdrawn,
    ObjectionEvent,
)
from services.vocabulary import CourseId, PersonId, Score, SessionId
from shared.decider import Context, Refused
from shared.limits import unkept
from shared.value import value

SCORE = "score"
MARK: TypeAdapter[Decimal] = TypeAdapter(Score)


@value
class RaiseObjection(Raising):
    """To the mark of an attempt as it stands."""

    person: PersonId
    session: SessionId
    attempt: Attempt


@value
class ResolveObjection(Resolving):
    """Upheld by naming the mark: `fact` is exam/<person>/<session>/<attempt>, `field` is score."""

    person: PersonId
    session: SessionId
    course: CourseId
    attempt: Attempt


@value
class WithdrawObjection(Withdrawing):
    person: PersonId
    session: SessionId
    attempt: Attempt


@value
class EscalateObjection(Escalating):
    person: PersonId
    session: SessionId
    attempt: Attempt


Object = RaiseObjection | ResolveObjection | WithdrawObjection | EscalateObjection


def object_to(command: Object, chain: Chain, sat: Sat, rules: ObjectionRules, context: Context) -> list[ObjectionEvent]:
    of = Contested(
        person=command.person,
        version=sat.version,
        told=True,  # his marks are his to read as soon as they are recorded (R9)
        until=sat.objections_until,
        given_by=sat.grader,
    )

    def corrected(amended: AmendedFacts) -> tuple[Correction, ...]:
        return corrections(command, amended, chain, sat)

    said = objection.answered(command, of, sat.objections, rules, context, corrected)
    return [worded(command, chain, word) for word in said]


def corrections(command: Object, amended: AmendedFacts, chain: Chain, sat: Sat) -> tuple[Correction, ...]:
    mark = NamedFact(fact=f"exam/{command.person}/{command.session}/{command.attempt}", field=SCORE)
    objection.check_amended(amended, {mark: objection.canonical_text(str(sat.score))})
    if wrong := [one.value for one in amended if now(one.value) <= sat.score]:
        raise Refused("objection.lowers_the_score", score=sat.score, would_be=wrong[0], next="reject it, or give more")
    about = ("exam", command.session, chain.course, command.attempt)
    return tuple(
        Correction(fact=one.fact, about=about, field=one.field, was=str(sat.score), now=one.value) for one in amended
    )


def now(mark: str) -> Decimal:
    """Raises Refused("objection.no_such_value")."""
    try:
        given = MARK.validate_python(mark)
    except ValidationError:
        raise no_such_value(mark) from None
    if unkept(given) or given != two_places(given):
        raise no_such_value(mark)
    return two_places(given)


def no_such_value(mark: str) -> Refused:
    return Refused("objection.no_such_value", value=mark, next="give a mark from 0 to 100, with two places at most")


def worded(command: Object, chain: Chain, word: Word) -> ObjectionEvent:
    kinds: dict[type, Any] = {
        objection.Raised: ExamObjectionRaised,
        objection.Escalated: ExamObjectionEscalated,
        objection.Resolved: ExamObjectionResolved,
        objection.Withdrawn: ExamObjectionWithdrawn,
    }
    event: ObjectionEvent = kinds[type(word)](
        person=command.person,
        session=command.session,
        course=chain.course,
        attempt=command.attempt,
        began_on=chain.began_on,
        told=word,
    )
    return event
