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
from cli.demo.world.observations import CRITERIA
from cli.demo.world.verdict import Verdict
from cli.demo.world.verdicts import Deciders, Honoured, Rectified

Figures = dict[str, int | str]
Body = Mapping[str, Any]
STANDING = {Verdict.YES: "final", Verdict.NO: "rejected", Verdict.OPEN: "pending"}
OBJECTED = {Verdict.YES: "reversed", Verdict.NO: "final", Verdict.OPEN: "held"}  # where the penalty had been imposed
ANSWER = {Verdict.YES: "upheld", Verdict.NO: "rejected", Verdict.OPEN: "open"}
STAGE = {
    Rectified.NOT_BEGUN: "required",
    Rectified.PLANNED: "submitted",
    Rectified.ACCEPTED: "accepted",
    Rectified.VERIFIED: "effective",
    Rectified.REPEATED: "submitted",
    Rectified.REFUSED: "refused",
}
POOR, ABSENT, FAILED = "poor_performance", "unexcused_training_absence", "training_assessment_failed"


def recount(clock: Path, lines: Iterable[Line], policies: "Settings", deciders: Deciders) -> Figures:
    """Every figure that the demo shows, by its name. `clock` is the file of the streams."""
    seen = Seen(streams=dict(read_clock(clock)))
    for line in lines:
        seen.take(line.command, line.body)
    seen.correct(deciders)
    found: Figures = {"persons": len(seen.persons), "archives": len(seen.trained)}
    found |= count_streams(seen)
    found |= count_training(seen)
    found |= count_tickets(seen)
    penalties = penalised(seen, policies, deciders)
    found |= tally("penalties", [(p.kind, p.standing) for p in penalties])
    found |= count_objections(penalties, deciders)
    found |= tally("rectifications", [(rectified(p, deciders),) for p in penalties if p.kind == DEDUCTED and p.imposed])
    awards = awarded(seen)
    found |= tally("awards", [("training_excellence", STANDING[deciders.on_award(*award)]) for award in awards])
    found |= count_team_award(seen, deciders.honoured)
    found |= scores(seen, policies, penalties)
    waiting = under_review(deciders)
    found |= count_reviews(seen, penalties, deciders, waiting)
    results = list(completed(found, waiting))
    return found | bonuses(results, policies) | years(seen, results, policies) | prioritised(seen, results, policies)


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
    parents: dict[str, str | None] = field(default_factory=dict)  # of units
    units: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # of a person, with those above
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
    tickets: dict[str, list[Body]] = field(default_factory=lambda: defaultdict(list))

    @property
    def complaints(self) -> list[list[Body]]:
        return [bodies for bodies in self.tickets.values() if any(complains(body) for body in bodies)]

    def take(self, command: str, body: Body) -> None:
        take = getattr(self, f"take_{command}", None)
        if take is not None:
            take(body)

    def take_PostDefined(self, body: Body) -> None:  # noqa: N802  named by the command
        self.posts[body["post"]] = body["categories"]

    def take_DefineUnit(self, body: Body) -> None:  # noqa: N802
        self.parents[body["unit"]] = body["parent"]

    def take_PersonRegistered(self, body: Body) -> None:  # noqa: N802
        self.persons.add(body["person"])
        if "live_marketing" in body["categories"]:
            self.trained.add(body["person"])

    def take_AssignPersonToPost(self, body: Body) -> None:  # noqa: N802
        if "live_marketing" in self.posts[body["post"]]:
            self.trained.add(body["person"])
        unit: str | None = body["unit"]
        while unit is not None:
            self.units[body["person"]].add(unit)
            unit = self.parents[unit]

    def take_EndStream(self, body: Body) -> None:  # noqa: N802
        self.crews[body["stream"]] = body["crew"]

    def take_StreamMetricsRecorded(self, body: Body) -> None:  # noqa: N802
        self.figures[body["stream"]] = body

    def take_ObserveStream(self, body: Body) -> None:  # noqa: N802
        self.observed[body["observation"]] = body

    def take_OpenCustomerTicket(self, body: Body) -> None:  # noqa: N802
        self.tickets[body["ticket"]].append(body)

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

    def correct(self, deciders: Deciders) -> None:
        """Where an objection to the result of a month is upheld, the marks are those that the person called right."""
        for dispute in deciders.disputes:
            if dispute.verdict is Verdict.YES:
                right = dict(zip(CRITERIA, dispute.marks, strict=True))
                self.observed[dispute.observation] = {**self.observed[dispute.observation], **right}

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


def count_tickets(seen: Seen) -> Figures:
    said = [(bodies[0]["subject"], "standing" if complains(bodies[-1]) else "withdrawn") for bodies in seen.complaints]
    last = [(bodies[-1]["kind"], bodies[-1]["subject"]) for bodies in seen.tickets.values()]
    return tally("complaints", said) | tally("tickets", last)


def complains(ticket: Body) -> bool:
    """About somebody on a stream."""
    return ticket["kind"] == "complaint" and ticket["subject"] in ("stream", "assistant")


# Decisions


@dataclass(frozen=True)
class Penalty:
    """`occasion` is a month or a session; `objection`: whether it is upheld, where he objects at all."""

    kind: str
    person: str
    occasion: str
    standing: str
    imposed: bool = False
    objection: Verdict | None = None


def decided(kind: str, person: str, offence: str, occasion: str, deciders: Deciders) -> Penalty:
    verdict = deciders.on_penalty(person, offence, occasion)
    if verdict is not Verdict.YES:
        return Penalty(kind, person, occasion, STANDING[verdict])
    objection = deciders.on_objection(person, offence, occasion)
    standing = STANDING[verdict] if objection is None else OBJECTED[objection]
    return Penalty(kind, person, occasion, standing, imposed=True, objection=objection)


def count_objections(penalties: Sequence[Penalty], deciders: Deciders) -> Figures:
    to_penalties = [("penalties", ANSWER[p.objection]) for p in penalties if p.objection is not None]
    to_reviews = [("reviews", ANSWER[dispute.verdict]) for dispute in deciders.disputes]
    return tally("objections", [*to_penalties, *to_reviews])


def rectified(penalty: Penalty, deciders: Deciders) -> str:
    """What is verified stays so; all else is lifted with its penalty."""
    stage = STAGE[deciders.on_rectification(penalty.person, penalty.occasion)]
    return "lifted" if penalty.standing == "reversed" and stage != "effective" else stage


def penalised(seen: Seen, policies: "Settings", deciders: Deciders) -> list[Penalty]:
    found: list[Penalty] = []
    for session, person, excused in seen.missed():
        withdrawn = Penalty("criticism", person, session, "reversed")
        found.append(withdrawn if excused else decided("criticism", person, ABSENT, session, deciders))
    trigger = policies.chosen("FailedAssessment", date(2024, 5, 1))["penalty_trigger"]
    for (person, session), marks in seen.marks.items():
        fails = [grade == "fail" for _, _, grade in marks]
        if fails[0] if trigger == "first_fail" else fails == [True, True]:
            found.append(decided("criticism", person, FAILED, session, deciders))
    for person, month in poor_months(seen, policies.chosen("PoorPerformance", date(2024, 5, 1))):
        found.append(decided(DEDUCTED, person, POOR, month, deciders))
    return found


def poor_months(seen: Seen, rules: Body) -> Iterator[tuple[str, str]]:
    """Assistant anchors whose reviewed month drew many complaints, or fell off against the three months before."""
    by_month: dict[tuple[str, str], list[Body]] = defaultdict(list)
    for stream, crew in seen.crews.items():
        if not too_long(seen.streams[stream]):
            for person in {shift["person"] for shift in crew if shift["post"] == "assistant_anchor"}:
                by_month[person, month_of(seen.streams[stream][0])].append(seen.figures[stream])
    brought = Counter(complained_of(seen))
    for (person, month), review in seen.reviews.items():
        if review["post"] == "assistant_anchor":
            own = by_month[person, month]
            before = [figures for earlier in three_before(month) for figures in by_month[person, earlier]]
            complaints = sum(figures["complaints"] for figures in own) + brought[person, month]
            many = complaints >= rules["complaints_min"]
            lost = decline([f[rules["figure"]] for f in own], [f[rules["figure"]] for f in before])
            if many or (lost is not None and lost >= rules["decline_pct"]):
                yield person, month


def complained_of(seen: Seen) -> Iterator[tuple[str, str]]:
    """Assistant anchor and month of every complaint that stands and is anybody's on a stream that counts."""
    for body in (bodies[-1] for bodies in seen.complaints):
        if not complains(body):
            continue
        span = seen.streams[body["stream"]]
        for person in {s["person"] for s in seen.crews[body["stream"]] if s["post"] == "assistant_anchor"}:
            if not too_long(span) and body["assistant"] in (None, person):
                yield person, month_of(span[0])


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


def count_team_award(seen: Seen, one: Honoured) -> Figures:
    """It waits where whoever decides is of the team himself, or nobody is of it."""
    team = {person for person, units in seen.units.items() if one.team in units}
    decided = team and one.decider.person not in team
    return tally("awards", [(one.item, STANDING[one.verdict] if decided else "pending")])


# Scores


def scores(seen: Seen, policies: "Settings", penalties: Sequence[Penalty]) -> Figures:
    """Of every reviewed month: points and grade, or that it is not rated."""
    months = Months(seen)
    plus = Counter(excellent(seen))
    minus = Counter((p.person, p.occasion) for p in penalties if (p.kind, p.standing) == (DEDUCTED, "final"))
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


@dataclass(frozen=True)
class Completed:
    """The result of a month whose review is completed; points: none where the month is not rated."""

    person: str
    month: str
    points: Fraction | None
    grade: str


def under_review(deciders: Deciders) -> set[tuple[str, str]]:
    """Person and month: nobody answered his objection; or he was told of a new result, and may yet object to it, which
    the regulation of assistant anchors waits for."""
    return {
        (dispute.person, dispute.month)
        for dispute in deciders.disputes
        if dispute.verdict is Verdict.OPEN or (dispute.verdict is Verdict.YES and dispute.post == "assistant_anchor")
    }


def count_reviews(
    seen: Seen, penalties: Sequence[Penalty], deciders: Deciders, waiting: set[tuple[str, str]]
) -> Figures:
    """A result has another version where its marks were corrected, and where a deduction was objected to."""
    again = {(dispute.person, dispute.month) for dispute in deciders.disputes if dispute.verdict is Verdict.YES}
    again |= {(p.person, p.occasion) for p in penalties if p.kind == DEDUCTED and p.objection is not None}
    found = {"reviews completed": len(seen.reviews) - len(waiting), "reviews scored": len(waiting)}
    return {name: times for name, times in {**found, "reviews restated": len(again)}.items() if times}


def completed(found: Figures, waiting: set[tuple[str, str]]) -> Iterator[Completed]:
    for name, result in sorted(found.items()):
        if name.startswith("score "):
            _, month, person = name.split(" ")
            points, _, grade = str(result).rpartition(" ")
            if (person, month) not in waiting:
                yield Completed(person, month, Fraction(points) if points else None, grade)


def bonuses(results: Iterable[Completed], policies: "Settings") -> Figures:
    """How many of each amount, by month. Who is not rated has none."""
    earned: list[tuple[str, ...]] = []
    for one in results:
        if one.points is not None:
            scheme = policies.chosen("BonusScheme", date.fromisoformat(f"{one.month}-01"))
            earned.append((one.month, str(banded(scheme["bands"], one.points))))
    return tally("bonus", earned)


def years(seen: Seen, results: Sequence[Completed], policies: "Settings") -> Figures:
    """Grades of 2024, of which the input has one quarter; and how many months in a row were excellent at its end. As
    long as a month is under review, its year has no grade."""
    done = {(one.person, one.month) for one in results}
    unfinished = {person for person, month in seen.reviews if (person, month) not in done}
    scale = policies.chosen("RollUpPolicy", date(2024, 1, 1))["year"]["result"]["grades"]
    grades, runs = list[tuple[str, ...]](), list[tuple[str, ...]]()
    for person in {person for person, _ in seen.reviews}:
        quarter = mean([one.points for one in results if one.person == person and one.points is not None])
        rated = quarter is not None and person not in unfinished
        grades.append((banded(scale, rounded(quarter)) if rated and quarter is not None else "none",))
    runs = [(str(len(run)),) for run in excellent_runs(seen, results).values()]
    return tally("year", grades) | tally("excellent in a row", runs)


def excellent_runs(seen: Seen, results: Sequence[Completed]) -> dict[str, list[str]]:
    """By person: the excellent months in a row that reach to his latest one. What is not rated neither counts nor
    breaks; a month that is not completed breaks."""
    by_person: dict[str, dict[str, Completed]] = defaultdict(dict)
    for one in results:
        by_person[one.person][one.month] = one
    runs: dict[str, list[str]] = {person: [] for person, _ in seen.reviews}
    for person, months in by_person.items():
        latest = max(months)
        for month in [latest, *three_before(latest)]:
            if month not in months or (months[month].points is not None and months[month].grade != "A"):
                break
            if months[month].points is not None:
                runs[person].append(month)
    return runs


def prioritised(seen: Seen, results: Sequence[Completed], policies: "Settings") -> Figures:
    """Whose regulation gives it, after so many excellent months in a row (A-59)."""
    granted = list[tuple[str, ...]]()
    for person, run in excellent_runs(seen, results).items():
        if run:
            post = seen.reviews[person, run[0]]["post"]
            rules = policies.chosen("PriorityRules", date.fromisoformat(f"{run[0]}-01"), post=post)
            if rules.get("opportunities") and len(run) >= rules["months"]:
                granted.append(("granted",))
    return tally("priority", granted)


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
