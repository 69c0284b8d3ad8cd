"""The deadline of a make-up. Clause: T-53; P-07."""

from collections.abc import Iterator
from datetime import datetime

from services.calendar import end_of
from services.training.exams.decisions import EndMakeUpTerm, exams
from services.training.exams.events import MakeUpExamGranted
from shared.reaction import Reaction


def end_make_up_term(granted: MakeUpExamGranted) -> Iterator[EndMakeUpTerm]:
    if granted.due_on is not None:
        yield EndMakeUpTerm(person=granted.person, session=granted.session, due_on=granted.due_on)


def end_of_term(granted: MakeUpExamGranted) -> datetime | None:
    return end_of(granted.due_on) if granted.due_on is not None else None


make_up_term = Reaction(name="make_up_term", to=exams, react=end_make_up_term, at=end_of_term)
