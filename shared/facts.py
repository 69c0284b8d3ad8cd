"""Facts: what is known about one subject, kept apart, never folded on arrival.

An event speaks of a thing (an order, a delivery) and may name subjects (a person in a month). A subject knows every
event of every thing that ever named it. So an event need not name its subjects, a correction that no longer names one
still reaches it, and neither depends on which arrived first.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Generic, cast, get_args, overload

import msgspec
from typing_extensions import TypeVar

from shared.decider import Context
from shared.event import Recorded, classes, encode, takes
from shared.projection import hints
from shared.value import value

K = TypeVar("K")
E = TypeVar("E")
R = TypeVar("R")
P = TypeVar("P", default=None)  # none: the result asks for no policy
T = TypeVar("T")
U = TypeVar("U")


class Known(Generic[E]):
    """A set of facts. Its order is (occurred_at, event id), whatever the order of arrival."""

    def __init__(
        self, facts: Iterable[Recorded[E]], about: Callable[[E], Hashable], concerns: Callable[[E], bool]
    ) -> None:
        distinct = {recorded.meta.id: recorded for recorded in facts}
        self.facts: Sequence[Recorded[E]] = sorted(distinct.values(), key=moment)
        self.about, self.concerns = about, concerns
        self.by_kind: dict[type, list[Recorded[E]]] = {}
        for recorded in self.facts:
            self.by_kind.setdefault(type(recorded.event), []).append(recorded)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(recorded.meta.id for recorded in self.facts)

    def every(self, kind: type[T]) -> list[Recorded[T]]:
        """All facts of a kind that concern the subject, in order; superseded ones too."""
        return [recorded for recorded in self.said(kind) if self.concerns(recorded.event)]

    @overload
    def last(self, kind: type[T], other: type[U], /) -> dict[Hashable, Recorded[T | U]]: ...
    @overload
    def last(self, kind: type[T], /, *kinds: type[T]) -> dict[Hashable, Recorded[T]]: ...
    def last(self, *kinds: type[Any]) -> Mapping[Hashable, Recorded[Any]]:
        """The last word of these kinds about each thing, where it still concerns the subject; what it corrects is gone.

        Last is what was said last, by the version of the stream, not what happened last: a correction may carry any
        business time. Raises ValueError as `words` does.
        """
        last: dict[Hashable, Recorded[Any]] = {}
        for word in self.said(*kinds):
            thing = self.about(word.event)
            before = last.setdefault(thing, word)
            if before is not word and follows(word, before, thing):
                last[thing] = word
        return {thing: word for thing, word in last.items() if self.concerns(word.event)}

    @overload
    def words(self) -> dict[Hashable, list[Recorded[E]]]: ...
    @overload
    def words(self, kind: type[T], other: type[U], /) -> dict[Hashable, list[Recorded[T | U]]]: ...
    @overload
    def words(self, kind: type[T], /, *kinds: type[T]) -> dict[Hashable, list[Recorded[T]]]: ...
    def words(self, *kinds: type[Any]) -> Mapping[Hashable, list[Recorded[Any]]]:
        """All that was said about each thing, of these kinds or, where none is named, of all: in the order in which it
        was said, superseded words too, and those that concern others only.

        Raises ValueError where two streams speak of one thing: neither would have the last word.
        """
        said: dict[Hashable, list[Recorded[Any]]] = {}
        for word in self.said(*(kinds or (object,))):
            said.setdefault(self.about(word.event), []).append(word)
        for thing, words in said.items():
            if len(words) == 1:
                continue
            for word in words[1:]:
                follows(word, words[0], thing)
            words.sort(key=lambda word: word.meta.version)
        return said

    def said(self, *kinds: type[Any]) -> Sequence[Recorded[Any]]:
        if kinds == (object,):
            return self.facts
        if len(kinds) == 1:
            return self.by_kind.get(kinds[0], ())
        return [recorded for recorded in self.facts if type(recorded.event) in kinds]


def follows(word: Recorded[Any], other: Recorded[Any], thing: Hashable) -> bool:
    """Whether it was said after the other one. Raises ValueError where another stream said it."""
    if word.meta.stream != other.meta.stream:
        raise ValueError(f"{' and '.join(sorted((word.meta.stream, other.meta.stream)))} both speak of {thing}")
    return word.meta.version > other.meta.version


def moment(recorded: Recorded[Any]) -> tuple[datetime, str]:
    return recorded.meta.occurred_at, recorded.meta.id


def key_text(key: Hashable) -> str:
    """A thing or a subject as JSON: the key under which it lies in a store."""
    return encode(key).decode()


@value
class Facts(Generic[K, E, R, P]):
    """`result` is computed for the touched subjects once a batch and stored; under another policy, on demand.

    Events and policy come from the annotations of `result`: it is given what it names and nothing else. The policy is
    the one in force `on` the subject's business date for its `population`, which is itself read from what is known.
    A reaction that takes the subject's class is told when its result changed.
    """

    name: str
    about: Callable[[E], Hashable]
    subjects: Callable[[E], Sequence[K]]
    result: Callable[[K, Known[E], P], R] | Callable[[K, Known[E]], R]
    on: Callable[[K], date] | None = None
    population: Callable[[K, Known[E]], Mapping[str, str]] | None = None
    version: int = 1

    def named(self, text: str) -> K:
        """The subject that `key_text` wrote."""
        return msgspec.json.decode(text, type=self.subject)

    @property
    def events(self) -> tuple[type, ...]:
        (known,) = takes(self.result, 1)
        (event,) = get_args(known)
        return classes(event)

    @property
    def subject(self) -> type[K]:
        return cast(type[K], takes(self.result, 0)[0])

    @property
    def policy(self) -> type[P] | None:
        return cast(type[P], takes(self.result, 2)[0]) if len(hints(self.result)) > 3 else None

    def gathered(self, subject: K, facts: Iterable[Recorded[E]]) -> Known[E]:
        """A fact concerns the subject unless it names others only."""
        return Known(facts, self.about, lambda event: subject in (self.subjects(event) or [subject]))

    def compute(self, subject: K, known: Known[E], context: Context) -> R:
        """The result under the policies of this context. What-if: the context `under` another policy.

        Raises Refused("policy.not_configured")."""
        result = cast(Any, self.result)
        if self.policy is None:
            return cast(R, result(subject, known))
        return cast(R, result(subject, known, self.policy_for(subject, known, context)))

    def policy_for(self, subject: K, known: Known[E], context: Context) -> P:
        """The policy of which the result is a function. Raises Refused("policy.not_configured")."""
        traits = self.population(subject, known) if self.population else {}
        return context.policy(cast(type[P], self.policy), self.on(subject) if self.on else None, **traits)

    def __call__(self, subject: K, context: Context) -> R:
        """In a decision that `sees` this subject."""
        return self.compute(subject, context.known(self, subject), context)
