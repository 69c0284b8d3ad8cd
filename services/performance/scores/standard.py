"""The appraisal standard 考核标准: what is measured, how it becomes points, what it weighs. Values, never code.

One per post (S-39, S-40), as a policy with the post in its population. Clause: O-90; ruling R5; C-05. The regulations
state neither weights nor targets (P-11): each organisation writes its own.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from services.performance.metrics.events import Aggregation, MetricId
from services.performance.ratings.events import Item, Relation
from services.vocabulary import RANKED, Criterion, Figure, Text, Unit
from shared.explanation import Band, Kind, Rule, flaw
from shared.marked import Wrong
from shared.policy import Issue, Open
from shared.value import value

WHOLE = 100


class Attribution(StrEnum):
    FULL = "full"
    BY_MINUTES = "by_minutes"


class OnAir(StrEnum):
    MINUTES = "minutes"  # of the person himself
    STREAMS = "streams"


@value
class Streams:
    """A figure of the live streams whose crew the person was in."""

    figure: Figure
    aggregation: Aggregation
    per: Figure | None = None  # a ratio's lower part, or the weight of a weighted mean
    attribution: Attribution = Attribution.FULL

    def __post_init__(self) -> None:
        if (self.per is None) == (self.aggregation in (Aggregation.RATIO, Aggregation.WEIGHTED_MEAN)):
            raise ValueError("`per` belongs to ratio and weighted_mean, and to them alone")


@value
class Presence:
    """How long, or in how many live streams, the person was on."""

    on_air: OnAir


@value
class Observed:
    """The mean of the marks that observers gave for these criteria."""

    criteria: tuple[Criterion, ...]

    def __post_init__(self) -> None:
        if not self.criteria:
            raise ValueError("criteria: at least one")


@value
class Judging:
    """What a relation's word weighs, and how many raters it takes at least: with fewer it does not apply (R5)."""

    name: Relation
    weight: Rule
    at_least: Rule

    def __post_init__(self) -> None:
        if self.weight.amount <= 0:
            raise Wrong("a relation that weighs nothing is not asked: leave it out", "weight")
        if self.at_least.amount < 1:
            raise Wrong("at least one rater makes a mark", "at_least")


@value
class Rated:
    """The mean of the marks that raters gave for these items, in each relation, and of the relations by their weights
    (O-94). The regulation names neither the number of raters nor weights (P-23)."""

    rated: tuple[Item, ...]
    clause: str = ""
    by: Annotated[tuple[Judging, ...], Open(code="P-23")] = ()  # none: not configured

    def __post_init__(self) -> None:
        if not self.rated or len(set(self.rated)) < len(self.rated):
            raise ValueError("rated: at least one item, and each once")
        if len({one.name for one in self.by}) < len(self.by):
            raise Wrong("a relation weighs once", "by")
        if self.by and (total := sum(one.weight.amount for one in self.by)) != WHOLE:
            raise Wrong(f"the relations weigh {total}, not 100", "by")


@value
class Exams:
    """The mean of the marks of the month's exams."""

    exams: Literal["all"]


@value
class Sessions:
    """Sessions attended, of those attended and those missed without excuse after a notice (R2), in per cent."""

    sessions: Literal["attended"]


@value
class Recorded:
    """A metric that was recorded of the person and month."""

    metric: MetricId


@value
class Minus:
    """What each costs: of the recorded number of a metric, or of the sessions missed without excuse."""

    each: Rule
    metric: MetricId | None = None
    sessions: Literal["missed"] | None = None

    def __post_init__(self) -> None:
        if (self.metric is None) == (self.sessions is None):
            raise ValueError("minus: either a metric or sessions")


@value
class Deducted:
    """From full marks, for each event, down to 0; in per cent of full marks."""

    full: Rule
    minus: tuple[Minus, ...]


Measure = Streams | Presence | Observed | Rated | Exams | Sessions | Recorded | Deducted


@value
class Target:
    """In per cent of a target."""

    target: Rule
    unit: Unit | None = None  # of the target; held against that of what is measured
    cap: Rule | None = None
    lower_is_better: bool = False

    def __post_init__(self) -> None:
        above_0(target=self.target)


@value
class Banded:
    """What the bands give for the actual, or for its per cent `against` a plan or baseline; in per cent `of` full
    marks where the bands do not reach to 100."""

    bands: tuple[Band, ...]
    unit: Unit | None = None  # of the edges, or of the plan
    against: Rule | None = None
    of: Rule | None = None

    def __post_init__(self) -> None:
        check_bands(self.bands, "bands")
        above_0(against=self.against, of=self.of)
        for i, band in enumerate(self.bands):
            if isinstance(band.gives, str):
                raise Wrong("bands of a component give points, not grades", "bands", i, "gives")


@value
class Points:
    """Points p of m are p ÷ m × 100."""

    of: Rule

    def __post_init__(self) -> None:
        above_0(of=self.of)


Form = Target | Banded | Points


@value
class Line:
    """One of several of which the lowest counts."""

    name: str
    measure: Measure
    form: Form | None = None

    def __post_init__(self) -> None:
        check_form(self.name, self.measure, self.form)


@value
class Goal:
    """A business goal 业务目标 of the company (O-90)."""

    name: str
    title: Text


@value
class Component:
    """A measure, or parts, or lines of which the lowest counts. The parts weigh 100 together, or, in points, as much
    as the component. `goal`: of an indicator, the business goal to which it is tied."""

    name: str
    weight: Rule
    clause: str = ""
    goal: str = ""
    measure: Measure | None = None
    form: Form | None = None  # none: marks are points already
    parts: tuple["Component", ...] = ()
    lowest_of: tuple[Line, ...] = ()
    na_weight_to: str = ""
    absent: Kind = Kind.MISSING  # what it means that there is no fact at all

    def __post_init__(self) -> None:
        if [self.measure is not None, bool(self.parts), bool(self.lowest_of)].count(True) != 1:
            raise ValueError(f"{self.name}: either a measure, or parts, or lowest_of")
        check_form(self.name, self.measure, self.form)
        if self.goal and self.parts:
            raise Wrong(f"{self.name}: its parts are tied to goals, each to its own", "goal")
        if self.na_weight_to and self.na_weight_to not in [part.name for part in self.parts]:
            raise Wrong(f"na_weight_to: {self.name} has no part {self.na_weight_to}", "na_weight_to")
        check_weights(self.parts, "parts", self.weight)


@value
class AppraisalStandard:
    """`excellent` is the grade that counts as excellent (C-06). Points and grades are the person's own, never a rank:
    penalties may follow from them (R4)."""

    refuses: ClassVar = RANKED

    issue: Issue
    clause: str
    goals: tuple[Goal, ...] = ()
    components: Annotated[tuple[Component, ...], Open(code="P-11")]
    grades: tuple[Band, ...]
    excellent: str
    plus_cap: Rule | None = None  # of the sum of all plus adjustments; none: not configured (C-16)
    minus_cap: Rule | None = None
    min_applicable_weight: Rule | None = None  # per cent, below which the month is not rated
    na_weight_to: str = ""
    notice_points: Rule | None = None  # a restatement by so much is told to the person (R6); none: not configured

    def __post_init__(self) -> None:
        if not self.components:
            raise ValueError("a standard has components")
        check_weights(self.components, "components")
        check_goals(self.components, [goal.name for goal in self.goals])
        check_bands(self.grades, "grades")
        check_grades(self.grades, self.excellent)
        names = self.names
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            raise Wrong(f"two components are called {', '.join(doubled)}", "components")
        if self.na_weight_to and self.na_weight_to not in [component.name for component in self.components]:
            raise Wrong(f"na_weight_to: there is no component {self.na_weight_to}", "na_weight_to")

    @property
    def names(self) -> list[str]:
        return [component.name for component in each(self.components)]

    @property
    def rated(self) -> list[Rated]:
        """All that is asked of raters."""
        measures = (m for of in each(self.components) for m in (of.measure, *(line.measure for line in of.lowest_of)))
        return [measure for measure in measures if isinstance(measure, Rated)]


def each(components: tuple[Component, ...]) -> Iterator[Component]:
    for component in components:
        yield component
        yield from each(component.parts)


def check_weights(parts: tuple[Component, ...], at: str, points: Rule | None = None) -> None:
    total = sum(part.weight.amount for part in parts)
    if parts and total != WHOLE and (points is None or total != points.amount):
        raise Wrong(f"{', '.join(part.name for part in parts)} weigh {total}, not 100", at)
    for i, part in enumerate(parts):
        if part.weight.amount < 0:
            raise Wrong(f"{part.name}: a weight is not below 0", at, i, "weight")


def check_goals(components: tuple[Component, ...], goals: list[str]) -> None:
    """What is tied to business goals is so in every indicator, and no goal is without one (O-90)."""
    tied = set[str]()
    for i, component in enumerate(components):
        indicators = {part.name: part.goal for part in each((component,)) if not part.parts}
        named = set(indicators.values()) - {""}
        if unknown := sorted(named.difference(goals)):
            raise Wrong(f"{component.name}: {', '.join(unknown)} is none of the goals", "components", i)
        if named and (untied := [name for name, goal in indicators.items() if not goal]):
            raise Wrong(f"{component.name}: {', '.join(untied)} names no goal", "components", i)
        tied |= named
    if left := [goal for goal in goals if goal not in tied]:
        raise Wrong(f"goals: no indicator is tied to {', '.join(left)}", "goals")


def check_form(name: str, measure: Measure | None, form: Form | None) -> None:
    if isinstance(measure, Streams | Presence) and form is None:
        raise ValueError(f"{name}: a figure needs a form to become points")


def check_bands(bands: tuple[Band, ...], at: str) -> None:
    if found := flaw(bands):
        band, reason = found
        raise Wrong(f"bands leave a gap or overlap: {reason}", at, band)


def check_grades(grades: tuple[Band, ...], excellent: str) -> None:
    for i, band in enumerate(grades):
        if not isinstance(band.gives, str):
            raise Wrong("grades are words", "grades", i, "gives")
    if excellent not in [band.gives for band in grades]:
        raise Wrong(f"excellent: {excellent} is none of the grades", "excellent")


def above_0(**rules: Rule | None) -> None:
    for at, rule in rules.items():
        if rule and rule.amount <= 0:
            raise Wrong("a target, a plan and full marks are above 0", at)
