"""An objection to an imposed penalty: the fact on which it rests is its violation. C-09; ruling R7.

What the violation itself rests on, an exam or an absence, is corrected in training, and takes both along.
"""

from typing import Any

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
)
from services.supervision.penalties.events import (
    ObjectionEvent,
    PenaltyImposed,
    PenaltyObjectionEscalated,
    PenaltyObjectionRaised,
    PenaltyObjectionResolved,
    PenaltyObjectionWithdrawn,
    PenaltyProposed,
)
from services.supervision.violations.events import ViolationKind
from services.vocabulary import PersonId
from shared.decider import Context, Refused
from shared.value import value

STANDS, RECORDED, WITHDRAWN = "stands", "recorded", "withdrawn"


@value
class RaiseObjection(Raising):
    """To the imposed penalty for a violation: `offence` is its kind."""

    person: PersonId
    offence: ViolationKind
    occasion: str


@value
class ResolveObjection(Resolving):
    """Upheld by naming the violation: `stands` is amended to `withdrawn`."""

    person: PersonId
    offence: ViolationKind
    occasion: str


@value
class WithdrawObjection(Withdrawing):
    person: PersonId
    offence: ViolationKind
    occasion: str


@value
class EscalateObjection(Escalating):
    person: PersonId
    offence: ViolationKind
    occasion: str


Object = RaiseObjection | ResolveObjection | WithdrawObjection | EscalateObjection


def object_to(
    command: Object,
    imposed: PenaltyImposed,
    proposed: PenaltyProposed,
    version: int,
    before: Objections,
    rules: ObjectionRules,
    context: Context,
) -> list[ObjectionEvent]:
    of = Contested(
        person=imposed.person,
        version=version,
        told=True,  # by its being imposed
        until=imposed.objections_until,
        given_by=imposed.decider,
    )

    def corrected(amended: AmendedFacts) -> tuple[Correction, ...]:
        return corrections(command, amended, imposed)

    said = objection.answered(command, of, before, rules, context, corrected)
    return [worded(proposed, word) for word in said]


def corrections(command: Object, amended: AmendedFacts, imposed: PenaltyImposed) -> tuple[Correction, ...]:
    named = NamedFact(fact=imposed.violation, field=STANDS)
    objection.check_amended(amended, {named: RECORDED})
    if wrong := [one.value for one in amended if one.value != WITHDRAWN]:
        raise Refused("objection.no_such_value", value=wrong[0], next=f"a violation is {RECORDED} or {WITHDRAWN}")
    about = ("violation", command.offence, command.occasion)
    return tuple(correction(one, about) for one in amended)


def correction(one: Amended, about: tuple[str, ...]) -> Correction:
    return Correction(fact=one.fact, about=about, field=one.field, was=RECORDED, now=one.value)


def worded(proposed: PenaltyProposed, word: Word) -> ObjectionEvent:
    kinds: dict[type, Any] = {
        objection.Raised: PenaltyObjectionRaised,
        objection.Escalated: PenaltyObjectionEscalated,
        objection.Resolved: PenaltyObjectionResolved,
        objection.Withdrawn: PenaltyObjectionWithdrawn,
    }
    event: ObjectionEvent = kinds[type(word)](
        penalty=proposed.penalty,
        person=proposed.person,
        offence=proposed.offence,
        occasion=proposed.occasion,
        kind=proposed.kind,
        month=proposed.month,
        told=word,
    )
    return event
