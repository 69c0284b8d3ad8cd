"""Whether a read model's code is what its version was built with: a hash of what makes its rows, per reader.

The hash is that of the syntax, without docstrings and comments: of the key, the fold, the row, and whatever of the
services they name. The events are left out: what they may become is for the contracts to say.

The columns of a table are on record by themselves: a table that is there gets no other ones, so under the same version
they cannot be taken for another wording.
"""

import ast
import hashlib
import inspect
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from cli.serve import load
from cli.state import SERVICES
from shared.rows import table

if TYPE_CHECKING:
    from shared.build import Model

ROOT = Path(__file__).parents[1]
CONSTANTS = (str, int, Decimal, tuple, frozenset, dict)
PARTS = ("key", "evolve", "row", "about", "subjects", "result", "on", "population")


def recorded(service: str) -> Path:
    return ROOT / "services" / service / "readers.json"


def record() -> None:
    """Write down what every reader's code is now. Raises ValueError where that cannot be under its version."""
    for service in SERVICES:
        before, now = on_record(service), found(service)
        if unlike := [f"{name}/{was['version']}" for name, was in before.items() if other(was, now.get(name, was))]:
            raise ValueError(f"{service}: {', '.join(unlike)}: other columns than the table has: raise `version`")
        recorded(service).write_text(json.dumps(now, indent=2, sort_keys=True) + "\n")


def on_record(service: str) -> dict[str, dict[str, Any]]:
    path = recorded(service)
    return json.loads(path.read_text()) if path.exists() else {}


def other(was: dict[str, Any], now: dict[str, Any]) -> bool:
    """Whether the table of this version has other columns."""
    return bool(was["version"] == now["version"] and was.get("columns", now["columns"]) != now["columns"])


def changed(service: str) -> Iterator[str]:
    """What is to be done, a sentence for each reader whose code is another one under the same version."""
    before = on_record(service)
    for name, now in found(service).items():
        was = before.get(name)
        if was is None or was["version"] != now["version"] or "columns" not in was:
            yield f"{service}: {name}/{now['version']} is not on record: `./kaibo readers record`"
        elif other(was, now):
            yield f"{service}: {name} has other columns than the table of its version {now['version']}: raise `version`"
        elif was["code"] != now["code"]:
            yield (
                f"{service}: {name} makes other rows than its version {now['version']} did: raise `version`, and it is "
                "built beside what is served. Where only the wording changed: `./kaibo readers record`"
            )
    yield from (f"{service}: {name} is gone: `./kaibo readers record`" for name in before.keys() - found(service))


def found(service: str) -> dict[str, dict[str, Any]]:
    loaded = load(service)
    models: tuple[Sequence[Model], ...] = (loaded.projections, loaded.facts)
    return {
        m.name: {"version": m.version, "code": fingerprint(m), "columns": columns(m)} for group in models for m in group
    }


def columns(model: "Model") -> str:
    """Of the rows of a projection; all facts have the same tables."""
    row = getattr(model, "row", None)
    told = [] if row is None else [f"{c.name} {c.type}" for c in table(model.name, row).columns]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16] if told else ""


def fingerprint(model: "Model") -> str:
    shown: set[str] = set()
    seen: set[Any] = set(model.events)
    for part in PARTS:
        gather(getattr(model, part, None), seen, shown)
    return hashlib.sha256("\n".join(sorted(shown)).encode()).hexdigest()[:16]


def gather(thing: Any, seen: set[Any], shown: set[str]) -> None:
    """The syntax of a function or class of the services, and of what it names."""
    if not isinstance(thing, FunctionType | type) or thing in seen or not thing.__module__.startswith("services."):
        return
    seen.add(thing)
    nodes = list(defined(thing))
    shown.update(ast.dump(bare(node)) for node in nodes)
    scope = vars(inspect.getmodule(thing))
    scope = scope | dict(inspect.getclosurevars(thing).nonlocals) if isinstance(thing, FunctionType) else scope
    for name in {n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name)}:
        value = scope.get(name)
        if isinstance(value, CONSTANTS):
            shown.add(f"{name} = {written(value)}")
        gather(value, seen, shown)


def written(value: Any) -> str:
    """A constant of a module, in an order of its own."""
    return ", ".join(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)


def defined(thing: Any) -> Iterator[ast.AST]:
    """Where it stands in its module; lambdas of one line are taken together."""
    tree = module(str(inspect.getsourcefile(thing)))
    if isinstance(thing, type):
        name = thing.__qualname__.rsplit(".", 1)[-1]
        yield from (n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == name)
        return
    code: CodeType = thing.__code__
    for node in ast.walk(tree):
        if isinstance(node, ast.Lambda) and code.co_name == "<lambda>" and node.lineno == code.co_firstlineno:
            yield node
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first == code.co_firstlineno:
                yield node


@cache
def module(path: str) -> ast.Module:
    return ast.parse(Path(path).read_text(encoding="utf-8"))


class Bare(ast.NodeTransformer):
    """Without docstrings."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            value = body[0].value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                node.body = body[1:]  # type: ignore[attr-defined]
        return node


def bare(node: ast.AST) -> ast.AST:
    return Bare().visit(ast.parse(ast.unparse(node)))  # type: ignore[no-any-return]
