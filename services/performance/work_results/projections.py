"""What a review sheet shows as evidence. Clauses: S-21, O-102."""

from dataclasses import replace
from datetime import date

from services.performance.work_results.events import WorkResultRecorded
from services.vocabulary import Month, PersonId
from shared.privacy import Note
from shared.projection import Projection
from shared.value import value


@value
class WorkResult:
    person: PersonId
    result: str
    month: Month = Month("")
    occurred_on: date | None = None
    description: Note | None = None
    evidence: tuple[str, ...] = ()


def work_result(row: WorkResult, event: WorkResultRecorded) -> WorkResult:
    return replace(
        row,
        month=Month(f"{event.occurred_on:%Y-%m}"),
        occurred_on=event.occurred_on,
        description=event.description,
        evidence=event.evidence,
    )


results_recorded = Projection(
    name="work_results", key=lambda event: WorkResult(person=event.person, result=event.result), evolve=work_result
)
