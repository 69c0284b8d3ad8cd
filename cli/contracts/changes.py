"""What changed between two schemas of one event, in words, and who has to be upgraded first for it.

Writers publish closed schemas, readers ignore what they do not know. So two questions: can a reader of before read
what is written from now on (the writer's schema closed, the reader's open), and can a reader of now read what was
written before? `jsoncompat` answers both, but is blind to what it takes for a remark: formats and patterns, bounds
of decimals, defaults, and that a field which may be missing means something to whoever reads it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsoncompat

Schema = Mapping[str, Any]

FACETS = (
    ("minimum", 1),
    ("exclusiveMinimum", 1),
    ("x-minimum", 1),
    ("x-exclusiveMinimum", 1),
    ("minLength", 1),
    ("minItems", 1),
    ("maximum", -1),
    ("exclusiveMaximum", -1),
    ("x-maximum", -1),
    ("x-exclusiveMaximum", -1),
    ("maxLength", -1),
    ("maxItems", -1),
)  # 1: a higher one is narrower


@dataclass(frozen=True)
class Change:
    """`forward`: readers of before read what is written from now on. `backward`: those of now what was written."""

    words: str
    forward: bool = True
    backward: bool = True


@dataclass(frozen=True)
class Field:
    """A place in a document, as `parts[].points`."""

    node: Schema
    required: bool
    nullable: bool

    @property
    def kind(self) -> str:
        if "enum" in self.node:
            return "one of a list"
        if "anyOf" in self.node:
            return " or ".join(sorted(json.dumps(part, sort_keys=True) for part in self.node["anyOf"]))
        found: str = self.node.get("type", "anything")
        return {"string": "text", "object": "value", "array": "list"}.get(found, found)


def compare(before: Schema, after: Schema) -> list[Change]:
    """Everything that changed. Empty where only remarks did."""
    old, new = fields(before), fields(after)
    found = [change for path in sorted(old.keys() | new.keys()) for change in at(path, old.get(path), new.get(path))]
    forward, backward = judged(before, after)
    unsaid = (forward or any(not c.forward for c in found), backward or any(not c.backward for c in found))
    if not all(unsaid):
        found.append(Change("its form is another one", *unsaid))
    return found


def judged(before: Schema, after: Schema) -> tuple[bool, bool]:
    """Forward and backward, by jsoncompat, which follows no reference out of a document and takes `$id` for one."""
    before, after = ({k: v for k, v in schema.items() if k != "$id"} for schema in (before, after))
    return (
        jsoncompat.check_compat(json.dumps(opened(before)), json.dumps(after), "serializer"),
        jsoncompat.check_compat(json.dumps(before), json.dumps(opened(after)), "deserializer"),
    )


def opened(schema: Any) -> Any:
    """As a reader takes it."""
    match schema:
        case dict():
            closed = schema.get("additionalProperties") is False
            return {k: opened(v) for k, v in schema.items() if not (closed and k == "additionalProperties")}
        case list():
            return [opened(part) for part in schema]
        case _:
            return schema


def fields(schema: Schema) -> dict[str, Field]:
    """Every place in a document of this schema; where one repeats itself within, once."""
    return dict(places(schema, schema.get("$defs", {}), "", True, ()))


def places(
    schema: Schema, definitions: Schema, path: str, required: bool, within: tuple[str, ...]
) -> Iterator[tuple[str, Field]]:
    nullable = False
    while "$ref" in schema or len(schema.get("anyOf", ())) in (1, 2):
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            if name in within:
                return
            within, schema = (*within, name), definitions[name]
            continue
        parts = [part for part in schema["anyOf"] if part != {"type": "null"}]
        nullable = nullable or len(parts) < len(schema["anyOf"])
        if len(parts) != 1:
            break
        schema = {k: v for k, v in schema.items() if k != "anyOf"} | parts[0]
    if path:
        yield path, Field(schema, required, nullable)
    for name, part in schema.get("properties", {}).items():
        place = f"{path}.{name}" if path else name
        yield from places(part, definitions, place, name in schema.get("required", ()), within)
    for more, sign in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(part := schema.get(more), dict):
            yield from places(part, definitions, f"{path}{sign}", True, within)


def at(path: str, old: Field | None, new: Field | None) -> Iterator[Change]:
    """What changed in one place."""
    if old is None:
        assert new is not None
        if path.rpartition(".")[2].endswith(("[]", "{}")):
            return  # what it is an item of has changed, and is told
        always = "is always there" if new.required else f"is {json.dumps(new.node.get('default'))} where it is missing"
        yield Change(f"{path} is new ({new.kind}) and {always}", backward=not new.required)
    elif new is None:
        if not path.rpartition(".")[2].endswith(("[]", "{}")):
            yield Change(f"{path} is gone", forward=False)
    else:
        yield from presence(path, old, new)
        yield from form(path, old.node, new.node, old.kind, new.kind)


def presence(path: str, old: Field, new: Field) -> Iterator[Change]:
    if old.required != new.required:
        words = f"{path} {'is always there now' if new.required else 'may be missing now'}"
        yield Change(words, forward=new.required, backward=old.required)
    elif old.node.get("default") != new.node.get("default"):
        defaults = f"{json.dumps(old.node.get('default'))} → {json.dumps(new.node.get('default'))}"
        yield Change(
            f"{path}: default {defaults}, so what was written without it would mean another thing", True, False
        )
    if old.nullable != new.nullable:
        words = f"{path} {'may be null now' if new.nullable else 'is never null now'}"
        yield Change(words, forward=old.nullable, backward=new.nullable)


def form(path: str, old: Schema, new: Schema, was: str, now: str) -> Iterator[Change]:
    if was != now:
        forward, backward = judged(bare(old), bare(new))
        yield Change(f"{path}: {was} → {now}", forward, backward)
    elif "enum" in old:
        if more := [m for m in new["enum"] if m not in old["enum"]]:
            yield Change(f"{path} may be {' or '.join(map(str, more))} too", forward=False)
        if less := [m for m in old["enum"] if m not in new["enum"]]:
            yield Change(f"{path} is {' or '.join(map(str, less))} no longer", backward=False)
    for name in ("format", "pattern"):
        if (a := old.get(name)) != (b := new.get(name)) and was == now:
            yield Change(f"{path}: {name} {a or 'free'} → {b or 'free'}", forward=a is None, backward=b is None)
    for name, sign in FACETS:
        if (a := old.get(name)) != (b := new.get(name)):
            narrower = a is None or (b is not None and (b - a) * sign > 0)
            words = f"{path}: {name.removeprefix('x-')} {'none' if a is None else a} → {'none' if b is None else b}"
            yield Change(words, forward=narrower, backward=not narrower)


def bare(node: Schema) -> Schema:
    """Of a value its type alone: what is in it is compared place by place."""
    return {k: v for k, v in node.items() if k in ("type", "enum", "anyOf")}
