"""Results that their persons contest, as the services tell it: every word of an objection, and every version."""

from collections.abc import Iterator, Mapping
from typing import Any

from cli.demo.client import Caller, Client
from cli.demo.found import here
from cli.demo.world.figures import TROUBLED_MONTH
from cli.demo.world.lines import IMPORTER
from cli.demo.world.organisation import Person
from cli.demo.world.verdicts import POOR
from cli.demo.world.world import World

Chapter = tuple[str, list[str]]
HR = Caller(person=IMPORTER, capacity="hr")  # who may read what a person wrote
SHOWN = 2  # causes of a version


class Contested:
    """Of one person, as he reads it himself."""

    def __init__(self, client: Client, person: Person) -> None:
        self.client, self.person = client, person
        self.himself = Caller(person=person.id, capacity=person.post)

    def objection(self, month: str) -> list[str]:
        """To the result of a month."""
        rows = self.items("performance", f"/reviews/{self.person.id}/{month}/objections")
        return [line for row in rows for line in told(row, f"version {row['version']}")]

    def versions(self, month: str) -> list[str]:
        """Of the result, and of the bonus that follows from it: each stays readable."""
        path = f"/reviews/{self.person.id}/{month}"
        first = self.client.read("performance", f"{path}/explanation", self.himself, version=1)
        lines = [f"version 1: {first['score']} {first['grade']}"]
        for row in self.items("performance", f"{path}/restatements"):
            lines.append(f"version {row['version']}: {row['score']} {row['grade']} ({signed(row['difference'])})")
            lines += [f"  because of event {cause}" for cause in row["causes"][:SHOWN]]
        for row in self.items("performance", f"/bonuses/{self.person.id}/{month}/versions"):
            more = f" ({signed(row['difference'])}, {row['standing']})" if row["version"] > 1 else ""
            lines.append(f"bonus, version {row['version']}: {row['amount']} fen{more}")
        return lines

    def items(self, service: str, path: str) -> Iterator[Mapping[str, Any]]:
        return self.client.items(service, path, self.himself)


class Reversal:
    """Points taken for a month in which an assistant anchor was complained of, and given back (A-61, A-62, R7)."""

    def __init__(self, client: Client, world: World) -> None:
        self.person, self.client = world.organisation.by_id[world.troubled[0]], client
        self.own = Contested(client, self.person)

    def chapters(self) -> tuple[Chapter, ...]:
        return (
            (f"What was found of {TROUBLED_MONTH}, and proposed", self.found()),
            ("What had to be put right (整改 rectification)", self.rectification()),
            ("The objection (异议)", self.objection()),
            (f"{TROUBLED_MONTH}: all versions are kept", self.own.versions(TROUBLED_MONTH)),
        )

    def found(self) -> list[str]:
        path = f"/violations/figures/{self.person.id}/{TROUBLED_MONTH}"
        figures = self.client.read("supervision", path, self.own.himself)["document"]
        (violation,) = self.of_the_month("/violations/of", "kind")
        (penalty,) = self.of_the_month("/penalties/of", "offence")
        return [
            f"{figures['complaints']} complaints in {figures['streams']} streams: {POOR} (A-61), by a rule",
            f"  the cause, recorded by a member of the group: {violation['cause_finding']}",
            f"  {violation['stands']}: {violation['withdrawn_for']}",
            f"{penalty['kind']} (绩效扣分) of {penalty['points']}, proposed by {penalty['proposer']}",
            f"  imposed as {penalty['capacity']}; {penalty['standing']}: {penalty['decided_for']}",
        ]

    def rectification(self) -> list[str]:
        (row,) = self.of_the_month("/rectifications/of", "offence")
        plan = [f"the plan: {measure['what']} By {measure['due_on']}." for measure in row["measures"]]
        return [*plan, f"accepted as {row['capacity']}", f"{row['stage']}: {row['lifted_for']}"]

    def objection(self) -> list[str]:
        penalties = {row["penalty"] for row in self.of_the_month("/penalties/of", "offence")}
        rows = self.client.items("supervision", "/penalties/objections", HR)
        return [line for row in rows if row["penalty"] in penalties for line in told(row, row["kind"])]

    def of_the_month(self, path: str, kind: str) -> list[Mapping[str, Any]]:
        rows = self.own.items("supervision", f"{path}/{self.person.id}")
        return [row for row in rows if (row[kind], row["occasion"]) == (POOR, TROUBLED_MONTH)]


def told(row: Mapping[str, Any], matter: str) -> Iterator[str]:
    """An objection from its beginning to its end."""
    late = ", to be answered by " + row["answer_by"] if row["answer_by"] else ""
    yield f"{row['raised_on']}, to {matter}{late}: {row['reason']}"
    if row["handler"]:
        on = here(row["ended_at"]).date().isoformat()
        escalated = " (escalated meanwhile)" if row["answer_by"] and on > row["answer_by"] else ""
        yield f"{row['standing']} on {on}{escalated}, by {row['capacity']}: {row['finding']}"
    for made in row["corrections"]:
        yield f"  {made['field']}: {made['was']} → {made['now']} (of {made['fact']})"


def signed(number: object) -> str:
    return f"{float(str(number)):+g}"
