"""One person's story, as the services tell it: an exam, an absence, a score down to its facts, and who read of her."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from cli.demo.client import Caller, Client
from cli.demo.found import here, in_a_week
from cli.demo.world.organisation import Studio
from cli.demo.world.world import World

MONTH, QUARTER = "2024-05", "2024-Q2"
SHOWN = 2  # facts of a sum
FACT, WEIGHT = re.compile(r"\(fact "), re.compile(r" *\[weight ")
STREAM, RULE = re.compile(r"(stream/\w{12})\w+"), re.compile(r"components\.\S+\.(\w+\.\w+) =")


class Story:
    def __init__(self, client: Client, world: World) -> None:
        self.client, self.world = client, world
        self.id = world.heroine.person.id
        self.herself = Caller(person=self.id, capacity=world.heroine.person.post)
        home = world.heroine.person.studio
        own = next(studio for studio in world.organisation.studios if studio.id == home)
        others = [studio for studio in world.organisation.studios if studio.id != home]
        self.own: Studio = own
        self.other: Studio = others[0] if others else own

    def archive(self) -> list[str]:
        """Her own archive, which she reads without an application."""
        found = self.client.read("people", f"/archives/{self.id}", self.herself, part=["results", "attendance"])
        lines = []
        for entry in found["results"]:
            lines += [f"exam {entry['session']} ({entry['attempt']}): {result(w)}" for w in said(entry)]
        for entry in found["attendance"]:
            if entry["corrections"]:
                first, *later = (presence(word) for word in said(entry))
                lines.append(f"session {entry['session']}: {first}; later {', '.join(later)}")
        return lines

    def consequences(self) -> list[str]:
        """What was proposed against her and what became of it: both stay readable."""
        rows = self.client.items("supervision", f"/penalties/of/{self.id}", self.herself)
        return [
            f"{row['kind']} for {row['offence']} ({row['occasion']}): {row['standing']}, proposed by {row['proposer']}"
            + (f", {row['decided_for']}" if row["decided_for"] else "")
            + (f", decided as {row['capacity']}" if row["capacity"] else "")
            for row in rows
        ]

    def why(self) -> list[str]:
        """Why she was criticised: from what was seen to who decided, as she sees it."""
        rows = self.client.items("supervision", f"/penalties/of/{self.id}", self.herself, standing="final")
        penalty = next(row["penalty"] for row in rows)
        path = f"/penalties/of/{self.id}/{penalty}/explanation"
        text = self.client.text("supervision", path, self.herself, language="en")
        return [*text.splitlines(), "The same:", f"  ./kaibo explain penalty/{penalty}"]

    def score(self) -> tuple[Mapping[str, Any], list[str]]:
        """Her May, and the tree from the grade down to event ids, policy versions and clauses: as she sees it."""
        path = f"/reviews/{self.id}/{MONTH}"
        row: Mapping[str, Any] = self.client.read("performance", path, self.herself)
        text = self.client.text("performance", f"{path}/explanation", self.herself, language="en")
        lines = [RULE.sub(r"\1 =", STREAM.sub(r"\1…", line)) for line in shortened(text.splitlines())]
        return row, [*lines, "The whole of it:", f"  ./kaibo explain {self.id}/{MONTH}"]

    def quarter(self) -> Mapping[str, Any]:
        path = f"/periods/{self.id}/{QUARTER}"
        found: Mapping[str, Any] = self.client.read("performance", path, self.herself)["result"]
        return found

    def access(self) -> list[str]:
        """The other studio's supervisor wants to read her archive: without approval, refused, approved."""
        reader = Caller(person=self.other.supervisors[0].id, capacity="live_ops_supervisor")
        approver = Caller(person=self.own.hr[1].id, capacity="archive_approver")
        stamp = f"{datetime.now(UTC):%Y%m%d%H%M%S}"
        lines = [self.tried(reader, "without an application", None)]
        for number, decision in enumerate(("reject", "approve"), 1):
            application = f"story-{stamp}-{number}"
            self.apply(application, reader)
            if decision == "approve":
                lines.append(self.tried(reader, "before it is decided", application))
            reason = {"reason": "目的不明确。 The purpose is not clear."} if decision == "reject" else {}
            self.client.post("people", f"/applications/{decision}", {"application": application, **reason}, approver)
            lines.append(self.tried(reader, f"application {number} {decision}ed".replace("eed", "ed"), application))
        return lines

    def apply(self, application: str, reader: Caller) -> None:
        body = {
            "application": application,
            "applicant": reader.person,
            "persons": [self.id],
            "parts": ["results"],
            "purpose": "跨工作室协作前了解培训情况 Her training, before the studios work together",
            "ends_on": in_a_week(),
        }
        self.client.post("people", "/applications/request", body, reader)

    def tried(self, reader: Caller, when: str, application: str | None) -> str:
        reply = self.client.get("people", f"/archives/{self.id}", reader, part=["results"], application=application)
        if reply.status == 200:
            return f"{when}: {len(reply.body['results'])} results read"
        return f"{when}: {reply.status} {reply.body['title']}"

    def traces(self) -> list[str]:
        """What she sees of it: applications, refused ones too, and every reading."""
        applied = self.client.items("people", f"/archives/{self.id}/applications", self.herself)
        lines = [f"application: {row['decision']}, {row['purpose']}" for row in applied]
        readings = self.client.items("people", f"/archives/{self.id}/readings", self.herself)
        for row in sorted(readings, key=lambda row: row["read_at"]):
            who = "herself" if row["reader"] == self.id else row["capacity"]
            lines.append(f"read at {here(row['read_at']):%Y-%m-%d %H:%M} by {who}, {', '.join(row['parts'])}")
        return lines


def said(entry: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return [entry["first"], *entry["corrections"]]


def result(word: Mapping[str, Any]) -> str:
    return f"{word['score']} {word['grade']} on {word['held_on']}, standard {word['standard']}, event {word['event']}"


def presence(word: Mapping[str, Any]) -> str:
    if word["signed_in_at"]:
        return "signed in"
    excuse = "excused" if word["excused"] else "not excused"
    return f"absent ({word['ground']}, {excuse}, event {word['event']})"


def shortened(lines: Sequence[str]) -> Iterator[str]:
    """Of the facts of one sum, and of the nodes of one name, the first are shown, and how many more there are. Of parts
    with a weight the first one is opened."""
    place = 0
    while place < len(lines):
        yield lines[place]
        end = next((n for n in range(place + 1, len(lines)) if depth(lines[n]) <= depth(lines[place])), len(lines))
        yield from first_of_each(lines[place + 1 : end])
        place = end


def first_of_each(below: Sequence[str]) -> Iterator[str]:
    """`below` are whole siblings with all that stands under them."""
    own = [n for n, line in enumerate(below) if depth(line) == depth(below[0])]
    shown, hidden = Counter[str](), Counter[str]()
    for start, end in pairwise([*own, len(below)]):
        if WEIGHT.match(below[start]):
            shown["parts"] += 1
            yield from shortened(below[start:end]) if shown["parts"] == 1 else [f"{below[start]} …"]
            continue
        kind = "facts" if FACT.search(below[start]) else below[start].split(" = ")[0].split()[-1]
        if shown[kind] < SHOWN:
            shown[kind] += 1
            yield from shortened(below[start:end])
        else:
            hidden[kind] += 1
    for kind, times in hidden.items():
        yield f"{'  ' * depth(below[0])}… {times} more {kind}"


def depth(line: str) -> int:
    return (len(line) - len(line.lstrip())) // 2
