"""What an imposed demotion leads to. S-45; R3, R6, R7."""

from collections.abc import Iterator

from services.people.persons.decisions import persons
from services.people.persons.demotions import HoldDemotion, RequireDemotion, ReverseDemotion
from services.supervision.contracts import Objected, PenaltyImposed, PenaltyKind, PenaltyRevoked, holds
from shared.reaction import Reaction


def follow(
    penalty: PenaltyImposed | PenaltyRevoked | Objected,
) -> Iterator[RequireDemotion | HoldDemotion | ReverseDemotion]:
    """One reader for all, so that their order holds."""
    if penalty.kind is not PenaltyKind.DEMOTION:
        return
    match penalty:
        case PenaltyImposed():
            yield RequireDemotion(person=penalty.person, penalty=penalty.penalty)
        case PenaltyRevoked():
            yield ReverseDemotion(person=penalty.person, penalty=penalty.penalty)
        case _:
            if (held := holds(penalty)) is not None:
                yield HoldDemotion(person=penalty.person, penalty=penalty.penalty, held=held)


imposed_demotions = Reaction(name="imposed_demotion", to=persons, react=follow)
