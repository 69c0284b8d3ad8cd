"""Quarters, years and runs of excellent months over HTTP."""

from collections.abc import Mapping
from typing import Any

from fastapi.responses import PlainTextResponse, Response

from services.performance.periods.facts import Period, PeriodScore, PersonPeriod, periods, told
from services.performance.periods.streaks import PersonStreak, Streak, run_of, streaks
from services.performance.scores.disclosure import TEXT, Accepts, Words, as_document, as_text, wants_text
from services.performance.scores.unset import NO_ROLL_UP, lacking
from services.vocabulary import PersonId
from shared.access import requires
from shared.explanation import load
from shared.value import value
from shared.web import Actor, Read, Router

router = Router(prefix="/periods", tags=["periods"])
runs = Router(prefix="/streaks", tags=["periods"])


@value
class PeriodTold:
    """`error` says why there is no tree: no roll-up is configured for this population and period (P-10)."""

    result: PeriodScore | None = None
    document: Mapping[str, Any] | None = None
    used: tuple[str, ...] = ()
    error: str = ""
    not_configured: tuple[str, ...] = ()


@router.get("/{person}/{period}", dependencies=[requires("review.read")], response_model=PeriodTold, responses=TEXT)
async def period(
    *,
    person: PersonId,
    period: Period,
    read: Read,
    who: Actor,
    words: Words,
    accept: Accepts = "",
) -> PeriodTold | Response:
    """What the rated months of a quarter or year come to, which they are, and which are not rated. Clauses: E-61, E-62,
    O-95, O-98; P-10."""
    subject = PersonPeriod(person=person, period=period)
    found = await read.result(periods, subject)
    if found.error:
        return PeriodTold(used=found.used, error=found.error, not_configured=lacking(found.error, NO_ROLL_UP))
    if wants_text(accept):
        return PlainTextResponse(as_text(found.document, who.person, person, words))
    document = as_document(found.document, who.person, person)
    return PeriodTold(result=told(subject, load(found.document)), document=document, used=found.used)


@runs.get("/{person}", dependencies=[requires("review.read")])
async def streak(person: PersonId, read: Read) -> Streak:
    """How many months in a row were excellent, up to the latest that was rated, and which. Clauses: A-59; P-12."""
    subject = PersonStreak(person=person)
    return run_of(subject, load((await read.result(streaks, subject)).document))
