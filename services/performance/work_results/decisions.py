"""Nobody tells another's result, nor one that is still to come. Clauses: S-21, O-102."""

from services.calendar import Day
from services.deciding import check_himself
from services.performance.work_results.events import Evidence, WorkResultRecorded
from services.vocabulary import PersonId
from shared.decider import Context, Refused
from shared.privacy import Note
from shared.register import register
from shared.value import value


@value
class RecordWorkResult:
    person: PersonId
    result: str
    occurred_on: Day
    description: Note
    evidence: Evidence


def recorded(command: RecordWorkResult, state: WorkResultRecorded | None, context: Context) -> WorkResultRecorded:
    check_himself("work_result", command.person, context)
    if command.occurred_on > context.today:
        raise Refused("work_result.not_yet", occurred_on=command.occurred_on, next="record it when it is there")
    return WorkResultRecorded(
        person=command.person,
        result=command.result,
        occurred_on=command.occurred_on,
        description=command.description,
        evidence=command.evidence,
    )


work_results = register(
    name="work_result",
    fact=WorkResultRecorded,
    key=lambda command: (command.person, command.result),
    says=recorded,
)
