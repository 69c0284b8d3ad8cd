"""Facts that need no rule."""

from collections.abc import Callable
from typing import TypeVar

from shared.decider import Decider

E = TypeVar("E")


def register(*, name: str, fact: type[E], key: Callable[[E], tuple[str, ...]]) -> Decider[E, E | None, E]:
    """The command is the fact itself; the same again changes nothing, another one corrects it."""
    return Decider(
        name=name,
        key=key,
        initial=lambda: None,
        decide=lambda command, state: [] if command == state else [command],
        evolve=lambda state, event: event,
        asks=fact,
    )
