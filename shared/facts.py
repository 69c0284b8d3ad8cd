"""Facts: what is known about one subject, kept apart, never folded on arrival.

An event speaks of a thing (an order, a delivery) and may name subjects (a person in a month). A subject knows every
event of every thing that ever named it. So an event need not name its subjects, a correction that no longer names one
still reaches it, and neither depends on which arrived first.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Generic, cast, get_args

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


class Known(Generic[E]):
    """A set of facts. Its order is (occurred_at, event id), whatever the order of arrival."""

    def __init__(
        self, facts: Iterable[Recorded[E]], about: Callable[[E], Hashable], concerns: Callable[[E], bool]
    ) -> None:
        distinct = {recorded.meta.id: recorded for recorded in facts}
        self.facts: Sequence[Recorded[E]] = sorted(distinct.values(), key=moment)
        self.about, self.concerns = about, concerns

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(recorded.meta.id for recorded in self.facts)

    def every(self, kind: type[T]) -> list[Recorded[T]]:
        """All facts of a kind that concern the subject, in order; superseded ones too."""
        return [recorded for recorded in self.said(kind) if self.concerns(cast(E, recorded.event))]

    def last(self, kind: type[T]) -> dict[Hashable, Recorded[T]]:
        """The last word of a kind about each thing, where it still concerns the subject; what it corrects is gone.

        Last is what was said last, by the version of the stream, not what happened last: a correction may carry any
        business time. So one stream speaks of a thing; a second one is an error, for neither would be the last.
        """
        words: dict[Hashable, Recorded[T]] = {}
        for recorded in self.said(kind):
            thing = self.about(cast(E, recorded.event))
            before = words.setdefault(thing, recorded).meta
            if before.stream != recorded.meta.stream:
                raise ValueError(f"{before.stream} and {recorded.meta.stream} both speak of {thing}")
            if before.version < recorded.meta.version:
                words[thing] = recorded
        return {thing: word for thing, word in words.items() if self.concerns(cast(E, word.event))}

    def said(self, kind: type[T]) -> list[Recorded[T]]:
        return [cast(Recorded[T], recorded) for recorded in self.facts if isinstance(recorded.event, cast(Any, kind))]


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
        traits = self.population(subject, known) if self.population else {}
        policy = context.policy(self.policy, self.on(subject) if self.on else None, **traits)
        return cast(R, result(subject, known, policy))

    def __call__(self, subject: K, context: Context) -> R:
        """In a decision that `sees` this subject."""
        return self.compute(subject, context.known(self, subject), context)
