"""What no form should be filled in with, field by field."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

Body = dict[str, Any]
Place = tuple[str | int, ...]


def varied(length: int) -> str:
    """Characters of four bytes that no index compresses."""
    return "".join(chr(0x20000 + n * n * 7_919 % 42_000) for n in range(length))


TEXTS = (
    "",
    "x" * 201,
    "x" * 2_001,
    "𠮷" * 50,  # 200 bytes
    "𠮷" * 51,
    "NUL \0",
    "half a pair \ud800",
    "enc1:p:name:abc",
    "a/b%2F/../ ;'\"--\u202e\ufeff\uffff",
    "٢٠٢٤-٠٥",  # digits, but not ours
)
NUMBERS = (2**53, -(2**63), 2**64, 10**400, 1e308, float("nan"), float("inf"), "1e999999", "-0.0000001", "1E+3")
DATES = (
    "0001-01-01",
    "1900-01-01",
    "9999-12-31",
    "2024-13-45",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00",
    "2024-05-06T10:00:00",
    "2199-12-31T23:59:59-12:00",
    10**18,
)
KINDS: tuple[Any, ...] = (None, [], {}, True, [[]])
LARGEST = (varied(50), varied(2_000), 2**53 - 1, "999999999999999.999999", "1900-01-01", "2199-12-31")
LARGEST_MOMENTS = ("1900-01-01T00:00:00+14:00", "2199-12-31T23:59:59-12:00")
BROKEN = (
    b"",
    b"{",
    b"null",
    b"[]",
    b"7",
    b'"text"',
    b"[" * 100_000,
    b'{"person": "\xff"}',
    b"\xef\xbb\xbf{}",
    b'{"a": ' + b"9" * 5_000 + b"}",
    b'{"person": "a", "\\ud800": 1}',
)


def places(part: Any, at: Place = ()) -> Iterator[Place]:
    """Where the leaves of an example are."""
    if isinstance(part, dict):
        for name, below in part.items():
            yield from places(below, (*at, name))
    elif isinstance(part, list) and part:
        yield from places(part[0], (*at, 0))
    else:
        yield at


def with_value(body: Body, at: Place, put: object) -> Body:
    found = deepcopy(body)
    part: Any = found
    for step in at[:-1]:
        part = part[step]
    part[at[-1]] = put
    return found


def fitting(shown: object) -> tuple[Any, ...]:
    """Bad values of the same kind as what an example shows, and of others."""
    if isinstance(shown, str) and shown[:2] == "20":
        return (*DATES, *TEXTS[:3], *KINDS)
    if isinstance(shown, int) or str(shown).isdigit():
        return (*NUMBERS, *KINDS)
    return (*TEXTS, *KINDS, 7)


def shown_at(body: Body, at: Place) -> object:
    part: Any = body
    for step in at:
        part = part[step]
    return part


def spoilt(body: Body) -> Iterator[bytes]:
    """The example with one field spoilt, as JSON."""
    for at in places(body):
        for put in fitting(shown_at(body, at)):
            yield json.dumps(with_value(body, at, put)).encode()
    yield json.dumps(body | {"nobody": 1, "\ud800": 2, "张三": 3}).encode()
    for name in body:
        yield json.dumps({other: v for other, v in body.items() if other != name}).encode()


def stretched(body: Body) -> Iterator[Body]:
    """The example with one field as large as anything may be."""
    for at in places(body):
        shown = shown_at(body, at)
        day = isinstance(shown, str) and shown[:2] == "20"
        for put in LARGEST_MOMENTS if day and "T" in str(shown) else LARGEST:
            yield with_value(body, at, put)
