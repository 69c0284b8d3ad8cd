"""A refusal tells what to do next; which setting a policy lacks says it by itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

SERVICES = Path(__file__).parents[2] / "services"


def without_next(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id="Refused"), args=[code, *_], keywords=told):
                if "next" not in {keyword.arg for keyword in told}:
                    yield ast.unparse(code)


def test_every_refusal_tells_what_to_do_next() -> None:
    found = {str(path.relative_to(SERVICES)): set(without_next(path.read_text())) for path in SERVICES.rglob("*.py")}
    lacking = {path: codes for path, codes in found.items() if codes - {"'policy.not_configured'"}}
    assert lacking == {}


def test_one_that_leaves_the_caller_alone_is_seen() -> None:
    assert list(without_next("raise Refused('exam.passed', score=90)")) == ["'exam.passed'"]
    assert list(without_next("raise Refused('exam.passed', next='attend a later session')")) == []
