"""One cycle a month (S-37). Reviews are opened in it one by one, by bulk: who takes part is HR's word."""

from services.performance.cycles.events import CycleOpened
from services.vocabulary import Month, Text, first_day
from shared.decider import Decider, Refused
from shared.value import value


@value
class OpenCycle:
    month: Month
    not_rated: Text | None = None

    def __post_init__(self) -> None:
        first_day(self.month)


@value
class Unopened:
    pass


@value
class Open:
    not_rated: str | None


State = Unopened | Open


def decide(command: OpenCycle, state: State) -> list[CycleOpened]:
    match state:
        case Unopened():
            return [CycleOpened(month=command.month, not_rated=command.not_rated)]
        case Open() if state.not_rated == command.not_rated:
            return []
        case _:
            raise Refused(
                "cycle.already_open",
                month=command.month,
                not_rated=state.not_rated,
                next="go on with it: whether a month is rated is said when its cycle is opened",
            )


def evolve(state: State, event: CycleOpened) -> State:
    return Open(not_rated=event.not_rated)


def nothing() -> State:
    return Unopened()


cycles = Decider(
    name="cycle",
    key=lambda command: (command.month,),
    initial=nothing,
    decide=decide,
    evolve=evolve,
)
