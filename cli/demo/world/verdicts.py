"""How the people of the organisation decide on what the rules propose, and what follows: by named people of the studio.

It is drawn, but for a few assistant anchors whose work in one month was complained of or fell off: what becomes of
their penalties is set, so that every outcome is there. Some matters are left open on purpose: pending, held, final,
rejected and reversed are shown apart.
"""

from enum import StrEnum

from cli.demo.chance import Chance
from cli.demo.world.figures import TROUBLED_MONTH
from cli.demo.world.organisation import Person, Studio
from cli.demo.world.verdict import Verdict
from cli.demo.world.world import World
from shared.value import value

AGREED, DISAGREED = 0.75, 0.88  # draws below the first agree, below the second disagree, the rest decide nothing
OBJECTED = 0.12  # share of those who were penalised
POOR = "poor_performance"


class Rectified(StrEnum):
    """How far somebody comes who has to rectify (A-62)."""

    NOT_BEGUN = "not_begun"
    PLANNED = "planned"  # his plan waits for an answer
    ACCEPTED = "accepted"  # and is carried out
    VERIFIED = "verified"
    REPEATED = "repeated"  # what he did was not effective: it is required again, and planned again
    REFUSED = "refused"


@value
class Fate:
    """Of what is proposed for poor work. `objection`: whether it is upheld; none: nobody objects."""

    imposed: Verdict
    rectified: Rectified = Rectified.NOT_BEGUN
    objection: Verdict | None = None


FATES = (  # of the troubled, in their order; the first one's story is told
    Fate(imposed=Verdict.YES, rectified=Rectified.ACCEPTED, objection=Verdict.YES),
    Fate(imposed=Verdict.YES, rectified=Rectified.REFUSED),
    Fate(imposed=Verdict.YES, rectified=Rectified.VERIFIED, objection=Verdict.NO),
    Fate(imposed=Verdict.OPEN),
    Fate(imposed=Verdict.YES, rectified=Rectified.REPEATED),
    Fate(imposed=Verdict.YES, rectified=Rectified.PLANNED, objection=Verdict.OPEN),
    Fate(imposed=Verdict.NO),
    Fate(imposed=Verdict.YES, rectified=Rectified.VERIFIED),
)


@value
class Judge:
    """Who decides, in which capacity."""

    person: str
    capacity: str


@value
class Honoured:
    """A team that is awarded as a whole (S-50). `fact` shows what for; of both people neither is of it."""

    team: str
    item: str
    period: str
    fact: str
    proposer: Judge
    decider: Judge
    verdict: Verdict


class Deciders:
    """Of all studios."""

    def __init__(self, world: World, chance: Chance) -> None:
        organisation = world.organisation
        self.heroine, self.chance = world.heroine, chance
        self.disputes = world.disputes
        self.disputed = {(dispute.person, dispute.month) for dispute in world.disputes}
        self.fates = dict(zip(world.troubled, FATES, strict=False))
        self.studio_of = {person.id: person.studio for person in organisation.persons}
        self.heads: dict[str, Person] = {studio.id: studio.supervisors[0] for studio in organisation.studios}
        self.officers: dict[str, Person] = {studio.id: studio.hr[0] for studio in organisation.studios}
        self.honoured = honoured(next(s for s in organisation.studios if s.id == world.heroine.person.studio))

    def on_award(self, person: str, period: str) -> Verdict:
        return self.drawn("award", person, period)

    def on_penalty(self, person: str, offence: str, occasion: str) -> Verdict:
        """The heroine's absence waits: her sick note comes before anybody decides; her failed exam is criticised."""
        if fate := self.fate(person, offence, occasion):
            return fate.imposed
        if person == self.heroine.person.id and offence != POOR:
            return Verdict.OPEN if occasion == self.heroine.absent_from else Verdict.YES
        return self.drawn("penalty", person, offence, occasion)

    def on_objection(self, person: str, offence: str, occasion: str) -> Verdict | None:
        """To an imposed penalty; none: he does not object. Whoever objects to the review of a month leaves it at
        that."""
        if fate := self.fate(person, offence, occasion):
            return fate.objection
        if person == self.heroine.person.id or (person, occasion) in self.disputed:
            return None
        draw = self.chance.unit("objection", person, offence, occasion) / OBJECTED
        return None if draw >= 1 else Verdict.YES if draw < 0.4 else Verdict.NO if draw < 0.8 else Verdict.OPEN

    def on_rectification(self, person: str, month: str) -> Rectified:
        if fate := self.fate(person, POOR, month):
            return fate.rectified
        return Rectified(self.chance.among(list(Rectified), "rectified", person, month))

    def fate(self, person: str, offence: str, occasion: str) -> Fate | None:
        return self.fates.get(person) if (offence, occasion) == (POOR, TROUBLED_MONTH) else None

    def judge(self, person: str) -> Judge:
        """The studio's supervisor, never the person himself."""
        studio = self.studio_of[person]
        if (head := self.heads[studio]).id != person:
            return Judge(person=head.id, capacity="live_ops_supervisor")
        return self.handler(person)

    def handler(self, person: str) -> Judge:
        """Of an objection: human resources, who gave neither the result nor the penalty."""
        return Judge(person=self.officers[self.studio_of[person]].id, capacity="hr")

    def drawn(self, *purpose: str) -> Verdict:
        draw = self.chance.unit("verdict", *purpose)
        return Verdict.YES if draw < AGREED else Verdict.NO if draw < DISAGREED else Verdict.OPEN


def honoured(studio: Studio) -> Honoured:
    """The anchors of a studio, proposed by its supervisor, granted by human resources."""
    return Honoured(
        team=studio.anchors[0].unit,
        item="team_merit",
        period="2024-Q2",
        fact=f"GMV of the second quarter, {studio.id}",
        proposer=Judge(person=studio.supervisors[0].id, capacity="live_ops_supervisor"),
        decider=Judge(person=studio.hr[0].id, capacity="hr"),
        verdict=Verdict.YES,
    )
