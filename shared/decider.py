"""Decisions: a command and a state lead to events, or to a refusal. Pure."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache, lru_cache
from inspect import signature
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast
from urllib.parse import quote

import msgspec

from shared.event import takes
from shared.policy import Policies
from shared.refusal import Refused
from shared.value import BUSINESS_ZONE, value

if TYPE_CHECKING:
    from shared.facts import Facts, Known
    from shared.projection import Projection

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E")
P = TypeVar("P")
R = TypeVar("R")
K = TypeVar("K")


@value
class Sight:
    """Something that a decision looks at besides its own stream; the kernel loads it first.

    `source` is a decider of the same service (with the parts of the stream's key), a directory (a projection of
    others' facts, with a blank row), or facts (with a subject)."""

    source: Any
    key: Hashable


def look(source: "Decider[Any, Any, Any] | Projection[Any, Any] | Facts[Any, Any, Any, Any]", *key: Any) -> Sight:
    """What `sees` returns for each thing: `look(sessions, session)`, `look(directory, Person(person=…))`."""
    return Sight(source=source, key=key if isinstance(source, Decider) else key[0])


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision may know besides command and state: when, by whom, under which policies, and what it `sees`."""

    now: datetime
    actor: str
    capacity: str = ""
    scope: str = ""
    policies: Policies = msgspec.field(default_factory=Policies)
    seen: Mapping[tuple[str, Hashable], object] = msgspec.field(default_factory=dict)
    asked: set[str] = msgspec.field(default_factory=set)  # policies that were resolved: recorded with the events

    @property
    def today(self) -> date:
        return self.now.astimezone(BUSINESS_ZONE).date()

    def policy(self, kind: type[P], on: date | None = None, **traits: str) -> P:
        """The policy in force on a business date (today) for a population, such as `region="north"`.

        Raises Refused("policy.not_configured")."""
        found, issue = self.policies.resolve(kind, on or self.today, traits)
        self.asked.add(str(issue))
        return found

    def policy_as(self, kind: type[P], issue: str) -> P:
        """The very version under which something was decided, as `str(Issue)` names it in an event.

        Raises Refused("policy.version_unknown")."""
        self.asked.add(issue)
        return self.policies.version(kind, issue)

    def under(self, *policies: object) -> "Context":
        """The same under other policies: what if?"""
        return msgspec.structs.replace(self, policies=self.policies.under(*policies))

    def state(self, decider: "Decider[Any, S, Any]", *key: str) -> S:
        """The state of another stream of this service."""
        return cast(S, self.sight(decider.name, key))

    def row(self, directory: "Projection[R, Any]", blank: R) -> R:
        """What the directory knows; the blank row where it knows nothing yet."""
        return cast(R, self.sight(directory.name, cast(Hashable, blank)))

    def known(self, facts: "Facts[K, E, Any, Any]", subject: K) -> "Known[E]":
        return cast("Known[E]", self.sight(facts.name, cast(Hashable, subject)))

    def sight(self, name: str, key: Hashable) -> object:
        if (name, key) not in self.seen:
            raise LookupError(f"a decision looked at {name} {key}, which its `sees` does not declare")
        return self.seen[name, key]


def nothing_else(command: object) -> Sequence[Sight]:
    return ()


@value
class Decider(Generic[C, S, E]):
    """`decide` returns [] for an identical repeat and raises Refused where a rule says no."""

    name: str
    key: Callable[[C], tuple[str, ...]]
    initial: Callable[[], S]
    decide: Callable[[C, S], Sequence[E]] | Callable[[C, S, Context], Sequence[E]]
    evolve: Callable[[S, E], S]
    sees: Callable[[C], Sequence[Sight]] = nothing_else
    asks: tuple[type, ...] = ()  # the commands, where the annotation of `decide` cannot say them
    tells: tuple[type, ...] = ()  # the events, where that of `evolve` cannot
    history: bool = True  # whether /history tells its streams: not where what somebody may read of them changes

    @property
    def commands(self) -> tuple[type, ...]:
        return self.asks or takes(self.decide, 0)

    @property
    def facts(self) -> tuple[type, ...]:
        """The classes of its events."""
        return self.tells or takes(self.evolve, 1)

    def stream(self, command: C) -> str:
        return self.named(*self.key(command))

    def named(self, *key: str) -> str:
        return "/".join((self.name, *map(escaped, key)))

    def state(self, events: Iterable[E], state: S | None = None) -> S:
        current = self.initial() if state is None else state
        for event in events:
            current = self.evolve(current, event)
        return current

    def __call__(self, command: C, state: S, context: Context) -> Sequence[E]:
        decide = cast(Any, self.decide)
        return cast(Sequence[E], decide(command, state, context) if arity(decide) == 3 else decide(command, state))


@lru_cache(100_000)
def escaped(part: str) -> str:
    return quote(part, safe="")


@cache
def arity(function: Callable[..., Any]) -> int:
    return len(signature(function).parameters)


__all__ = ["Context", "Decider", "Refused", "Sight", "arity", "look"]
