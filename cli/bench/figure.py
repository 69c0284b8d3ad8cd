"""One measured figure, beside the same work by other means, in turns."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import msgspec


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is measured."""

    rounds: int = 3  # of each, in turns
    events: int = 100_000  # that are relayed, folded, gathered


@dataclass(frozen=True, kw_only=True)
class Figure:
    name: str
    unit: str
    ours: Sequence[float]  # a round each
    twin: Sequence[float] = ()  # the same work by other means, in the same rounds
    beside: str = ""  # what the twin is
    better: str = "more"  # or less

    @property
    def ratios(self) -> list[float]:
        """How many times the twin this is: above 1 means better."""
        pairs = [(o, t) if self.better == "more" else (t, o) for o, t in zip(self.ours, self.twin, strict=False)]
        return sorted(ours / twin for ours, twin in pairs if twin)

    def line(self) -> bytes:
        ratios = self.ratios
        figures = {
            "name": self.name,
            "value": median(self.ours),
            "unit": self.unit,
            "beside": self.beside,
            "twin": median(self.twin) if self.twin else None,
            "ratio": median(ratios) if ratios else None,
            "from": ratios[0] if ratios else None,
            "to": ratios[-1] if ratios else None,
            "rounds": len(self.ours),
        }
        return msgspec.json.encode({k: round(v, 4) if isinstance(v, float) else v for k, v in figures.items()})


def in_turns(plan: Plan, *measures: Callable[[int], float]) -> list[list[float]]:
    """A list of figures for each measure, which is given the number of its round."""
    found: list[list[float]] = [[] for _ in measures]
    for turn in range(plan.rounds):
        for figures, measure in zip(found, measures, strict=True):
            figures.append(measure(turn))
            tell(f"  round {turn + 1} of {plan.rounds}: {figures[-1]:,.2f}")
    return found


def tell(line: str) -> None:
    """Progress, beside the figures."""
    print(line, file=sys.stderr, flush=True)
