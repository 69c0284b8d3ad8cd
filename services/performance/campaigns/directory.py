"""Who holds which post, from what people tells: whose rules a proposal falls under. C-30, C-42."""

from dataclasses import replace
from datetime import date

from services.people.contracts import PersonAssignedToPost
from services.vocabulary import PersonId, PostId
from shared.projection import Projection
from shared.value import value


@value
class PostHeld:
    person: PersonId
    post: PostId | None = None
    assigned_from: date | None = None


def held(row: PostHeld, event: PersonAssignedToPost) -> PostHeld:
    """Of two dates the later counts, whichever was told first."""
    if row.assigned_from and event.effective_on < row.assigned_from:
        return row
    return replace(row, post=event.post, assigned_from=event.effective_on)


posts_held = Projection(name="posts_held", key=lambda event: PostHeld(person=event.person), evolve=held)
