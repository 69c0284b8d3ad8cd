"""What is about a person he sees, unless an investigation delays it: with a reason, until a date, on record (R9)."""

from collections.abc import Container
from datetime import UTC, date, datetime

from services.vocabulary import PersonId, day


def disclosed(who: str, persons: Container[PersonId], withheld_until: date | None, today: date) -> bool:
    """Whether `who` may see today what is about these persons."""
    return who not in persons or withheld_until is None or withheld_until < today


def today() -> date:
    return day(datetime.now(UTC))
