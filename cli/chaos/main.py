"""`kaibo chaos`: load and faults for so many minutes, then the oracle."""

import asyncio
import json
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from rich.console import Console
from rich.table import Table

from cli.chaos.evidence import SHOWN, Verdict, examine
from cli.chaos.faults import KINDS, Fault, Kind, schedule
from cli.chaos.installation import Installation, installed
from cli.chaos.oracle import World, read_journals
from deploy.local.processes import stop
from shared.status import Overview, StandsStill

CLIENTS, LANES, RATE = 3, 4, 30.0  # processes, conversations of each, commands a second of all
AGAIN_SECONDS = 120.0  # within which somebody is answered again after a fault
QUIET_SECONDS = 240.0  # without any progress, until readers count as stuck
LAST_SECONDS = 180.0  # for clients to be answered what they have sent
TELL_SECONDS = 10.0


@dataclass
class Course:
    """How a run went."""

    seed: int
    seconds: float = 0.0
    faults: list[Fault] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)
    answered: int = 0
    doubts: int = 0
    verdict: Verdict = field(default_factory=Verdict)

    @property
    def clean(self) -> bool:
        return not self.verdict.differences

    def figures(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "faults": dict(Counter(fault.kind for fault in self.faults)),
            "killed meanwhile": sum(bool(fault.also) for fault in self.faults),
            "not run": self.not_run,
            "answered": self.answered,
            "left in doubt": self.doubts,
            "checked": dict(self.verdict.checked),
            "differences": self.verdict.differences,
            "schedule": [asdict(fault) for fault in self.faults],
        }


def run(minutes: float, seed: int, figures: Path | None) -> bool:
    """Whether all is as it must be. What is left of a run that is not is kept, and said where."""
    console, began = Console(), monotonic()
    directory = Path(tempfile.mkdtemp(prefix="kaibo-chaos-"))
    directory.chmod(0o711)

    def tell(course: Course) -> None:
        gone = monotonic() - began
        clock = f"{int(gone) // 60}:{int(gone) % 60:02} of {minutes:g}:00"
        console.print(f"{clock}  {len(course.faults)} faults  {course.answered} commands answered", highlight=False)

    with installed(directory, small_disks=True) as there:
        console.print(f"Runs on {directory}, seed {seed}")
        course = drive(there, seed, minutes * 60, tell)
    show(console, course)
    if figures is not None:
        figures.write_text(json.dumps(course.figures(), indent=2, ensure_ascii=False) + "\n")
    if course.clean:
        shutil.rmtree(directory)
    else:
        console.print(f"What is left is kept in {directory}")
    return course.clean


def drive(
    there: Installation,
    seed: int,
    seconds: float,
    tell: Callable[[Course], None] = lambda course: None,
    kinds: dict[str, Kind] | None = None,
) -> Course:
    """Load and faults for so long, then what became of it."""
    course, began = Course(seed), monotonic()
    usable = possible(there, course, KINDS if kinds is None else kinds)
    with clients(there, seed):
        faults, told = schedule(seed, usable), 0.0
        while monotonic() - began < seconds:
            fault = next(faults)
            usable[fault.kind].inject(there, fault)
            course.faults.append(fault)
            live(there, course, fault)
            sleep(fault.rest)
            if monotonic() - told > TELL_SECONDS:
                told = monotonic()
                tell(course)
    course.seconds = monotonic() - began
    judge(there, course)
    return course


def possible(there: Installation, course: Course, kinds: dict[str, Kind]) -> dict[str, Kind]:
    """Those for which what they need is there; the others are named."""
    if "full disk" in kinds and not there.disks:
        course.not_run.append("full disk: no small disk could be mounted, that needs root")
    return {name: kind for name, kind in kinds.items() if name != "full disk" or there.disks}


@contextmanager
def clients(there: Installation, seed: int) -> Any:
    """The load, until the block ends and every client has been answered what it had sent."""
    there.client(seed, 0, 0, RATE).wait(AGAIN_SECONDS)
    with ExitStack() as stack:
        for n in range(CLIENTS):
            client = there.client(seed, n * LANES, LANES, RATE / CLIENTS)
            stack.callback(stop, client, ((signal.SIGTERM, LAST_SECONDS),))
        yield


def live(there: Installation, course: Course, fault: Fault) -> None:
    """After every fault somebody is answered again."""
    before, until = there.answered(), monotonic() + AGAIN_SECONDS
    while (now := there.answered()) < before + 3:
        if monotonic() > until:
            course.verdict.differ(f"nobody was answered for {AGAIN_SECONDS:.0f} s after {fault}")
            break
        sleep(0.1)
    course.answered = now


def judge(there: Installation, course: Course) -> None:
    """Wait until all is read, then compare."""
    journals = read_journals(there.directory / "journals")
    course.answered, course.doubts = there.answered(), sum(journal.doubts for journal in journals)
    for journal in journals:
        for sent in journal.open:
            course.verdict.differ(f"{journal.name}: nobody ever answered {sent}")
    world = World()
    world.tell(journals)
    try:
        asyncio.run(caught_up(there))
    except StandsStill as problem:
        course.verdict.differ(f"it does not catch up: {problem}")
    asyncio.run(examine(there.run, world, course.verdict))


async def caught_up(there: Installation) -> None:
    async with Overview({name: about.database_url for name, about in there.run.services.items()}) as overview:
        await overview.caught_up(QUIET_SECONDS)


def show(console: Console, course: Course) -> None:
    """A table for people."""
    console.print(table("Faults", Counter(fault.kind for fault in course.faults).items()))
    for reason in course.not_run:
        console.print(f"[bold]NOT RUN[/]  {reason}")
    counted = {"commands answered": course.answered, "left in doubt and asked again": course.doubts}
    console.print(table("Checked", [*counted.items(), *course.verdict.checked.items()]))
    found = course.verdict.differences
    console.print(f"{len(course.faults)} faults in {course.seconds / 60:.1f} min, seed {course.seed}", highlight=False)
    console.print("No difference" if course.clean else f"{len(found)} DIFFERENCES")
    for difference in found[:SHOWN]:
        console.print(f"  {difference}", markup=False, highlight=False)


def table(title: str, counts: Iterable[tuple[str, int]]) -> Table:
    made = Table(title, "", box=None, pad_edge=False)
    for name, count in counts:
        made.add_row(name, f"{count:,}")
    return made
