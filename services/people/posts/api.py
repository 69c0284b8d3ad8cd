"""Posts over HTTP."""

from services.people.posts.decisions import posts
from services.people.posts.events import Level, PostDefined
from services.people.posts.projections import Post, posts_defined
from services.vocabulary import PostId
from shared.access import requires
from shared.web import Accepted, Handle, Page, Paging, Read, Router

router = Router(prefix="/posts", tags=["posts"])


@router.post("/define", status_code=202, dependencies=[requires("post.define")])
async def define(command: PostDefined, handle: Handle) -> Accepted:
    """Define a post: the categories it brings, its level and the skills it asks for; said anew it is corrected.
    Clauses: O-08, S-12, S-19, S-23, S-31; C-42."""
    return await handle(posts, command)


@router.get("/{post}", dependencies=[requires("post.read")])
async def post(post: PostId, read: Read) -> Post:
    return await read(posts_defined, Post(post=post))


@router.get("", dependencies=[requires("post.read")])
async def listed(read: Read, paging: Paging, level: Level | None = None) -> Page[Post]:
    """All posts, or those of a level. Clauses: S-12, S-31."""
    return await read.page(posts_defined, paging, level=level)
