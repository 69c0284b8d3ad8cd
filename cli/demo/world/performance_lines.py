"""What performance is told: the months' cycles, and everybody's review from its opening to its end.

April is opened and not rated: the streams of the input begin on its last day (R11).
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from cli.demo.world.lines import IMPORTER, Line, Origin
from cli.demo.world.organisation import Organisation, Person, Studio
from shared.value import value

NOT_RATED = "the streams of the input begin on the last day of the month"
MERITS = "直播状态稳定，与观众互动及时。 Steady on air, prompt with the viewers."
SHORTCOMINGS = "商品讲解的数据支撑不足。 Products are explained with too few figures."
ADVICE = "每周复盘一场直播。 Go through one stream together every week."


@value
class Cycle:
    """A month and when its review goes on: moments of the mornings in question."""

    month: str
    not_rated: str | None
    opened_at: datetime
    reviewed_at: datetime  # the reviews are opened: the month is over
    scored_at: datetime
    told_at: datetime
    completed_at: datetime


def cycle(month: str, not_rated: str | None, *days: tuple[int, int]) -> Cycle:
    opened, reviewed, scored, told, completed = (datetime(2024, m, d, 1, tzinfo=UTC) for m, d in days)
    return Cycle(
        month=month,
        not_rated=not_rated,
        opened_at=opened,
        reviewed_at=reviewed,
        scored_at=scored,
        told_at=told,
        completed_at=completed,
    )


CYCLES = (
    cycle("2024-04", NOT_RATED, (4, 1), (4, 30), (5, 3), (5, 6), (5, 10)),
    cycle("2024-05", None, (5, 1), (5, 31), (6, 3), (6, 5), (6, 10)),
    cycle("2024-06", None, (6, 1), (6, 30), (7, 3), (7, 5), (7, 10)),
)


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


def closing_lines(organisation: Organisation) -> Iterator[Line]:
    """The studio's supervisor tells everybody the result, then the review is completed (R10)."""
    for studio in organisation.studios:
        for c in CYCLES:
            if c.not_rated is None:
                for person in reviewed(studio):
                    yield told(person, c, studio.supervisors[0].id)
    for studio in organisation.studios:
        for c in CYCLES:
            for person in reviewed(studio):
                yield line("CompleteReview", subject(person, c), c.completed_at, f"completed/{person.id}/{c.month}")


def told(person: Person, c: Cycle, interviewer: str) -> Line:
    body = {
        "person": person.id,
        "month": c.month,
        "mode": "face_to_face",
        "merits": MERITS,
        "shortcomings": SHORTCOMINGS,
        "advice": ADVICE,
        "held_on": c.told_at.date(),
    }
    return line("RecordFeedback", body, c.told_at, f"told/{person.id}/{c.month}", actor=interviewer)


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
