"""What clients say: commands of all four services in the order in which one of them follows from another.

Nothing here knows what becomes of a command: that is the oracle's. A lane is one sequential conversation, and only it
speaks of what it has named, but for the sessions that all lanes share.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

COURSE = "c0"
METRIC = "reach"
SESSIONS = 8
OPEN_SCRIPTS = 6
BULK_LINES = 5, 40


@dataclass(frozen=True, slots=True)
class Command:
    """`lines` where it is a file for /bulk. Without a key it changes nothing when it comes again, and nothing later
    changes what it said: one that was left in doubt may yet arrive after its repetition."""

    service: str
    path: str
    body: dict[str, Any] | None = None
    lines: tuple[dict[str, Any], ...] = ()
    keyed: bool = True


Script = Iterator[Command]


def setting() -> Script:
    """What all lanes rest on."""
    yield Command("training", "/courses/design", {"course": COURSE, "title": "直播基础", "areas": ["basics"]})
    bands = {"excellent": "90", "good": "75", "passing": "60"}
    yield Command("training", "/courses/standard", {"course": COURSE, **bands})
    for n in range(SESSIONS):
        plan = {
            "session": f"s{n}",
            "course": COURSE,
            "starts_at": f"2024-05-{n + 1:02}T02:00:00Z",
            "ends_at": f"2024-05-{n + 1:02}T04:00:00Z",
            "place": "一号教室",
            "content": "基础",
            "method": "internal",
            "trainer": "trainer",
            "trainer_kind": "internal",
        }
        yield Command("training", "/sessions/schedule", plan)
    metric = {"metric": METRIC, "name_zh": "阅读量", "name_en": "reach", "formula": "sum", "unit": "count"}
    yield Command("performance", "/metrics/define", {**metric, "aggregation": "sum", "better": "higher"})


def lane(seed: int, number: int) -> Script:
    """Without end: some conversations at a time, a step of one of them, chosen by the seed."""
    chance = Random(f"{seed}/{number}")
    names = Names(number)
    scripts: list[Script] = []
    while True:
        if len(scripts) < OPEN_SCRIPTS:
            make = chance.choices(list(SCRIPTS), list(SCRIPTS.values()))[0]
            scripts.append(make(chance, names))
        script = chance.choice(scripts)
        command = next(script, None)
        if command is None:
            scripts.remove(script)
        else:
            yield command


class Names:
    """Ids that no other lane gives."""

    def __init__(self, number: int) -> None:
        self.number, self.given = number, 0

    def __call__(self, kind: str) -> str:
        self.given += 1
        return f"{kind}{self.number}x{self.given}"


def trainee(chance: Random, names: Names) -> Script:
    """Registered, enrolled, present, examined, and the mark corrected: what supervision makes of it follows."""
    person, session = names("p"), f"s{chance.randrange(SESSIONS)}"
    particulars = {"engagement": "employee", "joined_on": "2024-01-02", "categories": ["live_marketing"]}
    yield Command("people", "/persons/register", {"person": person, "name": f"主播{person}", **particulars})
    if chance.random() < 0.3:
        yield Command("people", "/persons/correct-name", {"person": person, "name": f"正名{person}"})
    exam = {"person": person, "session": session}
    yield Command("training", "/sessions/enrol", {"session": session, "persons": [person]})
    if chance.random() < 0.2:
        yield Command("training", "/exams/schedule", {**exam, "held_on": "2024-05-20"})
    yield Command(
        "training", "/attendance/sign-in", {"session": session, "person": person}, keyed=chance.random() < 0.5
    )
    if chance.random() < 0.2:
        yield Command("training", "/exams/grade", {**exam, "course": COURSE, "score": "70"})
    yield Command("training", "/exams/schedule", {**exam, "held_on": "2024-05-20"})
    yield Command("training", "/exams/grade", {**exam, "course": COURSE, "score": mark(chance)})
    for _ in range(chance.choice((0, 0, 1, 1, 2, 3))):
        again = {**exam, "course": COURSE, "attempt": "first", "score": mark(chance)}
        yield Command("training", "/exams/regrade", again)


def mark(chance: Random) -> str:
    """A third fails, a third is excellent."""
    return str(chance.choice((chance.randint(20, 59), chance.randint(60, 89), chance.randint(90, 100))))


def studio(chance: Random, names: Names) -> Script:
    unit, times = names("u"), chance.randint(1, 4)
    for n in range(times):
        last = n == times - 1
        yield Command("people", "/units/define", {"unit": unit, "name": f"工作室{n}"}, keyed=not last)


def figures(chance: Random, names: Names) -> Script:
    """A figure, its corrections, the same again, and one of a metric that nobody defined."""
    subject = {"person": names("m"), "month": f"2024-{chance.randint(1, 12):02}"}
    told = figure(chance, subject)
    yield Command("performance", "/recorded-metrics/record", told)
    for _ in range(chance.randint(0, 4)):
        told = figure(chance, subject)
        yield Command("performance", "/recorded-metrics/record", told)
        if chance.random() < 0.2:
            yield Command("performance", "/recorded-metrics/record", {**told, "metric": "unheard"})
    yield Command("performance", "/recorded-metrics/record", told, keyed=False)


def figure(chance: Random, subject: dict[str, str]) -> dict[str, Any]:
    return {"subject": subject, "metric": METRIC, "amount": str(chance.randint(0, 9_999)), "source": "名单"}


def stream(chance: Random, names: Names) -> Script:
    """Scheduled, started, ended, measured, each corrected now and then; and figures where they cannot be."""
    name = names("z")
    where = {"stream": name, "studio": "main"}
    yield Command("supervision", "/streams/schedule", {**where, "starts_at": "2024-05-10T12:00:00Z"})
    if chance.random() < 0.3:
        yield Command("supervision", "/streams/metrics", measured(chance, name))
    if chance.random() < 0.5:
        yield Command("supervision", "/streams/start", {**where, "started_at": "2024-05-10T12:01:00Z"})
    for _ in range(chance.randint(1, 2)):
        yield Command("supervision", "/streams/end", {**where, **ended(chance, names.number)})
    for _ in range(chance.randint(0, 3)):
        yield Command("supervision", "/streams/metrics", measured(chance, name))
    if chance.random() < 0.2:
        yield Command("supervision", "/streams/metrics", {**measured(chance, name), "satisfied": 10, "ratings": 9})


def ended(chance: Random, number: int) -> dict[str, Any]:
    """As of a stream that lasted one to four hours."""
    minutes = chance.randint(60, 240)
    end = f"2024-05-10T{12 + minutes // 60:02}:{minutes % 60:02}:00Z"
    crew = [{"person": f"on{number}", "post": "anchor", "minutes": minutes - 5}]
    return {"started_at": "2024-05-10T12:00:00Z", "ended_at": end, "crew": crew}


def measured(chance: Random, name: str) -> dict[str, Any]:
    counts = ("viewers", "interactions", "clicks", "buyers", "gmv", "new_followers", "complaints")
    return {"stream": name, "ratings": 9, "satisfied": 7, **{count: chance.randint(0, 5_000) for count in counts}}


def table(chance: Random, names: Names) -> Script:
    """A file of figures: new ones, corrections, repeats and some that must be refused."""
    subjects = [{"person": names("m"), "month": "2024-03"} for _ in range(8)]
    file = names("f")
    lines = []
    for n in range(chance.randint(*BULK_LINES)):
        body = figure(chance, chance.choice(subjects))
        if chance.random() < 0.1:
            body["metric"] = "unheard"
        lines.append({"command": "RecordMetric", "body": body, "key": f"{file}l{n}"})
        if chance.random() < 0.1:
            lines.append(lines[-1])
    yield Command("performance", "/bulk", lines=tuple(lines))


def schedule(chance: Random, names: Names) -> Script:
    """A file of streams: each ends and has figures, in the same file."""
    file, lines = names("f"), []
    for n in range(chance.randint(2, 10)):
        name = names("z")
        body = {"stream": name, "studio": "main", **ended(chance, names.number)}
        lines.append({"command": "EndStream", "body": body, "key": f"{file}e{n}"})
        lines.append({"command": "StreamMetricsRecorded", "body": measured(chance, name), "key": f"{file}m{n}"})
    yield Command("supervision", "/bulk", lines=tuple(lines))


SCRIPTS: dict[Callable[[Random, Names], Script], int] = {
    trainee: 8,
    studio: 2,
    figures: 3,
    stream: 3,
    table: 1,
    schedule: 1,
}
