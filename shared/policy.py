"""Policies: versioned values with the clauses they implement, from YAML.

Every number of a policy becomes a `Rule`, stamped with policy, version, path and clause when it is loaded: nothing
that is computed from it can lose its source. The nearest `clause` above a number is its clause.

    kind: Tariff
    issue: {policy: tariff.north, version: 3, effective_from: 2024-01-01}
    population: {region: [north]}
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import date
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from pydantic import TypeAdapter, ValidationError

from shared.refusal import NOT_CONFIGURED, Refused
from shared.value import value

P = TypeVar("P")


@value
class Issue:
    """Which policy, which version of it, from which business date."""

    policy: str
    version: int
    effective_from: date = date.min


@value
class Document:
    """A loaded policy file. An empty population is everybody."""

    body: object
    issue: Issue
    population: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def covers(self, traits: Mapping[str, str]) -> bool:
        return all(traits.get(trait) in allowed for trait, allowed in self.population.items())


class PolicyError(ValueError):
    """A policy file that cannot be used: which file, where in it, and why."""


@value
class Policies:
    """All policies that are loaded. The narrowest population wins, then the latest date, then the highest version."""

    documents: tuple[Document, ...] = ()

    def resolve(self, kind: type[P], on: date, traits: Mapping[str, str]) -> tuple[P, Issue]:
        """Raises Refused("policy.not_configured")."""
        fitting = [d for d in self.of(kind) if d.issue.effective_from <= on and d.covers(traits)]
        if not fitting:
            raise Refused(NOT_CONFIGURED, policy=kind.__name__, on=on, **traits)
        found = max(fitting, key=lambda d: (len(d.population), d.issue.effective_from, d.issue.version))
        return cast(P, found.body), found.issue

    def version(self, kind: type[P], issue: Issue) -> P:
        """The very version under which something was decided. Raises Refused("policy.version_unknown")."""
        for document in self.of(kind):
            if (document.issue.policy, document.issue.version) == (issue.policy, issue.version):
                return cast(P, document.body)
        raise Refused("policy.version_unknown", policy=issue.policy, version=issue.version)

    def of(self, kind: type) -> list[Document]:
        return [d for d in self.documents if type(d.body) is kind]

    def under(self, *bodies: object) -> "Policies":
        """With these alone for their kinds, on every date and for everybody."""
        kinds = {type(body) for body in bodies}
        kept = tuple(d for d in self.documents if type(d.body) not in kinds)
        return Policies(documents=(*kept, *(Document(body=b, issue=issue_of(b)) for b in bodies)))


def issue_of(body: object) -> Issue:
    return cast(Issue, getattr(body, "issue", None) or Issue(policy=type(body).__name__, version=0))


def load_policies(kinds: Iterable[type], folders: Iterable[Path]) -> Policies:
    """Every `*.yaml` of the folders, each of a `kind` among these. Raises PolicyError with file, place and reason."""
    by_name = {kind.__name__: kind for kind in kinds}
    documents = []
    for path in sorted(file for folder in folders if folder.is_dir() for file in folder.glob("*.yaml")):
        try:
            documents.append(load_document(by_name, path.read_text()))
        except (ValidationError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
            raise PolicyError(f"{path.name}: {error}") from error
    issues = [(d.issue.policy, d.issue.version) for d in documents]
    if doubled := sorted({issue for issue in issues if issues.count(issue) > 1}):
        raise PolicyError(f"two files say the same version of a policy: {doubled}; versions never change")
    return Policies(documents=tuple(documents))


def load_document(kinds: Mapping[str, type], text: str) -> Document:
    raw = dict(yaml.safe_load(text))
    name = raw.pop("kind", None)
    if name not in kinds:
        raise ValueError(f"kind: {name} is none of {', '.join(sorted(kinds))}")
    population = TypeAdapter(dict[str, list[str]]).validate_python(raw.pop("population", {}))
    issue = TypeAdapter(Issue).validate_python(raw["issue"])
    return Document(body=load_body(kinds[name], raw), issue=issue, population=population)


def load_policy(kind: type[P], text: str) -> P:
    """One policy from its text. Raises ValueError (pydantic's ValidationError is one) with the place and the reason."""
    return cast(P, load_document({kind.__name__: kind}, text).body)


def load_body(kind: type[P], raw: dict[str, Any]) -> P:
    issue = TypeAdapter(Issue).validate_python(raw.pop("issue"))
    return TypeAdapter(kind).validate_python({"issue": issue} | stamped(raw, issue, "", ""))


def stamped(v: Any, issue: Issue, path: str, clause: str) -> Any:
    match v:
        case {"cel": str(expression), **rest} if not rest:
            source = {"policy": issue.policy, "version": issue.version, "clause": clause}
            return {"name": path, "expression": expression} | source
        case dict():
            clause = v.get("clause", clause)
            return {k: stamped(x, issue, f"{path}.{k}".strip("."), clause) for k, x in v.items()}
        case list():
            return [stamped(x, issue, f"{path}.{step(x, i)}", clause) for i, x in enumerate(v)]
        case int() | float() if not isinstance(v, bool):
            return {"name": path, "policy": issue.policy, "version": issue.version, "clause": clause, "amount": str(v)}
        case _:
            return v


def step(v: Any, i: int) -> str:
    return str(v.get("name", i)) if isinstance(v, dict) else str(i)
