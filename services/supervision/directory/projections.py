"""What supervision knows of persons, from what people tells: whose rules somebody falls under. C-11, C-42."""

from dataclasses import replace
from datetime import date

from services.people.contracts import (
    CategoriesChanged,
    Category,
    Engagement,
    EngagementChanged,
    PersonAssignedToPost,
    PersonRegistered,
)
from services.vocabulary import PersonId, PostId, UnitId
from shared.projection import Projection
from shared.value import value

Event = PersonRegistered | CategoriesChanged | EngagementChanged | PersonAssignedToPost


@value
class Member:
    person: PersonId
    registered: bool = False
    categories: tuple[Category, ...] = ()
    engagement: Engagement | None = None
    engaged_from: date | None = None
    post: PostId | None = None
    studio: UnitId | None = None
    assigned_from: date | None = None

    @property
    def traits(self) -> list[dict[str, str]]:
        """One population for each of his categories."""
        own = {"engagement": self.engagement, "post": self.post, "studio": self.studio}
        known = {name: str(trait) for name, trait in own.items() if trait is not None}
        return [{**known, "category": str(category)} for category in self.categories]


def member(row: Member, event: Event) -> Member:
    """Of two dates the later counts, whichever was told first."""
    match event:
        case PersonRegistered():
            return replace(
                row,
                registered=True,
                categories=event.categories,
                engagement=event.engagement,
                engaged_from=event.joined_on,
            )
        case CategoriesChanged():
            return replace(row, categories=event.categories)
        case EngagementChanged():
            if row.engaged_from and event.effective_on < row.engaged_from:
                return row
            return replace(row, engagement=event.engagement, engaged_from=event.effective_on)
        case PersonAssignedToPost():
            if row.assigned_from and event.effective_on < row.assigned_from:
                return row
            return replace(row, post=event.post, studio=event.studio, assigned_from=event.effective_on)


members = Projection(name="members", key=lambda event: Member(person=event.person), evolve=member)
