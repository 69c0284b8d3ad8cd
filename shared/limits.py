"""What the edge takes: nothing that a database, an index or another system's JSON reader could not keep.

A text without a bound of its own is an id: rows are found by it, so it has to fit into an index, with others.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Annotated, Any, NewType, get_args, get_origin, get_type_hints

from pydantic import StringConstraints

from shared.value import names

ID = 200  # bytes
STREAM = 2_000  # bytes: an entry of PostgreSQL's index takes 2,704
INTEGER = 2**53 - 1  # what every JSON reader keeps exact
WHOLE, PLACES = 15, 6  # digits before and after the point: their sums stay exact
YEARS = range(1900, 2200)
HALF = re.compile("[\ud800-\udfff]")

Wrong = tuple[str, str]  # where, and what


def wrong(thing: Any, at: str = "body", bounded: bool = False) -> Iterator[Wrong]:
    """Everything in a command that cannot be kept; never its value, which may be personal."""
    if parts := names(thing.__class__):
        bounds = bounded_texts(thing.__class__)
        for name in parts:
            yield from wrong(getattr(thing, name), f"{at}/{name}", name in bounds)
    elif isinstance(thing, tuple | list):
        for i, part in enumerate(thing):
            yield from wrong(part, f"{at}/{i}", bounded)
    elif what := unkept(thing, bounded):
        yield at, what


def wrong_stream(stream: str) -> Iterator[Wrong]:
    if len(stream) > STREAM:
        yield "body", f"the ids that name its stream are longer than {STREAM} bytes together"


def unkept(thing: Any, bounded: bool = False) -> str:  # noqa: PLR0911 a case a kind of value
    """What is wrong with one value, or nothing."""
    match thing:
        case Enum() | bool() | None:
            return ""
        case str() if "\0" in thing:
            return "a text holds the character NUL, which no database keeps"
        case str() if HALF.search(thing):
            return "a text holds half of a character, which UTF-8 does not know"
        case str() if not bounded and len(thing.encode()) > ID:
            return f"an id has at most {ID} bytes"
        case int() if abs(thing) > INTEGER:
            return f"a whole number lies within ±{INTEGER}"
        case Decimal() if not written_out(thing):
            return f"a number has at most {WHOLE} digits before the point and {PLACES} after it, written out"
        case datetime() if thing.tzinfo is None:
            return "the offset from UTC is missing"
        case date() if thing.year not in YEARS:
            return f"a date lies within the years {YEARS.start} to {YEARS.stop - 1}"
    return ""


def written_out(number: Decimal) -> bool:
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and -PLACES <= exponent <= 0 and number.adjusted() < WHOLE


@cache
def bounded_texts(kind: Any) -> frozenset[str]:
    """The fields whose type says how long a text may be."""
    hints = get_type_hints(kind, include_extras=True)
    return frozenset(name for name, hint in hints.items() if any(c.max_length for c in constraints(hint)))


def constraints(hint: Any) -> Iterator[StringConstraints]:
    if isinstance(hint, NewType):
        hint = hint.__supertype__
    if get_origin(hint) is Annotated:
        yield from (m for m in hint.__metadata__ if isinstance(m, StringConstraints))
    for part in get_args(hint):
        yield from constraints(part)
