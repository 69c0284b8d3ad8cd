"""Who has to be upgraded first: a table of changes, ours and what jsoncompat says alone. G8."""

from dataclasses import MISSING, field, make_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import pytest
from annotated_types import Ge, Le, MaxLen
from pydantic import StringConstraints

from cli.contracts.changes import compare, judged
from cli.contracts.documents import json_schema
from shared.event import Contract
from shared.privacy import Name
from shared.value import value


class Two(StrEnum):
    GOOD = "good"
    BAD = "bad"


class Three(StrEnum):
    GOOD = "good"
    BAD = "bad"
    FAIR = "fair"


@value
class Part:
    name: str


@value
class Part2:
    name: str
    points: int


@value
class Part3:
    name: str
    points: int = 0


def schema(**hints: Any) -> dict[str, Any]:
    """Of an event with these fields; a pair is a type with its default."""
    made = [
        (name, hint[0], field(default=hint[1])) if isinstance(hint, tuple) else (name, hint, field(default=MISSING))
        for name, hint in hints.items()
    ]
    event = make_dataclass("Told", made, frozen=True, kw_only=True, slots=True)
    event.__pydantic_config__ = {"extra": "forbid"}  # type: ignore[attr-defined]
    return json_schema(Contract("house", event), "Told")


BOTH, FORWARD, BACKWARD, NEITHER = (True, True), (True, False), (False, True), (False, False)
PLAIN = {"person": str}
CAPITAL = StringConstraints(pattern="^[A-Z]")
CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[bool, bool], str]] = {
    "added with a default": ({}, {"x": (int, 0)}, BOTH, "x is new (integer) and is 0 where it is missing"),
    "added, always there": ({}, {"x": int}, FORWARD, "x is new (integer) and is always there"),
    "removed": ({"x": int}, {}, BACKWARD, "x is gone"),
    "removed, had a default": ({"x": (int, 0)}, {}, BACKWARD, "x is gone"),
    "renamed": ({"points": int}, {"score": int}, NEITHER, "points is gone; score is new (integer) and is always there"),
    "widened": ({"x": int}, {"x": float}, BACKWARD, "x: integer → number"),
    "narrowed": ({"x": float}, {"x": int}, FORWARD, "x: number → integer"),
    "another type": ({"x": int}, {"x": str}, NEITHER, "x: integer → text"),
    "may be null": ({"x": int}, {"x": int | None}, BACKWARD, "x may be null now"),
    "never null": ({"x": int | None}, {"x": int}, FORWARD, "x is never null now"),
    "may be missing": ({"x": int}, {"x": (int, 0)}, BACKWARD, "x may be missing now"),
    "always there": ({"x": (int, 0)}, {"x": int}, FORWARD, "x is always there now"),
    "enum value added": ({"x": Two}, {"x": Three}, BACKWARD, "x may be fair too"),
    "enum value removed": ({"x": Three}, {"x": Two}, FORWARD, "x is fair no longer"),
    "enum freed": ({"x": Two}, {"x": str}, BACKWARD, "x: one of a list → text"),
    "maximum tightened": (
        {"x": Annotated[int, Le(9)]},
        {"x": Annotated[int, Le(5)]},
        FORWARD,
        "x: maximum 9 → 5",
    ),
    "maximum loosened": ({"x": Annotated[int, Le(5)]}, {"x": Annotated[int, Le(9)]}, BACKWARD, "x: maximum 5 → 9"),
    "minimum added": ({"x": int}, {"x": Annotated[int, Ge(0)]}, FORWARD, "x: minimum none → 0"),
    "minimum gone": ({"x": Annotated[int, Ge(0)]}, {"x": int}, BACKWARD, "x: minimum 0 → none"),
    "decimal tightened": (
        {"x": Annotated[Decimal, Le(100)]},
        {"x": Annotated[Decimal, Le(50)]},
        FORWARD,
        "x: maximum 100.0 → 50.0",
    ),
    "decimal loosened": ({"x": Annotated[Decimal, Ge(0)]}, {"x": Decimal}, BACKWARD, "x: minimum 0.0 → none"),
    "text shortened": (
        {"x": Annotated[str, MaxLen(9)]},
        {"x": Annotated[str, MaxLen(5)]},
        FORWARD,
        "x: maxLength 9 → 5",
    ),
    "date to moment": ({"x": date}, {"x": datetime}, NEITHER, "x: format date → date-time"),
    "date to text": ({"x": date}, {"x": str}, BACKWARD, "x: format date → free"),
    "text to date": ({"x": str}, {"x": date}, FORWARD, "x: format free → date"),
    "decimal to text": ({"x": Decimal}, {"x": str}, BACKWARD, "x: pattern"),
    "pattern added": ({"x": str}, {"x": Annotated[str, CAPITAL]}, FORWARD, "x: pattern free → ^[A-Z]"),
    "pattern gone": ({"x": Annotated[str, CAPITAL]}, {"x": str}, BACKWARD, "x: pattern ^[A-Z] → free"),
    "sealed from now on": ({"name": str}, {"name": Name}, FORWARD, "name: pattern free → ^enc1:"),
    "another default": ({"x": (int, 0)}, {"x": (int, 1)}, FORWARD, "x: default 0 → 1"),
    "one to many": ({"x": int}, {"x": tuple[int, ...]}, NEITHER, "x: integer → list"),
    "items widened": ({"x": tuple[int, ...]}, {"x": tuple[float, ...]}, BACKWARD, "x[]: integer → number"),
    "within a value, always there": (
        {"x": Part},
        {"x": Part2},
        FORWARD,
        "x.points is new (integer) and is always there",
    ),
    "within a list, with a default": ({"x": tuple[Part, ...]}, {"x": tuple[Part3, ...]}, BOTH, "x[].points is new"),
    "values of a mapping": ({"x": dict[str, int]}, {"x": dict[str, str]}, NEITHER, "x{}: integer → text"),
}
BLIND = {
    "removed, had a default",
    "decimal tightened",
    "decimal loosened",
    "date to moment",
    "date to text",
    "text to date",
    "decimal to text",
    "pattern added",
    "pattern gone",
    "sealed from now on",
    "another default",
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_verdict(change: str) -> None:
    before, after, expected, words = CHANGES[change]
    old, new = schema(**PLAIN, **before), schema(**PLAIN, **after)
    found = compare(old, new)
    assert (all(c.forward for c in found), all(c.backward for c in found)) == expected
    assert words in "; ".join(c.words for c in found)
    assert "another one" not in "; ".join(c.words for c in found)
    assert (judged(old, new) != expected) == (change in BLIND)


def test_what_only_reads_differently_is_no_change() -> None:
    old = schema(**PLAIN)
    assert compare(old, old | {"title": "Another", "description": "More words."}) == []


def test_what_no_word_is_found_for_is_told_all_the_same() -> None:
    old = {"type": "object", "properties": {"x": {"type": "array", "uniqueItems": True}}}
    new = {"type": "object", "properties": {"x": {"type": "array"}}}
    assert [(c.words, c.forward, c.backward) for c in compare(old, new)] == [("its form is another one", False, True)]
