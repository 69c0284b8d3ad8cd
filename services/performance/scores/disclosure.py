"""What of a stored explanation is disclosed to whom, and in which form.

Observers stand in it by their capacity only, and raters by their relation, of which the mean alone is told (R5). Single
marks and attendances are the archive's: whoever is not the person himself sees what they came to, as an indicator's
score (R9).
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any

from fastapi import Depends

from services.answering import InForce, Language, Spoken
from services.performance.scores.languages import BY_RELATION, words
from services.performance.scores.measures import ATTENDANCE, BY, EXAM_MARKS, SESSIONS_MISSED
from services.vocabulary import PersonId
from shared.explanation import CLOSED, Closed, disclosed, evaluate, load, render, walk
from shared.value import value

STEPS = ("raw", "plus_proposed", "plus", "minus_proposed", "minus", "clamped")


async def words_of(policies: InForce, language: Spoken = Language.ZH) -> Mapping[str, str]:
    return words(language, policies)


Words = Annotated[Mapping[str, str], Depends(words_of)]


@value
class Effect:
    """What the adjustments came to: proposed, then capped as sums, then what the clamp left of them. None: the month
    has no points."""

    raw: str | None
    plus_proposed: str | None
    plus: str | None
    minus_proposed: str | None
    minus: str | None
    effective: str | None


def closed_to(reader: str, person: PersonId) -> Closed:
    return closed_to_all if reader == person else closed_to_others


def closed_to_all(name: str) -> str:
    return BY_RELATION if name in BY.values() else ""


def closed_to_others(name: str) -> str:
    return CLOSED if name in (EXAM_MARKS, ATTENDANCE, SESSIONS_MISSED) else closed_to_all(name)


def as_document(document: Mapping[str, Any], reader: str, person: PersonId) -> dict[str, Any]:
    return disclosed(document, closed_to(reader, person))


def as_text(document: Mapping[str, Any], reader: str, person: PersonId, words: Mapping[str, str]) -> str:
    return render(load(document), words, closed_to(reader, person)) + "\n"


def effect(document: Mapping[str, Any]) -> Effect:
    at = dict[str, Fraction | None]()
    for node in walk(load(document)):
        if getattr(node, "name", "") in STEPS and node.name not in at:
            found = evaluate(node)
            at[node.name] = found if isinstance(found, Fraction) else None
    raw, clamped = at.get("raw"), at.get("clamped")
    return Effect(
        raw=shown(raw),
        plus_proposed=shown(at.get("plus_proposed")),
        plus=shown(at.get("plus", at.get("plus_proposed"))),  # without a cap they are one
        minus_proposed=shown(at.get("minus_proposed")),
        minus=shown(at.get("minus", at.get("minus_proposed"))),
        effective=None if raw is None or clamped is None else shown(clamped - raw),
    )


def shown(exact: Fraction | None) -> str | None:
    if exact is None:
        return None
    return str((Decimal(exact.numerator) / exact.denominator).quantize(Decimal("0.01")))
