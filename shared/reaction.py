"""Reactions: a fact that obliges us to decide. With `at`, later."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar, cast

from shared.decider import Context, Decider, arity
from shared.event import takes
from shared.value import value

T = TypeVar("T")
C = TypeVar("C")


@value
class Reaction(Generic[T, C]):
    """The commands that an event, or a subject of Facts whose result changed, leads to: all for one decider of the
    own service.

    With `at`, the event waits until that moment (a deadline); the decision then sees the state of that moment, so
    nothing is cancelled. A consequence happens once for one cause on one target stream. `react` knows now, actor,
    policies and nothing else; what a consequence depends on is seen by the decision itself.
    """

    name: str
    to: Decider[C, Any, Any]
    react: Callable[[T], Iterable[C]] | Callable[[T, Context], Iterable[C]]
    at: Callable[[T], datetime | None] | None = None

    @property
    def events(self) -> tuple[type, ...]:
        return takes(self.react, 0)

    def once(self, stream: str, occasion: str) -> str:
        """The key under which the consequence is recorded: `occasion` is the causing event, or the set of facts whose
        result changed. A policy version is never part of it."""
        return f"reaction:{self.name}:{stream}:{occasion}"

    def __call__(self, trigger: T, context: Context) -> Sequence[C]:
        react = cast(Any, self.react)
        return list(react(trigger, context) if arity(react) == 2 else react(trigger))
