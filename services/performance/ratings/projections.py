"""The raters of a person's month and what they gave. Who reads how much of it is the routes' part. Clause: O-94."""

from dataclasses import replace

from services.performance.ratings.events import (
    Event,
    Marks,
    RaterFeedbackClosed,
    RaterFeedbackSubmitted,
    RatersInvited,
    Relation,
)
from services.vocabulary import Month, PersonId
from shared.privacy import Note
from shared.projection import Projection
from shared.value import value


@value
class Rater:
    person: PersonId  # who is judged
    rater: PersonId
    relation: Relation
    marks: Marks | None = None
    comment: Note | None = None


@value
class RaterFeedback:
    person: PersonId
    month: Month
    raters: tuple[Rater, ...] = ()
    closed: bool = False


def feedback(row: RaterFeedback, event: Event) -> RaterFeedback:
    match event:
        case RatersInvited():
            new = {r.rater: Rater(person=row.person, rater=r.rater, relation=r.relation) for r in event.raters}
            return replace(row, raters=tuple(({r.rater: r for r in row.raters} | new).values()))
        case RaterFeedbackSubmitted():
            return replace(
                row,
                raters=tuple(
                    replace(r, marks=event.marks, comment=event.comment) if r.rater == event.rater else r
                    for r in row.raters
                ),
            )
        case RaterFeedbackClosed():
            return replace(row, closed=True)


rater_feedback = Projection(
    name="rater_feedback",
    key=lambda event: RaterFeedback(person=event.person, month=event.month),
    evolve=feedback,
)
