"""What an organisation does, command by command, so that every route is reached behind its rules too."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi.routing import APIRoute

from shared.access import body_of
from shared.memory_broker import MemoryBroker
from shared.postgres import open_store
from shared.service import Service
from tests.databases import Databases
from tests.http.serving import SERVICES, Served, holder, in_memory, naming, served, with_store

SESSION = {
    "session": "laws-may",
    "starts_at": "2024-05-06T01:00:00Z",
    "place": "Studio 3",
    "content": "Law",
    "method": "internal",
}
TAUGHT = {"course": "laws", "trainer": "qi", "trainer_kind": "internal"}
MAY = {"subject": {"person": "li", "month": "2024-05"}}
LATE = {"person": "li", "offence": "late", "occasion": "s1"}
SERIOUS = {"person": "li", "offence": "serious_stream_error", "occasion": "s1"}
EARLY = {"person": "li", "offence": "early_leave", "occasion": "s1"}
MARCH = {"subject": {"person": "sun", "month": "2024-03"}}
MARKS = ("content_planning_quality", "content_production_effect")
AWARD = {"person": "li", "item": "merit", "period": "2024-05"}
OTHER = {"person": "wu", "item": "merit", "period": "2024-05"}
MEASURE = {"person": "li", "what": "two clocks", "due_on": "2024-05-31", "owner": "li"}
TEAM = {"team": "east", "item": "team_merit", "period": "2024-05"}
TEXT = "5" * 64  # a digest
DRAFT = {"kind": "policy", "title": "Bonus", "changes": "Bands from 60.", "policy": "bonus:1"}
CONSULTED = {"with_whom": ["the staff's representatives"], "held_on": "2024-04-11", "outcome": "Agreed."}
CONTENTS = {
    "goals": [{"text": "More paid orders", "metric": "orders", "target": "60"}],
    "strategy": "Fewer streams, better ones.",
    "key_work": ["A second studio"],
    "areas": ["store", "marketing"],
    "budget": 5_000_000,
}
PROPOSAL = {
    "theme": "Spring",
    "form": "a draw",
    "starts_at": "2024-05-25T02:00:00Z",
    "ends_at": "2024-05-25T10:00:00Z",
    "participants": "followers",
    "expected_effects": [{"metric": "orders", "target": "60"}],
    "budget": 300_000,
}
TICKET = {"ticket": "t1", "customer": "shop:8842-19"}
ON_STREAM = {"subject": "assistant", "stream": "s1", "assistant": "li"}
FIGURES = ("viewers", "interactions", "clicks", "buyers", "gmv", "new_followers", "ratings", "satisfied", "complaints")


@dataclass(frozen=True)
class Step:
    command: str
    body: dict[str, Any] = field(compare=False)
    at: str = ""  # an importing account says when
    by: str = "chen"
    capacity: str = ""  # any that holds the capability

    def asks(self, service: Service) -> tuple[APIRoute, dict[str, str]]:
        """The route that takes it, and the headers."""
        known = [(route, body) for route in service.routes if (body := body_of(route)) is not None]
        (route,) = [route for route, body in known if body.__name__ == self.command]
        capacity = "system" if self.at else self.capacity or holder(service.access, route.capability)
        headers = {**naming(self.by, capacity), "Content-Type": "application/json"}
        return route, headers | ({"Kaibo-Occurred-At": self.at} if self.at else {})


def exam(command: str, at: str, **body: Any) -> Step:
    return Step(command, {"person": "li", "session": "laws-may", **body}, at)


FLOWS: dict[str, tuple[Step, ...]] = {
    "training": (
        Step("DesignCourse", {"course": "laws", "title": "Laws", "areas": ["laws"]}, "2024-05-02T01:00:00Z"),
        Step(
            "SetAssessmentStandard",
            {"course": "laws", "excellent": "90", "good": "75", "passing": "60"},
            "2024-05-02T01:00:00Z",
        ),
        Step(
            "ScheduleSession",
            {**SESSION, "ends_at": "2024-05-06T03:00:00Z", **TAUGHT},
            "2024-05-02T02:00:00Z",
        ),
        Step(
            "ScheduleSession",
            {
                "session": "alone",
                "starts_at": "2024-05-06T01:00:00Z",
                "ends_at": "2024-06-06T01:00:00Z",
                "place": "at home",
                "content": "Law",
                "method": "online",
                **TAUGHT,
            },
            "2024-05-02T02:00:00Z",
        ),
        Step("EnrolTrainees", {"session": "laws-may", "persons": ["li", "wu"]}, "2024-05-02T03:00:00Z"),
        Step("EnrolTrainees", {"session": "alone", "persons": ["li"]}, "2024-05-02T03:00:00Z"),
        Step("SendTrainingNotice", {**SESSION, "persons": ["li", "wu"]}, "2024-05-03T01:00:00Z"),
        Step("SignIn", {"session": "laws-may", "person": "li"}, "2024-05-06T00:50:00Z"),
        Step(
            "RecordLearningProgress",
            {"session": "alone", "person": "li", "percent": 40},
            "2024-05-06T02:00:00Z",
        ),
        Step(
            "TraineeQuestionAnswered",
            {
                "session": "laws-may",
                "person": "li",
                "question": "q1",
                "asked": "Why?",
                "answer": "So.",
            },
            "2024-05-06T02:00:00Z",
        ),
        Step(
            "TraineePerformanceNoted",
            {"session": "laws-may", "person": "li", "participation": "90", "learning": "85", "note": "quick"},
            "2024-05-06T02:30:00Z",
        ),
        Step(
            "DeliverSession",
            {"session": "laws-may", "started_at": "2024-05-06T01:00:00Z", "ended_at": "2024-05-06T03:00:00Z"},
            "2024-05-06T03:10:00Z",
        ),
        Step(
            "RecordAbsence", {"session": "laws-may", "person": "wu", "ground": "none"}, "2024-05-06T04:00:00Z"
        ),
        Step(
            "CorrectAbsence", {"session": "laws-may", "person": "wu", "ground": "sick"}, "2024-05-09T01:00:00Z"
        ),
        exam("ScheduleExam", "2024-05-07T01:00:00Z", held_on="2024-05-08"),
        exam("GradeExam", "2024-05-09T01:00:00Z", course="laws", score="57"),
        exam("RegradeExam", "2024-05-10T01:00:00Z", course="laws", attempt="first", score="58"),
        exam("RaiseObjection", "2024-05-10T01:30:00Z", attempt="first", reason="r", named=[]),
        Step(
            "ResolveObjection",
            {
                "person": "li",
                "session": "laws-may",
                "course": "laws",
                "attempt": "first",
                "version": 2,
                "finding": "f",
                "amended": [{"fact": "exam/li/laws-may/first", "field": "score", "value": "59"}],
            },
            by="qi",
            capacity="training_admin",
        ),
        exam("RaiseObjection", "2024-05-10T01:40:00Z", attempt="first", reason="r", named=[]),
        exam("WithdrawObjection", "2024-05-10T01:50:00Z", attempt="first", version=3),
        exam("ScheduleExam", "2024-05-10T02:00:00Z", held_on="2024-05-12"),
        exam("RecordExamAbsence", "2024-05-13T01:00:00Z", held_on="2024-05-12", excused=True),
    ),
    "people": (
        Step("DefineUnit", {"unit": "east", "name": "East"}),
        Step("DefineUnit", {"unit": "east-live", "name": "Live", "parent": "east"}),
        Step("PostDefined", {"post": "anchor", "title": "主播", "categories": ["live_team"]}),
        Step(
            "PersonRegistered",
            {
                "person": "li",
                "name": "李",
                "contact": "li@example.org",
                "categories": ["live_marketing"],
                "engagement": "employee",
                "joined_on": "2024-01-01",
            },
        ),
        Step(
            "PersonRegistered",
            {"person": "chen", "name": "陈", "categories": [], "engagement": "employee", "joined_on": "2023-01-01"},
        ),
        Step("PersonNameCorrected", {"person": "li", "name": "黎", "contact": "l@example.org"}),
        Step("CategoriesChanged", {"person": "li", "categories": ["assistant_anchor", "live_marketing"]}),
        Step("EngagementChanged", {"person": "li", "engagement": "brokerage", "effective_on": "2024-03-01"}),
        Step(
            "AssignPersonToPost",
            {
                "person": "li",
                "post": "anchor",
                "unit": "east-live",
                "effective_on": "2024-02-01",
                "reports_to": "chen",
            },
        ),
        Step(
            "DemotePerson",
            {"person": "li", "penalty": "p1", "post": "anchor", "unit": "east-live", "effective_on": "2099-01-01"},
        ),
        Step(
            "PersonRegistered",
            {"person": "gone", "name": "高", "categories": [], "engagement": "intern", "joined_on": "2023-01-01"},
        ),
        Step("PersonErased", {"person": "gone"}),
        Step("RoleGranted", {"person": "li", "capacity": "appraiser", "scope": "east"}),
        Step("RoleRevoked", {"person": "li", "capacity": "appraiser", "scope": "east"}),
        *(
            Step(
                "ArchiveAccessRequested",
                {
                    "application": application,
                    "applicant": "chen",
                    "persons": ["li"],
                    "parts": ["results"],
                    "purpose": "review",
                    "ends_on": "2099-12-31",
                },
                capacity="appraiser",
            )
            for application in ("a1", "a2")
        ),
        Step("ApproveArchiveAccess", {"application": "a1"}, by="qi", capacity="archive_approver"),
        Step("RejectArchiveAccess", {"application": "a2", "reason": "no need"}, by="qi", capacity="archive_approver"),
        *(
            Step(command, {"regulation": "bonus", "version": 1, **body})
            for command, body in (
                ("RegulationDrafted", {**DRAFT, "sha256": TEXT}),
                ("RegulationConsulted", {**CONSULTED, "sha256": TEXT}),
                ("RegulationAdopted", {"sha256": TEXT, "adopted_by": "the department", "adopted_on": "2024-04-20"}),
                ("PublishRegulation", {"sha256": TEXT}),
                ("RegulationInterpreted", {"clause": "2", "interpretation": "Net of tax."}),
            )
        ),
        Step("AcknowledgeRegulation", {"regulation": "bonus", "version": 1, "person": "li"}, by="li", capacity="hr"),
        Step(
            "SubmitRegulationFeedback",
            {"feedback": "f1", "regulation": "bonus", "person": "li", "text": "Unclear."},
            by="li",
            capacity="anchor",
        ),
    ),
    "performance": (
        Step(
            "DefineMetric",
            {
                "metric": "orders",
                "name_zh": "订单",
                "name_en": "orders",
                "formula": "paid / placed",
                "unit": "percent",
                "aggregation": "ratio",
                "better": "higher",
                "clauses": ["S-35"],
            },
        ),
        Step("RecordMetric", {**MAY, "metric": "orders", "amount": "7", "base": "10", "source": "the shop"}),
        Step("OpenCycle", {"month": "2024-05"}),
        Step("OpenCycle", {"month": "2024-04", "not_rated": "not covered"}),
        Step("OpenReview", {**MAY, "post": "anchor", "studio": "east"}),
        Step(
            "OpenReview",
            {"subject": {"person": "li", "month": "2024-04"}, "post": "anchor", "studio": "east"},
        ),
        Step("DeclareNotApplicable", {**MAY, "component": "result", "reason": "on leave"}),
        Step(
            "AdjustScore",
            {**MAY, "adjustment": "a1", "direction": "plus", "points": "2", "reason": "helped out"},
        ),
        Step("WithdrawAdjustment", {**MAY, "adjustment": "a1"}),
        Step(
            "SubmitSelfReview",
            {"person": "li", "month": "2024-05", "achievements": "a", "shortcomings": "s", "improvements": "i"},
            by="li",
        ),
        Step("SubmitSuperiorReview", {"person": "li", "month": "2024-05", "evaluation": "e"}, capacity="appraiser"),
        Step("ScoreReview", MAY),
        Step("OpenReview", {"subject": {"person": "wu", "month": "2024-04"}, "post": "anchor", "studio": "east"}),
        *(
            step
            for person in ("li", "wu")
            for step in (
                Step("ScoreReview", {"subject": {"person": person, "month": "2024-04"}}),
                Step(
                    "RecordFeedback",
                    {
                        "person": person,
                        "month": "2024-04",
                        "mode": "call",
                        "merits": "calm",
                        "shortcomings": "late",
                        "advice": "set a clock",
                        "held_on": "2024-05-08",
                    },
                ),
                Step(
                    "RaiseObjection",
                    {"person": person, "month": "2024-04", "reason": "r", "named": []},
                    by=person,
                ),
            )
        ),
        Step(
            "ResolveObjection",
            {"person": "li", "month": "2024-04", "version": 1, "finding": "f", "amended": []},
            by="qi",
            capacity="appraiser",
        ),
        Step("WithdrawObjection", {"person": "wu", "month": "2024-04", "version": 1}, by="wu"),
        *(
            Step(command, {"person": "li", "month": "2024-04", **body}, by=by)
            for command, body, by in (
                ("ProposeImprovementPlan", {"measures": [MEASURE]}, "qi"),
                ("AgreeImprovementPlan", {"plan": 1}, "li"),
                (
                    "CompleteImprovementMeasure",
                    {"measure": 1, "completed_on": "2024-05-20", "result": "never late since"},
                    "li",
                ),
                ("CloseImprovementPlan", {"outcome": "achieved", "finding": "on time"}, "qi"),
            )
        ),
        Step(
            "OpenReview",
            {"subject": {"person": "wei", "month": "2024-05"}, "post": "operations_specialist", "studio": "east"},
        ),
        Step(
            "InviteRaters",
            {"person": "wei", "month": "2024-05", "raters": [{"rater": "chen", "relation": "peer"}]},
            by="qi",
        ),
        Step(
            "SubmitRaterFeedback",
            {
                "person": "wei",
                "month": "2024-05",
                "marks": {"enthusiasm": "90", "responsibility": "80", "teamwork": "85"},
                "comment": "helps",
            },
        ),
        Step("CloseRaterFeedback", {"person": "wei", "month": "2024-05"}, by="qi"),
        Step("CompleteReview", {"subject": {"person": "li", "month": "2024-04"}}),
        Step("RestateScore", {"subject": {"person": "li", "month": "2024-04"}}),
        *(
            step
            for mark in MARKS
            for step in (
                Step(
                    "DefineMetric",
                    {
                        "metric": mark,
                        "name_zh": "质量",
                        "name_en": "quality",
                        "formula": "a mark",
                        "unit": "points",
                        "aggregation": "mean",
                        "better": "higher",
                    },
                ),
                Step("RecordMetric", {**MARCH, "metric": mark, "amount": "95", "source": "the editor"}),
            )
        ),
        Step("OpenCycle", {"month": "2024-03"}),
        Step("OpenReview", {**MARCH, "post": "content_producer", "studio": "east"}),
        Step("DeclareNotApplicable", {**MARCH, "component": "content_plays", "reason": "no account yet"}),
        Step("ScoreReview", MARCH),
        Step("CompleteReview", MARCH),
        Step("RecordBonusPaid", {**MARCH, "amount": 1000, "paid_on": "2024-04-10"}),
        Step("RecordMetric", {**MARCH, "metric": MARKS[0], "amount": "40", "source": "the editor"}),
        Step("DecideBonusReduction", {**MARCH, "version": 2, "stands": True, "reason": "counted twice"}),
        Step("AdoptOperationsPlan", {"plan": "2024", "kind": "annual", "period": "2024", "contents": CONTENTS}),
        Step(
            "AdoptMarketingPlan", {"plan": "spring", "period": "2024-Q2", "parent": "2024", "contents": CONTENTS}
        ),
        *(
            Step(
                "AssignTask",
                {
                    "task": task,
                    "person": "li",
                    "title": "Second uplink",
                    "kind": "building",
                    "importance": 4,
                    "urgency": 3,
                    "due_at": "2099-05-20T10:00:00Z",
                    "plan": "2024",
                },
            )
            for task in ("uplink", "mirror")
        ),
        Step("CompleteTask", {"task": "uplink", "person": "li", "result": "no stall since"}, by="li"),
        Step("WithdrawTask", {"task": "mirror", "reason": "the platform has one"}),
        Step(
            "RecordWorkResult",
            {
                "person": "li",
                "result": "uplink",
                "occurred_on": "2024-05-20",
                "description": "two uplinks",
                "evidence": ["the monitor of May"],
            },
            by="li",
        ),
        *(
            Step(
                "ProposeCampaign",
                {"campaign": campaign, "person": "li", "kind": "marketing", "proposal": PROPOSAL},
                by="li",
            )
            for campaign in ("mall", "park")
        ),
        Step(
            "ReviewCampaign",
            {"campaign": "mall", "version": 1, "verdict": "returned", "opinions": "Prizes?", "discussed_with": ["wu"]},
        ),
        Step(
            "ReviseCampaign",
            {"campaign": "mall", "proposal": {**PROPOSAL, "form": "a quiz"}, "changes": "a quiz"},
            by="li",
        ),
        Step("ReviewCampaign", {"campaign": "mall", "version": 2, "verdict": "approved", "opinions": "Good."}),
        Step("StartCampaign", {"campaign": "mall"}),
        Step(
            "HandleCampaignIncident",
            {
                "campaign": "mall",
                "incident": "i1",
                "what": "The sound failed.",
                "solution": "The second microphone",
                "occurred_at": "2024-05-25T03:00:00Z",
                "handled_at": "2024-05-25T03:05:00Z",
            },
        ),
        Step("EndCampaign", {"campaign": "mall", "participants": 420}),
        Step("CancelCampaign", {"campaign": "park", "reason": "rain"}),
        Step(
            "LogCommunication",
            {
                "communication": "c1",
                "held_at": "2024-05-20T02:00:00Z",
                "channel": "email",
                "counterpart": "partner",
                "parties": ["The mall"],
                "matter": "Prizes for the spring campaign",
                "important": True,
                "campaign": "mall",
                "written_reference": "mail of 20 May",
            },
        ),
        Step(
            "RecordMeeting",
            {
                "meeting": "m1",
                "kind": "cross_department",
                "held_at": "2024-05-20T06:00:00Z",
                "attendees": ["li", "chen"],
                "progress": "The uplink runs.",
                "problems": ["No prizes yet"],
                "solutions": ["The mall gives them"],
                "tasks": ["uplink"],
            },
        ),
        Step("OpenCustomerTicket", {**TICKET, "kind": "complaint", **ON_STREAM, "what": "rude"}),
        Step("ResolveCustomerTicket", {**TICKET, "solution": "an apology"}),
        Step("ReopenTicket", {**TICKET, "reason": "no apology came"}),
        Step("ResolveCustomerTicket", {**TICKET, "solution": "an apology by letter", "satisfaction": 4}),
        Step("FeedBackTicket", {**TICKET, "unit": "east", "opinion": "speak slowly"}),
        Step("FollowUpTicket", {**TICKET, "need": "a call before the next stream"}),
        Step("CustomerErased", {"customer": "shop:gone"}),
    ),
    "supervision": (
        Step("ScheduleStream", {"stream": "s1", "studio": "east", "starts_at": "2024-05-06T01:00:00Z"}),
        Step("StartStream", {"stream": "s1", "studio": "east", "started_at": "2024-05-06T01:00:00Z"}),
        Step(
            "EndStream",
            {
                "stream": "s1",
                "studio": "east",
                "started_at": "2024-05-06T01:00:00Z",
                "ended_at": "2024-05-06T05:00:00Z",
                "crew": [
                    {"person": "li", "post": "assistant_anchor", "minutes": 240},
                    {"person": "zhao", "post": "anchor", "minutes": 240},
                ],
            },
        ),
        Step("StreamMetricsRecorded", {"stream": "s1", **dict.fromkeys(FIGURES, 5), "other_complaints": 0}),
        Step(
            "ObserveStream",
            {
                "observation": "o1",
                "stream": "s1",
                "person": "li",
                "observed_at": "2024-05-06T03:00:00Z",
                "language": "80",
                "interaction": "81",
                "product_accuracy": "82",
                "emergency_handling": "83",
                "note": "clear",
            },
            capacity="supervision_group",
        ),
        *(
            Step(
                "RecordViolation",
                {
                    "person": "li",
                    "kind": kind,
                    "occasion": "s1",
                    "occurred_on": "2024-05-06",
                    "evidence": ["s1"],
                    "severity": "minor",
                    "note": "seen",
                },
                capacity="supervision_group",
            )
            for kind in ("late", "early_leave", "serious_stream_error")
        ),
        Step("ProposePenalty", {**LATE, "kind": "warning"}, capacity="supervision_group"),
        Step("ImposePenalty", LATE, by="qi", capacity="hr"),
        Step("RaiseObjection", {**LATE, "reason": "r", "named": []}, by="li"),
        Step("ResolveObjection", {**LATE, "version": 1, "finding": "f", "amended": []}, by="wei", capacity="hr"),
        Step("RevokePenalty", {**LATE, "reason": "the clock was wrong"}, by="qi", capacity="hr"),
        Step("ProposePenalty", {**SERIOUS, "kind": "warning"}, capacity="supervision_group"),
        Step("ImposePenalty", SERIOUS, by="qi", capacity="hr"),
        Step("RaiseObjection", {**SERIOUS, "reason": "r", "named": []}, by="li"),
        Step("WithdrawObjection", {**SERIOUS, "version": 1}, by="li"),
        Step("ProposePenalty", {**EARLY, "kind": "warning"}, capacity="supervision_group"),
        Step("RejectPenalty", {**EARLY, "reason": "excused"}, by="qi", capacity="hr"),
        Step(
            "WithdrawViolation",
            {"person": "li", "kind": "early_leave", "occasion": "s1", "cause": "it was agreed"},
            capacity="supervision_group",
        ),
        Step(
            "RecordCause",
            {"person": "li", "month": "2024-05", "finding": "careless"},
            capacity="supervision_group",
        ),
        *(
            Step(command, {"person": "li", "offence": "poor_performance", "occasion": "2024-05", **body}, by=by)
            for command, body, by in (
                ("SubmitRectificationPlan", {"measures": [{"what": "w", "due_on": "2024-06-20"}]}, "li"),
                ("ReturnRectificationPlan", {"opinions": "o"}, "qi"),
                ("AcceptRectificationPlan", {}, "qi"),
                ("CompleteRectification", {"evidence": ["s1"]}, "li"),
                ("VerifyRectification", {"effective": True, "finding": "f"}, "qi"),
                ("RecordRectificationRefusal", {"evidence": ["s1"]}, "qi"),
            )
        ),
        *(
            Step("ProposeAward", {**award, "causes": [{"ground": "merit", "fact": "s1"}]}, capacity="supervision_group")
            for award in (AWARD, OTHER, TEAM)
        ),
        Step("ApproveAward", AWARD, by="qi", capacity="hr"),
        Step("ApproveAward", TEAM, by="qi", capacity="hr"),
        Step("RejectAward", {**OTHER, "reason": "no merit"}, by="qi", capacity="hr"),
        Step("ConfirmAward", {**AWARD, "award": "w1", "reason": "it stands"}, by="qi", capacity="hr"),
        Step("RevokeAward", {**AWARD, "award": "w1", "reason": "it does not"}, by="qi", capacity="hr"),
    ),
}  # fmt: skip


@asynccontextmanager
async def organisation(name: str, databases: Databases | None = None) -> AsyncIterator[Served]:
    """A service, where it knows persons of the others; on PostgreSQL where databases are given."""
    service, broker = SERVICES[name], MemoryBroker()
    if name == "supervision":
        async with served(await in_memory(SERVICES["people"], broker)) as people:
            for step in FLOWS["people"]:
                route, headers = step.asks(SERVICES["people"])
                await people.http.post(route.path, json=step.body, headers=headers)
            await people.caught_up()
    if databases is None:
        async with served(await in_memory(service, broker)) as there:
            yield there
        return
    store = await open_store(await databases.make("template1"), dict.fromkeys(service.contract.topics, 2))
    try:
        async with served(await with_store(service, store, broker)) as there:
            yield there
    finally:
        await store.close()
