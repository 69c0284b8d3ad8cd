"""A post 岗位: what the regulations see in whoever holds it, its level, and the skills that it asks for.

Clauses: O-08, S-12, S-19, S-23, S-31; C-42.
"""

from enum import StrEnum
from typing import Annotated

from annotated_types import Len

from services.people.persons.events import Category
from services.vocabulary import PostId, Text
from shared.value import value


class Level(StrEnum):
    """Of management (S-12)."""

    SENIOR = "senior"  # 高层管理
    MIDDLE = "middle"  # 中层管理
    BASIC = "basic"  # 基层管理


@value
class PostDefined:
    """The same post said anew is corrected."""

    post: PostId
    title: Text
    categories: tuple[Category, ...] = ()  # that an assignment to the post brings; sorted, each once
    level: Level | None = None
    skills_required: Annotated[tuple[Text, ...], Len(0, 50)] = ()


Event = PostDefined
