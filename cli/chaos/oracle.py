"""What must be there: a fold of its own, in dictionaries, over what the clients sent and what they were answered.

It shares no code with the kernel or the services, and knows of them what their documents say: streams, events, rows.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

Event = tuple[str, dict[str, Any]]  # its name, and the fields of which the oracle is sure
EXCELLENT, GOOD, PASSING = 90, 75, 60


class No(Exception):
    """A rule refuses: by its code."""


@dataclass
class Journal:
    """What one lane told, in order. `open`: sent and never answered."""

    name: str
    answered: list["Answered"] = field(default_factory=list)
    doubts: int = 0
    open: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Answered:
    """`sure`: the answer is that of the first time, for it came at once or there was a key."""

    sent: dict[str, Any]
    status: int
    body: Any
    sure: bool


def read_journals(directory: Path) -> list[Journal]:
    """That of the setting first."""
    files = sorted(directory.glob("*.jsonl"), key=lambda file: (file.stem != "setting", file.stem))
    return [read_journal(file) for file in files]


def read_journal(file: Path) -> Journal:
    journal, sent, key = Journal(file.stem), None, ""
    for line in file.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if "sent" in entry:
            sent, key = entry["sent"], entry["key"]
        elif "doubt" in entry:
            journal.doubts += 1
        elif sent is not None:
            sure = bool(key) or not entry["doubted"]
            journal.answered.append(Answered(sent, entry["status"], entry["body"], sure))
            sent = None
    if sent is not None:
        journal.open.append(sent)
    return journal


class World:
    """The logs of the four services, and what the rules make of them. `wrong`: answers that cannot be."""

    def __init__(self, services: Iterable[str]) -> None:
        self.services = set(services)
        self.logs: dict[str, dict[str, list[Event]]] = defaultdict(lambda: defaultdict(list))
        self.wrong: list[str] = []
        self.commands = self.refused = 0

    def tell(self, journals: Iterable[Journal]) -> None:
        for journal in journals:
            for one in journal.answered:
                if one.sent["lines"]:
                    self.hear_file(one.sent, one.status, one.body)
                else:
                    self.hear_one(one)
        self.follow()

    def hear_file(self, sent: Mapping[str, Any], status: int, answers: Any) -> None:
        if status != 200:
            self.wrong.append(f"a file for {sent['service']} was answered with {status}: {answers}")
            return
        seen: set[str] = set()
        for line, answer in zip(sent["lines"], answers, strict=True):
            if line["key"] not in seen:
                accepted = answer["status"] in ("stored", "unchanged")
                self.hear(sent["service"], line["command"], line["body"], accepted, answer["problem"] or answer)
            seen.add(line["key"])

    def hear_one(self, one: Answered) -> None:
        command, answer = PATHS[one.sent["path"]], one.body
        changes = self.hear(one.sent["service"], command, one.sent["body"], one.status == 202, answer)
        if changes is not None and one.sure and answer["changed"] != changes:
            self.wrong.append(f"{command} {one.sent['body']}: whether it changes something is not {answer['changed']}")

    def hear(self, service: str, command: str, body: Mapping[str, Any], accepted: bool, answer: Any) -> bool | None:
        """Whether it changes something; None where it is refused, or is answered as it cannot be."""
        self.commands += 1
        log = self.logs[service]
        try:
            stream, events = DECIDE[command](log, body)
        except No as no:
            self.refused += 1
            if accepted or answer.get("title") != str(no):
                self.wrong.append(f"{command} {body}: {no} was due, the answer was {answer}")
            return None
        if not accepted:
            self.wrong.append(f"{command} {body}: it was due, the answer was {answer}")
            return None
        if events:
            log[stream] += events
        shared = stream.startswith("session/")  # all lanes enrol there, and none of them first
        if answer["stream"] != stream or (answer["version"] != len(log[stream]) and not shared):
            self.wrong.append(f"{command} {body}: {stream} has version {len(log[stream])}, the answer was {answer}")
        return bool(events)

    def follow(self) -> None:
        """What supervision makes of exams: a violation and its penalty, an award, in their order."""
        if "supervision" not in self.services:
            return
        supervision = self.logs["supervision"]
        for stream, events in list(self.logs["training"].items()):
            if stream.startswith("exam/"):
                _, person, session = stream.split("/")
                key = f"{person}/training_assessment_failed/{session}"
                violation = list(judged(events))
                put(supervision, f"violation/{key}", violation)
                put(supervision, f"penalty/{key}", list(punished(violation)))
                put(supervision, f"award/{person}/training_excellence/2024-05", list(praised(events)))

    def outlive(self, lost: "World", service: str, found: Mapping[str, list[Event]]) -> int:
        """What was decided on events before a restored database lost them stays decided: of that, what is found is
        due, and nothing else of those commands. Returns in how many streams."""
        left = [s for s in lost.logs[service] if s.split("/")[0] in CONSEQUENCES and s in found]
        self.logs[service] |= {stream: found[stream] for stream in left}
        return len(left)


Log = dict[str, list[Event]]
CONSEQUENCES = ("violation", "penalty", "award")


def put(log: Log, stream: str, events: list[Event]) -> None:
    if events:
        log[stream] = events


def last(events: Iterable[Event], *names: str) -> dict[str, Any] | None:
    found = [fields for name, fields in events if name in names]
    return found[-1] if found else None


def names(events: Iterable[Event]) -> list[str]:
    return [name for name, _ in events]


# Commands


def design(log: Log, body: Mapping[str, Any]) -> tuple[str, list[Event]]:
    return f"course/{body['course']}", [("CourseDesigned", {"course": body["course"], "title": body["title"]})]


def set_standard(log: Log, body: Mapping[str, Any]) -> tuple[str, list[Event]]:
    return f"course/{body['course']}", [("AssessmentStandardSet", {"course": body["course"], "version": 1})]


def schedule_session(log: Log, body: Mapping[str, Any]) -> tuple[str, list[Event]]:
    return f"session/{body['session']}", [("SessionScheduled", {"session": body["session"], "place": body["place"]})]


def enrol(log: Log, body: Mapping[str, Any]) -> tuple[str, list[Event]]:
    told = {"session": body["session"], "course": "c0", "persons": body["persons"]}
    return f"session/{body['session']}", [("TraineesEnrolled", told)]


def sign_in(log: Log, body: Mapping[str, Any]) -> tuple[str, list[Event]]:
    stream = f"attendance/{body['session']}/{body['person']}"
    told = {"session": body["session"], "course": "c0", "person": body["person"]}
    return stream, [] if log.get(stream) else [("SessionAttended", told)]


def schedule_exam(log: Log, body: Mapping[str, Any]) -> tuple[str, list[Event]]:
    if not log.get(f"attendance/{body['session']}/{body['person']}"):
        raise No("exam.not_attended")
    told = {"person": body["person"], "session": body["session"], "attempt": "first", "held_on": body["held_on"]}
    return f"exam/{body['person']}/{body['session']}", [("ExamScheduled", told)]


def grade(log: Log, body: Mapping[str, Any]) -> tuple[str, list[Event]]:
    stream = f"exam/{body['person']}/{body['session']}"
    if not log.get(stream):
        raise No("exam.not_scheduled")
    return stream, marked("ExamGraded", log[stream], body)


def regrade(log: Log, body: Mapping[str, Any]) -> tuple[str, list[Event]]:
    stream = f"exam/{body['person']}/{body['session']}"
    before = last(log[stream], "ExamGraded", "ExamRegraded")
    same = before is not None and Decimal(before["score"]) == Decimal(body["score"])
    return stream, [] if same else marked("ExamRegraded", log[stream], body)


def marked(name: str, events: list[Event], body: Mapping[str, Any]) -> list[Event]:
    """A fail grants a make-up; a correction that makes it a pass takes that back."""
    score, subject = Decimal(body["score"]), {"person": body["person"], "session": body["session"]}
    found: list[Event] = [(name, {**subject, "attempt": "first", "score": f"{score:.2f}", "grade": graded(score)})]
    granted = names(events).count("MakeUpExamGranted") > names(events).count("MakeUpExamWithdrawn")
    if granted and score >= PASSING:
        found.append(("MakeUpExamWithdrawn", subject))
    if not granted and score < PASSING:
        found.append(("MakeUpExamGranted", subject))
    return found


def graded(score: Decimal) -> str:
    if score >= EXCELLENT:
        return "excellent"
    return "good" if score >= GOOD else "pass" if score >= PASSING else "fail"


def register(log: Log, body: Mapping[str, Any]) -> tuple[str, list[Event]]:
    told = {name: body[name] for name in ("person", "engagement", "joined_on", "categories")}
    return f"person/{body['person']}", [("PersonRegistered", told)]


def correct_name(log: Log, body: Mapping[str, Any]) -> tuple[str, list[Event]]:
    return f"person/{body['person']}", [("PersonNameCorrected", {"person": body["person"]})]


def define_unit(log: Log, body: Mapping[str, Any]) -> tuple[str, list[Event]]:
    stream, told = f"unit/{body['unit']}", {"unit": body["unit"], "name": body["name"], "studio": body["unit"]}
    return stream, [] if last(log.get(stream, []), "UnitDefined") == told else [("UnitDefined", told)]


def define_metric(log: Log, body: Mapping[str, Any]) -> tuple[str, list[Event]]:
    return f"metric/{body['metric']}", [("MetricDefined", {"metric": body["metric"], "version": 1})]


def record_metric(log: Log, body: Mapping[str, Any]) -> tuple[str, list[Event]]:
    if not log.get(f"metric/{body['metric']}"):
        raise No("metric.unknown")
    stream = f"recorded_metric/{body['subject']['person']}/{body['subject']['month']}/{body['metric']}"
    told = {name: body[name] for name in ("subject", "metric", "amount", "source")}
    return stream, [] if last(log.get(stream, []), "MetricRecorded") == told else [("MetricRecorded", told)]


def schedule_stream(log: Log, body: Mapping[str, Any]) -> tuple[str, list[Event]]:
    return f"stream/{body['stream']}", [("StreamScheduled", dict(body))]


def start_stream(log: Log, body: Mapping[str, Any]) -> tuple[str, list[Event]]:
    return f"stream/{body['stream']}", [("StreamStarted", dict(body))]


def end_stream(log: Log, body: Mapping[str, Any]) -> tuple[str, list[Event]]:
    stream, told = f"stream/{body['stream']}", dict(body)
    return stream, [] if last(log.get(stream, []), "StreamEnded") == told else [("StreamEnded", told)]


def measure(log: Log, body: Mapping[str, Any]) -> tuple[str, list[Event]]:
    stream, told = f"stream/{body['stream']}", dict(body)
    if last(log.get(stream, []), "StreamEnded") is None:
        raise No("stream.not_ended")
    if told["satisfied"] > told["ratings"]:
        raise No("metrics.more_satisfied_than_asked")
    same = last(log[stream], "StreamMetricsRecorded") == told
    return stream, [] if same else [("StreamMetricsRecorded", told)]


PATHS = {
    "/courses/design": "DesignCourse",
    "/courses/standard": "SetAssessmentStandard",
    "/sessions/schedule": "ScheduleSession",
    "/sessions/enrol": "EnrolTrainees",
    "/attendance/sign-in": "SignIn",
    "/exams/schedule": "ScheduleExam",
    "/exams/grade": "GradeExam",
    "/exams/regrade": "RegradeExam",
    "/persons/register": "PersonRegistered",
    "/persons/correct-name": "PersonNameCorrected",
    "/units/define": "DefineUnit",
    "/metrics/define": "DefineMetric",
    "/recorded-metrics/record": "RecordMetric",
    "/streams/schedule": "ScheduleStream",
    "/streams/start": "StartStream",
    "/streams/end": "EndStream",
    "/streams/metrics": "StreamMetricsRecorded",
}
DECIDE = {
    "DesignCourse": design,
    "SetAssessmentStandard": set_standard,
    "ScheduleSession": schedule_session,
    "EnrolTrainees": enrol,
    "SignIn": sign_in,
    "ScheduleExam": schedule_exam,
    "GradeExam": grade,
    "RegradeExam": regrade,
    "PersonRegistered": register,
    "PersonNameCorrected": correct_name,
    "DefineUnit": define_unit,
    "DefineMetric": define_metric,
    "RecordMetric": record_metric,
    "ScheduleStream": schedule_stream,
    "StartStream": start_stream,
    "EndStream": end_stream,
    "StreamMetricsRecorded": measure,
}


# What follows from exams


def marks(events: Iterable[Event]) -> Iterator[tuple[bool, dict[str, Any]]]:
    """Whether it corrects, and the mark."""
    for name, fields in events:
        if name in ("ExamGraded", "ExamRegraded"):
            yield name == "ExamRegraded", fields


def judged(exam: Iterable[Event]) -> Iterator[Event]:
    standing = False
    for corrects, mark in marks(exam):
        told = {"person": mark["person"], "kind": "training_assessment_failed", "occasion": mark["session"]}
        if mark["grade"] == "fail" and not standing:
            standing = True
            yield "ViolationRecorded", {**told, "correction": corrects}
        elif mark["grade"] != "fail" and standing:
            standing = False
            yield "ViolationWithdrawn", told


def punished(violation: Iterable[Event]) -> Iterator[Event]:
    for name, told in violation:
        if name == "ViolationRecorded":
            fields = {"offence": told["kind"], "occasion": told["occasion"], "kind": "criticism", "mode": "propose"}
            yield "PenaltyProposed", {"person": told["person"], **fields}
        else:
            yield "PenaltyWithdrawn", {"person": told["person"]}


def praised(exam: Iterable[Event]) -> Iterator[Event]:
    proposed = False
    for corrects, mark in marks(exam):
        excellent = mark["grade"] == "excellent"
        if excellent and not proposed:
            proposed = True
            yield "AwardProposed", {"person": mark["person"], "item": "training_excellence"}
        elif corrects and not excellent and proposed:
            proposed = False
            yield "AwardCauseReversed", {"person": mark["person"]}
            yield "AwardWithdrawn", {"person": mark["person"]}


# Rows


def rows(world: World) -> dict[str, dict[str, dict[str, Any]]]:
    """By read model and key: the fields of which the oracle is sure."""
    found: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    training, people = world.logs["training"], world.logs["people"]
    for stream, events in [*people.items(), *world.logs["performance"].items(), *training.items()]:
        kind, _, key = stream.partition("/")
        match kind:
            case "unit":
                found["units"][key] = {"name": events[-1][1]["name"], "studio": key}
            case "person":
                corrected = "PersonNameCorrected" in names(events)
                found["persons"][key] = {"name": f"{'正名' if corrected else '主播'}{key}"}
                found["archives"][key] = {}
            case "recorded_metric":
                amount = Decimal(events[-1][1]["amount"])
                found["recorded-metrics"][key] = {"amount": amount, "corrections": len(events) - 1}
            case "exam":
                found["exams"][key] = chain_row(events)
            case "session":
                enrolled = [p for name, told in events if name == "TraineesEnrolled" for p in told["persons"]]
                attended = [s for s in training if s.startswith(f"attendance/{key}/")]
                found["sessions"][key] = {"enrolled": len(enrolled), "attended": len(attended)}
            case _:
                pass  # no list shows it
    for stream, events in world.logs["supervision"].items():
        kind, _, key = stream.partition("/")
        if kind == "stream":
            found["streams"][key] = stream_row(events)
        elif kind == "violation":
            stands = "recorded" if events[-1][0] == "ViolationRecorded" else "withdrawn"
            found["violations"][key] = {"stands": stands, "times": names(events).count("ViolationRecorded")}
        else:
            found["penalties" if kind == "penalty" else "awards"][key.split("/")[0]] = proposals(events)
    return found


def chain_row(events: list[Event]) -> dict[str, Any]:
    mark = last(events, "ExamGraded", "ExamRegraded")
    if mark is None:
        return {"standing": "scheduled", "first_grade": None}
    failed = mark["grade"] == "fail"
    standing = "make_up_due" if failed else "passed"
    score = Decimal(mark["score"])
    return {"first_grade": mark["grade"], "first_score": score, "make_up_granted": failed, "standing": standing}


def stream_row(events: list[Event]) -> dict[str, Any]:
    phase = {"StreamScheduled": "scheduled", "StreamStarted": "live"}.get(events[-1][0], "ended")
    counts = last(events, "StreamMetricsRecorded") or {}
    shown = ("viewers", "interactions", "clicks", "buyers", "gmv", "new_followers", "complaints", "ratings")
    return {"phase": phase, **{name: counts.get(name) for name in shown}}


def proposals(events: list[Event]) -> dict[str, Any]:
    """How many of the proposals about a person wait, and how many were taken back."""
    reversed_ = sum(name.endswith("Withdrawn") for name in names(events))
    return {"pending": len([n for n in names(events) if n.endswith("Proposed")]) - reversed_, "reversed": reversed_}
