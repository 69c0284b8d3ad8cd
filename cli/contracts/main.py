"""`kaibo contracts`: what was promised to whoever reads the events, and what the code says now."""

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.contracts.asyncapi import files
from cli.contracts.documents import contracts
from cli.contracts.releases import BREAKING, CONSUMERS, Releases, Verdict, judge
from deploy.local.environment import ROOT
from deploy.local.processes import StartFailed

FOLDER = ROOT / "docs" / "contracts"
STYLES = {BREAKING: "bold red", CONSUMERS: "yellow"}


def verdicts(folder: Path = FOLDER) -> list[Verdict]:
    return [v for name, contract in contracts().items() for v in judge(contract, Releases(folder / name))]


def check(folder: Path = FOLDER) -> int:
    """The exit code: 1 where something breaks, or the documents are not those of the code."""
    found = verdicts(folder)
    table = Table("service", "event", "verdict", "why", "what to do", box=None, pad_edge=False)
    for v in found:
        table.add_row(v.service, v.event, Text(v.verdict, STYLES.get(v.verdict, "")), Text(v.reason), Text(v.todo))
    Console().print(table if found else "Every event is as it was released.")
    stale = outdated(folder)
    if stale:
        print(f"{len(stale)} documents are not what the code says, such as {stale[0]}: `./kaibo contracts write`")
    return 1 if stale or any(v.verdict == BREAKING for v in found) else 0


def diff(folder: Path = FOLDER) -> None:
    """What changed since the last release, in words."""
    console, found = Console(), verdicts(folder)
    for v in found:
        console.print(Text.assemble((f"{v.service}.{v.event}", "bold"), f"  {v.verdict}"))
        for why in v.reason.split("; "):
            console.print(Text(f"  {why}"), soft_wrap=True)
    if not found:
        console.print("Nothing has changed since the last release.")


def write(folder: Path = FOLDER) -> int:
    """The AsyncAPI documents and JSON Schemas, as the code says. Returns how many were not current."""
    stale = outdated(folder)
    expected = written(folder)
    for file in stale:
        if file in expected:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(expected[file])
        else:
            file.unlink()
    return len(stale)


def written(folder: Path) -> dict[Path, str]:
    return {file: said for name, c in contracts().items() for file, said in files(c, folder / name).items()}


def outdated(folder: Path) -> list[Path]:
    """Documents that are missing, another, or of nothing any more."""
    expected = written(folder)
    there = {f for name in contracts() for f in (*(folder / name).glob("schemas/*"), *(folder / name).glob("*.json"))}
    return sorted(f for f in expected.keys() | there if f not in there or expected.get(f) != f.read_text())


def release(folder: Path = FOLDER) -> dict[str, int]:
    """Record what the code says as promised. Returns how many events of each service are new or changed. Raises
    StartFailed where something breaks: what was promised stays promised."""
    if broken := [f"{v.service}.{v.event}" for v in verdicts(folder) if v.verdict == BREAKING]:
        raise StartFailed(f"{', '.join(broken)} would break whoever reads it. See `./kaibo contracts check`.")
    recorded = {name: Releases(folder / name).record(contract) for name, contract in contracts().items()}
    write(folder)
    return recorded
