"""Facts of which the last word holds."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, overload

from shared.decider import Context, Decider, Sight, nothing_else
from shared.event import takes

C = TypeVar("C")
E = TypeVar("E")


@overload
def register(*, name: str, fact: type[E], key: Callable[[E], tuple[str, ...]]) -> Decider[E, E | None, E]: ...
@overload
def register(
    *,
    name: str,
    fact: type[E],
    key: Callable[[C], tuple[str, ...]],
    says: Callable[[C, E | None, Context], E],
    sees: Callable[[C], Sequence[Sight]] = nothing_else,
) -> Decider[C, E | None, E]: ...
def register(
    *,
    name: str,
    fact: type[E],
    key: Callable[[Any], tuple[str, ...]],
    says: Callable[[Any, E | None, Context], E] | None = None,
    sees: Callable[[Any], Sequence[Sight]] = nothing_else,
) -> Decider[Any, E | None, E]:
    """The same again changes nothing, another one corrects it.

    The command is the fact itself; or `says`, given the command and the last fact, refuses it or says what the fact is
    now. Where that is the last one, nothing is new."""

    def decide(command: Any, state: E | None, context: Context) -> list[E]:
        said = says(command, state, context) if says else command
        return [] if said == state else [said]

    return Decider(
        name=name,
        key=key,
        initial=lambda: None,
        decide=decide,
        evolve=lambda state, event: event,
        sees=sees,
        asks=takes(says, 0) if says else (fact,),
        tells=(fact,),
    )
