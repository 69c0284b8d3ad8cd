"""The report of a what-if: in words, and a table for each of what it is spread over."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from rich.console import Console
from rich.table import Table

from cli.policy_words import population
from shared.criterion import names
from shared.policy import Document

SPREADS = {"by_studio": "直播间 studio", "by_post": "岗位 post", "by_evaluator": "评定人 evaluator"}
NOBODY = "(none)"
SHOWN = 40  # of those who change, a line each; all of them stand in the JSON


def tell(console: Console, document: Document, report: Mapping[str, Any], since: str, until: str) -> None:
    console.print(summary(document, report, since, until), soft_wrap=True, highlight=False)
    for spread, name in SPREADS.items():
        if any(group["name"] for group in report[spread]):
            console.print(table(name, report[spread]))
    if report["changes"]:
        console.print(changes(report["changes"]))


def nothing(there: Mapping[str, Sequence[str]], since: str, until: str, studio: str) -> str:
    """Why there is nothing to compare, and of what there would be something."""
    of = f" of the studio {studio}" if studio else ""
    if not there["periods"]:
        return f"There is no result{of} over {since} to {until}, nor of any other period."
    studios = f"; studios: {', '.join(there['studios'])}" if there["studios"] else ""
    return (
        f"There is no result{of} over {since} to {until}. There are results of: {', '.join(there['periods'])}{studios}"
    )


def stranger(document: Document, report: Mapping[str, Any]) -> bool:
    """Whether no result is of the policy's population, as far as post and studio tell."""
    there = {trait: {group["name"] for group in report[f"by_{trait}"]} for trait in ("post", "studio")}
    if report["changed"]:
        return False
    if not document.asks:
        return any(there[trait].isdisjoint(of) for trait, of in document.population.items() if trait in there)
    told = product(there["post"], there["studio"])
    return names(document.asks) <= there.keys() and not any(
        document.covers({"post": post, "studio": studio}) for post, studio in told
    )


def outside(document: Document, report: Mapping[str, Any]) -> str:
    has = (
        f"{trait}: {', '.join(sorted(group['name'] or NOBODY for group in report[f'by_{trait}']))}"
        for trait in ("post", "studio")
    )
    return f"None of them is of the policy's population ({population(document)}): they have {'; '.join(has)}."


def summary(document: Document, report: Mapping[str, Any], since: str, until: str) -> str:
    """In words, about no person: fit to be attached to a consultation."""
    changed = report["changed"]
    teams = f" and {report['teams']} teams" if report["teams"] else ""
    lines = [
        f"{document.issue} over {since} to {until}: {report['results']} results of {report['persons']} persons{teams}.",
        outside(document, report) if stranger(document, report) else changing(changed),
        *(f"{name}: {text}." for name, text in figures(report["was"], report["would"]) if changed),
        *(f"{said}." for said in report["unsaid"]),
        "Nothing was decided, stored or published.",
    ]
    return "\n".join(lines)


def changing(changed: int) -> str:
    return f"{changed} of them would be another." if changed else "None of them would be another."


def table(name: str, groups: Sequence[Mapping[str, Any]]) -> Table:
    told = [dict(figures(group["was"], group["would"])) for group in groups]
    names = dict.fromkeys(name for one in told for name in one)
    found = Table(name, "results", "change", *names, box=None, pad_edge=False)
    for column in found.columns:
        column.overflow = "fold"
    for group, one in zip(groups, told, strict=True):
        results = max(group["was"]["results"], group["would"]["results"])
        found.add_row(
            group["name"] or NOBODY,
            str(results),
            str(group["changed"]),
            *(one.get(n, "").replace(", ", "\n") for n in names),
        )
    return found


def figures(was: Mapping[str, Any], would: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each with what it is and what it would be; what is nothing on both sides is left out."""
    for name, (title, shown) in FIGURES.items():
        if was.get(name) or would.get(name):
            yield title, shown(was[name], would[name])


def counts(was: Mapping[str, int], would: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {moved(was.get(name, 0), would.get(name, 0))}" for name in sorted({*was, *would}))


def amounts(was: int, would: int) -> str:
    return moved(money(was), money(would))


def moved(was: object, would: object) -> str:
    shown = ("none" if side is None else str(side) for side in (was, would))
    return " → ".join(dict.fromkeys(shown))


FIGURES: Mapping[str, tuple[str, Callable[[Any, Any], str]]] = {
    "mean": ("平均分 mean points", moved),
    "grades": ("等级 grades", counts),
    "bonus": ("奖金 bonus", amounts),
    "consequences": ("奖惩 awards and penalties", counts),
    "money": ("奖励金额 award money", amounts),
    "points": ("扣分 points deducted", moved),
    "fines": ("罚款 fines", amounts),
}


def changes(of: Sequence[Mapping[str, Any]]) -> Table:
    left = f", {len(of) - SHOWN} more in the JSON" if len(of) > SHOWN else ""
    found = Table("who", "when", "post", "was", "would be", title=f"Who changes{left}", box=None, pad_edge=False)
    for column in found.columns:
        column.overflow = "fold"
    for one in of[:SHOWN]:
        when = one["about"] or one["period"]
        found.add_row(
            one["person"] or f"team {one['team']}", when, one["post"], outcome(one["was"]), outcome(one["would"])
        )
    return found


def outcome(of: Mapping[str, Any] | None) -> str:
    """A result, or an award or penalty; none: nothing stands."""
    if of is None:
        return "nothing"
    words = [of.get("score"), of.get("grade"), of.get("kind"), of.get("name"), of.get("standing")]
    sums = [money(of[name]) for name in ("bonus", "amount") if of.get(name) is not None]
    points = [f"{of['points']} points"] if of.get("points") else []
    return " ".join(filter(None, [*words, *sums, *points]))


def money(fen: int) -> str:
    return f"¥{fen / 100:,.2f}"
