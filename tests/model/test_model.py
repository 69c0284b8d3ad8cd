"""The model of append, relay, readers and reactions; and every seeded bug that has a counterpart there."""

from types import ModuleType

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

from shared import consequence, memory, relay, subscription, wire
from tests.model.machine import Bank
from tests.seeded.patching import mutated


def explore(examples: int) -> None:
    """So many histories, the same ones every time. What is found is not made smaller: change `phases` to read it."""
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Bank,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        ),
    )


def test_every_guarantee_holds_in_every_order() -> None:
    explore(80)


PUBLISH = """
            if chunks:
                await self.broker.publish(chunks)
            await self.move(page)
"""
MOVE_FIRST = """
            await self.move(page)
            if chunks:
                await self.broker.publish(chunks)
"""
KEY = "once=reaction.once(stream, trigger.occasion or cause.id),"
BUGS: dict[str, tuple[ModuleType, str, str]] = {
    # G1
    "what was decided on is not checked": (memory, "((group.stream, group.expected), *group.guards)", "()"),
    "what else a decision saw is not checked": (memory, ", *group.guards)", ",)"),
    "keys are not checked": (memory, "if any(o.key in self.once for o in group.once):", "if False:"),
    # G2
    "the cursors move before the broker has acknowledged": (relay, PUBLISH, MOVE_FIRST),
    "what arrived of a page is taken for all of it": (
        relay,
        "min([max(self.moved.values()), *lost])",
        "max(self.sent.values())",
    ),
    "a topic that lost records is not filled again": (
        relay,
        "min([max(self.moved.values()), *lost])",
        "max(self.moved.values())",
    ),
    "the position before is that of the log, not of the partition": (
        wire,
        '("ce_prevposition", b"%d" % previous)',
        '("ce_prevposition", b"%d" % (stored.position - 1))',
    ),
    "a hole is stepped over": (
        subscription,
        "if found.previous != position and (known or found.previous > position):",
        "if False:",
    ),
    # G3
    "a checkpoint is written whoever wrote the last one": (
        memory,
        "(stands.log, stands.offset) != (was.log, was.offset)",
        "False",
    ),
    "rows are not compared": (memory, "in self.seen.items()):", "in self.seen.items() if name == 'checkpoints'):"),
    # G4
    "any tail will do": (relay, "!= [found.id]:", "== []:"),
    "the log id is ignored": (subscription, "if known and found.log != known:", "if False:"),
    "what comes again is counted": (subscription, "if found.position <= position:", "if found.position < 0:"),
    # G6
    "an outage parks": (
        subscription,
        "except (Unavailable, Moved, Stopped, Ended, OffsetGone, asyncio.CancelledError):",
        "except (Moved, Stopped, Ended, OffsetGone, asyncio.CancelledError):",
    ),
    "what is behind a parked event goes on": (
        subscription,
        "if poison or i.heading.stream in held_back]",
        "if poison]",
    ),
    # G9
    "the policy is part of the key": (consequence, KEY, f"{KEY.removesuffix(',')} + str(self.policies.documents),"),
    "no key": (consequence, KEY, "once='',"),
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_seeded_bug_is_found(bug: str) -> None:
    module, old, new = BUGS[bug]
    with mutated(module, old, new), pytest.raises((AssertionError, IndexError, Flaky)):
        explore(600)
