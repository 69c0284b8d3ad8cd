"""Posts are defined; the same definition again changes nothing. Clause: O-08."""

from dataclasses import replace

from services.people.posts.events import PostDefined
from shared.decider import Context
from shared.register import register


def defined(command: PostDefined, state: PostDefined | None, context: Context) -> PostDefined:
    return replace(command, categories=tuple(sorted(set(command.categories))))


posts = register(name="post", fact=PostDefined, key=lambda command: (command.post,), says=defined)
