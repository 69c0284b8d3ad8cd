"""How rows of projections lie in PostgreSQL: a table a projection and version, a column a field."""

import re
import types
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Generic, NewType, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgspec

from shared.event import encode
from shared.projection import primary
from shared.value import value

R = TypeVar("R")

SCALARS = {bool: "boolean", int: "bigint", str: "text", Decimal: "numeric", datetime: "timestamptz", date: "date"}


@value
class Column:
    name: str
    type: str  # of PostgreSQL
    store: Callable[[Any], Any]


@value
class Table(Generic[R]):
    """The SQL of one row class under one table name."""

    name: str
    row: type[R]
    columns: tuple[Column, ...]
    primary: tuple[str, ...]
    documents: tuple[str, ...]  # the columns that hold JSON

    @property
    def create(self) -> str:
        lines = [f'"{c.name}" {c.type}{" not null" if c.name in self.primary else ""}' for c in self.columns]
        return f"create table if not exists {self.name} ({', '.join(lines)}, primary key ({names(self.primary)}))"

    @property
    def select(self) -> str:
        """By keys, given as one array a column of the primary key."""
        return (
            f"select r.* from {self.name} r"
            f" join unnest({self.arrays(self.primary)}) as k({names(self.primary)}) using ({names(self.primary)})"
        )

    @property
    def upsert(self) -> str:
        rest = [c.name for c in self.columns if c.name not in self.primary]
        change = ", ".join(f'"{n}" = excluded."{n}"' for n in rest)
        return (
            f"insert into {self.name} ({names(c.name for c in self.columns)})"
            f" select {', '.join(placed(c) for c in self.columns)}"
            f" from unnest({self.arrays([c.name for c in self.columns])}) as r({names(c.name for c in self.columns)})"
            f" on conflict ({names(self.primary)}) do {f'update set {change}' if change else 'nothing'}"
        )

    def arrays(self, columns: Sequence[str]) -> str:
        types_ = {c.name: "text" if c.type == "jsonb" else c.type for c in self.columns}
        return ", ".join(f"${i}::{types_[name]}[]" for i, name in enumerate(columns, 1))

    def page(self, equal: Sequence[str], after: bool) -> str:
        """Parameters: the values of `equal`, then the key to go on from, then the limit. Raises KeyError."""
        known = {c.name: c for c in self.columns}
        conditions = [f'"{known[name].name}" = ${i}' for i, name in enumerate(equal, 1)]
        n = len(equal)
        if after:
            marks = ", ".join(f"${n + i}" for i in range(1, len(self.primary) + 1))
            conditions.append(f"({names(self.primary)}) > ({marks})")
            n += len(self.primary)
        where = f" where {' and '.join(conditions)}" if conditions else ""
        return f"select * from {self.name}{where} order by {names(self.primary)} limit ${n + 1}"

    def values(self, rows: Sequence[R]) -> list[list[Any]]:
        """One list a column."""
        return [list(map(c.store, map(attrgetter(c.name), rows))) for c in self.columns]

    def load(self, record: Any) -> R:
        """From the columns that are there: another version's may be read. Raises msgspec.ValidationError."""
        found = dict(record)
        for name in self.documents:
            if found.get(name) is not None:
                found[name] = msgspec.json.decode(found[name])
        return msgspec.convert(found, self.row)


def placed(column: Column) -> str:
    return f'"{column.name}"::jsonb' if column.type == "jsonb" else f'"{column.name}"'


def names(columns: Any) -> str:
    return ", ".join(f'"{name}"' for name in columns)


@cache
def table(name: str, row: type[R]) -> Table[R]:
    """Raises ValueError for a name that is no plain identifier."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,55}", name):
        raise ValueError(f"{name!r} is no name for a table")
    hints = get_type_hints(row)
    columns = tuple(column(f.name, hints[f.name]) for f in fields(row))  # type: ignore[arg-type]
    documents = tuple(c.name for c in columns if c.type == "jsonb")
    return Table(name=name, row=row, columns=columns, primary=primary(cast("Any", row)), documents=documents)


def column(name: str, hint: Any) -> Column:
    bare = plain(hint)
    if isinstance(bare, type) and issubclass(bare, Enum):
        return Column(name=name, type="text", store=lambda v: None if v is None else v.value)
    if bare in SCALARS:
        return Column(name=name, type=SCALARS[bare], store=lambda v: v)
    return Column(name=name, type="jsonb", store=lambda v: None if v is None else encode(v).decode())


def plain(hint: Any) -> Any:
    """Without Annotated, NewType and None."""
    if get_origin(hint) is Annotated:
        return plain(get_args(hint)[0])
    if isinstance(hint, NewType):
        return plain(hint.__supertype__)
    if get_origin(hint) in (Union, types.UnionType):
        rest = [a for a in get_args(hint) if a is not type(None)]
        return plain(rest[0]) if len(rest) == 1 else hint
    return hint
