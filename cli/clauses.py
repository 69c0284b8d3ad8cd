"""`kaibo clauses`: which clauses of the regulations have a test that shows them."""

import ast
import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from deploy.local.environment import ROOT
from deploy.local.processes import StartFailed

READING = re.compile(r"R\d+|[CP]-\d+")


class Clause(NamedTuple):
    """A row of docs/clauses.csv."""

    id: str
    regulation: str
    service: str
    place: str  # in the regulation
    kind: str
    zh: str
    en: str


def catalogue() -> list[Clause]:
    """Every clause, in the regulations' order."""
    with (ROOT / "docs" / "clauses.csv").open(newline="") as file:
        return [Clause(**row) for row in csv.DictReader(file)]


def marked(tests: Path) -> dict[str, list[str]]:
    """The test modules by the clause that `pytest.mark.clause` names in them. Read, not run."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in sorted(tests.rglob("*.py")):
        for clause in clause_marks(ast.parse(file.read_text(), str(file))):
            found[clause].append(str(file.relative_to(tests)))
    return dict(found)


def clause_marks(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.clause":
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value


def show(missing: bool) -> None:
    """Print the table; with `missing`, the clauses without a test too.

    Readings (R4), conflicts (C-42) and open values (P-01) may be marked too; they are not counted. Fails where a test
    names an unknown clause.
    """
    clauses, shown = catalogue(), marked(ROOT / "tests")
    readings = sorted(name for name in shown if READING.fullmatch(name))
    unknown = {name: files for name, files in shown.items() if name not in {*readings, *(row.id for row in clauses)}}
    services = sorted({row.service for row in clauses})
    table = Table("regulation", *(f"{name}" for name in services), "all")
    for regulation in [*dict.fromkeys(row.regulation for row in clauses), "all"]:
        rows = [row for row in clauses if regulation in (row.regulation, "all")]
        cells = [[row for row in rows if row.service == service] for service in services]
        table.add_row(regulation, *(ratio(cell, shown) for cell in [*cells, rows]))
    console = Console()
    console.print(table)
    if readings:
        console.print("readings, conflicts and open values with a test:", ", ".join(readings))
    if missing:
        console.print("without a test:", ", ".join(row.id for row in clauses if row.id not in shown))
    for clause, files in unknown.items():
        console.print(f"unknown clause {clause}: {', '.join(files)}")
    if unknown:
        raise SystemExit(1)


def read(ids: list[str]) -> None:
    """Print what clauses say, in both languages, and which tests show them. Raises StartFailed for an unknown one."""
    clauses, shown = {row.id: row for row in catalogue()}, marked(ROOT / "tests")
    if unknown := [name for name in ids if name not in clauses]:
        raise StartFailed(
            f"No text is kept of {', '.join(unknown)}: the clauses are named like T-53 (T, O, A, S or E); C, P and R "
            "name what holds across regulations, open values and rulings."
        )
    console = Console()
    for clause in (clauses[name] for name in ids):
        console.print(f"[bold]{clause.id}[/]  {clause.regulation} {clause.place}, {clause.kind}, {clause.service}")
        console.print(f"  {clause.zh}\n  {clause.en}", markup=False)
        console.print(f"  shown by: {', '.join(dict.fromkeys(shown.get(clause.id, ['no test yet'])))}\n", markup=False)


def ratio(rows: list[Clause], shown: dict[str, list[str]]) -> str:
    return f"{sum(row.id in shown for row in rows)} of {len(rows)}" if rows else ""
