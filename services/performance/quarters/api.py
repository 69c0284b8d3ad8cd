"""Quarters over HTTP."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

from services.performance.quarters.facts import PersonQuarter, Quarter, QuarterScore, quarters, told
from services.performance.scores.disclosure import TEXT, Accepts, InLanguage, as_text, wants_text
from services.performance.scores.languages import Language
from services.performance.scores.unset import NO_ROLL_UP, lacking
from services.vocabulary import PersonId
from shared.access import requires
from shared.explanation import load
from shared.value import value
from shared.web import Actor, Read

router = APIRouter(prefix="/quarters", tags=["quarters"])


@value
class QuarterTold:
    """`error` says why there is no tree: no roll-up function is configured (P-10)."""

    result: QuarterScore | None = None
    document: Mapping[str, Any] | None = None
    used: tuple[str, ...] = ()
    error: str = ""
    not_configured: tuple[str, ...] = ()


@router.get("/{person}/{quarter}", dependencies=[requires("review.read")], response_model=QuarterTold, responses=TEXT)
async def quarter(
    *,
    person: PersonId,
    quarter: Quarter,
    read: Read,
    who: Actor,
    accept: Accepts = "",
    language: InLanguage = Language.ZH,
) -> QuarterTold | Response:
    """What the rated months of a quarter come to, which they are, and which are not rated. Clauses: E-61; P-10."""
    subject = PersonQuarter(person=person, quarter=quarter)
    found = await read.result(quarters, subject)
    if found.error:
        return QuarterTold(used=found.used, error=found.error, not_configured=lacking(found.error, NO_ROLL_UP))
    if wants_text(accept):
        return PlainTextResponse(as_text(found.document, who.person, person, language))
    return QuarterTold(result=told(subject, load(found.document)), document=found.document, used=found.used)
