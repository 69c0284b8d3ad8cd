"""A life cycle drawn as a table: a row for each state, a column for each step, the state to which it leads in between.

`-`: refused from there; `.`: nothing is said, because it was said already or no longer matters.
"""

from collections.abc import Callable, Mapping
from typing import Any

from shared.testing import Given, Outcome

Step = Callable[[Given[Any, Any, Any]], Outcome[Any, Any, Any]]


def step(command: Any, **how: Any) -> Step:
    return lambda there: there.when(command, **how)


def arrows(
    states: Mapping[str, Given[Any, Any, Any]], steps: Mapping[str, Step], named: Callable[[Any], str]
) -> list[list[str]]:
    """`named` is the name of a decider's state. Each state bears its own name, and but for the first an arrow of the
    table leads to it."""
    later = list(states)[1:]
    rows = [[state, *(led(asked(there), named) for asked in steps.values())] for state, there in states.items()]
    for state, there in states.items():
        assert named(there.decider.state(there.history)) == state
    reached = {led_to for row in rows for led_to in row[1:]}
    assert set(later) <= reached, f"nothing leads to {set(later) - reached}"
    return [["", *steps], *rows]


def led(outcome: Outcome[Any, Any, Any], named: Callable[[Any], str]) -> str:
    if outcome.refusal is not None:
        return "-"
    history = (*outcome.given.history, *outcome.events)
    return named(outcome.given.decider.state(history)) if outcome.events else "."


def drawn(table: str) -> list[list[str]]:
    head, *rows = (line.split() for line in table.strip().splitlines())
    return [["", *head], *rows]
