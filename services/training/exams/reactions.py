"""The deadline of a make-up. Clause: T-53; P-07."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from services.training.exams.decisions import EndMakeUpTerm, exams
from services.training.exams.events import MakeUpExamGranted
from shared.reaction import Reaction
from shared.value import BUSINESS_ZONE


def end_make_up_term(granted: MakeUpExamGranted) -> Iterator[EndMakeUpTerm]:
    if granted.due_on is not None:
        yield EndMakeUpTerm(person=granted.person, session=granted.session, due_on=granted.due_on)


def end_of_term(granted: MakeUpExamGranted) -> datetime | None:
    """The midnight in Asia/Shanghai that ends the last day."""
    if granted.due_on is None:
        return None
    return datetime.combine(granted.due_on + timedelta(days=1), time(), BUSINESS_ZONE)


make_up_term = Reaction(name="make_up_term", to=exams, react=end_make_up_term, at=end_of_term)
