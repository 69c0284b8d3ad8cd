"""What performance is told: customers' tickets, the months' cycles, and everybody's review from its opening to its end.

April is opened and not rated: the streams of the input begin on its last day (R11).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cli.demo.world.complaints import WHAT, Complaint
from cli.demo.world.disputes import Dispute
from cli.demo.world.lines import IMPORTER, Line, Origin
from cli.demo.world.organisation import Organisation, Person, Studio
from shared.value import value

NOT_RATED = "the streams of the input begin on the last day of the month"
MERITS = "直播状态稳定，与观众互动及时。 Steady on air, prompt with the viewers."
SHORTCOMINGS = "商品讲解的数据支撑不足。 Products are explained with too few figures."
ADVICE = "每周复盘一场直播。 Go through one stream together every week."
OBJECTION = "这场直播的观察评分有误，请复核。 The marks of this stream are wrong: please look again."


@value
class Cycle:
    """A month and when its review goes on: moments of the mornings in question."""

    month: str
    not_rated: str | None
    opened_at: datetime
    reviewed_at: datetime  # the reviews are opened: the month is over
    scored_at: datetime
    told_at: datetime
    objected_at: datetime  # within the three days that the organisation gives
    completed_at: datetime


def cycle(month: str, not_rated: str | None, *days: tuple[int, int]) -> Cycle:
    opened, reviewed, scored, told, objected, completed = (datetime(2024, m, d, 1, tzinfo=UTC) for m, d in days)
    return Cycle(
        month=month,
        not_rated=not_rated,
        opened_at=opened,
        reviewed_at=reviewed,
        scored_at=scored,
        told_at=told,
        objected_at=objected,
        completed_at=completed,
    )


CYCLES = (
    cycle("2024-04", NOT_RATED, (4, 1), (4, 30), (5, 3), (5, 6), (5, 7), (5, 10)),
    cycle("2024-05", None, (5, 1), (5, 31), (6, 3), (6, 5), (6, 6), (6, 10)),
    cycle("2024-06", None, (6, 1), (6, 30), (7, 3), (7, 5), (7, 6), (7, 10)),
)


def ticket_lines(complaints: Sequence[Complaint]) -> Iterator[Line]:
    """A complaint that turned out to be none is said again, as an inquiry."""
    for complaint in complaints:
        yield ticket(complaint, "complaint", complaint.received_at)
        if complaint.withdrawn_at:
            yield ticket(complaint, "inquiry", complaint.withdrawn_at)


def ticket(complaint: Complaint, kind: str, at: datetime) -> Line:
    body = {
        "ticket": complaint.id,
        "customer": complaint.customer,
        "kind": kind,
        "subject": complaint.subject,
        "stream": complaint.stream,
        "assistant": complaint.assistant,
        "what": WHAT[complaint.subject],
    }
    return line("OpenCustomerTicket", body, at, f"{complaint.id}/{kind}")


def opening_lines(organisation: Organisation) -> Iterator[Line]:
    """Whoever is on air takes part."""
    for c in CYCLES:
        body = {"month": c.month, "not_rated": c.not_rated}
        yield line("OpenCycle", body, c.opened_at, f"cycle/{c.month}")
    for c in CYCLES:
        for studio in organisation.studios:
            for person in reviewed(studio):
                review = {**subject(person, c), "post": person.post, "studio": studio.id}
                yield line("OpenReview", review, c.reviewed_at, f"review/{person.id}/{c.month}")


def scoring_lines(organisation: Organisation) -> Iterator[Line]:
    for c in CYCLES:
        for studio in organisation.studios:
            for person in reviewed(studio):
                yield line("ScoreReview", subject(person, c), c.scored_at, f"scored/{person.id}/{c.month}")


Named = Mapping[str, str]  # of an observation: the event that says each criterion's mark


def closing_lines(organisation: Organisation, disputes: Mapping[Dispute, Named]) -> Iterator[Line]:
    """The studio's supervisor tells everybody the result, then the review is completed (R10), unless he objects."""
    for studio in organisation.studios:
        for c in CYCLES:
            if c.not_rated is None:
                for person in reviewed(studio):
                    yield told(person, c, studio.supervisors[0].id)
    for dispute, named in disputes.items():
        yield objected(dispute, named)
    contested = {(dispute.person, dispute.month) for dispute in disputes}
    for studio in organisation.studios:
        for c in CYCLES:
            for person in reviewed(studio):
                if (person.id, c.month) not in contested:
                    yield line("CompleteReview", subject(person, c), c.completed_at, f"completed/{person.id}/{c.month}")


def told(person: Person, c: Cycle, interviewer: str) -> Line:
    body = feedback(person.id, c.month, c.told_at.date().isoformat())
    return line("RecordFeedback", body, c.told_at, f"told/{person.id}/{c.month}", actor=interviewer)


def feedback(person: str, month: str, held_on: str) -> dict[str, Any]:
    return {
        "person": person,
        "month": month,
        "mode": "face_to_face",
        "merits": MERITS,
        "shortcomings": SHORTCOMINGS,
        "advice": ADVICE,
        "held_on": held_on,
    }


def objected(dispute: Dispute, named: Named) -> Line:
    """He names the marks that he holds to be wrong."""
    facts = [{"fact": fact, "field": criterion} for criterion, fact in named.items()]
    body = {"person": dispute.person, "month": dispute.month, "reason": OBJECTION, "named": facts}
    (at,) = (c.objected_at for c in CYCLES if c.month == dispute.month)
    return line("RaiseObjection", body, at, f"objected/{dispute.person}/{dispute.month}", actor=dispute.person)


def reviewed(studio: Studio) -> Sequence[Person]:
    return [*studio.anchors, *studio.assistants]


def subject(person: Person, c: Cycle) -> dict[str, Any]:
    return {"subject": {"person": person.id, "month": c.month}}


def line(command: str, body: dict[str, Any], at: datetime, key: str, actor: str = IMPORTER) -> Line:
    return Line(
        service="performance",
        command=command,
        body=body,
        occurred_at=at,
        key=key,
        origin=Origin.GENERATED,
        actor=actor,
    )
