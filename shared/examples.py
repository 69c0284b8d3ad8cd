"""An example of a value, made from its type: for the API document, and for the wire contract to be held against."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

Schema = Mapping[str, Any]
NUMBER = 12
MOMENT = "2024-05-06T09:30:00+08:00"
FORMATS = {"date": "2024-05-06", "date-time": MOMENT}


def example(kind: type) -> Any:
    """JSON that the type takes, with every field. Raises ValueError for a text whose pattern no example shows."""
    schema = TypeAdapter(kind).json_schema()
    return Maker(schema.get("$defs", {})).make(schema, kind.__name__.lower())


class Maker:
    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self.definitions = definitions

    def make(self, schema: Schema, name: str) -> Any:  # noqa: PLR0911 a case a kind of schema
        """`name` is the field's: a text without a form of its own is its name with a number."""
        match schema:
            case {"examples": [first, *_]} | {"const": first} | {"enum": [first, *_]}:
                return first
            case {"$ref": reference}:
                return self.make(self.definitions[reference.rsplit("/", 1)[1]], name)
            case {"anyOf": [{"type": "number"}, {"type": "string"}, *_]}:
                return str(number(schema["anyOf"][0]))  # a decimal: as a text it stays exact
            case {"anyOf": [first, *_]}:
                return self.make(first, name)
            case {"properties": properties}:
                return {field: self.make(of, field) for field, of in properties.items()}
            case {"type": "array", "prefixItems": items}:
                return [self.make(of, f"{name}-{i}") for i, of in enumerate(items, 1)]
            case {"type": "array"}:
                return [self.make(schema["items"], name) for _ in range(max(schema.get("minItems", 0), 1))]
            case {"type": "integer" | "number"}:
                return number(schema)
            case {"type": "string"}:
                return text(schema, name)
            case {"type": "boolean"}:
                return True
            case _:
                return {}


def number(bounds: Schema) -> int:
    least, most = bounds.get("minimum", NUMBER), bounds.get("maximum", NUMBER)
    return int(min(max(NUMBER, least), most))


def text(schema: Schema, name: str) -> str:
    if "pattern" in schema:
        raise ValueError(f"{name}: {schema['pattern']} has no example: give its type Field(examples=[…])")
    found: str = FORMATS.get(schema.get("format", ""), f"{name.replace('_', '-')}-1")
    return found[: schema.get("maxLength")]
