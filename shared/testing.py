"""Specifications of decisions: given these facts, when this is asked, then these facts follow."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from shared.decider import Context, Decider, Refused
from shared.policy import Policies

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E")

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Given(Generic[C, S, E]):
    decider: Decider[C, S, E]
    history: tuple[E, ...]
    policies: Policies = field(default_factory=Policies)
    seen: Mapping[tuple[str, Hashable], object] = field(default_factory=dict)

    def under(self, *policies: object) -> "Given[C, S, E]":
        return replace(self, policies=self.policies.under(*policies))

    def seeing(self, source: Any, *key: Any, found: object) -> "Given[C, S, E]":
        """What the decision finds where it looks: a state of another stream, a row of a directory, known facts."""
        at = (source.name, key if isinstance(source, Decider) else key[0])
        return replace(self, seen={**self.seen, at: found})

    def when(
        self, command: C, by: str = "somebody", now: datetime = NEW_YEAR, capacity: str = ""
    ) -> "Outcome[C, S, E]":
        """Only what `sees` declares is there to be looked at."""
        declared = {(sight.source.name, sight.key) for sight in self.decider.sees(command)}
        seen = {at: found for at, found in self.seen.items() if at in declared}
        context = Context(now=now, actor=by, capacity=capacity, policies=self.policies, seen=seen)
        try:
            state = self.decider.state(self.history)
            return Outcome(self, tuple(self.decider(command, state, context)), None)
        except Refused as refusal:
            return Outcome(self, (), refusal)


@dataclass(frozen=True)
class Outcome(Generic[C, S, E]):
    given: Given[C, S, E]
    events: tuple[E, ...]
    refusal: Refused | None

    def then(self, *events: E) -> Given[C, S, E]:
        assert self.refusal is None, f"refused: {self.refusal}"
        assert self.events == events
        return replace(self.given, history=self.given.history + events)

    def refused(self, code: str, **facts: object) -> None:
        """With these facts among those that the caller is told."""
        assert self.refusal is not None, f"not refused, but {self.events}"
        assert self.refusal.code == code
        assert {name: self.refusal.facts.get(name) for name in facts} == facts


def given(decider: Decider[C, S, E], *history: E) -> Given[C, S, E]:
    return Given(decider, history)
