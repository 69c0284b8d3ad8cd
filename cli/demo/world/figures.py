"""The figures of a live stream, from those of a real streamer's year.

Viewers by the minute and followers by the viewer follow the streamer's row; the row's distance from the middle one is
drawn together by its square root, for these are studios of one organisation, not the world's largest. Everything that
the row does not tell (interactions, clicks, buyers, money, ratings, complaints) is generated.
"""

from collections.abc import Mapping, Sequence
from math import sqrt
from random import Random

from cli.demo.chance import Chance
from cli.demo.inputs.streamers import Streamer
from cli.demo.world.organisation import Organisation
from cli.demo.world.rosters import Stream
from shared.value import value

MIDDLE = 40.0  # viewers a minute of the middle row
COMPLAINED_OF, DECLINING = 4, 4  # assistant anchors whose June draws complaints, or falls off: what A-61 is about
TROUBLED_MONTH = "2024-06"


@value
class Figures:
    """As supervision records them of a stream."""

    viewers: int
    interactions: int
    clicks: int
    buyers: int
    gmv: int  # fen
    new_followers: int
    ratings: int
    satisfied: int
    complaints: int
    other_complaints: int


@value
class Trouble:
    complained_of: frozenset[str]
    declining: frozenset[str]


class Audience:
    """Who watches: each anchor has a streamer's row, in the order of a draw."""

    def __init__(self, streamers: Sequence[Streamer], organisation: Organisation, chance: Chance) -> None:
        self.chance = chance
        self.rows = chance.draws("streamers").sample(list(streamers), len(streamers))
        anchors = [anchor.id for studio in organisation.studios for anchor in studio.anchors]
        self.row_of: Mapping[str, Streamer] = {a: self.rows[i % len(self.rows)] for i, a in enumerate(anchors)}
        rates = sorted(rate(row) for row in streamers)
        self.middle = rates[len(rates) // 2]
        assistants = [assistant.id for studio in organisation.studios for assistant in studio.assistants]
        troubled = chance.draws("trouble").sample(assistants, min(len(assistants), COMPLAINED_OF + DECLINING))
        self.troubled: Sequence[str] = troubled
        self.trouble = Trouble(
            complained_of=frozenset(troubled[:COMPLAINED_OF]), declining=frozenset(troubled[COMPLAINED_OF:])
        )

    def figures(self, stream: Stream, month: str) -> Figures:
        """`month` is the stream's, in Asia/Shanghai."""
        draws = self.chance.draws("figures", stream.id)
        lead = stream.crew[0].person if stream.crew else ""
        crew = {shift.person for shift in stream.crew}
        row = self.row_of.get(lead) or self.rows[self.chance.below(len(self.rows), "row", stream.id)]
        trouble = self.trouble if month == TROUBLED_MONTH else Trouble(complained_of=frozenset(), declining=frozenset())
        drop = 0.4 if crew & trouble.declining else 1.0
        viewers = max(20, int(MIDDLE * sqrt(rate(row) / self.middle) * stream.minutes * draws.uniform(0.7, 1.3) * drop))
        clicks = int(viewers * draws.uniform(0.05, 0.16))
        buyers = int(clicks * draws.uniform(0.08, 0.26))
        ratings = buyers // 8
        return Figures(
            viewers=viewers,
            interactions=int(viewers * draws.uniform(0.15, 0.6)),
            clicks=clicks,
            buyers=buyers,
            gmv=buyers * draws.randrange(3_900, 19_900),
            new_followers=max(0, viewers * row.followers_gained // row.views_gained),
            ratings=ratings,
            satisfied=int(ratings * draws.uniform(0.76, 0.98)),
            complaints=complaints(draws) + (draws.randrange(2, 5) if crew & trouble.complained_of else 0),
            other_complaints=complaints(draws),
        )


def rate(row: Streamer) -> float:
    """Viewers a minute."""
    return row.views_gained / row.stream_minutes


def complaints(draws: Random) -> int:
    """Mostly none."""
    return max(0, int(draws.gauss(-1.2, 1.0)))
