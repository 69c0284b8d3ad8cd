"""An objection to an imposed penalty: the fact on which it rests is its violation. C-09; ruling R7.

What the violation itself rests on, an exam or an absence, is corrected in training, and takes both along.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from services import objection
from services.objection import (
    Amended,
    AmendedFacts,
    Contested,
    Correction,
    Named,
    NamedFact,
    ObjectionRules,
    Objections,
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
from shared.privacy import Note, Reason
from shared.value import value

STANDS, RECORDED, WITHDRAWN = "stands", "recorded", "withdrawn"


@value
class RaiseObjection:
    """To the imposed penalty for a violation: `offence` is its kind."""

    person: PersonId
    offence: ViolationKind
    occasion: str
    reason: Reason
    named: Named = ()


@value
class ResolveObjection:
    """Upheld by naming the violation: `stands` is amended to `withdrawn`. With nothing amended it is rejected."""

    person: PersonId
    offence: ViolationKind
    occasion: str
    version: int
    finding: Note
    amended: AmendedFacts = ()


@value
class WithdrawObjection:
    person: PersonId
    offence: ViolationKind
    occasion: str
    version: int


@value
class EscalateObjection:
    """It was not answered in time."""

    person: PersonId
    offence: ViolationKind
    occasion: str
    version: int


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
    return [worded(proposed, word) for word in said(command, of, imposed, before, rules, context)]


def said(
    command: Object,
    of: Contested,
    imposed: PenaltyImposed,
    before: Objections,
    rules: ObjectionRules,
    context: Context,
) -> Sequence[Word]:
    match command:
        case RaiseObjection():
            return objection.raise_objection(of, command.named, command.reason, before, rules, context)
        case WithdrawObjection():
            return objection.withdraw_objection(of, command.version, before, context)
        case EscalateObjection():
            return objection.escalate_objection(command.person, command.version, before)
        case ResolveObjection():
            objection.check_handler(of, rules, context)
            made = partial(corrections, command, imposed)
            return objection.resolve_objection(
                of, command.version, command.amended, command.finding, before, context, made
            )


def corrections(command: ResolveObjection, imposed: PenaltyImposed) -> tuple[Correction, ...]:
    named = NamedFact(fact=imposed.violation, field=STANDS)
    objection.check_amended(command.amended, {named: RECORDED})
    if wrong := [one.value for one in command.amended if one.value != WITHDRAWN]:
        raise Refused("objection.no_such_value", value=wrong[0], next=f"a violation is {RECORDED} or {WITHDRAWN}")
    about = ("violation", command.offence, command.occasion)
    return tuple(correction(one, about) for one in command.amended)


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
