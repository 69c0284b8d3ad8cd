"""A deduction of points obliges to rectify, and takes that along when it falls. Clause: A-62; ruling R3."""

from collections.abc import Iterator

from services.supervision.penalties.events import PenaltyImposed, PenaltyKind, PenaltyRevoked
from services.supervision.rectifications.decisions import LiftRectification, RequireRectification, rectifications
from shared.reaction import Reaction


def require(penalty: PenaltyImposed | PenaltyRevoked) -> Iterator[RequireRectification | LiftRectification]:
    """One reader for both, so that their order holds."""
    if penalty.kind is not PenaltyKind.POINTS_DEDUCTION:
        return
    match penalty:
        case PenaltyImposed():
            yield RequireRectification(
                person=penalty.person, offence=penalty.offence, occasion=penalty.occasion, penalty=penalty.penalty
            )
        case PenaltyRevoked():
            yield LiftRectification(
                person=penalty.person, offence=penalty.offence, occasion=penalty.occasion, cause=penalty.cause
            )


deduction_rectifications = Reaction(name="deduction_rectification", to=rectifications, react=require)
