"""A build: one filling of a read model's tables from the topics, with checkpoints and a consumer group of its own.

One build of a name is served. Another one is filled beside it, reads no further than the served one has read, and
takes its place when it stands where that one stands. So everything is told once: up to there by the old one, from
there on by the new one.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from shared.facts import Facts
from shared.privacy import Erasure
from shared.projection import Projection
from shared.reaction import Reaction
from shared.value import value

Model = Projection[Any, Any] | Facts[Any, Any, Any, Any]
Source = Model | Reaction[Any, Any] | Erasure[Any]
RUNNING = ("served", "building")


@value
class Build:
    """A reaction, or an erasure, has one for ever, of version 0."""

    name: str
    version: int
    number: int = 1
    state: str = "served"  # served, building, stopped (an operator has it resumed), retired (nothing is left of it)
    held: bool = False  # it is compared first: whoever asked for that has it switched
    accepts: bool = False  # a log that was replaced is read from its beginning; of a reaction turned each time it does
    error: str = ""  # why it stands

    @property
    def reader(self) -> str:
        """The name of its checkpoints: orders/2, and built again orders/2.2; a reaction has its own."""
        if not self.version:
            return self.name
        return f"{self.name}/{self.version}" + (f".{self.number}" if self.number > 1 else "")

    @property
    def prefix(self) -> str:
        """What its tables' names begin with."""
        return f"{self.name}_{self.version}" + (f"_{self.number}" if self.number > 1 else "")


@value
class Progress:
    """Of a build on the way to what the served one has read. Positions of a partition grow as the log does, so they
    tell that without counting its events."""

    done: float  # 0 to 1
    rate: float  # positions a second
    left: float | None  # seconds at that rate; None while it has not moved


def progress(now: Sequence[int], whole: Sequence[int], passed: int, seconds: float) -> Progress:
    """`now`, `whole`: where the build and the served one stand on each partition; `passed`: the sum of where the build
    stood so many seconds ago."""
    there, goal = sum(now), sum(whole)
    rate = max(there - passed, 0) / max(seconds, 0.001) / max(len(now), 1)
    left = max(goal - there, 0) / max(len(now), 1) / rate if rate else None
    return Progress(done=min(there / goal, 1.0) if goal else 1.0, rate=rate, left=left)


def version_of(source: Source) -> int:
    return 0 if isinstance(source, Reaction | Erasure) else source.version


def initial(source: Source) -> Build:
    """The only one, as long as nobody had it built again."""
    return Build(name=source.name, version=version_of(source))


def kind_of(source: Source) -> str:
    return type(source).__name__.lower()


def enlisted(source: Source, known: Sequence[Build]) -> Build | None:
    """The build that a deployment of this source adds, if any: the first one is served while it is filled; one of a
    higher version is built beside what is served. An older release leaves a newer one's builds alone."""
    mine = [b for b in known if b.name == source.name]
    served = next((b for b in mine if b.state == "served"), None)
    version = version_of(source)
    if served is None:
        return following(mine, replace(initial(source), state="served"))
    if version > served.version and not any(b.version == version and b.state != "retired" for b in mine):
        return following(mine, replace(initial(source), state="building"))
    return None


def following(known: Sequence[Build], wanted: Build) -> Build:
    """With the next number of its version."""
    numbers = [b.number for b in known if (b.name, b.version) == (wanted.name, wanted.version)]
    return replace(wanted, number=max(numbers, default=0) + 1)
