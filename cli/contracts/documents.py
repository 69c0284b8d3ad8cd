"""What stands on the wire, for whoever is not us: a closed JSON Schema (2020-12) an event, and examples of it."""

import json
from collections.abc import Mapping
from decimal import Decimal
from importlib import import_module
from typing import Any, cast

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from cli.state import SERVICES
from shared.event import Contract, encode
from shared.examples import Maker
from shared.privacy import PREFIX, Sealed, personal

Document = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DECIMAL = r"^-?[0-9]+(\.[0-9]+)?(E[+-]?[0-9]+)?$"
BOUNDS = {"ge": "x-minimum", "gt": "x-exclusiveMinimum", "le": "x-maximum", "lt": "x-exclusiveMaximum"}


def contracts() -> dict[str, Contract]:
    return {name: import_module(f"services.{name}.contracts").contract for name in SERVICES}


class WireSchema(GenerateJsonSchema):
    """As pydantic says it, but for what the wire carries otherwise: a decimal is a text, so that it stays exact, whose
    bounds no keyword of JSON Schema can say; a personal text is the token that it was sealed into."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        bounds: dict[str, Any] = {name: schema[key] for key, name in BOUNDS.items() if key in schema}  # type: ignore[literal-required]
        least, most = bounds.get("x-minimum", Decimal(0)), bounds.get("x-maximum", Decimal(100))
        shown = min(max(Decimal("12.5"), Decimal(least)), Decimal(most))
        told = {name: float(bound) for name, bound in bounds.items()}
        return {"type": "string", "pattern": DECIMAL, "examples": [str(shown)], **told}

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        found = super().dataclass_schema(schema)
        for name, seal in personal(cast(Any, schema["cls"])).items():
            found["properties"][name] = token(seal, found["properties"][name])
        return found

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def token(seal: Sealed, said: Mapping[str, Any]) -> Document:
    sealed: Document = {
        "type": "string",
        "pattern": f"^{PREFIX}[^:]*:{seal.kind}:[A-Za-z0-9_-]+=*$",
        "description": f"A personal text ({seal.kind}), sealed: the service that recorded it opens it, nobody else.",
        "examples": [f"{PREFIX}person-1:{seal.kind}:c2VhbGVk"],
    }
    optional = {"type": "null"} in said.get("anyOf", ())
    return {"anyOf": [sealed, {"type": "null"}], "default": None} if optional else sealed


def json_schema(contract: Contract, name: str) -> Document:
    """Its `$id` is what records carry as `ce_dataschema`."""
    kind = contract.events[name]
    said = TypeAdapter[object](kind).json_schema(mode="serialization", schema_generator=WireSchema)
    return {"$schema": DIALECT, "$id": address(contract.service, name, contract.schema(kind)), **said}


def address(service: str, name: str, schema: int) -> str:
    return f"urn:kaibo:{service}:{name}:{schema}"


def examples(contract: Contract, name: str) -> list[Document]:
    """One with every field, and one where what has a default has it."""
    kind, schema = contract.events[name], json_schema(contract, name)
    full = Maker(schema.get("$defs", {})).make(schema, name.lower())
    bare = {field: full[field] for field in schema.get("required", ())}
    found: list[Document] = []
    for said in (full, bare):
        event = contract.decode(name, contract.schema(kind), json.dumps(said).encode())
        stands = json.loads(encode(event))
        found += [stands] if stands not in found else []
    return found


def text(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
