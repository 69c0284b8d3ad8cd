"""Makes, from a seed, the same kinds of files in the same proportions as the real input, with its anomalies.

Proportions were measured on the real input and are stated here; no row of it is. What the streams must then be found
to hold (`Expected`) is planned before a row is written, not counted afterwards; the two peaks alone follow from rows.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from random import Random

from cli.demo.chance import Chance
from cli.demo.inputs import PEOPLE, QUIZ, STREAMERS, STREAMS
from cli.demo.inputs.people import COLUMNS
from cli.demo.inputs.quiz import MARKS, QUESTIONS
from shared.value import BUSINESS_ZONE, value


@value
class Size:
    people: int
    rows: int  # of streams, repeats included
    streamers: int
    peak: int  # streams of at most twelve hours at once


FULL = Size(people=126, rows=11_544, streamers=1_000, peak=149)
SMALL = Size(people=20, rows=300, streamers=40, peak=11)


@value
class Expected:
    """What is to be found in the streams."""

    rows: int
    distinct: int
    too_long: int  # over twelve hours
    crossing: int  # a month end in Asia/Shanghai
    other_month: int  # their start lies in another month in UTC
    peak: int  # at once
    peak_scored: int  # of those of at most twelve hours


REAL = Expected(
    rows=11_544, distinct=11_542, too_long=4_941, crossing=557, other_month=98, peak=350, peak_scored=149
)  # fmt: skip


def generate(folder: Path, seed: int, size: Size) -> Expected:
    """Writes the four files."""
    chance = Chance(seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / PEOPLE, COLUMNS, people(chance, size.people))
    write(folder / QUIZ, ("quizattempt", *MARKS, "summarks"), quiz(chance))
    write(folder / STREAMERS, None, streamers(chance, size.streamers))
    rows, expected = streams(chance, size)
    write(folder / STREAMS, ("videoId", "actualStartTime", "actualEndTime", "duration_in_minutes"), rows)
    return expected


def write(path: Path, header: Sequence[str] | None, rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        if header:
            out.writerow(header)
        out.writerows(rows)


# Streams

TWELVE_HOURS = 12 * 3600
OPENS, CLOSES = datetime(2024, 4, 30, 3, 46, tzinfo=UTC), datetime(2024, 7, 2, 14, 54, tzinfo=UTC)
MONTHS = tuple(datetime(2024, month, 1, tzinfo=BUSINESS_ZONE).astimezone(UTC) for month in (5, 6, 7))
RUSH = datetime(2024, 5, 6, 13, 47, 34, tzinfo=UTC)  # when most streams run at once

Shape = Sequence[tuple[float, float]]  # share of the streams → minutes
SHORT: Shape = ((0, 16.25), (0.05, 98.65), (0.25, 226.1), (0.5, 360.6), (0.75, 527.6), (0.95, 693), (1, 720))
LONG: Shape = ((0, 720.1), (0.65, 1_440), (0.93, 4_320), (1, 20_160))
ENDLESS: Shape = ((0, 80_000), (1, 365_000))


@value
class Kind:
    """Streams of one kind are of no other."""

    shape: Shape
    crosses: bool = False
    other_month: bool = False
    rush: bool = False


@value
class Span:
    start: datetime
    seconds: int

    @property
    def end(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds)


def streams(chance: Chance, size: Size) -> tuple[list[Sequence[object]], Expected]:
    expected, kinds = planned(size)
    draws = chance.draws("streams")
    spans = [made(kind, draws) for kind, times in kinds for _ in range(times)]
    spans.sort(key=lambda span: (span.end, span.start))
    rows = [row(chance, number, span) for number, span in enumerate(spans)]
    for _ in range(expected.rows - expected.distinct):
        first = draws.randrange(len(rows) // 2)
        rows.insert(draws.randrange(first + 1, len(rows)), rows[first])
    scored = [span for span in spans if span.seconds <= TWELVE_HOURS]
    return rows, replace(expected, peak=at_once(spans), peak_scored=at_once(scored))


def planned(size: Size) -> tuple[Expected, list[tuple[Kind, int]]]:
    repeats = max(1, round(size.rows * 2 / REAL.rows))
    distinct = size.rows - repeats

    def share(of: int) -> int:
        return max(1, round(distinct * of / REAL.distinct))

    too_long, crossing, other_month = share(REAL.too_long), share(REAL.crossing), share(REAL.other_month)
    endless, crossing_short, other_short = share(6), crossing * 3 // 10, other_month // 2
    crossing_long, other_long = crossing - crossing_short - endless, other_month - other_short
    kinds = [
        (Kind(shape=ENDLESS, crosses=True), endless),
        (Kind(shape=LONG, crosses=True), crossing_long),
        (Kind(shape=SHORT, crosses=True), crossing_short),
        (Kind(shape=LONG, other_month=True), other_long),
        (Kind(shape=SHORT, other_month=True), other_short),
        (Kind(shape=SHORT, rush=True), size.peak),
        (Kind(shape=LONG), too_long - endless - crossing_long - other_long),
        (Kind(shape=SHORT), distinct - too_long - crossing_short - other_short - size.peak),
    ]
    expected = Expected(
        rows=size.rows, distinct=distinct, too_long=too_long, crossing=crossing, other_month=other_month, peak=0,
        peak_scored=0,
    )  # fmt: skip
    return expected, kinds


def made(kind: Kind, draws: Random) -> Span:
    while True:
        seconds = duration(kind.shape, draws)
        span = Span(start=start(kind, seconds, draws), seconds=seconds)
        if OPENS <= span.end <= CLOSES and fits(kind, span):
            return span


def duration(shape: Shape, draws: Random) -> int:
    share = draws.random()
    (low, least), (high, most) = next(pair for pair in pairwise(shape) if share <= pair[1][0])
    return int((least + (most - least) * (share - low) / (high - low)) * 60)


def start(kind: Kind, seconds: int, draws: Random) -> datetime:
    if kind.rush:
        return RUSH - timedelta(seconds=draws.randrange(1, seconds))
    if kind.crosses:
        return draws.choice(MONTHS) - timedelta(seconds=draws.randrange(1, seconds))
    if kind.other_month:
        return draws.choice(MONTHS) + timedelta(seconds=draws.randrange(8 * 3600))
    return OPENS + timedelta(seconds=draws.randrange(int((CLOSES - OPENS).total_seconds())))


def fits(kind: Kind, span: Span) -> bool:
    """Nobody but the rush itself runs near the rush, or the peak would be another one than planned."""
    near = span.start < RUSH + timedelta(hours=12) and span.end > RUSH - timedelta(hours=12)
    crosses = month(span.start) != month(span.end)
    other_month = month(span.start) != (span.start.year, span.start.month)
    quiet = kind.rush or not near or span.seconds > TWELVE_HOURS
    return (crosses, other_month) == (kind.crosses, kind.other_month) and quiet


def month(moment: datetime) -> tuple[int, int]:
    local = moment.astimezone(BUSINESS_ZONE)
    return local.year, local.month


def row(chance: Chance, number: int, span: Span) -> Sequence[object]:
    identity = sha256(f"{chance.seed}/{number}".encode()).hexdigest()
    minutes = f"{span.seconds / 60:.7f}".rstrip("0").rstrip(".")
    return identity, f"{span.start:%Y-%m-%dT%H:%M:%SZ}", f"{span.end:%Y-%m-%dT%H:%M:%SZ}", minutes


def at_once(spans: Sequence[Span]) -> int:
    """The most that run at one moment; one that ends when another starts has ended."""
    turns = sorted([(span.end, -1) for span in spans] + [(span.start, 1) for span in spans])
    running = most = 0
    for _, turn in turns:
        running += turn
        most = max(most, running)
    return most


# Streamers


def streamers(chance: Chance, number: int) -> Iterator[Sequence[object]]:
    """From the largest down: views fall with the rank, hours and followers spread widely."""
    for rank in range(1, number + 1):
        draws = chance.draws("streamer", rank)
        minutes = draws.randrange(30_000, 525_000, 15)
        views = int(93_000_000 / rank**0.55 * draws.uniform(0.6, 1.4))
        average = int(27_000 / rank**0.45 * draws.uniform(0.5, 1.5))
        followers = int(3_200_000 / rank**0.4 * draws.uniform(0.3, 1.7))
        gained = int(followers * draws.uniform(0.05, 0.6))
        peak = int(average * draws.uniform(3, 14))
        yield (
            f"streamer_{rank:04}",
            average * minutes,
            minutes,
            peak,
            average,
            followers,
            gained,
            views,
            True,
            False,
            "-",
        )


# The quiz


def quiz(chance: Chance) -> Iterator[Sequence[object]]:
    """Ten attempts: one from 90 %, five from 75 %, four below 60 %."""
    shares = [(0.9, 1.0)] + [(0.75, 0.9)] * 5 + [(0.0, 0.6)] * 4
    draws = chance.draws("quiz")
    draws.shuffle(shares)
    for number, (low, high) in enumerate(shares, 1):
        while True:
            marks = [Decimal(draws.choice(("0", "0.5", "0.8", "1", "1"))) for _ in range(QUESTIONS)]
            if low <= float(sum(marks)) / QUESTIONS < high:
                break
        yield number, *marks, sum(marks)


# People

COMPANIES = ("Mingyue Live", "Qingsong Live", "Yunfan Live")
DEPARTMENTS = (  # share, then shares of those without a joining date and of those who join in late May
    ("Managers", 3, 0.3, 0.0), ("S/W Dept", 38, 0.0, 0.7), ("Marketing Dept", 26, 0.85, 0.15),
    ("Sales Dept", 25, 0.64, 0.0), ("Hr Dept", 17, 0.35, 0.3), ("Finance Dept", 17, 0.3, 0.7),
)  # fmt: skip
POSITIONS = {
    "Managers": "Senior Manager",
    "S/W Dept": "Developer",
    "Marketing Dept": "Marketing Specialist",
    "Sales Dept": "Sales Representative",
    "Hr Dept": "HR Manager",
    "Finance Dept": "Financial Analyst",
}
FIRST = (
    "Wei", "Fang", "Min", "Jing", "Lei", "Yan", "Jun", "Li", "Na", "Tao", "Xin", "Hui", "Ping", "Qing", "Rui", "Shan",
)  # fmt: skip
LAST = ("Chen", "Gao", "He", "Hu", "Jiang", "Liang", "Lin", "Luo", "Ma", "Song", "Sun", "Tang", "Xie", "Xu", "Zhu")


def people(chance: Chance, number: int) -> Iterator[Sequence[object]]:
    whole = sum(share for _, share, _, _ in DEPARTMENTS)
    seats = [d for d in DEPARTMENTS for _ in range(max(3, round(number * d[1] / whole)))]
    managers: dict[str, str] = {}
    for at, (department, _, undated, late) in enumerate(seats[:number]):
        draws, company, badge = chance.draws("person", at), COMPANIES[at % len(COMPANIES)], f"KB{at:03}"
        joined = draws.random()
        day = "" if joined < undated else "2024-05-22" if joined < undated + late else date(2024, 2, 1).isoformat()
        manager = managers.setdefault(company, badge)
        yield (
            badge, draws.choice(FIRST), draws.choice(LAST), draws.choice(("female", "male")), company, department,
            POSITIONS[department], "", "" if manager == badge else manager, day,
        )  # fmt: skip
