"""A short run of the fault harness on everything real; and seeded bugs that it finds. G1, G2, G3, G12."""

import asyncio
import signal
from itertools import islice
from pathlib import Path

from cli.chaos.faults import KINDS, Fault, schedule, signalled
from cli.chaos.installation import installed
from cli.chaos.main import RATE, Course, begin, caught_up, clients, drive, judge, live
from tests.crash.conftest import Seed

SEED = 429
FAULTS = 5
BOUND = 600.0  # seconds: a slow machine has as many faults as another
SLOW = ("zombie worker", "second worker", "full disk")  # longer than all others together: `kaibo chaos` has them
QUICK = {name: kind for name, kind in KINDS.items() if name not in SLOW}
PATIENCE = 20.0


def test_nothing_is_lost_or_doubled_whatever_dies(directory: Path) -> None:
    with installed(directory) as there:
        course = drive(there, SEED, BOUND, islice(schedule(SEED, QUICK), FAULTS))
    assert course.verdict.differences == []
    assert len(course.faults) == FAULTS
    assert course.verdict.checked["events"] > 100


def broken(directory: Path, tree: Path, *faults: Fault, rate: float = 30.0) -> Course:
    """Training alone, from a tree with a bug, through the faults that bring it to light."""
    with installed(directory, tree, ["training"]) as there:
        return drive(there, SEED, BOUND, iter(faults), rate=rate, patience=PATIENCE)


def test_a_repeated_request_that_is_not_told_by_its_key(directory: Path, seeded: Seed) -> None:
    tree = seeded(
        ("shared/web.py", 'once=f"http:{person}:{self.request.scope[\'route\'].path}:{key}" if key else "",', "")
    )
    course = broken(directory, tree, Fault("answers lost", "client>training", 2.0, 0.0))
    assert any("whether it changes something" in difference for difference in course.verdict.differences)


def test_cursors_that_move_before_the_acknowledgement(directory: Path, seeded: Seed) -> None:
    """The look at the topic's end, by which a start heals this, is taken away as well."""
    tree = seeded(
        (
            "shared/relay.py",
            """            if chunks:
                await self.broker.publish(chunks)
            await self.move(page)
""",
            """            await self.move(page)
            if chunks:
                await self.broker.publish(chunks)
""",
        ),
        ("shared/relay.py", "min([max(self.moved.values()), *lost])", "max(self.moved.values())"),
    )
    course = Course(SEED)
    with installed(directory, tree, ["training"]) as there:
        begin(there)
        asyncio.run(caught_up(there, PATIENCE))
        there.link("training>kafka", "lose")
        with clients(there, SEED, RATE, 0):
            live(there, course, "the load began")
            signalled(there, "training-workers", signal.SIGKILL)
            there.link("training>kafka", "pass")
        judge(there, course, PATIENCE)
    assert any("was not published" in difference for difference in course.verdict.differences)


def test_rows_under_read_committed(directory: Path, seeded: Seed) -> None:
    tree = seeded(("shared/postgres.py", 'isolation="repeatable_read"', 'isolation="read_committed"'))
    course = broken(directory, tree, Fault("second worker", "training", 10.0, 0.0), rate=90.0)
    assert any(difference.startswith("sessions ") for difference in course.verdict.differences)
