"""`kaibo explain`: why a result is what it is, down to the facts; and whether what is stored still bears out.

Read from the databases, as an operator. Single marks and attendances stay closed, as for everybody but the person (R9).
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, cast

import asyncpg
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from cli.serve import load as load_service
from deploy.local.processes import StartFailed
from services.answering import Language
from services.performance.bonuses.projections import BonusVersion, bonus_versions, bonuses_by_month
from services.performance.periods.facts import Period, PersonPeriod, periods
from services.performance.reviews.projections import Explanation, explanations, reviews_by_month
from services.performance.scores.disclosure import closed_to_others
from services.performance.scores.languages import words
from services.supervision.awards.projections import all_awards
from services.supervision.explanations.account import Account, Decision, account, streams_of, trees
from services.supervision.explanations.languages import as_text
from services.supervision.penalties.projections import all_penalties
from services.vocabulary import Month, PersonId
from shared.desk import history
from shared.event import Recorded
from shared.explanation import Condition, Rule, load, render, rules, verify
from shared.facts import Facts, key_text
from shared.policy import Policies
from shared.postgres import PostgresStore
from shared.projection import Projection
from shared.service import Service
from shared.store import Store
from shared.value import value

PAGE = 100
KEPT_IN = frozenset({"document", "explanation"})  # columns of read models
REGISTERS: Mapping[str, Projection[Any, Any]] = {"penalty": all_penalties, "award": all_awards}
WHOLE = 10_000  # columns: a file is not cut at the width of a terminal
DECIDED = re.compile(r"(?P<kind>penalty|award)/(?P<id>.+)")
NAMED = re.compile(
    r"(?P<bonus>bonus/)?(?P<person>[^/@]+)/((?P<month>\d{4}-(0[1-9]|1[0-2]))(@(?P<version>[1-9]\d*))?"
    r"|(?P<period>\d{4}(-Q[1-4])?))"
)
HOW = (
    "as in PERSON/2024-05, PERSON/2024-05@1 (a version), PERSON/2024-Q2, PERSON/2024, bonus/PERSON/2024-05,"
    " penalty/ID, award/ID"
)


@value
class Found:
    """A stored explanation, by the reader that keeps it and its key there."""

    name: str
    document: Mapping[str, Any]


@value
class Unsound:
    name: str
    wrong: tuple[str, ...]


@value
class Report:
    stored: int
    unsound: tuple[Unsound, ...]


class Logs:
    """All logs and policies of what runs here: what explanations are held against."""

    def __init__(self, stores: Mapping[str, Store], organisation: Path | None) -> None:
        self.stores = stores
        self.services: Mapping[str, Service] = {name: load_service(name) for name in stores}
        self.policies: Mapping[str, Policies] = {
            name: service.load_policies(organisation / name if organisation else None)
            for name, service in self.services.items()
        }
        self.stated: Mapping[str, Stated] = {name: Stated(policies) for name, policies in self.policies.items()}

    async def explanations(self) -> AsyncIterator[tuple[str, list[Found]]]:
        """Of every service: rows and results that hold one."""
        for name, service in self.services.items():
            for projection in service.projections:
                for field in KEPT_IN.intersection(f.name for f in fields(projection.row)):
                    async for rows in self.rows(name, projection, field):
                        yield name, rows
            for facts in service.facts:
                async for results in self.results(name, facts):
                    yield name, results

    async def rows(self, service: str, projection: Projection[Any, Any], field: str) -> AsyncIterator[list[Found]]:
        after: tuple[Any, ...] | None = None
        while rows := await self.stores[service].page(projection, {}, after, PAGE):
            after = projection.identity(rows[-1])
            keys = ["/".join(map(str, projection.identity(row))) for row in rows]
            yield [
                Found(name=f"{projection.name}/{key}", document=tree)
                for key, row in zip(keys, rows, strict=True)
                for tree in trees(getattr(row, field))
            ]

    async def results(self, service: str, facts: Facts[Any, Any, Any, Any]) -> AsyncIterator[list[Found]]:
        after = ""
        while results := await self.stores[service].results(facts, after, PAGE):
            after = max(results)
            yield [
                Found(name=f"{facts.name} {subject}", document=r.document)
                for subject, r in results.items()
                if isinstance(r.document, Mapping) and "tree" in r.document
            ]

    async def unsound(self, service: str, found: Sequence[Found]) -> list[Unsound]:
        """Those of a service that do not follow from their leaves, or whose leaves or rules nobody stated."""
        events = await self.recorded({stream for one in found for stream in streams(one.document)})
        wrong = {one.name: verify(one.document, events.get, self.stated[service]) for one in found}
        return [Unsound(name=name, wrong=tuple(said)) for name, said in wrong.items() if said]

    async def recorded(self, named: set[str]) -> dict[str, Recorded[Any]]:
        """The events of these streams, whichever log has them, by id."""
        found: dict[str, Recorded[Any]] = {}
        for name, store in self.stores.items():
            contract = self.services[name].contract
            found |= {r.meta.id: r for r in await history(store, contract, named)}
        return found


class Stated:
    """The rules of a version of a policy; none where no file here is it."""

    def __init__(self, policies: Policies) -> None:
        self.known = {(d.issue.policy, d.issue.version): rules(d.body) for d in policies.documents}

    def __call__(self, policy: str, version: int) -> Mapping[str, Rule | Condition]:
        return self.known.get((policy, version), {})


def streams(document: Mapping[str, Any]) -> Iterator[str]:
    for entry in document.get("events", ()):
        yield entry[1]


@asynccontextmanager
async def logs(urls: Mapping[str, str], organisation: Path | None) -> AsyncIterator[Logs]:
    async with AsyncExitStack() as stack:
        stores: dict[str, Store] = {}
        for name, url in urls.items():
            pool = await stack.enter_async_context(asyncpg.create_pool(url, min_size=1, max_size=1))
            stores[name] = PostgresStore(pool, "", {})
        yield Logs(stores, organisation)


async def verified(logs: Logs) -> Report:
    stored, unsound = 0, list[Unsound]()
    async for service, found in logs.explanations():
        stored += len(found)
        unsound += await logs.unsound(service, found)
    return Report(stored=stored, unsound=tuple(unsound))


async def named(logs: Logs, text: str) -> Found:
    """One by what a person calls it. Raises StartFailed."""
    at = NAMED.fullmatch(text)
    if at is None or (at["bonus"] and at["period"]) or "performance" not in logs.stores:
        raise StartFailed(f"{text} names no result: {HOW}.")
    store, person = logs.stores["performance"], PersonId(at["person"])
    if at["period"]:
        result = await store.result(periods, key_text(PersonPeriod(person=person, period=Period(at["period"]))))
        document = result.document if result else None
    elif at["bonus"]:
        document = await of_bonus(store, person, Month(at["month"]), at["version"])
    else:
        document = await of_review(store, person, Month(at["month"]), at["version"])
    if not document:
        raise StartFailed(f"There is no result {text}. `GET /reviews` of performance lists them; {HOW}.")
    return Found(name=text, document=document)


async def of_review(store: Store, person: PersonId, month: Month, version: str | None) -> Mapping[str, Any] | None:
    rows = await store.rows(reviews_by_month, [(person, month)])
    number = int(version) if version else max((row.version for row in rows), default=0)
    key = explanations.identity(Explanation(person=person, month=month, version=number))
    return next((row.document for row in await store.rows(explanations, [key])), None)


async def of_bonus(store: Store, person: PersonId, month: Month, version: str | None) -> Mapping[str, Any] | None:
    rows = await store.rows(bonuses_by_month, [(person, month)])
    number = int(version) if version else max((row.version for row in rows), default=0)
    key = bonus_versions.identity(BonusVersion(person=person, month=month, version=number))
    return next((row.document for row in await store.rows(bonus_versions, [key])), None)


# Decisions


async def decided(logs: Logs, kind: str, name: str) -> Account:
    """Why a penalty or an award is what it is. Raises StartFailed."""
    store, service = logs.stores.get("supervision"), logs.services.get("supervision")
    rows: Sequence[Decision] = ()
    if store:
        rows = await store.rows(cast("Projection[Decision, Any]", REGISTERS[kind]), [(name,)])
    if not (store and service and rows):
        raise StartFailed(f"There is no {kind} {name}. `GET /{REGISTERS[kind].name}` of supervision lists them; {HOW}.")
    said = await history(store, service.contract, streams_of(rows[0]))
    told = account(rows[0], said, logs.policies["supervision"])
    return replace(told, steps=tuple(replace(step, note="") for step in told.steps))  # sealed: no operator reads them


# At the terminal


def explain(urls: Mapping[str, str], name: str, language: Language, organisation: Path | None) -> None:
    """The tree of one result. Raises StartFailed where there is none."""

    async def find() -> str:
        async with logs(urls, organisation) as known:
            if at := DECIDED.fullmatch(name):
                return as_text(await decided(known, at["kind"], at["id"]), language)
            found = await named(known, name)
            try:
                return render(load(found.document), words(language, known.policies["performance"]), closed_to_others)
            except ValueError as error:
                raise StartFailed(f"What is stored of {name} cannot be read: {error}") from None

    text = asyncio.run(find())
    console = Console()
    if not console.is_terminal:
        console.width = WHOLE
    console.print(as_tree(text.splitlines()))


def check(urls: Mapping[str, str], name: str | None, organisation: Path | None) -> Report:
    """One result, or all that are stored. Raises StartFailed where there is none of that name."""

    async def find() -> Report:
        async with logs(urls, organisation) as known:
            if name is None:
                return await verified(known)
            if at := DECIDED.fullmatch(name):
                told = await decided(known, at["kind"], at["id"])
                found = [Found(name=name, document=tree) for step in told.steps for tree in step.trees]
                return Report(stored=len(found), unsound=tuple(await known.unsound("supervision", found)))
            one = await named(known, name)
            return Report(stored=1, unsound=tuple(await known.unsound("performance", [one])))

    return asyncio.run(find())


def tell(report: Report) -> str:
    """In words."""
    lines = [f"{one.name}: {wrong}" for one in report.unsound for wrong in one.wrong]
    sound = report.stored - len(report.unsound)
    return "\n".join([*lines, f"{sound:,} of {report.stored:,} stored explanations follow from log and policies."])


def as_tree(lines: Sequence[str]) -> Tree:
    """From an indented text."""
    root = Tree(Text(lines[0]))
    open_at = [root]
    for line in lines[1:]:
        depth = (len(line) - len(line.lstrip())) // 2
        del open_at[depth:]
        open_at.append(open_at[-1].add(Text(line.strip())))
    return root
