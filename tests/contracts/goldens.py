"""How every event stands on the wire: an example of its JSON and its closed JSON Schema (2020-12), a file each.

`python -m tests.contracts.goldens` writes them anew. A change of a file that was released is a change of the contract:
raise the event's schema with an upcast first, and keep the example of the old one beside it.
"""

import json
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NewType, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter

from shared.event import Contract, encode

FOLDER = Path(__file__).with_name("goldens")
TEXTS = {"Month": "2024-05", "month": "2024-05", "Quarter": "2024-Q2", "quarter": "2024-Q2"}
SERVICES = ("training", "people", "performance", "supervision")
PLAIN: dict[type, Any] = {
    bool: True,
    int: 7,
    str: "text",
    Decimal: Decimal("7.50"),
    datetime: datetime(2024, 5, 6, 12, 30, tzinfo=UTC),
    date: date(2024, 5, 6),
}


def contract_of(service: str) -> Contract:
    found: Contract = import_module(f"services.{service}.contracts").contract
    return found


def example(hint: Any, name: str = "text") -> Any:
    """One value of a type, the same every time. A text is named by what it is."""
    while (bare := unwrapped(hint)) is not hint:
        name = getattr(hint, "__name__", name) if isinstance(hint, NewType) else name
        hint = bare
    origin = get_origin(hint)
    if origin is tuple:
        return (example(get_args(hint)[0], name),)
    if origin is not None and issubclass(origin, Mapping):
        return {"name": "value"}
    if is_dataclass(hint):
        hints = get_type_hints(hint, include_extras=True)
        return hint(**{f.name: example(hints[f.name], f.name) for f in fields(hint)})  # type: ignore[operator]
    if issubclass(hint, Enum):
        return next(iter(hint))
    return TEXTS.get(name, name) if hint is str else PLAIN[hint]


def unwrapped(hint: Any) -> Any:
    """What a new type, an annotation or the first of several holds."""
    if isinstance(hint, NewType):
        return hint.__supertype__
    if get_origin(hint) in (Annotated, Union, types.UnionType):
        return get_args(hint)[0]
    return hint


def golden(contract: Contract, kind: type) -> str:
    document = {
        "event": f"kaibo.{contract.service}.{kind.__name__}",
        "topic": contract.topic(kind),
        "schema": contract.schema(kind),
        "example": json.loads(encode(example(kind))),
        "json_schema": TypeAdapter(kind).json_schema(mode="serialization"),
    }
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def release() -> None:
    for service in SERVICES:
        contract = contract_of(service)
        (FOLDER / service).mkdir(parents=True, exist_ok=True)
        for name, kind in contract.events.items():
            (FOLDER / service / f"{name}.json").write_text(golden(contract, kind))


if __name__ == "__main__":
    release()
