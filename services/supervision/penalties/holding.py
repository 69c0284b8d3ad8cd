"""How whoever draws a consequence from a penalty learns that it waits. Ruling R7."""

from services.supervision.penalties.events import (
    PenaltyHeld,
    PenaltyObjectionRaised,
    PenaltyObjectionResolved,
    PenaltyObjectionWithdrawn,
)

Objected = PenaltyHeld | PenaltyObjectionRaised | PenaltyObjectionResolved | PenaltyObjectionWithdrawn


def holds(penalty: Objected) -> bool | None:
    """Whether what follows from an imposed penalty waits from now on; none: that does not change."""
    match penalty:
        case PenaltyHeld():
            return penalty.held if penalty.imposed else None
        case PenaltyObjectionRaised():
            return True
        case PenaltyObjectionWithdrawn():
            return False
        case PenaltyObjectionResolved():
            return None if penalty.told.corrections else False  # upheld, it is held until the penalty has fallen
