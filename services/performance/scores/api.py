"""What a month would come to today, before it is scored."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi.responses import PlainTextResponse, Response

from services.answering import TEXT, Accepts, InForce, wants_text
from services.performance.scores.disclosure import Words, as_document, as_text
from services.performance.scores.facts import kpi
from services.performance.scores.unset import NO_STANDARD, lacking, unset
from services.vocabulary import Month, PersonId, PersonMonth
from shared.access import requires
from shared.value import value
from shared.web import Actor, Read, Router

router = Router(prefix="/scores", tags=["scores"])


@value
class Running:
    """`error` says why there is no tree: the review is not open, or its post has no standard. `not_configured` are the
    settings that the organisation has left open."""

    person: PersonId
    month: Month
    value: str = ""  # the grade, or missing, not_rated
    score: str = ""
    document: Mapping[str, Any] | None = None
    used: tuple[str, ...] = ()
    computed_at: datetime
    error: str = ""
    not_configured: tuple[str, ...] = ()


@router.get("/{person}/{month}", dependencies=[requires("score.read")], response_model=Running, responses=TEXT)
async def running(
    *,
    person: PersonId,
    month: Month,
    read: Read,
    who: Actor,
    policies: InForce,
    words: Words,
    accept: Accepts = "",
) -> Running | Response:
    """What is known of a month today, with its tree; as text where `Accept: text/plain` asks. Clauses: S-38, S-42."""
    found = await read.result(kpi, PersonMonth(person=person, month=month))
    if found.error:
        return Running(
            person=person,
            month=month,
            used=found.used,
            computed_at=found.computed_at,
            error=found.error,
            not_configured=lacking(found.error, NO_STANDARD),
        )
    if wants_text(accept):
        return PlainTextResponse(as_text(found.document, who.person, person, words))
    document = as_document(found.document, who.person, person)
    return Running(
        person=person,
        month=month,
        value=document["tree"]["value"],
        score=document["tree"]["of"]["value"],
        document=document,
        used=found.used,
        computed_at=found.computed_at,
        not_configured=unset(found.document, month, policies),
    )
