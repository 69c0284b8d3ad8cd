"""What can be asked about posts."""

from dataclasses import replace

from services.people.persons.events import Category
from services.people.posts.events import Level, PostDefined
from services.vocabulary import PostId
from shared.projection import Projection
from shared.value import value


@value
class Post:
    post: PostId
    title: str = ""
    categories: tuple[Category, ...] = ()
    level: Level | None = None
    skills_required: tuple[str, ...] = ()


def post(row: Post, event: PostDefined) -> Post:
    return replace(
        row,
        title=event.title,
        categories=event.categories,
        level=event.level,
        skills_required=event.skills_required,
    )


posts_defined = Projection(name="posts", key=lambda event: Post(post=event.post), evolve=post, version=2)
