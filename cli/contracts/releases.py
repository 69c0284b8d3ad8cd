"""What was promised: the contracts as they were released, and what the code makes of them now.

A release is a folder of those events that are new or changed since the one before: `docs/contracts/<service>/released/
<n>/<Event>.json`, with schema, topic, JSON Schema and examples. Nothing in it is ever changed, since records of that
form stay in logs and topics for ever.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import jsonschema_rs
import msgspec

from cli.contracts.changes import compare
from cli.contracts.documents import Document, examples, json_schema, text
from shared.event import Contract, NewerSchema, encode

BREAKING, CONSUMERS, COMPATIBLE = "breaking", "consumers first", "compatible"
SEVERITY = (BREAKING, CONSUMERS, COMPATIBLE)

SET = "Deploy whoever reads it with this contract before this service publishes; then `./kaibo contracts release`."
RAISE = "Keep it as it was, or raise the schema: name an upcast from the one before in the contract."
DONE = "Nothing; `./kaibo contracts release` records it."


@dataclass(frozen=True)
class Promise:
    """One event as it was released."""

    event: str
    schema: int
    topic: str
    json_schema: Document
    examples: Sequence[Document]


@dataclass(frozen=True)
class Verdict:
    service: str
    event: str
    verdict: str
    reason: str
    todo: str


@dataclass(frozen=True)
class Releases:
    """All that a service ever released, oldest first."""

    folder: Path

    @cached_property
    def all(self) -> tuple[dict[str, Promise], ...]:
        folders = sorted((self.folder / "released").glob("*"), key=lambda folder: int(folder.name))
        return tuple({file.stem: read(file) for file in sorted(folder.glob("*.json"))} for folder in folders)

    @cached_property
    def latest(self) -> dict[str, Promise]:
        """By name: as each event was released last."""
        return {name: promise for release in self.all for name, promise in release.items()}

    def of(self, names: Sequence[str]) -> Iterator[tuple[int, Promise]]:
        """Everything ever promised of an event under these names, with the release."""
        for number, release in enumerate(self.all, 1):
            yield from ((number, release[name]) for name in names if name in release)

    def record(self, contract: Contract) -> int:
        """Write down what the latest release does not say. Returns how many events that are."""
        new = {n: p for n, p in promises(contract).items() if self.latest.get(n) != p}
        folder = self.folder / "released" / str(len(self.all) + 1)
        for name, promise in new.items():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.json").write_text(text(asdict(promise)))
        return len(new)


def read(file: Path) -> Promise:
    return msgspec.json.decode(file.read_bytes(), type=Promise)


def promises(contract: Contract) -> dict[str, Promise]:
    """What the code says now."""
    return {
        name: Promise(
            event=name,
            schema=contract.schema(kind),
            topic=contract.topic(kind),
            json_schema=json_schema(contract, name),
            examples=examples(contract, name),
        )
        for name, kind in contract.events.items()
    }


def judge(contract: Contract, releases: Releases) -> list[Verdict]:
    """A verdict for every event that is another one than was released, worst first."""
    found = []
    for name in sorted(releases.latest.keys() | contract.events.keys()):
        reasons = list(reasons_of(contract, releases, name))
        if reasons:
            worst = min((verdict for verdict, _, _ in reasons), key=SEVERITY.index)
            todo = next(todo for verdict, _, todo in reasons if verdict == worst)
            found.append(Verdict(contract.service, name, worst, "; ".join(why for _, why, _ in reasons), todo))
    return sorted(found, key=lambda v: (SEVERITY.index(v.verdict), v.event))


Reason = tuple[str, str, str]  # verdict, why, what to do


def reasons_of(contract: Contract, releases: Releases, name: str) -> Iterator[Reason]:
    """Nothing where it is what was released."""
    kind, before = contract.named(name), releases.latest.get(name)
    if kind is None:
        yield BREAKING, "it is gone, and its records stay", f'Keep it, or name it in `renamed={{"{name}": …}}`.'
        return
    for number, promise in releases.of([name]):
        for why in unreadable(contract, promise):
            yield BREAKING, f"as it was in release {number}, schema {promise.schema}: {why}", "Mend the upcasts."
    if before is None:
        if not any(former in releases.latest for former in contract.former(name)):
            yield COMPATIBLE, "it is new", DONE
        return
    if kind.__name__ != name:
        if kind.__name__ in releases.latest:
            return  # what changed since then is said under its name of today
        yield CONSUMERS, f"it is called {kind.__name__} now", SET
    yield from differences(contract, kind, before)


def differences(contract: Contract, kind: type, before: Promise) -> Iterator[Reason]:
    schema, topic = contract.schema(kind), contract.topic(kind)
    if topic != before.topic:
        yield (
            BREAKING,
            f"it moves from {before.topic} to {topic}: the order of a stream holds on one topic",
            ("Leave it where it was: give it a new name on the other topic."),
        )
    if schema < before.schema:
        yield (
            BREAKING,
            f"schema {before.schema} → {schema}, and records of {before.schema} stay",
            ("Put the upcast back that is missing."),
        )
    elif schema > before.schema:
        changes = compare(before.json_schema, json_schema(contract, kind.__name__))
        words = "; ".join(change.words for change in changes) or "the same fields"
        yield CONSUMERS, f"schema {before.schema} → {schema}: {words}", SET
    else:
        for change in compare(before.json_schema, json_schema(contract, kind.__name__)):
            if not change.backward:
                yield BREAKING, change.words, RAISE
            else:
                yield (COMPATIBLE, change.words, DONE) if change.forward else (CONSUMERS, change.words, SET)


def unreadable(contract: Contract, promise: Promise) -> Iterator[str]:
    """What goes wrong when a record of that time is read today, and held against what is written today."""
    kind = contract.named(promise.event)
    assert kind is not None
    today = jsonschema_rs.Draft202012Validator(json_schema(contract, kind.__name__))
    for example in promise.examples:
        try:
            event = contract.decode(promise.event, promise.schema, json.dumps(example).encode())
        except (NewerSchema, msgspec.MsgspecError, LookupError, TypeError, ValueError, AttributeError) as error:
            yield f"its example is not read: {type(error).__name__}: {error}"
            return
        for problem in today.iter_errors(json.loads(encode(event))):
            yield f"its example reads as what today's schema forbids: {problem.message}"
            return
