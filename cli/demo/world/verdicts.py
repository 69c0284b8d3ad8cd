"""How the people of the organisation decide on what the rules propose: drawn, and by a named person of the studio.

Some proposals are left open on purpose: pending, final, rejected and reversed are shown apart.
"""

from enum import StrEnum

from cli.demo.chance import Chance
from cli.demo.world.organisation import Organisation, Person
from cli.demo.world.training import Heroine
from shared.value import value

AGREED, DISAGREED = 0.75, 0.88  # draws below the first agree, below the second disagree, the rest decide nothing


class Verdict(StrEnum):
    YES = "yes"
    NO = "no"
    OPEN = "open"


@value
class Judge:
    """Who decides, in which capacity."""

    person: str
    capacity: str


class Deciders:
    """Of all studios."""

    def __init__(self, organisation: Organisation, heroine: Heroine, chance: Chance) -> None:
        self.heroine, self.chance = heroine, chance
        self.studio_of = {person.id: person.studio for person in organisation.persons}
        self.heads: dict[str, Person] = {studio.id: studio.supervisors[0] for studio in organisation.studios}
        self.officers: dict[str, Person] = {studio.id: studio.hr[0] for studio in organisation.studios}

    def on_award(self, person: str, period: str) -> Verdict:
        return self.drawn("award", person, period)

    def on_penalty(self, person: str, offence: str, occasion: str) -> Verdict:
        """The heroine's absence waits: her sick note comes before anybody decides; her failed exam is criticised."""
        if person == self.heroine.person.id and offence != "poor_performance":
            return Verdict.OPEN if occasion == self.heroine.absent_from else Verdict.YES
        return self.drawn("penalty", person, offence, occasion)

    def judge(self, person: str) -> Judge:
        """The studio's supervisor, never the person himself."""
        studio = self.studio_of[person]
        if (head := self.heads[studio]).id != person:
            return Judge(person=head.id, capacity="live_ops_supervisor")
        return Judge(person=self.officers[studio].id, capacity="hr")

    def drawn(self, *purpose: str) -> Verdict:
        draw = self.chance.unit("verdict", *purpose)
        return Verdict.YES if draw < AGREED else Verdict.NO if draw < DISAGREED else Verdict.OPEN
