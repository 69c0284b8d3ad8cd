"""An independent recount: what must have come of the import, by plain loops over the files and the lines.

It shares no code with the services: neither their classes nor their projections, scores or rules. Months and fractions
are computed here, and policies are read as plain YAML. So it may be wrong where they are right, and the two are equal
only where both are.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

import yaml

from cli.demo.world.lines import Line
from cli.demo.world.verdicts import Deciders, Verdict

Figures = dict[str, int | str]
Body = Mapping[str, Any]
STANDING = {Verdict.YES: "final", Verdict.NO: "rejected", Verdict.OPEN: "pending"}
POOR, ABSENT, FAILED = "poor_performance", "unexcused_training_absence", "training_assessment_failed"


def recount(clock: Path, lines: Iterable[Line], policies: "Settings", deciders: Deciders) -> Figures:
    """Every figure that the demo shows, by its name. `clock` is the file of the streams."""
    seen = Seen(streams=dict(read_clock(clock)))
    for line in lines:
        seen.take(line.command, line.body)
    found: Figures = {"persons": len(seen.persons), "archives": len(seen.trained)}
    found |= count_streams(seen)
    found |= count_training(seen)
    penalties = penalised(seen, policies, deciders)
    found |= tally("penalties", [(kind, state) for kind, _, _, state in penalties])
    awards = awarded(seen)
    found |= tally("awards", [("training_excellence", STANDING[deciders.on_award(*award)]) for award in awards])
    found |= scores(seen, policies, penalties)
    return found | bonuses(found, policies) | years(found, policies)


# What was said


def read_clock(path: Path) -> Iterator[tuple[str, tuple[datetime, datetime]]]:
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            start, end = (datetime.fromisoformat(row[name]) for name in ("actualStartTime", "actualEndTime"))
            yield row["videoId"], (start, end)


@dataclass
class Seen:
    """The files' clock, and the last word of the lines about everything else."""

    streams: dict[str, tuple[datetime, datetime]]
    persons: set[str] = field(default_factory=set)
    trained: set[str] = field(default_factory=set)  # live-marketing personnel: who has an archive
    posts: dict[str, Sequence[str]] = field(default_factory=dict)
    crews: dict[str, Sequence[Body]] = field(default_factory=dict)
    figures: dict[str, Body] = field(default_factory=dict)
    observed: dict[str, Body] = field(default_factory=dict)
    held: dict[str, datetime] = field(default_factory=dict)
    told: set[tuple[str, str]] = field(default_factory=set)
    present: set[tuple[str, str]] = field(default_factory=set)
    absent: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    bands: dict[str, Body] = field(default_factory=dict)
    due: dict[tuple[str, str], date] = field(default_factory=dict)
    marks: dict[tuple[str, str], list[tuple[date, Decimal, str]]] = field(default_factory=lambda: defaultdict(list))
    reviews: dict[tuple[str, str], Body] = field(default_factory=dict)
    not_rated: set[str] = field(default_factory=set)

    def take(self, command: str, body: Body) -> None:
        take = getattr(self, f"take_{command}", None)
        if take is not None:
            take(body)

    def take_PostDefined(self, body: Body) -> None:  # noqa: N802  named by the command
        self.posts[body["post"]] = body["categories"]

    def take_PersonRegistered(self, body: Body) -> None:  # noqa: N802
        self.persons.add(body["person"])
        if "live_marketing" in body["categories"]:
            self.trained.add(body["person"])

    def take_AssignPersonToPost(self, body: Body) -> None:  # noqa: N802
        if "live_marketing" in self.posts[body["post"]]:
            self.trained.add(body["person"])

    def take_EndStream(self, body: Body) -> None:  # noqa: N802
        self.crews[body["stream"]] = body["crew"]

    def take_StreamMetricsRecorded(self, body: Body) -> None:  # noqa: N802
        self.figures[body["stream"]] = body

    def take_ObserveStream(self, body: Body) -> None:  # noqa: N802
        self.observed[body["observation"]] = body

    def take_SendTrainingNotice(self, body: Body) -> None:  # noqa: N802
        self.held[body["session"]] = body["starts_at"]
        self.told |= {(body["session"], person) for person in body["persons"]}

    def take_SignIn(self, body: Body) -> None:  # noqa: N802
        self.present.add((body["session"], body["person"]))

    def take_RecordAbsence(self, body: Body) -> None:  # noqa: N802
        self.absent[body["session"], body["person"]].append(body["ground"])

    def take_CorrectAbsence(self, body: Body) -> None:  # noqa: N802
        self.absent[body["session"], body["person"]].append(body["ground"])

    def take_SetAssessmentStandard(self, body: Body) -> None:  # noqa: N802
        self.bands[body["course"]] = body

    def take_ScheduleExam(self, body: Body) -> None:  # noqa: N802
        self.due[body["person"], body["session"]] = body["held_on"]

    def take_GradeExam(self, body: Body) -> None:  # noqa: N802
        chain = body["person"], body["session"]
        bands, score = self.bands[body["course"]], body["score"]
        grade = next((g for g in ("excellent", "good") if score >= bands[g]), None)
        self.marks[chain].append((self.due[chain], score, grade or ("pass" if score >= bands["passing"] else "fail")))

    def take_OpenCycle(self, body: Body) -> None:  # noqa: N802
        if body["not_rated"] is not None:
            self.not_rated.add(body["month"])

    def take_OpenReview(self, body: Body) -> None:  # noqa: N802
        self.reviews[body["subject"]["person"], body["subject"]["month"]] = body

    def missed(self) -> Iterator[tuple[str, str, bool]]:
        """Session, person, and whether an excuse came later: absent without one although told before the start."""
        for (session, person), grounds in self.absent.items():
            if grounds[0] == "none" and (session, person) in self.told:
                yield session, person, grounds[-1] != "none"


def month_of(moment: datetime) -> str:
    """In Shanghai, eight hours ahead of UTC all year round."""
    return f"{(moment.replace(tzinfo=None) + timedelta(hours=8)):%Y-%m}"


def too_long(span: tuple[datetime, datetime]) -> bool:
    return span[1] - span[0] > timedelta(hours=12)


# Counting


def tally(name: str, found: Iterable[tuple[str, ...]]) -> Figures:
    return {f"{name} {' '.join(kind)}": times for kind, times in Counter(found).items()}


def count_streams(seen: Seen) -> Figures:
    spans = seen.streams.values()
    return {
        "streams": len(seen.streams),
        "streams too long": sum(too_long(span) for span in spans),
        "streams with crew": sum(bool(crew) for crew in seen.crews.values()),
        **tally("streams of", [(month_of(start),) for start, _ in spans]),
    }


def count_training(seen: Seen) -> Figures:
    grounds = [("signed_in",)] * len(seen.present) + [(said[-1],) for said in seen.absent.values()]
    attempts = [
        (attempt, grade)
        for marks in seen.marks.values()
        for attempt, (_, _, grade) in zip(("first", "make_up"), marks, strict=False)
    ]
    return {
        "attendance corrected": sum(len(said) > 1 for said in seen.absent.values()),
        **tally("attendance", grounds),
        **tally("results", attempts),
    }


# Decisions

Penalty = tuple[str, str, str, str]  # kind, person, month or session, standing


def penalised(seen: Seen, policies: "Settings", deciders: Deciders) -> list[Penalty]:
    found: list[Penalty] = []
    for session, person, excused in seen.missed():
        standing = "reversed" if excused else STANDING[deciders.on_penalty(person, ABSENT, session)]
        found.append(("criticism", person, session, standing))
    trigger = policies.chosen("FailedAssessment", date(2024, 5, 1))["penalty_trigger"]
    for (person, session), marks in seen.marks.items():
        fails = [grade == "fail" for _, _, grade in marks]
        if fails[0] if trigger == "first_fail" else fails == [True, True]:
            standing = STANDING[deciders.on_penalty(person, FAILED, session)]
            found.append(("criticism", person, session, standing))
    for person, month in poor_months(seen, policies.chosen("PoorPerformance", date(2024, 5, 1))):
        found.append(("points_deduction", person, month, STANDING[deciders.on_penalty(person, POOR, month)]))
    return found


def poor_months(seen: Seen, rules: Body) -> Iterator[tuple[str, str]]:
    """Assistant anchors whose reviewed month drew many complaints, or fell off against the three months before."""
    by_month: dict[tuple[str, str], list[Body]] = defaultdict(list)
    for stream, crew in seen.crews.items():
        if not too_long(seen.streams[stream]):
            for person in {shift["person"] for shift in crew if shift["post"] == "assistant_anchor"}:
                by_month[person, month_of(seen.streams[stream][0])].append(seen.figures[stream])
    for (person, month), review in seen.reviews.items():
        if review["post"] == "assistant_anchor":
            own = by_month[person, month]
            before = [figures for earlier in three_before(month) for figures in by_month[person, earlier]]
            many = sum(figures["complaints"] for figures in own) >= rules["complaints_min"]
            lost = decline([f[rules["figure"]] for f in own], [f[rules["figure"]] for f in before])
            if many or (lost is not None and lost >= rules["decline_pct"]):
                yield person, month


def three_before(month: str) -> list[str]:
    year, number = (int(part) for part in month.split("-"))
    count = year * 12 + number - 1
    return [f"{(count - n) // 12:04}-{(count - n) % 12 + 1:02}" for n in (1, 2, 3)]


def decline(now: Sequence[int], before: Sequence[int]) -> Fraction | None:
    if not now or not sum(before):
        return None
    was, is_ = Fraction(sum(before), len(before)), Fraction(sum(now), len(now))
    return (was - is_) / was * 100


def excellent(seen: Seen) -> Iterator[tuple[str, str]]:
    """Person and month of every first exam that was excellent."""
    for (person, _), marks in seen.marks.items():
        held_on, _, grade = marks[0]
        if grade == "excellent":
            yield person, f"{held_on:%Y-%m}"


def awarded(seen: Seen) -> list[tuple[str, str]]:
    """One proposal a person and month, however many excellent exams."""
    return sorted(set(excellent(seen)))


# Scores


def scores(seen: Seen, policies: "Settings", penalties: Sequence[Penalty]) -> Figures:
    """Of every reviewed month: points and grade, or that it is not rated."""
    months = Months(seen)
    plus = Counter(excellent(seen))
    minus = Counter((person, month) for kind, person, month, state in penalties if (kind, state) == (DEDUCTED, "final"))
    each_plus = policies.chosen("AdjustmentPolicy", date(2024, 5, 1))["training_excellence"]["points"]
    each_minus = policies.chosen("PoorPerformance", date(2024, 5, 1))["points"]
    found: Figures = {}
    for (person, month), review in seen.reviews.items():
        if month in seen.not_rated:
            found[f"score {month} {person}"] = "not_rated"
            continue
        on = date.fromisoformat(f"{month}-01")
        standard = policies.chosen("AppraisalStandard", on, post=review["post"], studio=review["studio"])
        points = Points(standard, months.of(person, month))
        result = points.total(plus[person, month] * each_plus, minus[person, month] * each_minus)
        found[f"score {month} {person}"] = result
    return found


DEDUCTED = "points_deduction"


def results(found: Figures) -> Iterator[tuple[str, str, Fraction | None, str]]:
    """Month, person, points and grade of every score."""
    for name, result in found.items():
        if name.startswith("score "):
            _, month, person = name.split(" ")
            points, _, grade = str(result).rpartition(" ")
            yield month, person, Fraction(points) if points else None, grade


def bonuses(found: Figures, policies: "Settings") -> Figures:
    """How many of each amount, by month. Who is not rated has none."""
    earned: list[tuple[str, ...]] = []
    for month, _, points, _ in results(found):
        if points is not None:
            scheme = policies.chosen("BonusScheme", date.fromisoformat(f"{month}-01"))
            earned.append((month, str(banded(scheme["bands"], points))))
    return tally("bonus", earned)


def years(found: Figures, policies: "Settings") -> Figures:
    """Grades of 2024, of which the input has one quarter; and how many months in a row were excellent at its end."""
    by_person: dict[str, list[tuple[Fraction, bool]]] = defaultdict(list)
    for _, person, points, grade in sorted(results(found)):
        by_person[person] += [] if points is None else [(points, grade == "A")]
    scale = policies.chosen("RollUpPolicy", date(2024, 1, 1))["year"]["result"]["grades"]
    grades, runs = list[tuple[str, ...]](), list[tuple[str, ...]]()
    for months in by_person.values():
        quarter = mean([points for points, _ in months])
        grades.append(("none",) if quarter is None else (banded(scale, rounded(quarter)),))
        excellent = [was for _, was in reversed(months)]
        runs.append((str([*excellent, False].index(False)),))
    return tally("year", grades) | tally("excellent in a row", runs)


@dataclass
class Month:
    """What is known of a person's month."""

    person: str
    streams: list[tuple[Sequence[Body], Body]] = field(default_factory=list)  # crew and figures
    observed: list[Body] = field(default_factory=list)
    marks: list[Decimal] = field(default_factory=list)
    attended: int = 0
    missed: int = 0


class Months:
    def __init__(self, seen: Seen) -> None:
        self.by_person: dict[tuple[str, str], Month] = {}
        for stream, crew in seen.crews.items():
            if not too_long(seen.streams[stream]):
                for person in {shift["person"] for shift in crew}:
                    own = self.of(person, month_of(seen.streams[stream][0]))
                    own.streams.append((crew, seen.figures[stream]))
        for body in seen.observed.values():
            self.of(body["person"], month_of(seen.streams[body["stream"]][0])).observed.append(body)
        for (person, _), marks in seen.marks.items():
            for held_on, score, _ in marks:
                self.of(person, f"{held_on:%Y-%m}").marks.append(score)
        for session, person in seen.present:
            self.of(person, month_of(seen.held[session])).attended += 1
        for session, person, excused in seen.missed():
            self.of(person, month_of(seen.held[session])).missed += not excused

    def of(self, person: str, month: str) -> Month:
        return self.by_person.setdefault((person, month), Month(person=person))


class Points:
    """The arithmetic of a standard, by hand. None stands for not applicable."""

    def __init__(self, standard: Body, month: Month) -> None:
        self.standard, self.month = standard, month

    def total(self, plus: int, minus: int) -> str:
        raw, applies = self.together(self.standard["components"], self.standard.get("na_weight_to", ""))
        if raw is None or applies * 100 < self.standard.get("min_applicable_weight", 0):
            return "not_rated"
        up, down = self.standard.get("plus_cap", plus), self.standard.get("minus_cap", minus)
        points = raw + min(plus, up) - min(minus, down)
        shown = rounded(min(max(points, Fraction(0)), Fraction(100)))
        return f"{float(shown):.2f} {banded(self.standard['grades'], shown)}"

    def together(self, components: Sequence[Body], heir: str) -> tuple[Fraction | None, Fraction]:
        """The weighted mean of what applies, and which share of the weight that is. Weight that moves in proportion
        is weight left out of the mean; an heir takes it all."""
        whole = sum((Fraction(str(c["weight"])) for c in components), Fraction(0))
        known = [(c["name"], Fraction(str(c["weight"])), *self.component(c)) for c in components]
        applies = sum((weight * share for _, weight, _, share in known), Fraction(0)) / whole
        live = {name: (weight, points) for name, weight, points, _ in known if points is not None}
        if not live:
            return None, applies
        if heir in live:
            others = sum((weight for name, (weight, _) in live.items() if name != heir), Fraction(0))
            live[heir] = whole - others, live[heir][1]
        weights = sum((weight for weight, _ in live.values()), Fraction(0))
        return sum((weight * points for weight, points in live.values()), Fraction(0)) / weights, applies

    def component(self, c: Body) -> tuple[Fraction | None, Fraction]:
        if "parts" in c:
            return self.together(c["parts"], c.get("na_weight_to", ""))
        actual = self.actual(c["measure"])
        if actual is None and c.get("absent") != "not_applicable" and not self.divided_by_nothing(c["measure"]):
            raise ValueError(f"{c['name']} of {self.month.person} is missing")
        return (None, Fraction(0)) if actual is None else (formed(c.get("form"), actual), Fraction(1))

    def divided_by_nothing(self, measure: Body) -> bool:
        return measure.get("aggregation") == "ratio" and bool(self.month.streams)

    def actual(self, measure: Body) -> Fraction | None:
        match measure:
            case {"figure": figure, "aggregation": aggregation}:
                return self.figure(figure, aggregation, measure.get("per"), measure.get("attribution") == "by_minutes")
            case {"on_air": "minutes"}:
                return self.minutes()
            case {"on_air": "streams"}:
                return Fraction(len(self.month.streams)) if self.month.streams else None
            case {"criteria": criteria}:
                return mean([Fraction(o[criterion]) for o in self.month.observed for criterion in criteria])
            case {"exams": "all"}:
                return mean([Fraction(score) for score in self.month.marks])
            case {"sessions": "attended"}:
                counted = self.month.attended + self.month.missed
                return Fraction(self.month.attended * 100, counted) if counted else None
            case _:
                raise ValueError(f"the recount does not know the measure {measure}")

    def figure(self, figure: str, aggregation: str, per: str | None, by_minutes: bool) -> Fraction | None:
        upper = [self.credit(crew, figures[figure], by_minutes) for crew, figures in self.month.streams]
        match aggregation:
            case "sum":
                return sum(upper, Fraction(0)) if upper else None
            case "mean":
                return mean(upper)
            case "ratio":
                lower = sum(self.credit(crew, figures[str(per)], by_minutes) for crew, figures in self.month.streams)
                return sum(upper, Fraction(0)) / lower * 100 if lower else None
            case _:
                raise ValueError(f"the recount does not know the aggregation {aggregation}")

    def credit(self, crew: Sequence[Body], amount: int, by_minutes: bool) -> Fraction:
        if not by_minutes:
            return Fraction(amount)
        own = sum(shift["minutes"] for shift in crew if shift["person"] == self.month.person)
        return Fraction(amount * own, sum(shift["minutes"] for shift in crew))

    def minutes(self) -> Fraction | None:
        if not self.month.streams:
            return None
        own = [s["minutes"] for crew, _ in self.month.streams for s in crew if s["person"] == self.month.person]
        return Fraction(sum(own))


def mean(numbers: Sequence[Fraction]) -> Fraction | None:
    return sum(numbers, Fraction(0)) / len(numbers) if numbers else None


def formed(form: Body | None, actual: Fraction) -> Fraction:
    match form:
        case None:
            return actual
        case {"target": target}:
            cap = Fraction(str(form.get("cap", 100)))
            if form.get("lower_is_better"):
                return min(target / actual * 100, cap) if actual else cap
            return min(max(actual / Fraction(str(target)) * 100, Fraction(0)), cap)
        case {"bands": bands}:
            against = form.get("against")
            given = Fraction(str(banded(bands, actual if against is None else actual / against * 100)))
            return given if form.get("of") is None else given / form["of"] * 100
        case {"of": whole}:
            return actual / Fraction(str(whole)) * 100
        case _:
            raise ValueError(f"the recount does not know the form {form}")


def banded(bands: Sequence[Body], x: Fraction) -> Any:
    for band in bands:
        at_least, above = band.get("at_least"), band.get("above")
        below, up_to = band.get("below"), band.get("up_to")
        if (
            (at_least is None or x >= Fraction(str(at_least)))
            and (above is None or x > Fraction(str(above)))
            and (below is None or x < Fraction(str(below)))
            and (up_to is None or x <= Fraction(str(up_to)))
        ):
            return band["gives"]
    raise ValueError(f"{x} is in no band")


def rounded(x: Fraction) -> Fraction:
    """Half up, two places."""
    return Fraction(floor(x * 100 + Fraction(1, 2)), 100)


# Policies


class Settings:
    """The YAML files of the services and of the organisation, as they stand."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self.documents: list[Body] = [
            yaml.safe_load(file.read_text()) for folder in folders for file in sorted(folder.glob("*.yaml"))
        ]

    def chosen(self, kind: str, on: date, **traits: str) -> Body:
        """In force on a day for whom these traits describe: the narrowest, then the latest."""
        fitting = [
            d
            for d in self.documents
            if d["kind"] == kind
            and d["issue"].get("effective_from", date.min) <= on
            and all(traits.get(trait) in allowed for trait, allowed in d.get("population", {}).items())
        ]

        def rank(d: Body) -> tuple[int, date, int]:
            return len(d.get("population", {})), d["issue"].get("effective_from", date.min), d["issue"]["version"]

        return max(fitting, key=rank)


def differences(expected: Figures, found: Figures) -> list[str]:
    """Every figure that is not the same, with both."""
    return [
        f"{name}: recounted {expected.get(name, 'nothing')}, found {found.get(name, 'nothing')}"
        for name in sorted({**expected, **found})
        if expected.get(name) != found.get(name)
    ]
