"""What people of the organisation do today, over single requests, each in his own capacity: no importing account may.

Whatever is done already is left: asked again, nobody does anything.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from cli.demo.client import Caller, Client
from cli.demo.found import AUDITOR
from cli.demo.world.disputes import Dispute
from cli.demo.world.observations import CRITERIA
from cli.demo.world.organisation import ASSISTANT
from cli.demo.world.performance_lines import feedback
from cli.demo.world.verdict import Verdict
from cli.demo.world.verdicts import POOR, Deciders, Judge, Rectified
from shared.value import BUSINESS_ZONE, value

FINDING = "讲解失误导致观众投诉或流失。 Slips in the explanations drove viewers away or to complain."
NO_FAULT = "经核实不归责于本人。 On inspection not the person's fault."
NOT_HIS = "投诉和流失另有原因。 The complaints and the decline had other causes."
HAD_REASON = "当日另有安排，未及说明。 There was a reason that nobody was told of."
BORNE_OUT = "核实后成立，更正。 Looked into and borne out: it is corrected."
NOT_BORNE_OUT = "核实后不成立。 Looked into and not borne out."
MEASURE = "每周复盘两场直播的讲解。 Go through the explanations of two streams every week."
EVIDENCE = ["复盘记录 Notes of the weekly reviews"]
REFUSAL = ["书面拒绝整改 A letter in which he refuses to rectify"]
WITHIN = timedelta(days=30)
OPEN = ("open", "escalated")  # of an objection: escalated where nobody answered in time


@value
class Step:
    service: str
    path: str
    body: Mapping[str, Any]
    caller: Caller


Act = list[Step]  # one after the other; several acts go side by side

# What is done at which round and stage of a rectification, in order.
SUBMIT, ACCEPT, COMPLETE, VERIFY, REFUSE = "submit-plan", "accept-plan", "complete", "verify", "record-refusal"
COURSE: Mapping[Rectified, tuple[tuple[int, str, str], ...]] = {
    Rectified.NOT_BEGUN: (),
    Rectified.PLANNED: ((1, "required", SUBMIT),),
    Rectified.ACCEPTED: ((1, "required", SUBMIT), (1, "submitted", ACCEPT)),
    Rectified.VERIFIED: (
        (1, "required", SUBMIT),
        (1, "submitted", ACCEPT),
        (1, "accepted", COMPLETE),
        (1, "completed", VERIFY),
    ),
    Rectified.REPEATED: (
        (1, "required", SUBMIT),
        (1, "submitted", ACCEPT),
        (1, "accepted", COMPLETE),
        (1, "completed", VERIFY),
        (2, "required", SUBMIT),
    ),
    Rectified.REFUSED: ((1, "required", REFUSE),),
}


class Decisions:
    """What is to be done now, from the registers."""

    def __init__(self, client: Client, deciders: Deciders) -> None:
        self.client, self.deciders = client, deciders

    def awards(self) -> Iterator[Act]:
        for row in self.listed("/awards", standing="pending"):
            if row["person"] is None:
                continue
            judge = caller(self.deciders.judge(row["person"]))
            subject = of(row, "person", "item", "period")
            match self.deciders.on_award(row["person"], row["period"]):
                case Verdict.YES:
                    yield [Step(service="supervision", path="/awards/approve", body=subject, caller=judge)]
                case Verdict.NO:
                    body = {**subject, "reason": NO_FAULT}
                    yield [Step(service="supervision", path="/awards/reject", body=body, caller=judge)]
                case Verdict.OPEN:
                    pass

    def team_award(self) -> Iterator[Act]:
        """Proposed and decided on by people alone (S-50)."""
        one = self.deciders.honoured
        subject = {"team": one.team, "item": one.item, "period": one.period}
        standing = {row["standing"] for row in self.listed("/awards", **subject)}
        causes = {"causes": [{"ground": "merit", "fact": one.fact}]}
        propose = Step(
            service="supervision", path="/awards/propose", body=subject | causes, caller=caller(one.proposer)
        )
        approve = Step(service="supervision", path="/awards/approve", body=subject, caller=caller(one.decider))
        yield [propose, approve] if not standing else [approve] if standing == {"pending"} else []

    def penalties(self) -> Iterator[Act]:
        """Where the figures of a month proposed it, a member of the group records the cause first (A-61)."""
        for row in self.listed("/penalties", standing="pending"):
            judge = caller(self.deciders.judge(row["person"]))
            subject = of(row, "person", "offence", "occasion")
            impose = Step(service="supervision", path="/penalties/impose", body=subject, caller=judge)
            match self.deciders.on_penalty(row["person"], row["offence"], row["occasion"]):
                case Verdict.YES if row["offence"] == POOR:
                    cause = {"person": row["person"], "month": row["month"], "finding": FINDING}
                    yield [Step(service="supervision", path="/violations/cause", body=cause, caller=judge), impose]
                case Verdict.YES:
                    yield [impose]
                case Verdict.NO:
                    body = {**subject, "reason": NO_FAULT}
                    yield [Step(service="supervision", path="/penalties/reject", body=body, caller=judge)]
                case Verdict.OPEN:
                    pass

    def rectifications(self) -> Iterator[Act]:
        """As far as each comes. Whoever refuses does so before he objects: then nothing may be held against him."""
        for row in self.listed("/rectifications"):
            course = COURSE[self.deciders.on_rectification(row["person"], row["occasion"])]
            due = [(number, stage) for number, stage, _ in course]
            at = row["round"], row["stage"]
            yield [self.rectified(row, path) for *_, path in course[due.index(at) :]] if at in due else []

    def rectified(self, row: Mapping[str, Any], path: str) -> Step:
        judge, himself = caller(self.deciders.judge(row["person"])), Caller(person=row["person"], capacity=ASSISTANT)
        effective = self.deciders.on_rectification(row["person"], row["occasion"]) is Rectified.VERIFIED
        finding = BORNE_OUT if effective else "讲解仍有失误。 The explanations still have slips."
        said: Mapping[str, tuple[Mapping[str, Any], Caller]] = {
            SUBMIT: ({"measures": [{"what": MEASURE, "due_on": (today() + WITHIN).isoformat()}]}, himself),
            ACCEPT: ({}, judge),
            COMPLETE: ({"evidence": EVIDENCE}, himself),
            VERIFY: ({"effective": effective, "finding": finding}, judge),
            REFUSE: ({"evidence": REFUSAL}, judge),
        }
        more, by = said[path]
        body = {**of(row, "person", "offence", "occasion"), **more}
        return Step(service="supervision", path=f"/rectifications/{path}", body=body, caller=by)

    # Objections (R7)

    def objections(self) -> Iterator[Act]:
        """To penalties, by the persons themselves; those to reviews were raised in their time and are imported."""
        for row in self.listed("/penalties", standing="final"):
            verdict = self.deciders.on_objection(row["person"], row["offence"], row["occasion"])
            if verdict is not None and row["objection"] is None:
                named = [{"fact": row["violation"], "field": "stands"}]
                reason = NOT_HIS if row["offence"] == POOR else HAD_REASON
                body = {**of(row, "person", "offence", "occasion"), "reason": reason, "named": named}
                himself = Caller(person=row["person"], capacity="employee")
                yield [Step(service="supervision", path="/penalties/object", body=body, caller=himself)]

    def answers(self) -> Iterator[Act]:
        """By somebody of human resources, who gave neither the result nor the penalty."""
        objected = {row["penalty"]: row for row in self.listed("/penalties/objections")}
        for row in self.listed("/penalties", standing="held"):
            verdict = self.deciders.on_objection(row["person"], row["offence"], row["occasion"])
            if row["objection"] in OPEN and verdict in (Verdict.YES, Verdict.NO):
                upheld = verdict is Verdict.YES
                amended = [{"fact": row["violation"], "field": "stands", "value": "withdrawn"}] if upheld else []
                body = {
                    **of(row, "person", "offence", "occasion"),
                    "version": objected[row["penalty"]]["version"],
                    "finding": BORNE_OUT if upheld else NOT_BORNE_OUT,
                    "amended": amended,
                }
                handler = caller(self.deciders.handler(row["person"]))
                yield [Step(service="supervision", path="/penalties/resolve-objection", body=body, caller=handler)]
        yield from self.answers_on_reviews()

    def answers_on_reviews(self) -> Iterator[Act]:
        rows = self.client.items("performance", "/reviews/objections", AUDITOR)
        raised = {(row["person"], row["month"]): row for row in rows if row["standing"] in OPEN}
        for dispute in self.deciders.disputes:
            row = raised.get((dispute.person, dispute.month))
            if row is None or dispute.verdict is Verdict.OPEN:
                continue
            upheld = dispute.verdict is Verdict.YES
            marks = dict(zip(CRITERIA, dispute.marks, strict=True))
            amended = [{**named, "value": str(marks[named["field"]])} for named in row["named"]]
            body = {
                **of(row, "person", "month", "version"),
                "finding": BORNE_OUT if upheld else NOT_BORNE_OUT,
                "amended": amended if upheld else [],
            }
            handler = caller(self.deciders.handler(dispute.person))
            yield [Step(service="performance", path="/reviews/resolve-objection", body=body, caller=handler)]

    def completions(self) -> Iterator[Act]:
        """What was objected to. A new version is told first, and may be objected to anew: where the feedback precedes
        the completion, the review waits until that window has ended (A-36, R7)."""
        for dispute in self.deciders.disputes:
            row = self.client.read("performance", f"/reviews/{dispute.person}/{dispute.month}", AUDITOR)
            if dispute.verdict is Verdict.OPEN or row["state"] == "completed":
                continue
            act = [] if self.told_of(dispute, row["version"]) else [self.tell(dispute)]
            if dispute.post != ASSISTANT or row["version"] == 1:
                subject = {"subject": {"person": dispute.person, "month": dispute.month}}
                officer = caller(self.deciders.handler(dispute.person))
                act.append(Step(service="performance", path="/reviews/complete", body=subject, caller=officer))
            yield act

    def told_of(self, dispute: Dispute, version: int) -> bool:
        path = f"/reviews/{dispute.person}/{dispute.month}/feedback"
        return any(row["version"] == version for row in self.client.items("performance", path, AUDITOR))

    def tell(self, dispute: Dispute) -> Step:
        head = self.deciders.heads[dispute.studio]
        return Step(
            service="performance",
            path="/reviews/feedback",
            body=feedback(dispute.person, dispute.month, today().isoformat()),
            caller=Caller(person=head.id, capacity="live_ops_supervisor"),
        )

    def listed(self, path: str, **query: str) -> Iterator[Mapping[str, Any]]:
        return self.client.items("supervision", path, AUDITOR, **query)


def caller(judge: Judge) -> Caller:
    return Caller(person=judge.person, capacity=judge.capacity)


def of(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


def today() -> date:
    return datetime.now(UTC).astimezone(BUSINESS_ZONE).date()
