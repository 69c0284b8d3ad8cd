"""What a what-if comes to, whatever it is about: totals, who changes, and how the rule falls on studios, posts and
evaluators. Clause: R4."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from services.vocabulary import PersonId, UnitId
from shared.value import value

O = TypeVar("O")  # noqa: E741 an outcome


@value
class Case(Generic[O]):
    """One outcome as it stands, beside the one that another policy would have led to, for a person or for a `team`."""

    person: PersonId | None
    period: str
    post: str
    studio: str
    evaluator: str  # none: no person decided
    was: O
    would: O
    about: str = ""  # tells two of one subject and period apart
    team: UnitId | None = None

    @property
    def changed(self) -> bool:
        return self.was != self.would


Summary = Callable[[Sequence[O]], Mapping[str, Any]]


def report(cases: Sequence[Case[O]], summary: Summary[O], unsaid: Sequence[str] = ()) -> dict[str, Any]:
    """`unsaid`: what it leaves out, a sentence each."""
    return {
        "results": len(cases),
        "persons": len({case.person for case in cases if case.person is not None}),
        "teams": len({case.team for case in cases if case.team is not None}),
        **sides(cases, summary),
        "changes": [case for case in cases if case.changed],
        "by_studio": spread(cases, summary, lambda case: case.studio),
        "by_post": spread(cases, summary, lambda case: case.post),
        "by_evaluator": spread(cases, summary, lambda case: case.evaluator),
        "unsaid": unsaid,
    }


def there(found: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Of which periods and studios there are results at all, for whoever asked for others."""
    told = set(found)
    return {
        "periods": sorted({period for period, _ in told}),
        "studios": sorted({studio for _, studio in told if studio}),
    }


def sides(cases: Sequence[Case[O]], summary: Summary[O]) -> dict[str, Any]:
    return {
        "changed": sum(case.changed for case in cases),
        "was": summary([case.was for case in cases]),
        "would": summary([case.would for case in cases]),
    }


def spread(cases: Sequence[Case[O]], summary: Summary[O], key: Callable[[Case[O]], str]) -> list[dict[str, Any]]:
    groups: dict[str, list[Case[O]]] = {}
    for case in cases:
        groups.setdefault(key(case), []).append(case)
    return [{"name": name, **sides(group, summary)} for name, group in sorted(groups.items())]
