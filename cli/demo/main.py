"""`kaibo demo`: start everything, import an organisation's months over the public API, and tell what came of it."""

import json
import re
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from cli.demo import found, story
from cli.demo.chance import Chance
from cli.demo.client import Client, Unanswered
from cli.demo.contested import Chapter, Contested, Reversal
from cli.demo.generator import FULL, SMALL, generate
from cli.demo.importing import Import, Phase, Refusals, caught_up
from cli.demo.inputs import STREAMS, Unusable, read_input
from cli.demo.ledger import Ledger
from cli.demo.recount import Settings, differences, recount
from cli.demo.screen import Bars, Following
from cli.demo.world.lines import OF_FILES, OF_GENERATOR, Origins
from cli.demo.world.organisation import Person
from cli.demo.world.rosters import Understaffed
from cli.demo.world.telling import lines
from cli.demo.world.verdicts import Deciders
from cli.demo.world.world import World, make_world
from cli.explain import check
from cli.running import running
from cli.state import SERVICES, Run, State
from deploy.local.environment import ROOT
from deploy.local.processes import StartFailed
from shared.status import StandsStill
from shared.value import BUSINESS_ZONE, value

POLICIES = ROOT / "deploy" / "demo" / "policies"
METRICS = POLICIES / "performance" / "metrics.ndjson"
ID = re.compile(r"\b([0-9a-f]{8})-[0-9a-f-]{23}([0-9a-f]{4})\b")  # which would break the lines
STAFF, SMALL_STAFF = 150, 12  # anchors, and as many assistants


@value
class Source:
    """The files that the organisation is made of."""

    folder: Path
    told: str  # where they come from
    origins: Origins
    staff: int


def run(
    state: State, *, source: Path | None, seed: int, leave: bool, figures: Path | None, small: bool = False
) -> None:
    """Raises StartFailed for whatever somebody can do something about."""
    console = Console()
    chosen = choose(state, source, seed, small)
    console.print(f"Input: {chosen.told}")
    try:
        given = read_input(chosen.folder)
        world = make_world(given, seed=seed, staff=chosen.staff, origins=chosen.origins)
    except (Unusable, Understaffed) as error:
        raise StartFailed(str(error)) from error
    with started(console, state) as run:
        try:
            demo = Demo(console, run, world, chosen, seed=seed)
            ledger = demo.ledger(rows=len(given.streams))
            ledger.show(console)
            demo.tell()
        except (Refusals, Unanswered, StandsStill) as error:
            raise StartFailed(f"The import did not come to its end, and goes on when started again: {error}") from error
        if figures:
            figures.write_text(json.dumps(ledger.document(), indent=2, ensure_ascii=False) + "\n")
        if not leave:
            stay(console, run, state)
        else:
            console.print(f"It ends, and what it stored stays in {state.directory}: the same command shows it again.")
    if ledger.differences or ledger.again.events or ledger.explained.unsound:
        raise StartFailed(
            "The recount is not equal, importing twice changed something, or an explanation does not bear out: "
            "see the ledger above."
        )


def choose(state: State, source: Path | None, seed: int, small: bool) -> Source:
    if source is not None:
        if small:
            raise StartFailed("--small makes a small world of its own: leave --input out, or take the whole input.")
        if not source.is_dir():
            raise StartFailed(f"{source} is no folder: --input wants one that holds the organisation's files.")
        return Source(
            folder=source, told=f"the files of the folder {source.resolve().name}", origins=OF_FILES, staff=STAFF
        )
    folder = state.directory / "demo" / f"{'small' if small else 'full'}-{seed}"
    generate(folder, seed, SMALL if small else FULL)
    told = f"made by the generator from seed {seed}, in the proportions of the real files: nothing of it is real"
    return Source(folder=folder, told=told, origins=OF_GENERATOR, staff=SMALL_STAFF if small else STAFF)


@contextmanager
def started(console: Console, state: State) -> Iterator[Run]:
    """Everything, under the demo organisation's own settings."""
    with ExitStack() as stack:
        with Following(console, state.directory / "up.log"):
            run = stack.enter_context(running(state.directory, environment={"KAIBO_POLICIES": str(POLICIES)}))
        yield run


class Demo:
    """One organisation in one running Kaibo."""

    def __init__(self, console: Console, run: Run, world: World, source: Source, *, seed: int) -> None:
        if run.secret is None:
            raise StartFailed("The demo speaks as the organisation's people, which works on embedded parts alone.")
        self.console, self.run, self.world, self.source, self.seed = console, run, world, source, seed
        self.client = Client({name: run.services[name].url for name in SERVICES}, run.secret)
        self.deciders = Deciders(world, Chance(seed=seed))
        self.refuse_strangers()

    def refuse_strangers(self) -> None:
        """The figures are this organisation's only where no other one is stored."""
        known = {person.id for person in self.world.organisation.persons}
        for row in self.client.items("people", "/persons", found.IMPORTER):
            if row["person"] not in known:
                raise StartFailed(
                    "Another organisation is stored here: another input, another seed or real work. "
                    "Give the demo a directory of its own, `kaibo --directory DIR demo`, or begin anew: `kaibo down`, "
                    "then delete this one."
                )

    @property
    def databases(self) -> dict[str, str]:
        return {name: self.run.services[name].database_url for name in SERVICES}

    def imported(self) -> list[Phase]:
        with Bars(self.console) as bars:
            work = Import(self.client, self.databases, self.world, deciders=self.deciders, metrics=METRICS, screen=bars)
            phases = list(work.run())
            self.events = work.events
        return phases

    def ledger(self, rows: int) -> Ledger:
        phases = self.imported()
        again = together("all of it again", self.imported())
        application = f"recount-{datetime.now(UTC):%Y%m%d%H%M%S}"
        checks = Checks(self.console)
        with checks.named("figures read"):
            figures = found.figures(self.client, self.world.organisation, application)
        settings = Settings(
            [*(ROOT / "services" / name / "policies" for name in SERVICES), *sorted(POLICIES.iterdir())]
        )
        with checks.named("recounted"):
            recounted = recount(self.source.folder / STREAMS, lines(self.world), settings, self.deciders)
        with checks.named("explanations held"):
            explained = check(self.databases, None, POLICIES)
        persons = self.world.organisation.persons
        return Ledger(
            input=self.source.told,
            seed=self.seed,
            sources=self.source.origins,
            origins=found.origins(lines(self.world)),
            persons=dict(Counter(person.origin for person in persons)),
            joining_generated=sum(person.joining_generated for person in persons),
            rows=rows,
            figures=figures,
            reviews=list(self.client.items("performance", "/reviews", found.IMPORTER)),
            studios={studio.id: studio.name for studio in self.world.organisation.studios},
            quarter=story.Story(self.client, self.world).quarter(),
            events=self.events,
            phases=phases,
            again=again,
            checked=checks.seconds,
            explained=explained,
            differences=differences(recounted, figures),
        )

    def tell(self) -> None:
        """The heroine's story, and a shorter one."""
        hers = story.Story(self.client, self.world)
        own = Contested(self.client, self.world.heroine.person)
        person = self.world.heroine.person
        readings = hers.access()
        caught_up(self.databases)  # what she sees of it has to be there
        row, tree = hers.score()
        chapters = (
            ("Her training archive, as she reads it", hers.archive()),
            ("What was proposed against her", hers.consequences()),
            ("Why the one that stands", hers.why()),
            (f"She objects to her {story.MONTH} (异议 objection)", own.objection(story.MONTH)),
            (f"Her {story.MONTH}: all versions are kept", own.versions(story.MONTH)),
            (f"Her {story.MONTH}: {row['score']}, grade {row['grade']}, under {row['standard']}", tree),
            ("The other studio's supervisor asks for her archive", readings),
            ("What she sees of that", hers.traces()),
        )
        self.show(person, chapters)
        reversal = Reversal(self.client, self.world)
        self.show(reversal.person, reversal.chapters())

    def show(self, person: Person, chapters: Sequence[Chapter]) -> None:
        self.console.rule(f"{person.name}, {person.post}, {person.studio} ({person.origin})")
        self.console.print(f"Days and times are those of {BUSINESS_ZONE}.")
        for title, told in chapters:
            text = Text("\n".join(map(brief, told)))
            self.console.print(Panel(text, title=title, title_align="left", border_style="dim"))


def brief(line: str) -> str:
    """Ids are shortened, except in a command that the reader is to type."""
    told, command, typed = line.partition("./kaibo ")
    return ID.sub(r"\1…\2", told) + command + typed


class Checks:
    """What is looked at when all is in: shown while it lasts, and timed."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.seconds: dict[str, float] = {}

    @contextmanager
    def named(self, name: str) -> Iterator[None]:
        began = monotonic()
        with self.console.status(f"{name}, nothing changes any more"):
            yield
        self.seconds[name] = monotonic() - began


def together(name: str, phases: list[Phase]) -> Phase:
    return Phase(
        name=name,
        lines=sum(phase.lines for phase in phases),
        events=sum(phase.events for phase in phases),
        seconds=sum(phase.seconds for phase in phases),
        lag=sum(phase.lag for phase in phases),
    )


def stay(console: Console, run: Run, state: State) -> None:
    """Until Ctrl-C, SIGTERM or `kaibo down`."""
    for name, service in run.services.items():
        console.print(f"{name:12} {service.url}/docs")
    console.print(f"{'Kafka':12} {run.kafka.bootstrap_servers}")
    console.print(f"It stays up. What runs stands in {state.run_file}; `kaibo status` shows it. Ctrl-C ends it.")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while (now := state.read_run()) is not None and now.pid == run.pid:
            sleep(0.5)
        console.print("Ended by `kaibo down`")
    except KeyboardInterrupt:
        console.print("Draining and ending")
