"""Posts are defined; the same definition again changes nothing. Clause: O-08."""

from dataclasses import replace

from services.people.posts.events import Event, PostDefined
from shared.decider import Decider

State = PostDefined | None


def decide(command: PostDefined, state: State) -> list[Event]:
    defined = replace(command, categories=tuple(sorted(set(command.categories))))
    return [] if defined == state else [defined]


def evolve(state: State, event: Event) -> State:
    return event


posts: Decider[PostDefined, State, Event] = Decider(
    name="post",
    key=lambda command: (command.post,),
    initial=lambda: None,
    decide=decide,
    evolve=evolve,
)
