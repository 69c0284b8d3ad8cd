"""What facts hold, as if each event had been heard a minute after the one before, on the stream of its thing."""

from collections.abc import Hashable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from services.supervision.violations.facts import monthly_figures, window
from services.vocabulary import PersonMonth
from shared.event import Meta, Recorded
from shared.facts import Facts, Known
from shared.testing import Given
from tests.supervision.organisation import LI, MAY, NOON

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E")


def heard(facts: Facts[Any, Any, Any, Any], *events: Any) -> list[Recorded[Any]]:
    streams = [f"{type(event).__name__}:{facts.about(event)}" for event in events]
    return [
        Recorded(
            event=event,
            meta=Meta(
                id=f"e{i:03}",
                service="somewhere",
                stream=streams[i],
                version=streams[: i + 1].count(streams[i]),
                position=i + 1,
                occurred_at=NOON + timedelta(minutes=i),
                recorded_at=NOON + timedelta(minutes=i),
                actor="somebody",
            ),
        )
        for i, event in enumerate(events)
    ]


def known(facts: Facts[Any, Any, Any, Any], subject: Hashable, recorded: Sequence[Recorded[Any]]) -> Known[Any]:
    """Every event of every thing that ever named the subject."""
    things = {facts.about(r.event) for r in recorded if subject in facts.subjects(r.event)}
    return facts.gathered(subject, [r for r in recorded if facts.about(r.event) in things])


def seeing_months(specification: Given[C, S, E], *events: Any, month: str = MAY) -> Given[C, S, E]:
    """The figures of li's month and of the three before it."""
    recorded = heard(monthly_figures, *events)
    for one in window(PersonMonth(person=LI, month=type(MAY)(month))):
        specification = specification.seeing(monthly_figures, one, found=known(monthly_figures, one, recorded))
    return specification
