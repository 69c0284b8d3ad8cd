"""A violation leads to a penalty, and takes it along when it falls. Clauses: A-61, T-66, T-67; rulings R2, R3, R7."""

from collections.abc import Iterator
from datetime import datetime

from services import objection
from services.supervision.penalties.decisions import FollowViolation, HoldPenalty, LiftPenalty, SettlePenalty, penalties
from services.supervision.penalties.events import PenaltyObjectionRaised
from services.supervision.penalties.facts import Offence
from services.supervision.penalties.objections import EscalateObjection
from services.supervision.violations.events import (
    AttemptContested,
    ViolationKind,
    ViolationRecorded,
    ViolationWithdrawn,
)
from shared.reaction import Reaction

Word = ViolationRecorded | ViolationWithdrawn | AttemptContested


def follow_violation(violation: Word) -> Iterator[FollowViolation | LiftPenalty | HoldPenalty]:
    """One reader for all, so that their order holds."""
    match violation:
        case AttemptContested():
            offence = ViolationKind.TRAINING_ASSESSMENT_FAILED
            yield HoldPenalty(person=violation.person, offence=offence, occasion=violation.session)
        case ViolationRecorded():
            yield FollowViolation(
                person=violation.person,
                offence=violation.kind,
                occasion=violation.occasion,
                occurred_on=violation.occurred_on,
                ruled_on=violation.ruled_on,
                correction=violation.correction,
            )
        case ViolationWithdrawn():
            yield LiftPenalty(
                person=violation.person,
                offence=violation.kind,
                occasion=violation.occasion,
                cause=violation.cause,
            )


violation_consequences = Reaction(name="violation_consequence", to=penalties, react=follow_violation)


def settle_penalty(subject: Offence) -> Iterator[SettlePenalty]:
    """Whose rules the person falls under is known now."""
    yield SettlePenalty(person=subject.person, offence=subject.offence, occasion=subject.occasion)


penalty_settlements = Reaction(name="penalty_settlement", to=penalties, react=settle_penalty)


def escalate(raised: PenaltyObjectionRaised) -> Iterator[EscalateObjection]:
    if raised.told.answer_by is not None:
        yield EscalateObjection(
            person=raised.person, offence=raised.offence, occasion=raised.occasion, version=raised.told.version
        )


def answer_due(raised: PenaltyObjectionRaised) -> datetime | None:
    return objection.answer_due(raised.told)


penalty_answers = Reaction(name="penalty_answer", to=penalties, react=escalate, at=answer_due)
