"""What a person achieved 工作成果, with evidence, told by himself. Clauses: S-21, O-102."""

from datetime import date
from typing import Annotated

from annotated_types import Len

from services.vocabulary import PersonId, Text
from shared.privacy import Note
from shared.value import value

Evidence = Annotated[tuple[Text, ...], Len(1, 50)]  # where it can be seen: documents, tickets, tasks


@value
class WorkResultRecorded:
    """The same result again corrects it."""

    person: PersonId
    result: str
    occurred_on: date
    description: Note
    evidence: Evidence
