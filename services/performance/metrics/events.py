"""What is measured 考核指标: its definition by version, and what was recorded of a person in a month.

Clauses: S-33 to S-36, S-38, O-89, O-91, O-92; C-33 (one name, several denominators: the formula is part of the
version).
"""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, NewType

from annotated_types import Ge

from services.vocabulary import PersonMonth, Text, Unit
from shared.value import value

MetricId = NewType("MetricId", str)  # content_reads, user_registrations …


class Aggregation(StrEnum):
    """How the values of several streams, shops or days become one. Ruling R5."""

    SUM = "sum"
    RATIO = "ratio"  # of sums, in per cent
    WEIGHTED_MEAN = "weighted_mean"
    MEAN = "mean"
    LAST = "last"


class Better(StrEnum):
    HIGHER = "higher"
    LOWER = "lower"


class Method(StrEnum):
    """How an ability is assessed (O-92)."""

    PORTFOLIO = "portfolio"  # 工作成果展示
    SKILLS_TEST = "skills_test"  # 技能测试


@value
class MetricDefined:
    """The next version of a definition; what was recorded under the one before keeps it."""

    metric: MetricId
    version: int
    name_zh: Text
    name_en: Text
    formula: Text
    unit: Unit
    aggregation: Aggregation
    better: Better
    methods: tuple[Method, ...] = ()  # of an ability: how it may be assessed; none: it is measured
    clauses: tuple[str, ...] = ()


@value
class MetricRecorded:
    """For posts that no stream measures; the same metric of the same month again corrects it."""

    subject: PersonMonth
    metric: MetricId
    definition: int  # the version of the metric under which it was recorded
    amount: Decimal  # of a ratio: the upper part
    base: Annotated[Decimal, Ge(0)] | None = None  # of a ratio or weighted mean: the lower part, the weight
    source: Text  # the system or list that it was taken from; of an ability, what was shown or tested
    method: Method | None = None  # of an ability
