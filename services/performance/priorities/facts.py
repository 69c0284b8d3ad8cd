"""What is known of a person's months: rated, excellent, objected to. Clause: A-59; rulings R5, R6, R7."""

from services.performance.periods.streaks import reaching, verdict
from services.performance.reviews.events import (
    ReviewCompleted,
    ReviewObjectionRaised,
    ReviewObjectionResolved,
    ReviewObjectionWithdrawn,
    ScoreRestated,
)
from services.vocabulary import Month, PersonId, PostId, UnitId
from shared.facts import Facts, Known
from shared.value import value

Ended = ReviewObjectionResolved | ReviewObjectionWithdrawn
Event = ReviewCompleted | ScoreRestated | ReviewObjectionRaised | Ended


@value
class PersonMonths:
    person: PersonId


@value
class CompletedMonth:
    """`result` is the event that says so last; post and studio are those under which it was completed."""

    month: Month
    result: str
    excellent: bool | None  # none: not rated
    contested: bool
    post: PostId
    studio: UnitId


@value
class Record:
    """In the order of the months."""

    person: PersonId
    months: tuple[CompletedMonth, ...]

    def run(self, to: Month | None = None) -> tuple[CompletedMonth, ...]:
        """The excellent months in a row that reach to this month, or to the latest."""
        known = {one.month: one for one in self.months if to is None or one.month <= to}
        return tuple(known[month] for month in reaching({month: one.excellent for month, one in known.items()}))


def about(event: Event) -> tuple[str, ...]:
    return "review", event.subject.person, event.subject.month


def subjects(event: Event) -> list[PersonMonths]:
    return [PersonMonths(person=event.subject.person)]


def record(subject: PersonMonths, known: Known[Event]) -> Record:
    completed, results = known.last(ReviewCompleted), known.last(ReviewCompleted, ScoreRestated)
    contested = objected_to(known)
    months = tuple(
        CompletedMonth(
            month=result.event.subject.month,
            result=result.meta.id,
            excellent=verdict(result.event),
            contested=result.event.subject.month in contested,
            post=completed[thing].event.post,
            studio=completed[thing].event.studio,
        )
        for thing, result in results.items()
        if thing in completed
    )
    return Record(person=subject.person, months=tuple(sorted(months, key=lambda one: one.month)))


def objected_to(known: Known[Event]) -> set[Month]:
    """Months with an objection to any version that nobody has answered."""
    raised = {(r.event.subject.month, r.event.told.version) for r in known.every(ReviewObjectionRaised)}
    resolved = {(r.event.subject.month, r.event.told.version) for r in known.every(ReviewObjectionResolved)}
    withdrawn = {(r.event.subject.month, r.event.told.version) for r in known.every(ReviewObjectionWithdrawn)}
    return {month for month, _ in raised - resolved - withdrawn}


months_completed = Facts(name="months_completed", about=about, subjects=subjects, result=record)
