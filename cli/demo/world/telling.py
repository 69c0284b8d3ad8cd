"""All that is told, in the order in which one part may rest on another.

Objections name events, which have no ids before they are recorded: here they name none.
"""

from collections.abc import Iterator

from cli.demo.world.lines import Line
from cli.demo.world.people_lines import people_lines
from cli.demo.world.performance_lines import closing_lines, opening_lines, scoring_lines, ticket_lines
from cli.demo.world.supervision_lines import observation_lines, stream_lines
from cli.demo.world.training_lines import sick_note, training_lines
from cli.demo.world.world import World


def lines(world: World) -> Iterator[Line]:
    yield from people_lines(world.organisation)
    yield from training_lines(world.sessions)
    yield from stream_lines(world)
    yield from observation_lines(world)
    yield from ticket_lines(world.complaints)
    yield sick_note(world.heroine, world.sessions)
    yield from opening_lines(world.organisation)
    yield from scoring_lines(world.organisation)
    yield from closing_lines(world.organisation, {dispute: {} for dispute in world.disputes})
