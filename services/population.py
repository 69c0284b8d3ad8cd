"""Whom a policy is for: the traits by which its population is told. Clauses: C-03, C-42."""

from services.people.contracts import Category, Engagement
from services.vocabulary import PostId, UnitId
from shared.value import value


@value
class Population:
    """All that is said holds together; what is not said is anybody. As a criterion: `{cel: "post == 'anchor'"}`."""

    category: tuple[Category, ...] = ()
    post: tuple[PostId, ...] = ()
    studio: tuple[UnitId, ...] = ()
    engagement: tuple[Engagement, ...] = ()
