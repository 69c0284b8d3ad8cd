"""Posts and the categories that they bring."""

from dataclasses import replace

import pytest

from services.people.persons.events import Category
from services.people.posts.decisions import posts
from services.people.posts.events import PostDefined
from services.vocabulary import PostId
from shared.testing import given

ANCHOR = PostDefined(
    post=PostId("anchor"), title="主播 Anchor", categories=(Category.LIVE_MARKETING, Category.LIVE_TEAM)
)


def test_as_many_posts_are_defined_as_business_requires() -> None:
    specialist = PostDefined(post=PostId("operations_specialist"), title="运营专员 Operations specialist")
    for post in (ANCHOR, specialist):
        given(posts).when(post).then(post).when(post).then()


@pytest.mark.clause("C-42")
def test_the_categories_of_a_post_are_a_set() -> None:
    doubled = replace(ANCHOR, categories=(Category.LIVE_TEAM, Category.LIVE_MARKETING, Category.LIVE_TEAM))
    given(posts).when(doubled).then(ANCHOR)
    given(posts, ANCHOR).when(doubled).then()


def test_another_title_corrects_the_post() -> None:
    corrected = replace(ANCHOR, title="主播")
    given(posts, ANCHOR).when(corrected).then(corrected)
