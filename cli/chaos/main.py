"""`kaibo chaos`: load and faults for so many minutes, then the oracle."""

import asyncio
import json
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from rich.console import Console
from rich.table import Table

from cli.chaos.client import SETTING
from cli.chaos.evidence import SHOWN, Verdict, examine
from cli.chaos.faults import Fault, possible, schedule
from cli.chaos.installation import Installation, installed
from cli.chaos.oracle import World, read_journals
from cli.chaos.restored import LOST, database_restored, records_deleted, topics_deleted
from deploy.local.processes import StartFailed, stop
from shared.status import Overview, StandsStill

CLIENTS, LANES, RATE = 3, 4, 30.0  # processes, conversations of each, commands a second of all
AGAIN_SECONDS, AGAIN_ANSWERED = 120.0, 5  # within which how many commands are answered again after a fault
QUIET_SECONDS = 240.0  # without any progress, until readers count as stuck
LAST_SECONDS = 180.0  # for clients to be answered what they have sent
TELL_SECONDS = 10.0
LOAD_SECONDS = 10.0


@dataclass
class Course:
    """How a run went."""

    seed: int
    seconds: float = 0.0
    faults: list[Fault] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)
    loads: int = 0
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


def run(minutes: float, seed: int, brokers: int, figures: Path | None) -> bool:
    """Whether all is as it must be. What is left of a run that is not is kept, and said where."""
    console = Console()
    directory = Path(tempfile.mkdtemp(prefix="kaibo-chaos-"))
    directory.chmod(0o711)

    def tell(line: str) -> None:
        console.print(line, markup=False, highlight=False)

    with installed(directory, brokers=brokers, small_disks=True, tell=tell) as there:
        console.print(f"Runs on {directory}, seed {seed}")
        usable = possible(there)
        course = drive(there, seed, minutes * 60, schedule(seed, usable), disasters=brokers == 1)
        if brokers == 1 and not there.disks:
            course.not_run.append("full disk: no small disk could be mounted, that needs root")
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
    faults: Iterator[Fault],
    *,
    rate: float = RATE,
    patience: float = QUIET_SECONDS,
    disasters: bool = False,
) -> Course:
    """Load, and faults until so long has passed or there are no more; then what became of it.

    `patience`: seconds without progress from which a reader counts as stuck. `disasters`: what needs an operator comes
    at the end.
    """
    course, kinds, began, told = Course(seed), possible(there), monotonic(), 0.0
    begin(there)
    with clients(there, seed, rate, 0):
        live(there, course, "the load began")
        for fault in faults:
            kinds[fault.kind].inject(there, fault)
            course.faults.append(fault)
            live(there, course, str(fault))
            sleep(fault.rest)
            course.seconds = monotonic() - began
            if course.seconds - told > TELL_SECONDS:
                told = course.seconds
                there.tell(way(course, seconds))
            if course.seconds > seconds:
                break
    try:
        if disasters:
            ruin(there, course, rate)
        there.tell("Nothing is sent any more: all is read, then compared")
        judge(there, course, patience)
    except StartFailed as problem:
        course.verdict.differ(f"it cannot go on: {problem}")
    return course


def way(course: Course, seconds: float) -> str:
    """How far it is, of so many seconds of faults."""
    passed, left = int(course.seconds), max(int(seconds - course.seconds), 0)
    return (
        f"{passed // 60}:{passed % 60:02}  {left // 60}:{left % 60:02} of faults left  {len(course.faults)} faults  "
        f"{course.answered:,} commands answered"
    )


def ruin(there: Installation, course: Course, rate: float) -> None:
    """What needs an operator, each once, with some load before and after."""

    def load() -> None:
        course.loads += 1
        with clients(there, course.seed, rate, course.loads):
            sleep(LOAD_SECONDS)

    topics_deleted(there, course.verdict)
    course.faults.append(Fault("topics deleted", "kafka", 0.0, 0.0))
    load()
    records_deleted(there, course.verdict)
    course.faults.append(Fault("records deleted", "kafka", 0.0, 0.0))
    load()
    database_restored(there, course.verdict, load)
    course.faults.append(Fault("database of an earlier moment", "postgres", 0.0, 0.0))
    load()


def begin(there: Installation) -> None:
    """What all conversations rest on."""
    there.client(0, 0, 0, 1.0).wait(AGAIN_SECONDS)


@contextmanager
def clients(there: Installation, seed: int, rate: float, nth: int) -> Iterator[None]:
    """The load, until the block ends and every client has been answered what it had sent. The `nth` of a run speaks
    of other things than those before."""
    with ExitStack() as stack:
        for n in range(nth * CLIENTS, (nth + 1) * CLIENTS):
            client = there.client(seed, n * LANES, LANES, rate / CLIENTS)
            stack.callback(stop, client, ((signal.SIGTERM, LAST_SECONDS),))
        yield


def live(there: Installation, course: Course, what: str) -> None:
    """After that, somebody is answered again."""
    before, until = there.answered(), monotonic() + AGAIN_SECONDS
    while (now := there.answered()) < before + AGAIN_ANSWERED:
        if monotonic() > until:
            course.verdict.differ(f"nobody was answered for {AGAIN_SECONDS:.0f} s after {what}")
            break
        sleep(0.1)
    course.answered = now


def judge(there: Installation, course: Course, patience: float) -> None:
    """Wait until all is read, then compare."""
    journals = read_journals(there.directory / "journals")
    course.answered, course.doubts = there.answered(), sum(journal.doubts for journal in journals)
    for journal in journals:
        for sent in journal.open:
            course.verdict.differ(f"{journal.name}: nobody ever answered {sent}")
    world = World(there.plan.services)
    world.tell(journals)
    lost = World(there.plan.services)
    lost.tell([*(j for j in journals if j.name == SETTING), *read_journals(there.directory / LOST)])
    try:
        asyncio.run(caught_up(there, patience))
    except StandsStill as problem:
        course.verdict.differ(f"it does not catch up: {problem}")
    asyncio.run(examine(there.run, world, course.verdict, lost))


async def caught_up(there: Installation, patience: float) -> None:
    async with Overview({name: about.database_url for name, about in there.run.services.items()}) as overview:
        told = monotonic()

        def progress(left: int, events: int) -> None:
            nonlocal told
            if monotonic() - told > TELL_SECONDS:
                told = monotonic()
                there.tell(f"  {left:,} left of {events:,} events and what follows from them")

        await overview.caught_up(patience, progress)


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
