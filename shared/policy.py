"""Policies: versioned values with the clauses they implement, from YAML.

Every number of a policy becomes a `Rule`, stamped with policy, version, path and clause when it is loaded: nothing
that is computed from it can lose its source. The nearest `clause` above a number is its clause.

    kind: Tariff
    issue: {policy: tariff.north, version: 3, effective_from: 2024-01-01}
    population: {region: [north]}

A file that cannot be used is refused with file, line, place and reason; what several files say together is held
against each other. A version never changes: see `Service`.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, fields, replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from pydantic import TypeAdapter, ValidationError

from shared.criterion import check, holds, names
from shared.explanation import Condition, Rule, Stamp
from shared.marked import Located, Marked, Place, Step, Wrong, best, finding
from shared.refusal import NOT_CONFIGURED, VERSION_UNKNOWN, Refused
from shared.value import value

P = TypeVar("P")


@value
class Issue:
    """Which policy, which version of it, from which business date, and until which where that is known: the day is
    the last."""

    policy: str
    version: int
    effective_from: date = date.min
    effective_until: date | None = None

    def __post_init__(self) -> None:
        if self.effective_until is not None and self.effective_until < self.effective_from:
            raise ValueError("effective_until lies before effective_from")

    def holds(self, on: date) -> bool:
        return self.effective_from <= on and (self.effective_until is None or on <= self.effective_until)

    def __str__(self) -> str:
        return f"{self.policy}:{self.version}"


@value
class Open:
    """For the annotation of a value that the regulations leave open, under the code that names it."""

    code: str


@value
class Source:
    file: Path
    text: str
    ships: bool = False  # with the service; else it is the organisation's own

    @property
    def digest(self) -> str:
        """Of what the file says, whatever its comments and layout."""
        said = json.dumps(yaml.safe_load(self.text), sort_keys=True, default=str, ensure_ascii=False)
        return hashlib.sha256(said.encode()).hexdigest()


@value
class Document:
    """A loaded policy. An empty population is everybody; `asks` is one that the organisation wrote as a criterion."""

    body: object
    issue: Issue
    population: Mapping[str, Sequence[str]] = field(default_factory=dict)
    asks: str = ""
    source: Source | None = None

    def covers(self, traits: Mapping[str, str]) -> bool:
        if self.asks:
            return names(self.asks) <= traits.keys() and holds(self.asks, traits)
        return all(traits.get(trait) in allowed for trait, allowed in self.population.items())

    @property
    def narrow(self) -> int:
        """Of how many traits the population speaks."""
        return len(names(self.asks)) if self.asks else len(self.population)


class Clash(Wrong):
    """What a document says does not go with what another one says."""

    def __init__(self, document: Document, reason: str, *place: Step) -> None:
        super().__init__(reason, *place)
        self.document = document


Agree = Callable[["Policies"], Iterable[Clash]]


class PolicyError(ValueError):
    """Policy files that cannot be used: for each thing that is wrong its file, line and reason."""


@value
class Policies:
    """All policies that are loaded. The narrowest population wins, then the latest date, then the highest version."""

    documents: tuple[Document, ...] = ()

    def resolve(self, kind: type[P], on: date, traits: Mapping[str, str]) -> tuple[P, Issue]:
        """Raises Refused("policy.not_configured")."""
        fitting = [d for d in self.of(kind) if d.issue.holds(on) and d.covers(traits)]
        if not fitting:
            raise Refused(NOT_CONFIGURED, policy=kind.__name__, on=on, **traits)
        found = max(fitting, key=lambda d: (d.narrow, d.issue.effective_from, d.issue.version))
        return cast(P, found.body), found.issue

    def version(self, kind: type[P], issue: str) -> P:
        """The very version under which something was decided, such as "bonus:3". Raises
        Refused("policy.version_unknown")."""
        for document in self.of(kind):
            if str(document.issue) == issue:
                return cast(P, document.body)
        raise Refused(VERSION_UNKNOWN, issue=issue, next="load the file of this version again")

    def of(self, kind: type) -> list[Document]:
        return [d for d in self.documents if type(d.body) is kind]

    def under(self, *bodies: object) -> "Policies":
        """With these alone for their kinds, on every date and for everybody."""
        kinds = {type(body) for body in bodies}
        kept = tuple(d for d in self.documents if type(d.body) not in kinds)
        return Policies(documents=(*kept, *(Document(body=b, issue=issue_of(b)) for b in bodies)))

    def trying(self, tried: Document) -> "Policies":
        """As if this one had always held, instead of its own versions and of whatever speaks of its population."""
        kept = [
            d
            for d in self.documents
            if type(d.body) is not type(tried.body)
            or (d.issue.policy != tried.issue.policy and (d.population, d.asks) != (tried.population, tried.asks))
        ]
        always = replace(tried.issue, effective_from=date.min, effective_until=None)
        return Policies(documents=(*kept, replace(tried, issue=always)))


def issue_of(body: object) -> Issue:
    return cast(Issue, getattr(body, "issue", None) or Issue(policy=type(body).__name__, version=0))


# Loading


@value
class Format:
    """What documents may be: their kinds, the traits of a population (none: any), and what all of them must agree in.

    A kind may have `refuses`: names that are refused wherever they stand in it, each with the reason."""

    kinds: tuple[type, ...]
    traits: type | None = None
    agree: tuple[Agree, ...] = ()


def load_policies(kinds: Iterable[type] | Format, folders: Iterable[Path], ships: Path | None = None) -> Policies:
    """Every `*.yaml` of the folders, of which `ships` is the service's own. Raises PolicyError."""
    format_ = kinds if isinstance(kinds, Format) else Format(kinds=tuple(kinds))
    documents, errors = [], list[str]()
    for path in sorted(file for folder in folders if folder.is_dir() for file in folder.glob("*.yaml")):
        source = Source(file=path, text=path.read_text(), ships=path.parent == ships)
        try:
            documents.append(load_document(format_, source.text, source))
        except PolicyError as error:
            errors.append(str(error))
    policies = Policies(documents=tuple(documents))
    errors += [*doubled(documents), *(clash for agree in format_.agree for clash in map(clashing, agree(policies)))]
    if errors:
        raise PolicyError("\n".join(errors))
    return policies


def doubled(documents: Sequence[Document]) -> Iterator[str]:
    first: dict[str, Document] = {}
    for document in documents:
        other = first.setdefault(str(document.issue), document)
        if other is not document and document.source and other.source:
            yield (
                Marked(document.source.text).told(
                    str(document.source.file),
                    ("issue",),
                    f"{other.source.file} says {document.issue} already; a version never changes: this is the next one",
                )
            )


def clashing(clash: Clash) -> str:
    source = clash.document.source
    text, file = (source.text, str(source.file)) if source else ("", str(clash.document.issue))
    return Marked(text).told(file, clash.place, clash.reason)


def load_document(format_: Format, text: str, source: Source | None = None) -> Document:
    """Raises PolicyError with every line that is wrong."""
    file = str(source.file) if source else "policy"
    try:
        marked = Marked(text)
    except Located as error:
        raise PolicyError(f"{file}:{error.line}: {error}") from None
    try:
        return replace(parse(format_, marked.content), source=source)
    except ValidationError as error:
        wrong = [marked.told(file, *found) for found in best(marked, list(map(finding, error.errors())))]
    except Wrong as error:
        wrong = [marked.told(file, error.place, error.reason)]
    raise PolicyError("\n".join(dict.fromkeys(wrong)))


def parse(format_: Format, content: Any) -> Document:
    if not isinstance(content, dict):
        raise Wrong("a policy is a mapping that begins with `kind:`")
    raw = dict(content)
    by_name = {kind.__name__: kind for kind in format_.kinds}
    kind = by_name.get(str(raw.pop("kind", "")))
    if kind is None:
        raise Wrong(f"{content.get('kind')} is none of {', '.join(sorted(by_name))}", "kind")
    for place, word in words(raw):
        if reason := getattr(kind, "refuses", {}).get(word):
            raise Wrong(f"{word}: {reason}", *place)
    issue = validated(Issue, raw.pop("issue", {}), "issue")
    population, asks = populated(format_.traits, raw.pop("population", None) or {})
    body = adapter(kind).validate_python({"issue": issue} | stamped(raw, issue, "", ""))
    return Document(body=body, issue=issue, population=population, asks=asks)


def populated(traits: type | None, raw: Any) -> tuple[Mapping[str, Sequence[str]], str]:
    if traits is None:
        return validated(dict[str, list[str]], raw, "population"), ""
    if isinstance(raw, dict) and raw.keys() == {"cel"}:
        try:
            check(str(raw["cel"]), traits)
        except ValueError as error:
            raise Wrong(str(error), "population", "cel") from None
        return {}, raw["cel"]
    found = validated(traits, raw, "population")
    said = {f.name: getattr(found, f.name) for f in fields(cast(Any, traits))}
    return {trait: [str(one) for one in allowed] for trait, allowed in said.items() if allowed}, ""


def validated(kind: Any, raw: Any, at: str) -> Any:
    """Raises ValidationError with places from the top of the document."""
    return adapter(dict[str, kind]).validate_python({at: raw})[at]


def words(content: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Every name that a policy uses: of a value, or in a criterion."""
    match content:
        case {"cel": str(expression), **rest} if not rest:
            try:
                yield from (((*place, "cel"), name) for name in names(expression))
            except ValueError:
                return  # told when it is checked against its inputs
        case dict():
            for name, inner in content.items():
                yield (*place, name), str(name)
                yield from words(inner, (*place, name))
        case list():
            for i, inner in enumerate(content):
                yield from words(inner, (*place, i))
        case _:
            return


def load_policy(kind: type[P], text: str) -> P:
    """One policy from its text. Raises PolicyError."""
    return cast(P, load_document(Format(kinds=(kind,)), text).body)


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def stamped(v: Any, issue: Issue, path: str, clause: str) -> Any:
    match v:
        case {"cel": str(expression), **rest} if not rest:
            return Condition(name=path, stamp=Stamp(issue.policy, issue.version, clause), expression=expression)
        case dict():
            clause = v.get("clause", clause)
            return {k: stamped(x, issue, f"{path}.{k}".strip("."), clause) for k, x in v.items()}
        case list():
            return [stamped(x, issue, f"{path}.{step(x, i)}", clause) for i, x in enumerate(v)]
        case int() | float() if not isinstance(v, bool):
            return Rule(name=path, stamp=Stamp(issue.policy, issue.version, clause), amount=Decimal(str(v)))
        case _:
            return v


def step(v: Any, i: int) -> str:
    return str(v.get("name", i)) if isinstance(v, dict) else str(i)
