"""Posts and the categories that they bring."""

from dataclasses import replace

import pytest

from services.people.persons.events import Category
from services.people.posts.decisions import posts
from services.people.posts.events import Level, PostDefined
from services.people.posts.projections import Post, posts_defined
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


@pytest.mark.clause("S-12", "S-19", "S-23")
def test_a_post_has_a_level_and_asks_for_skills() -> None:
    """002: video shooting of content staff, computing, networks and live technology of technical staff."""
    content = PostDefined(
        post=PostId("content_producer"), title="内容策划", skills_required=("文案撰写", "视频拍摄", "后期制作")
    )
    support = PostDefined(
        post=PostId("tech_support"),
        title="技术支持",
        level=Level.BASIC,
        skills_required=("计算机技术", "网络技术", "直播技术"),
    )
    for post in (content, support):
        (blank,) = posts_defined.touched(post)
        row = posts_defined.evolve(blank, post)  # type: ignore[call-arg]
        assert (row.post, row.level, row.skills_required) == (post.post, post.level, post.skills_required)
    trained = replace(support, skills_required=(*support.skills_required, "音频技术"))
    given(posts, support).when(support).then().when(trained).then(trained)


@pytest.mark.clause("S-31")
def test_customer_service_has_a_specialist_a_supervisor_and_a_manager() -> None:
    catalogue: dict[str, Post] = {}
    for name, title, level in (
        ("customer_service_specialist", "客服专员", Level.BASIC),
        ("customer_service_supervisor", "客服主管", Level.BASIC),
        ("customer_service_manager", "客服经理", Level.MIDDLE),
    ):
        post = PostDefined(post=PostId(name), title=title, level=level)
        given(posts).when(post).then(post)
        (blank,) = posts_defined.touched(post)
        catalogue[title] = posts_defined.evolve(blank, post)  # type: ignore[call-arg]
    assert {title: row.level for title, row in catalogue.items()} == {
        "客服专员": Level.BASIC,
        "客服主管": Level.BASIC,
        "客服经理": Level.MIDDLE,
    }
