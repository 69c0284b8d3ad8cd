"""A criterion that an organisation writes itself, in the Common Expression Language: it compares what it is given.

    score >= 90 && grade in ['A', 'S'] && !(complaints > 0)

It knows numbers and words, `== != < <= > >= in && || !` and parentheses, and nothing else: what is to be computed is
an input with a name. Inputs are declared as a class, a field each; a criterion that names another one, or compares a
number with a word, is refused when its policy is loaded.
"""

import ast
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import cache
from types import NoneType
from typing import Annotated, Any, NewType, cast, get_args, get_origin, get_type_hints

import cel
from pydantic import AfterValidator

LONGEST = 1000
TOKENS = re.compile(
    r"\s*(?:(?P<word>'[^'\\\n]*'|\"[^\"\\\n]*\")|(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>&&|\|\||==|!=|<=|>=|[<>!()\[\],-]))",
    re.ASCII,
)
PYTHON = {"&&": "and", "||": "or", "!": "~"}  # `~` binds as `!` does
OPERATORS: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.In: "in",
}  # fmt: skip
NUMBER, WORD, TRUTH = "a number", "a word", "yes or no"

Type = str | frozenset[str]  # NUMBER, WORD, TRUTH; or the words that are possible
Inputs = Mapping[str, Fraction | str]


def holds(expression: str, inputs: Inputs) -> bool:
    """Of one that was checked. Numbers are compared as doubles: exact to fifteen digits."""
    given = {name: v if isinstance(v, str) else plain(v) for name, v in inputs.items()}
    return cast(bool, program(expression).execute(given))


def names(expression: str) -> frozenset[str]:
    """The inputs that it asks for."""
    return frozenset(node.id for node in ast.walk(parsed(expression)) if isinstance(node, ast.Name))


def check(expression: str, inputs: type) -> None:
    """Raises ValueError with what is wrong."""
    found = typed(parsed(expression).body, declared(inputs))
    if found != TRUTH:
        raise ValueError(f"a criterion is {TRUTH}; this is {told(found)}")


def over(inputs: type) -> AfterValidator:
    """For the annotation of a policy's condition: what it may ask for."""

    def checked(condition: Any) -> Any:
        check(condition.expression, inputs)
        return condition

    return AfterValidator(checked)


# Reading it: only what has one meaning in both languages is let through


@cache
def program(expression: str) -> cel.Program:
    """Raises ValueError where it is no expression."""
    try:
        return cel.compile(expression)
    except ValueError:
        raise ValueError(f"this is no expression: {expression}") from None


@cache
def parsed(expression: str) -> ast.Expression:
    """Raises ValueError."""
    if len(expression) > LONGEST:
        raise ValueError(f"a criterion has at most {LONGEST} characters")
    program(expression)
    words = (PYTHON.get(token, token) for token in tokens(expression))
    try:
        return ast.parse(" ".join(words), mode="eval")
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError(f"this is no criterion: {expression}") from None


def tokens(expression: str) -> list[str]:
    found, at, end = [], 0, len(expression.rstrip())
    while at < end:
        token = TOKENS.match(expression, at)
        if token is None:
            raise ValueError(f"a criterion does not know what begins at {expression[at:].strip()[:20]!r}")
        found.append(token.group().strip())
        at = token.end()
    return found


# Its type


def declared(inputs: type) -> Mapping[str, Type]:
    """Raises TypeError for a class whose fields are neither numbers nor words."""
    if not is_dataclass(inputs):
        raise TypeError(f"{inputs} declares no inputs")
    hints = get_type_hints(inputs)
    return {f.name: kind(f"{inputs.__name__}.{f.name}", hints[f.name]) for f in fields(inputs)}


def kind(name: str, hint: Any) -> Type:
    if get_origin(hint) is Annotated:
        return kind(name, get_args(hint)[0])
    if isinstance(hint, NewType):
        return kind(name, hint.__supertype__)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return frozenset(str(member.value) for member in hint)
    if hint is str:
        return WORD
    if hint in (int, Decimal):
        return NUMBER
    several = [a for a in get_args(hint) if a not in (NoneType, Ellipsis)]
    if len(several) == 1:  # an optional one, or any of these
        return kind(name, several[0])
    raise TypeError(f"{name} is neither a number nor a word")


def typed(node: ast.expr, known: Mapping[str, Type]) -> Type:  # noqa: PLR0911 one for each form
    match node:
        case ast.Name(id=name):
            if name not in known:
                raise ValueError(f"there is no input {name}, only {', '.join(sorted(known))}")
            return known[name]
        case ast.Constant(value=str() as word):
            return frozenset([word])
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            return NUMBER
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return expected(NUMBER, operand, known)
        case ast.UnaryOp(op=ast.Invert(), operand=operand):
            return expected(TRUTH, operand, known)
        case ast.BoolOp(values=several):
            for one in several:
                expected(TRUTH, one, known)
            return TRUTH
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return compared(left, op, right, known)
        case _:
            raise ValueError(f"a criterion compares and nothing else: {ast.unparse(node)}")


def expected(wanted: Type, node: ast.expr, known: Mapping[str, Type]) -> Type:
    found = typed(node, known)
    if found != wanted:
        raise ValueError(f"{ast.unparse(node)} is {told(found)}, not {told(wanted)}")
    return found


def compared(left: ast.expr, op: ast.cmpop, right: ast.expr, known: Mapping[str, Type]) -> Type:
    sign = OPERATORS.get(type(op))
    if isinstance(op, ast.In) and isinstance(right, ast.List) and right.elts:
        for one in right.elts:
            alike(left, "==", one, known)
        return TRUTH
    if sign is None or isinstance(op, ast.In):
        raise ValueError(f"{ast.unparse(right)}: after `in` stands a list such as ['A', 'S']")
    return alike(left, sign, right, known)


def alike(left: ast.expr, sign: str, right: ast.expr, known: Mapping[str, Type]) -> Type:
    a, b = typed(left, known), typed(right, known)
    if (a == NUMBER) != (b == NUMBER) or TRUTH in (a, b):
        raise ValueError(
            f"{ast.unparse(left)} is {told(a)} and {ast.unparse(right)} {told(b)}: {sign} does not compare them"
        )
    if a != NUMBER and sign not in ("==", "!="):
        raise ValueError(f"{ast.unparse(left)} is a word: words are the same or not, {sign} does not order them")
    if isinstance(a, frozenset) and isinstance(b, frozenset) and not a & b:
        raise ValueError(f"{ast.unparse(left)} is {told(a)}, and never {' or '.join(sorted(b))}")
    return TRUTH


def told(found: Type) -> str:
    return found if isinstance(found, str) else f"a word ({', '.join(sorted(found))})"


def plain(number: Fraction) -> int | float:
    return number.numerator if number.denominator == 1 else float(number)
