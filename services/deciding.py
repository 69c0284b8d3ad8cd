"""What every decision about a person shares: who may decide, and the names of what is proposed. A leaf beside the
vocabulary. Rulings R3, R7, R8."""

from uuid import NAMESPACE_URL, uuid5

from services.vocabulary import PersonId
from shared.decider import Context, Refused


def check_not_the_subject(matter: str, person: PersonId, context: Context) -> None:
    """Raises Refused("<matter>.by_the_subject")."""
    if context.actor == person:
        raise Refused(f"{matter}.by_the_subject", next="somebody else does this")


def check_decider(matter: str, person: PersonId, context: Context) -> None:
    """A named person in a capacity of his own, who is not the subject. Raises Refused("<matter>.without_capacity")
    besides."""
    check_not_the_subject(matter, person, context)
    check_capacity(matter, context)


def check_capacity(matter: str, context: Context) -> None:
    """Raises Refused("<matter>.without_capacity")."""
    if context.capacity in ("", "system"):
        raise Refused(f"{matter}.without_capacity", next="a named person decides, in the capacity that may")


def check_himself(matter: str, person: PersonId, context: Context) -> None:
    """What nobody else may say for him; an importing account tells what he said. Raises
    Refused("<matter>.by_another")."""
    if context.actor != person and context.capacity != "system":
        raise Refused(f"{matter}.by_another", next="the person himself does this")


def numbered(matter: str, number: int) -> str:
    """The id of the how-manieth proposal in a matter: the same, however often it is decided."""
    return str(uuid5(NAMESPACE_URL, f"urn:kaibo:{matter}#{number}"))
