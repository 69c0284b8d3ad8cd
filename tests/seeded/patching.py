"""Seeded bugs: one place of a module is wrong for a while, and the test that guards it must fail.

    with mutated(relay, "seq + 1", "seq"), pytest.raises(AssertionError):
        await test_nothing_is_skipped(...)

The bug is put in place: functions and methods that others imported before run the changed code too, so a guard is
called as it stands. What is changed must lie in a function, a method or a constant of the module; anything else,
and a text that is not there exactly once, is an error: a bug that was never seeded would prove nothing.
"""

import ast
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any


@contextmanager
def mutated(module: ModuleType, old: str, new: str) -> Iterator[None]:
    """The module with `new` where `old` stands, until the block ends. Raises LookupError where that is not possible."""
    path = str(module.__file__)
    source = Path(path).read_text(encoding="utf-8")
    if source.count(old) != 1:
        raise LookupError(f"{path}: {source.count(old)} places read {old!r}, not one")
    changed = source.replace(old, new)
    before, after = parts(source), parts(changed)
    names = [name for name, part in after.items() if name in before and ast.dump(part) != ast.dump(before[name])]
    if not names:
        raise LookupError(f"{path}: {old!r} is in no function, method or constant")
    code: dict[str, CodeType] = dict(functions(compile(changed, path, "exec")))
    undo: list[tuple[object, str, object]] = []

    def put(target: object, attribute: str, value: object) -> None:
        undo.append((target, attribute, getattr(target, attribute)))
        setattr(target, attribute, value)

    for name in names:
        if name in code:
            put(live(module, name), "__code__", code[name])
        else:
            put(module, name, ast.literal_eval(after[name]))
    try:
        yield
    finally:
        for target, attribute, value in undo:
            setattr(target, attribute, value)


def parts(source: str) -> dict[str, ast.AST]:
    """Functions and methods by qualified name, and the values of constants by name."""
    found: dict[str, ast.AST] = {}

    def walk(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    found[prefix + node.name] = node
                case ast.ClassDef():
                    walk(node.body, f"{prefix}{node.name}.")
                case ast.Assign(targets=[ast.Name(id=name)], value=constant) if not prefix:
                    found[name] = constant
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as constant) if not prefix:
                    found[name] = constant
                case _:
                    pass

    walk(ast.parse(source).body, "")
    return found


def functions(code: CodeType) -> Iterator[tuple[str, CodeType]]:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield inner.co_qualname, inner
            yield from functions(inner)


def live(module: ModuleType, name: str) -> FunctionType:
    """The function behind a qualified name, out of its property and its decorators."""

    def member(owner: Any, part: str) -> Any:
        found = inspect.getattr_static(owner, part)
        return found.fget if isinstance(found, property) else getattr(found, "__func__", found)

    found: Any = reduce(member, name.split("."), module)
    function = inspect.unwrap(found)
    if not isinstance(function, FunctionType):
        raise LookupError(f"{module.__name__}.{name} hides its function")
    return function
