"""The whole of it: from the input and a seed to everything that is told to the services."""

from collections import Counter
from collections.abc import Mapping, Sequence

from cli.demo.chance import Chance
from cli.demo.inputs import Input
from cli.demo.world.complaints import Complaint, complaints
from cli.demo.world.disputes import Dispute, as_recorded, disputes
from cli.demo.world.figures import Audience, Figures
from cli.demo.world.lines import Origins
from cli.demo.world.observations import Observation, observations
from cli.demo.world.organisation import Organisation, organise
from cli.demo.world.rosters import Stream, rostered
from cli.demo.world.training import Heroine, School, Session
from shared.value import BUSINESS_ZONE, value

RATED = ("2024-05", "2024-06")  # the months that are wholly covered (R11)


@value
class World:
    origins: Origins
    organisation: Organisation
    streams: Sequence[Stream]  # distinct, in order of their starts
    repeats: Mapping[str, int]  # by stream: rows of the file that say it again
    figures: Mapping[str, Figures]  # by stream
    troubled: Sequence[str]  # assistant anchors whose work was complained of or fell off, the first ones most
    complaints: Sequence[Complaint]
    observations: Sequence[Observation]  # as they were recorded, slips included
    disputes: Sequence[Dispute]
    sessions: Sequence[Session]  # in order of their starts
    heroine: Heroine


def make_world(found: Input, *, seed: int, staff: int, origins: Origins) -> World:
    """Raises `Understaffed` where more streams run at once than `staff` anchors can be on."""
    chance = Chance(seed=seed)
    organisation = organise(found.people, staff, chance, origins.people)
    streams, diary = rostered(found.streams, organisation, chance)
    audience = Audience(found.streamers, organisation, chance)
    months = {stream.id: month(stream) for stream in streams}
    school = School(organisation, diary, found.quiz, chance=chance, real=origins.real)
    seen = list(observations(streams, organisation, diary, chance))
    heroine = school.heroine.person.id
    contested = disputes(seen, organisation.persons, months, rated=RATED, heroine=heroine, chance=chance)
    return World(
        origins=origins,
        organisation=organisation,
        streams=streams,
        repeats=Counter({stream: n - 1 for stream, n in Counter(row.stream for row in found.streams).items()}),
        figures={stream.id: audience.figures(stream, months[stream.id]) for stream in streams},
        troubled=audience.troubled,
        complaints=list(complaints(streams, audience.troubled[0], chance)),
        observations=list(as_recorded(seen, contested)),
        disputes=contested,
        sessions=school.sessions(),
        heroine=school.heroine,
    )


def month(stream: Stream) -> str:
    """Of its start, in Asia/Shanghai (R5)."""
    return f"{stream.started_at.astimezone(BUSINESS_ZONE):%Y-%m}"
