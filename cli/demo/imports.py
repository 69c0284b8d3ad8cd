"""`kaibo import FILE --as metrics`: the figures that an operator exported, into the streams that they belong to.

An export tells viewers, clicks, buyers, money and followers. What it does not tell (interactions, ratings, complaints)
stays as it is recorded; a stream of which nothing is recorded yet is named and left alone, for a missing figure is no
zero. Rows find their stream by the anchor's name and the start, or by the day where he was on once that day.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.demo.client import Answer, Caller, Client, Unanswered
from cli.demo.inputs.operators import ANCHOR, DAY, NEW_FOLLOWERS, StreamMetrics, read_metrics
from cli.demo.inputs.tables import Problem, TableError
from cli.demo.world.lines import Line, Origin
from cli.state import State
from deploy.local.processes import StartFailed
from shared.value import BUSINESS_ZONE

IMPORTER, HR = Caller(), Caller(person="importer", capacity="hr")
KINDS = ("metrics",)
KEPT = ("interactions", "ratings", "satisfied", "complaints", "other_complaints")
Row = Mapping[str, Any]


def run(state: State, file: Path, kind: str) -> None:
    """Raises StartFailed with what is wrong with the file, or where nothing runs."""
    if kind not in KINDS:
        raise StartFailed(f"--as {kind}: one of {', '.join(KINDS)} is wanted.")
    running = state.read_run()
    if running is None or running.secret is None:
        raise StartFailed("Nothing runs here that would take an import: start it with `kaibo up`.")
    if missing := sorted({"people", "supervision"} - set(running.services)):
        raise StartFailed(f"{', '.join(missing)} does not run here: an import needs people and supervision.")
    client = Client({name: service.url for name, service in running.services.items()}, running.secret)
    try:
        answers, problems = import_metrics(client, file)
    except (TableError, Unanswered) as error:
        raise StartFailed(str(error)) from error
    console = Console()
    left = len({problem.row for problem in problems})
    console.print(f"{file.name}: {answers['stored']} recorded, {answers['unchanged']} unchanged, {left} left alone")
    for problem in sorted(problems, key=lambda problem: problem.row):
        console.print(f"  {problem}", markup=False)
    if problems:
        raise StartFailed(f"{left} rows of {file.name} were left alone; all others are recorded.")


def import_metrics(client: Client, file: Path) -> tuple[Counter[str], list[Problem]]:
    """What became of the rows, and what of them was left alone. Raises TableError, Unanswered."""
    rows, problems = read_metrics(file)
    streams = Streams(client, {row.day for row in rows})
    lines = []
    for row in rows:
        found = streams.find(row)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            lines.append(corrected(found, row, file.name))
    answers: Counter[str] = Counter()

    def told(line: Line, answer: Answer) -> None:
        answers[answer.status] += 1
        reached.add(answer)
        if answer.status not in ("stored", "unchanged"):
            problems.append(Problem(row=int(line.key.split("/")[1]), column="", wrong=f"refused: {answer.problem}"))

    with client.history(named(file)) as reached:
        client.bulk("supervision", lines, told)
    return answers, problems


def named(file: Path) -> str:
    """Another import where it says something else; the one that was left open where it is sent again."""
    return f"{file.name[:100]} {hashlib.sha256(file.read_bytes()).hexdigest()[:16]}"


class Streams:
    """The streams of the months that the rows speak of, by who was on as an anchor."""

    def __init__(self, client: Client, days: Iterable[date]) -> None:
        self.persons: dict[str, list[str]] = defaultdict(list)
        for person in client.items("people", "/persons", HR):
            self.persons[person["name"]].append(person["person"])
        self.by_anchor: dict[str, list[Row]] = defaultdict(list)
        for month in sorted({f"{day:%Y-%m}" for day in days}):
            for stream in client.items("supervision", "/streams", IMPORTER, month=month, phase="ended"):
                for shift in stream["crew"]:
                    if shift["post"] == "anchor":
                        self.by_anchor[shift["person"]].append(stream)

    def find(self, row: StreamMetrics) -> Row | Problem:
        persons = self.persons.get(row.anchor, [])
        if len(persons) != 1:
            wrong = f"{len(persons)} persons are called {row.anchor}: one is wanted"
            return Problem(row=row.row, column=ANCHOR, wrong=wrong)
        his = self.by_anchor.get(persons[0], ())
        own = [stream for stream in his if fits(stream, row)]
        if len(own) != 1:
            starts = sorted(f"{start(one):%H:%M:%S}" for one in his if start(one).date() == row.day)
            of_day = f"streams of that day began at {', '.join(starts)}" if starts else "there is none of that day"
            wrong = f"{row.anchor} was on in {len(own)} streams then, one is wanted: {of_day}"
            return Problem(row=row.row, column=DAY, wrong=wrong)
        if row.new_followers < 0:
            wrong = f"{row.new_followers}: those who left are not counted, new followers start at 0"
            return Problem(row=row.row, column=NEW_FOLLOWERS, wrong=wrong)
        if own[0]["viewers"] is None:
            wrong = f"of stream {own[0]['stream']} {', '.join(KEPT)} are not recorded yet, and this export has none"
            return Problem(row=row.row, column="", wrong=wrong)
        return own[0]


def fits(stream: Row, row: StreamMetrics) -> bool:
    """An export tells the start to the second, or the day alone."""
    if row.started_at is not None:
        return start(stream).replace(microsecond=0) == row.started_at
    return start(stream).date() == row.day


def start(stream: Row) -> datetime:
    """In the organisation's zone."""
    return datetime.fromisoformat(stream["started_at"]).astimezone(BUSINESS_ZONE)


def corrected(stream: Row, row: StreamMetrics, file: str) -> Line:
    """The same row of the same file again has the same key and changes nothing, whatever was corrected since."""
    body = {
        "stream": stream["stream"],
        "viewers": row.viewers,
        "clicks": row.clicks,
        "buyers": row.buyers,
        "gmv": row.gmv,
        "new_followers": row.new_followers,
    }
    return Line(
        service="supervision",
        command="StreamMetricsRecorded",
        body={**body, **{name: stream[name] for name in KEPT}},
        occurred_at=datetime.fromisoformat(stream["ended_at"]),
        key=f"{file}/{row.row}/{sorted(body.items())}",
        origin=Origin.REAL,
    )
