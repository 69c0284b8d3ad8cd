"""Which months were opened for review."""

from services.performance.cycles.events import CycleOpened
from services.vocabulary import Month
from shared.projection import Projection
from shared.value import value


@value
class Cycle:
    month: Month
    not_rated: str | None = None


def cycle(row: Cycle, event: CycleOpened) -> Cycle:
    return Cycle(month=event.month, not_rated=event.not_rated)


opened_cycles = Projection(name="cycles", key=lambda event: Cycle(month=event.month), evolve=cycle)
