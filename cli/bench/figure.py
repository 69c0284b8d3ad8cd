"""One measured figure."""

from dataclasses import dataclass

import msgspec


@dataclass(frozen=True, kw_only=True)
class Figure:
    name: str
    value: float
    unit: str
    twin: float | None = None  # the same work by other means, in the same unit
    better: str = "more"  # or less

    @property
    def ratio(self) -> float | None:
        """How many times the twin this is: above 1 means better."""
        if not self.twin or not self.value:
            return None
        return self.value / self.twin if self.better == "more" else self.twin / self.value

    def line(self) -> bytes:
        figures = {"name": self.name, "value": self.value, "unit": self.unit, "twin": self.twin, "ratio": self.ratio}
        return msgspec.json.encode({k: round(v, 4) if isinstance(v, float) else v for k, v in figures.items()})
