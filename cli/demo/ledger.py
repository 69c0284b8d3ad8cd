"""The ledger: what came of it, with real, fictional and generated apart, printed and as figures."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli.demo.importing import Phase
from cli.demo.recount import Figures
from cli.demo.world.lines import Origin, Origins
from cli.explain import Report
from cli.explain import tell as told
from shared.value import value

GRADES = ("A", "B", "C", "D", "not_rated")
ANSWERS = ("open", "upheld", "rejected")
STANDINGS = ("pending", "held", "final", "rejected", "reversed")


MEANING = {
    Origin.REAL: "as in the files: the clock of live streams, the marks of one exam",
    Origin.REAL_AND_GENERATED: "a real clock with a drawn crew; real yearly figures, scaled to a stream",
    Origin.FICTIONAL: "people whom others made up, for another project",
    Origin.GENERATED: "drawn from the seed: who observed what, marks, attendance, complaints",
}


@value
class Ledger:
    input: str  # where the files came from
    seed: int
    sources: Origins  # whose words the input's are
    origins: Mapping[Origin, int]  # lines by where they came from
    persons: Mapping[Origin, int]
    joining_generated: int
    rows: int  # of the file of streams
    figures: Figures
    reviews: Sequence[Mapping[str, Any]]
    studios: Mapping[str, str]  # names by id
    quarter: Mapping[str, Any]
    events: int
    phases: Sequence[Phase]
    again: Phase  # the whole of it once more
    differences: Sequence[str]  # between what was found and the recount
    checked: Mapping[str, float]  # seconds of what only looks
    explained: Report  # every stored explanation, held against the logs and the policies

    def document(self) -> dict[str, Any]:
        """As JSON. Scores of persons are summed up: nobody's marks leave the services in a file."""
        return {
            "input": self.input,
            "seed": self.seed,
            "events": self.events,
            "lines": dict(self.origins),
            "persons": dict(self.persons),
            "figures": {name: v for name, v in self.figures.items() if not name.startswith("score ")},
            "scores": scores(self.reviews),
            "quarter_made_of": list(self.quarter["made_of"]),
            "recount": {"figures": len(self.figures), "equal": not self.differences, "differences": self.differences},
            "explanations": {"stored": self.explained.stored, "unsound": [u.name for u in self.explained.unsound]},
            "imported_again": {"lines": self.again.lines, "changed": self.again.events},
            "phases": [phase_document(phase) for phase in (*self.phases, self.again)],
            "checks_seconds": {name: round(seconds, 3) for name, seconds in self.checked.items()},
        }

    def show(self, console: Console) -> None:
        parts = (
            ("Where it comes from", self.provenance()),
            ("Streams", self.streams()),
            ("Training", self.training()),
            ("Scores by post and studio", self.scores()),
            ("Awards and penalties: rules propose, people decide", self.decisions()),
            ("What people object to and put right", self.contested()),
            ("Checks", self.checks()),
            ("Phases", self.pace()),
        )
        for title, content in parts:
            console.print(Panel(content, title=title, title_align="left", border_style="dim"))

    def provenance(self) -> RenderableType:
        found = table("", "lines", "persons", "")
        found.columns[-1].justify = "left"
        for origin in Origin:
            if self.origins.get(origin):
                lines, persons = number(self.origins[origin]), number(self.persons.get(origin))
                found.add_row(origin, lines, persons, MEANING[origin])
        note = (
            f"Input: {self.input}; seed {self.seed}. Joining dates of {self.joining_generated} persons are generated. "
            "A line is one command over the public API; it bears the day in 2024 on which it happened. What people "
            "decide, they decide today, one by one."
        )
        return Group(Text(note), found)

    def streams(self) -> RenderableType:
        f = self.figures
        repeats = self.rows - int(f["streams"])
        months = sorted(name.removeprefix("streams of ") for name in f if name.startswith("streams of "))
        found = table("month in Asia/Shanghai", "streams")
        for month in months:
            found.add_row(month, number(f[f"streams of {month}"]))
        note = (
            f"{self.rows:,} rows, {f['streams']:,} streams ({repeats} repeats changed nothing); "
            f"{f['streams too long']:,} over 12 h are kept, flagged and scored nobody; "
            f"{f['streams with crew']:,} with a crew.\n"
            f"Clock: {self.sources.real}. Studio, crew and schedule: generated. "
            f"Figures: {self.sources.mixed}, a streamer's year scaled to a stream."
        )
        return Group(Text(note), found)

    def training(self) -> RenderableType:
        f = self.figures
        attendance = table("attendance", "entries")
        for name in sorted(name for name in f if name.startswith("attendance ")):
            attendance.add_row(name.removeprefix("attendance "), number(f[name]))
        results = table("results", "excellent", "good", "pass", "fail")
        for attempt in ("first", "make_up"):
            grades = ("excellent", "good", "pass", "fail")
            results.add_row(attempt, *(number(f.get(f"results {attempt} {grade}")) for grade in grades))
        note = (
            f"{f['archives']:,} training archives 培训档案 are open. Marks of the session platform-rules-1: "
            f"{self.sources.real}. All other marks, attendance and absences: generated."
        )
        return Group(Text(note), attendance, results)

    def scores(self) -> RenderableType:
        found = table("month", "post", "studio", "mean", *GRADES)
        for row in scores(self.reviews):
            grades = (number(row["grades"].get(grade)) for grade in GRADES)
            studio = self.studios.get(row["studio"], row["studio"])
            found.add_row(row["month"], row["post"], studio, str(row["mean"] or "—"), *grades)
        made_of = " and ".join(self.quarter["made_of"])
        people = " and ".join(dict.fromkeys((self.sources.people, Origin.GENERATED)))
        reasons = "; ".join(self.quarter["not_rated"])
        note = (
            f"The second quarter is made of {made_of}. {reasons}.\nComputed from {self.sources.mixed} figures and "
            f"generated marks, of {people} persons. anchor 主播: leads a stream; "
            "assistant_anchor 助播: assists on it."
        )
        bonuses = table("bonus, in fen 分 (1/100 yuan)", "persons")
        for name in sorted(name for name in self.figures if name.startswith("bonus ")):
            bonuses.add_row(name.removeprefix("bonus "), number(self.figures[name]))
        return Group(found, Text(note), bonuses, Text(self.year()))

    def year(self) -> str:
        def told_of(head: str) -> str:
            named = sorted((name.removeprefix(head), v) for name, v in self.figures.items() if name.startswith(head))
            return ", ".join(f"{name}: {number(v)}" for name, v in named)

        runs = told_of("excellent in a row ")
        return f"2024 so far, by grade: {told_of('year ')}. Excellent months in a row, by persons: {runs}."

    def decisions(self) -> RenderableType:
        found = table("", *STANDINGS)
        rows: dict[str, Counter[str]] = defaultdict(Counter)
        for name, times in self.figures.items():
            if name.startswith(("awards ", "penalties ")):
                kind, standing = name.rsplit(" ", 1)
                rows[kind][standing] += int(times)
        for kind in sorted(rows):
            found.add_row(kind, *(number(rows[kind][standing]) for standing in STANDINGS))
        note = (
            "Generated: who decides what, in which capacity; always a named person of the studio, never the one whom "
            "it is about. Held: he objects, and nothing follows meanwhile. Rejected: it never took effect. Reversed: "
            "its cause fell away; proposal and reversal both stay readable. criticism 批评教育, points_deduction "
            "绩效扣分 (of the month's score). team_merit 优秀团队: a team's as a whole, granted by somebody not of it."
        )
        return Group(found, Text(note))

    def contested(self) -> RenderableType:
        found = table("objections 异议", *ANSWERS)
        for matter in ("reviews", "penalties"):
            counts = (self.figures.get(f"objections {matter} {answer}", 0) for answer in ANSWERS)
            found.add_row(f"to {matter}", *(number(times) for times in counts))
        f = self.figures
        lines = [
            f"Reviews: {number(f.get('reviews completed', 0))} completed, {number(f.get('reviews scored', 0))} still "
            f"contested, {number(f.get('reviews restated', 0))} with a second version beside the first.",
            f"Rectification 整改, of whoever lost points: {self.listed('rectifications')}.",
            f"Tickets of customers: {self.listed('tickets')}. Complaints about streams: {self.listed('complaints')}.",
            f"Priority 优先 for promotion and training, after excellent months in a row: {self.listed('priority')}.",
            "All generated. Objections to reviews were raised in 2024, within the three days that this organisation "
            "gives, and answered today: overdue, so escalated, never lapsed. Those to penalties are of today.",
        ]
        return Group(found, Text("\n".join(lines)))

    def listed(self, kind: str) -> str:
        """Whatever is counted under this name, the most first."""
        head = f"{kind} "
        named = [(name.removeprefix(head), n) for name, n in self.figures.items() if name.startswith(head)]
        most = sorted(named, key=lambda one: (-int(one[1]), one[0]))
        return ", ".join(f"{name.removesuffix(' standing')} {number(n)}" for name, n in most) or "none"

    def checks(self) -> RenderableType:
        equal = f"Recount equal: {len(self.figures):,} figures, by a program that shares no code with the services."
        unequal = f"Recount NOT equal: {len(self.differences)} of {len(self.figures)} figures."
        lines = [Text(unequal, style="bold red") if self.differences else Text(equal, style="green")]
        lines += [Text(f"  {difference}") for difference in self.differences[:10]]
        style = "green" if self.again.events == 0 else "bold red"
        lines.append(Text(f"Imported again, {self.again.lines:,} lines: {self.again.events} changed.", style=style))
        style = "bold red" if self.explained.unsound else "green"
        lines.append(Text(told(self.explained), style=style))
        return Group(*lines)

    def pace(self) -> RenderableType:
        found = table("phase", "lines", "events", "seconds", "lines/s", "events/s", "lag, seconds")
        for phase in (*self.phases, self.again):
            whole = phase.seconds + phase.lag
            found.add_row(
                phase.name,
                number(phase.lines),
                number(phase.events),
                f"{phase.seconds:.1f}",
                number(rate(phase.lines, phase.seconds)),
                number(rate(phase.events, whole)),
                f"{phase.lag:.1f}",
            )
        for name, seconds in self.checked.items():
            found.add_row(name, "—", "—", f"{seconds:.1f}", "—", "—", "—")
        note = (
            f"{self.events:,} events in the four logs. Seconds: until the last line was answered; lag: until every "
            "reader had everything."
        )
        return Group(Text(note), found)


def scores(reviews: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """By month, post and studio: how many of each grade, and the mean of what is rated."""
    grouped: dict[tuple[str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in reviews:
        if row["state"] != "unopened":
            grouped[row["month"], row["post"], row["studio"]].append(row)
    found = []
    for (month, post, studio), rows in sorted(grouped.items()):
        rated = [float(row["score"]) for row in rows if row["score"] is not None]
        found.append(
            {
                "month": month,
                "post": post,
                "studio": studio,
                "reviews": len(rows),
                "mean": round(sum(rated) / len(rated), 2) if rated else None,
                "grades": dict(Counter(row["grade"] for row in rows)),
            }
        )
    return found


def phase_document(phase: Phase) -> dict[str, Any]:
    return {
        "name": phase.name,
        "lines": phase.lines,
        "events": phase.events,
        "seconds": round(phase.seconds, 3),
        "lag_seconds": round(phase.lag, 3),
    }


def table(first: str, *others: str) -> Table:
    found = Table(box=None, pad_edge=False, header_style="dim")
    found.add_column(first)
    for name in others:
        found.add_column(name, justify="right")
    return found


def number(v: object) -> str:
    return f"{v:,}" if isinstance(v, int) else "—"


def rate(times: int, seconds: float) -> int:
    return round(times / seconds) if seconds > 0 else 0
