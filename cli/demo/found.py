"""The same figures as the recount's, as the running services answer them: everything over the public API.

Archives hold marks: they are read under an application of an auditor that names everybody and was approved by another,
and every reading is on record for the person (R9).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from cli.demo.client import Caller, Client, Unanswered
from cli.demo.recount import Figures
from cli.demo.world.lines import Line, Origin
from cli.demo.world.organisation import Organisation
from shared.value import BUSINESS_ZONE

IMPORTER, AUDITOR = Caller(), Caller(person="importer", capacity="auditor")
PARTS = ("attendance", "results", "sessions")
READERS = 4
PURPOSE = "核对导入 Recount of the import"


def figures(client: Client, organisation: Organisation, application: str) -> Figures:
    found: Figures = {"persons": sum(1 for _ in client.items("people", "/persons", IMPORTER))}
    archives = [row["person"] for row in client.items("people", "/archives", AUDITOR)]
    found["archives"] = len(archives)
    found |= streams(client.items("supervision", "/streams", IMPORTER))
    found |= training(read_archives(client, organisation, archives, application))
    penalties = client.items("supervision", "/penalties", AUDITOR)
    found |= tally("penalties", ((row["kind"], row["standing"]) for row in penalties))
    awards = client.items("supervision", "/awards", AUDITOR)
    found |= tally("awards", ((row["item"], row["standing"]) for row in awards))
    found |= objections(client)
    found |= tally(
        "rectifications", ((row["stage"],) for row in client.items("supervision", "/rectifications", AUDITOR))
    )
    complaints = client.items("supervision", "/complaints", AUDITOR)
    found |= tally("complaints", ((complained_of(row), standing(row)) for row in complaints))
    tickets = client.items("performance", "/tickets", AUDITOR)
    found |= tally("tickets", ((row["kind"], row["subject"]) for row in tickets))
    found |= tally("priority", ((row["standing"],) for row in client.items("performance", "/priorities", AUDITOR)))
    found |= reviews(client.items("performance", "/reviews", IMPORTER))
    return found | bonuses(client) | years(client, {name.split(" ")[2] for name in found if name.startswith("score ")})


def complained_of(complaint: Mapping[str, Any]) -> str:
    return "assistant" if complaint["assistant"] else "stream"


def standing(complaint: Mapping[str, Any]) -> str:
    return "withdrawn" if complaint["withdrawn"] else "standing"


def reviews(rows: Iterable[Mapping[str, Any]]) -> Figures:
    found: Figures = {}
    states = list[tuple[str, ...]]()
    for row in rows:
        if row["state"] != "unopened":
            score = row["grade"] if row["score"] is None else f"{float(row['score']):.2f} {row['grade']}"
            found[f"score {row['month']} {row['person']}"] = score
            states += [(row["state"],), *([("restated",)] if row["version"] > 1 else [])]
    return found | tally("reviews", states)


def objections(client: Client) -> Figures:
    """One that is escalated is open, and was not answered in time."""
    registers = {
        "reviews": ("performance", "/reviews/objections"),
        "penalties": ("supervision", "/penalties/objections"),
    }
    return tally(
        "objections",
        (
            (matter, "open" if row["standing"] == "escalated" else row["standing"])
            for matter, (service, path) in registers.items()
            for row in client.items(service, path, AUDITOR)
        ),
    )


def bonuses(client: Client) -> Figures:
    rows = client.items("performance", "/bonuses", IMPORTER)
    return tally("bonus", ((row["month"], str(row["amount"])) for row in rows if row["version"]))


def years(client: Client, persons: Iterable[str]) -> Figures:
    grades, runs = list[tuple[str, ...]](), list[tuple[str, ...]]()
    for person in persons:
        year = client.read("performance", f"/periods/{person}/2024", IMPORTER)["result"]
        grades.append((year["grade"] or "none",))
        runs.append((str(client.read("performance", f"/streaks/{person}", IMPORTER)["length"]),))
    return tally("year", grades) | tally("excellent in a row", runs)


def tally(name: str, found: Iterable[tuple[str, ...]]) -> Figures:
    return {f"{name} {' '.join(kind)}": times for kind, times in Counter(found).items()}


def streams(rows: Iterable[Mapping[str, Any]]) -> Figures:
    months: Counter[tuple[str, ...]] = Counter()
    known = too_long = manned = 0
    for row in rows:
        months[(row["month"],)] += 1
        known += 1
        too_long += row["too_long"]
        manned += bool(row["crew"])
    return {
        "streams": known,
        "streams too long": too_long,
        "streams with crew": manned,
        **tally("streams of", months.elements()),
    }


def training(archives: Iterable[Mapping[str, Any]]) -> Figures:
    """Of every archive: the last word on each attendance, and every result."""
    attendance: list[tuple[str, ...]] = []
    results: list[tuple[str, ...]] = []
    corrected = 0
    for archive in archives:
        for entry in archive["attendance"]:
            last = [entry["first"], *entry["corrections"]][-1]
            attendance.append(("signed_in",) if last["signed_in_at"] else (last["ground"],))
            corrected += bool(entry["corrections"])
        for entry in archive["results"]:
            last = [entry["first"], *entry["corrections"]][-1]
            results.append((entry["attempt"], last["grade"]))
    return {
        "attendance corrected": corrected,
        **tally("attendance", attendance),
        **tally("results", results),
    }


# Reading archives as everybody must


def read_archives(
    client: Client, organisation: Organisation, persons: Sequence[str], application: str
) -> Iterator[Mapping[str, Any]]:
    auditor = Caller(person=organisation.studios[0].hr[0].id, capacity="auditor")
    approver = Caller(person=organisation.studios[0].hr[1].id, capacity="archive_approver")
    body = {
        "application": application,
        "applicant": auditor.person,
        "persons": list(persons),
        "parts": list(PARTS),
        "purpose": PURPOSE,
        "ends_on": in_a_week(),
    }
    accepted(client, "/applications/request", body, auditor)
    accepted(client, "/applications/approve", {"application": application}, approver)

    def read(person: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = client.read(
            "people", f"/archives/{person}", auditor, application=application, part=PARTS
        )
        return found

    with ThreadPoolExecutor(READERS) as readers:
        yield from readers.map(read, persons)


def accepted(client: Client, path: str, body: Mapping[str, Any], caller: Caller) -> None:
    reply = client.post("people", path, body, caller)
    if reply.status != 202:
        raise Unanswered(f"people answered POST {path} with {reply.status}: {reply.body}")


def in_a_week() -> str:
    return (datetime.now(BUSINESS_ZONE) + timedelta(days=7)).date().isoformat()


def here(moment: str) -> datetime:
    """An answered moment, as the organisation's clocks showed it."""
    return datetime.fromisoformat(moment).astimezone(BUSINESS_ZONE)


def origins(lines: Iterable[Line]) -> dict[Origin, int]:
    """How many lines came from where."""
    return dict(Counter(line.origin for line in lines))
