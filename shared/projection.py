"""Read models: a fold of many streams by key into rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from functools import cache
from operator import attrgetter
from typing import Any, Generic, TypeVar, cast, get_type_hints

from shared.decider import arity
from shared.event import Meta, Recorded, takes
from shared.value import value

R = TypeVar("R")
E = TypeVar("E")


@value
class Projection(Generic[R, E]):
    """`key` gives the row, or the rows, that an event touches, as they are before their first event.

    The fields without a default are the primary key. The events come from the annotation of `evolve`; they may be
    those of other services: then it is a directory, at which decisions of this service may look.
    Raise `version` when a row, key or fold changes: the kernel then builds the new one beside the old.
    """

    name: str
    key: Callable[[E], R | list[R]]
    evolve: Callable[[R, E], R] | Callable[[R, E, Meta], R]
    version: int = 1

    @property
    def row(self) -> type[R]:
        return cast(type[R], hints(self.evolve)["return"])

    @property
    def events(self) -> tuple[type, ...]:
        return takes(self.evolve, 1)

    @property
    def primary(self) -> tuple[str, ...]:
        return primary(cast(type, self.row))

    def identity(self, row: R) -> tuple[Any, ...]:
        return key_of(cast(type, type(row)))(row)

    def touched(self, event: E) -> list[R]:
        rows = self.key(event)
        return rows if isinstance(rows, list) else [rows]

    def places(self, event: E) -> list[tuple[tuple[Any, ...], R]]:
        """The keys of the rows that an event touches, and the rows as they are before their first event."""
        return [(self.identity(blank), blank) for blank in self.touched(event)]

    def apply(
        self,
        rows: dict[tuple[Any, ...], R],
        recorded: Recorded[E],
        places: Sequence[tuple[tuple[Any, ...], R]] | None = None,
    ) -> None:
        """`places` of the event, where they are known already."""
        evolve = cast(Any, self.evolve)
        extra = (recorded.meta,) if arity(evolve) == 3 else ()
        for key, blank in self.places(recorded.event) if places is None else places:
            rows[key] = evolve(rows.get(key, blank), recorded.event, *extra)


@cache
def key_of(row: type) -> Callable[[Any], tuple[Any, ...]]:
    """Reads the primary key from a row."""
    names = primary(row)
    if len(names) == 1:
        only = attrgetter(names[0])
        return lambda row: (only(row),)
    return attrgetter(*names)


@cache
def primary(row: type) -> tuple[str, ...]:
    """Names of the fields without a default."""
    return tuple(f.name for f in fields(row) if f.default is MISSING and f.default_factory is MISSING)


@cache
def hints(function: Callable[..., Any]) -> Mapping[str, Any]:
    return get_type_hints(function)
