"""A post 岗位 and what the regulations see in whoever holds it. Clauses: O-08, C-42."""

from services.people.persons.events import Category
from services.vocabulary import PostId, Text
from shared.value import value


@value
class PostDefined:
    """The same post again with another title or other categories is corrected."""

    post: PostId
    title: Text
    categories: tuple[Category, ...] = ()  # that an assignment to the post brings; sorted, each once


Event = PostDefined
