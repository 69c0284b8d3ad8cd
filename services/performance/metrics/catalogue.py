"""Which metrics a standard may measure, and in which unit. Clauses: S-33 to S-36, O-89; C-33."""

from services.performance.metrics.events import Better, MetricId
from services.vocabulary import Text, Unit
from shared.marked import Wrong
from shared.policy import Issue
from shared.value import value


@value
class Metric:
    name: MetricId
    zh: Text
    en: Text
    unit: Unit
    better: Better
    clause: str


@value
class MetricCatalogue:
    """What the regulations name ships; an organisation adds a catalogue of its own."""

    issue: Issue
    clause: str = ""
    metrics: tuple[Metric, ...]

    def __post_init__(self) -> None:
        known: set[str] = set()
        for i, metric in enumerate(self.metrics):
            if metric.name in known:
                raise Wrong(f"{metric.name} stands twice", "metrics", i)
            known.add(metric.name)
