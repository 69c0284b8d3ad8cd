"""The report of a what-if: in words, and a table for each of what it is spread over."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from shared.policy import Document

SPREADS = {"by_studio": "studio", "by_post": "post", "by_evaluator": "evaluator"}
SHOWN = 40  # of those who change, a line each; all of them stand in the JSON


def tell(console: Console, document: Document, report: Mapping[str, Any], since: str, until: str) -> None:
    console.print(summary(document, report, since, until), soft_wrap=True, highlight=False)
    if not report["results"]:
        return
    for spread, name in SPREADS.items():
        console.print(table(name, report[spread]))
    if report["changes"]:
        console.print(changes(report["changes"]))


def summary(document: Document, report: Mapping[str, Any], since: str, until: str) -> str:
    """In words, about no person: fit to be attached to a consultation."""
    was, would = report["was"], report["would"]
    lines = [
        f"{document.issue} over {since} to {until}: {report['results']} results of {report['persons']} persons.",
        f"{report['changed']} would be another result, {report['regraded']} of them another grade.",
    ]
    if report["changed"]:
        lines += [
            f"Mean points {was['mean']} → {would['mean']}.",
            f"Grades {graded(was)} → {graded(would)}.",
            f"Bonus {money(was['bonus'])} → {money(would['bonus'])}.",
        ]
    lines.append("Nothing was decided, stored or published.")
    return "\n".join(lines)


def table(name: str, groups: list[Mapping[str, Any]]) -> Table:
    found = Table(name, "results", "change", "mean", "", "grades", "", "bonus", "", box=None, pad_edge=False)
    for group in groups:
        was, would = group["was"], group["would"]
        found.add_row(
            group["name"], str(was["results"]), str(group["changed"]), was["mean"] or "", would["mean"] or "",
            graded(was), graded(would), money(was["bonus"]), money(would["bonus"]),
        )  # fmt: skip
    return found


def changes(of: list[Mapping[str, Any]]) -> Table:
    left = f", {len(of) - SHOWN} more in the JSON" if len(of) > SHOWN else ""
    found = Table("person", "month", "post", "was", "would be", title=f"Who changes{left}", box=None, pad_edge=False)
    for one in of[:SHOWN]:
        found.add_row(one["person"], one["month"], one["post"], outcome(one["was"]), outcome(one["would"]))
    return found


def outcome(of: Mapping[str, Any]) -> str:
    return " ".join(filter(None, (of["score"], of["grade"], "" if of["bonus"] is None else money(of["bonus"]))))


def graded(of: Mapping[str, Any]) -> str:
    return " ".join(f"{grade} {count}" for grade, count in of["grades"].items())


def money(fen: int) -> str:
    return f"¥{fen / 100:,.2f}"
