"""`kaibo policy`: what policies say, in words; what is left open; and what another one would have made of the past.

Files are read as the services read them; what is loaded, and what-if, is asked of the services that run.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache, reduce
from http.client import HTTPConnection
from importlib import import_module
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlsplit

from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from cli.clauses import READING, catalogue
from cli.policy_words import differences, standing, words
from cli.state import SERVICES, Run, State
from deploy.local.environment import ROOT
from deploy.local.processes import StartFailed
from services.population import Population
from services.vocabulary import Month
from shared.marked import Marked, inner
from shared.policy import Document, Format, PolicyError, Source, load_document
from shared.service import Service

HR = {"Kaibo-Person": "policy", "Kaibo-Capacity": "hr"}
PATIENCE = 600.0
CLAUSE = re.compile(r"\b[A-Z]-\d+\b")
MONTH: TypeAdapter[Month] = TypeAdapter(Month)


# Files


@cache
def services() -> Mapping[str, Service]:
    return {name: cast(Service, import_module(f"services.{name}.main").service) for name in SERVICES}


def read(file: Path) -> tuple[str, Document]:
    """The service that a policy file is for, and what it says. Raises StartFailed with each line that is wrong."""
    text = file.read_text()
    every = Format(
        kinds=tuple({kind for service in services().values() for kind in service.policies}), traits=Population
    )
    source = Source(file=file, text=text)
    try:
        kind = type(load_document(every, text, source).body)
        having = [name for name, service in services().items() if kind in service.policies]
        name = next((one for one in having if one in file.resolve().parts), having[0])
        return name, load_document(services()[name].format, text, source)
    except PolicyError as error:
        raise StartFailed(str(error)) from None


def lint(files: list[Path]) -> int:
    """Prints what is wrong with each file; how many are wrong."""
    wrong = 0
    for file in files:
        try:
            service, document = read(file)
            if invented := list(unknown_clauses(file)):
                raise StartFailed("\n".join(invented))
            print(f"{file}: {document.issue} is sound, for {service}")
        except StartFailed as error:
            wrong += 1
            print(error)
    return wrong


def unknown_clauses(file: Path) -> Iterator[str]:
    """What is named like a clause of the regulations and is none; a clause of the house is named otherwise."""
    known = {clause.id for clause in catalogue()}
    marked = Marked(file.read_text())
    for place in marked.lines:
        if place[-1:] != ("clause",):
            continue
        for clause in CLAUSE.findall(str(reduce(inner, place, marked.content))):
            if clause not in known and not READING.fullmatch(clause):
                yield marked.told(str(file), place, f"the regulations have no clause {clause}")


def found(state: State, name: str) -> Path:
    """A file, or the last version of a policy of this name: among what ships and the organisation's own, or the demo's
    where Kaibo was started here with none."""
    if (file := Path(name)).is_file():
        return file
    own = state.policies() or ROOT / "deploy" / "demo" / "policies"
    folders = [*(ROOT / "services").glob("*/policies"), *own.glob("*")]
    policies: dict[str, tuple[tuple[int, bool], Path]] = {}
    for path in sorted(file for folder in folders for file in folder.glob("*.yaml")):
        _, document = read(path)
        version = document.issue.version, not path.is_relative_to(ROOT / "services")
        known = policies.get(document.issue.policy)
        if known is None or version > known[0]:
            policies[document.issue.policy] = version, path
    if name not in policies:
        raise StartFailed(f"There is no file and no policy {name}; there are: {', '.join(sorted(policies))}")
    return policies[name][1]


def show(state: State, name: str) -> None:
    file = found(state, name)
    _, document = read(file)
    lines = words(document)
    if (run := state.read_run()) is not None and run.secret is not None and "people" in run.services:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        lines.insert(2, f"  登记 register: {standing(registered(run).get(str(document.issue)), digest)}")
    Console().print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def diff(state: State, old: str, new: str) -> None:
    (_, a), (_, b) = read(found(state, old)), read(found(state, new))
    said = differences(a, b)
    Console().print("\n".join(said or ["They say the same."]), markup=False, highlight=False, soft_wrap=True)


# What runs


def what_runs(state: State) -> Run:
    run = state.read_run()
    if run is None or run.secret is None:
        raise StartFailed("Nothing runs here that could be asked: start it with `kaibo up`.")
    return run


def ask(run: Run, service: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Iterator[bytes]:
    """The lines of the answer. Raises StartFailed with what the service says."""
    if service not in run.services:
        raise StartFailed(f"{service} does not run here; there is: {', '.join(run.services)}")
    address = urlsplit(run.services[service].url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE)
    headers = {**HR, "Authorization": f"Bearer {run.secret}", "Content-Type": "application/json"}
    try:
        connection.request(method, path, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        if response.status != 200:
            problem = json.loads(response.read())
            said = [error["what"] for error in problem.get("errors", [])] or [problem.get("detail", problem["title"])]
            raise StartFailed("\n".join(said))
        yield from response
    finally:
        connection.close()


def registered(run: Run) -> dict[str, Mapping[str, Any]]:
    """What the register of regulations says of policies, by name:version."""
    found: dict[str, Mapping[str, Any]] = {}
    after: str | None = ""
    while after is not None:
        path = f"/regulations?kind=policy&limit=500&after={quote(after)}"
        page = json.loads(b"".join(ask(run, "people", "GET", path)))
        found |= {row["policy"]: row for row in page["items"]}
        after = page["next"]
    return found


def open_values(state: State) -> None:
    """P-01 to P-24: what the regulations leave open, and what is said of it."""
    from cli.policy_open import CODES, states

    run = what_runs(state)
    loaded = {name: json.loads(b"".join(ask(run, name, "GET", "/policies"))) for name in run.services}
    register = registered(run) if "people" in run.services else None
    table = Table("", "open value", "clauses", Column("state", overflow="fold"), box=None, pad_edge=False)
    for code, said in states(loaded, register).items():
        table.add_row(code, CODES[code].name, CODES[code].clauses, said)
    Console().print(table)


def try_policy(state: State, file: Path, since: str, until: str, studio: str, figures: Path | None) -> None:
    from cli.policy_report import nothing, tell

    try:
        MONTH.validate_python(since)
        MONTH.validate_python(until)
    except ValidationError:
        raise StartFailed(f"{since}..{until} is no period: months are written as in 2024-05..2024-06.") from None
    service, document = read(file)
    if type(document.body) not in services()[service].what_if:
        known = ", ".join(kind.__name__ for one in services().values() for kind in one.what_if)
        kind = type(document.body).__name__
        raise StartFailed(f"A {kind} changes no result that could be compared; what can be tried is: {known}")
    body = {"policy": file.read_text(), "since": since, "until": until, "scope": studio}
    report: dict[str, Any] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns) as progress:
        task = progress.add_task(f"{document.issue} over {since}..{until}", total=None)
        for line in ask(what_runs(state), service, "POST", "/what-if", body):
            told = json.loads(line)
            if "problem" in told:
                raise StartFailed(f"{told['problem']['title']}: {told['problem'].get('facts', '')}")
            report = told.get("report", report)
            if "done" in told:
                progress.update(task, completed=told["done"], total=told["of"])
    if not report["results"]:
        raise StartFailed(nothing(report["there"], since, until, studio))
    if figures is not None:
        figures.write_text(json.dumps({"policy": str(document.issue), **body, **report}, ensure_ascii=False, indent=2))
    tell(Console(), document, report, since, until)
