"""Quarters, years and runs of excellent months over HTTP."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi.responses import PlainTextResponse, Response

from services.answering import TEXT, Accepts, InForce, wants_text
from services.calendar import Moment
from services.performance.periods.facts import Event, Period, PeriodScore, PersonPeriod, known_by, periods, told
from services.performance.periods.streaks import PersonStreak, Streak, run_of, streaks
from services.performance.scores.disclosure import Words, as_document, as_text
from services.performance.scores.unset import NO_ROLL_UP, lacking
from services.vocabulary import PersonId
from shared.access import requires
from shared.decider import Context, Refused
from shared.event import Recorded
from shared.explanation import dump, load
from shared.policy import Policies
from shared.store import Result
from shared.value import value
from shared.web import Actor, NotFound, Read, Router

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
    policies: InForce,
    as_of: Moment | None = None,
    as_of_position: int | None = None,
    accept: Accepts = "",
) -> PeriodTold | Response:
    """What the rated months of a quarter or year come to, which they are, and which are not rated; also as it stood
    before a month was restated: by what was recorded at a moment, or up to a position of the log. Clauses: E-61, E-62,
    O-95, O-98; P-10."""
    subject = PersonPeriod(person=person, period=period)
    found = await read.result(periods, subject)
    if as_of is not None or as_of_position is not None:
        facts = known_by(await read.known(periods, subject), as_of, as_of_position)
        found = as_it_stood(subject, facts, policies)
    if found.error:
        return PeriodTold(used=found.used, error=found.error, not_configured=lacking(found.error, NO_ROLL_UP))
    if wants_text(accept):
        return PlainTextResponse(as_text(found.document, who.person, person, words))
    document = as_document(found.document, who.person, person)
    return PeriodTold(result=told(subject, load(found.document)), document=document, used=found.used)


def as_it_stood(subject: PersonPeriod, facts: Sequence[Recorded[Event]], policies: Policies) -> Result:
    """Under the roll-up that holds for the period today. Raises NotFound where nothing was known."""
    if not facts:
        raise NotFound(periods.name)
    known, now = periods.gathered(subject, facts), datetime.now(UTC)
    try:
        tree = periods.compute(subject, known, Context(now=now, actor="", policies=policies))
    except Refused as refused:
        return Result(document=None, used=known.ids, computed_at=now, error=f"{refused.code} {refused.facts}")
    return Result(document=dump(tree), used=known.ids, computed_at=now)


@runs.get("/{person}", dependencies=[requires("review.read")])
async def streak(person: PersonId, read: Read) -> Streak:
    """How many months in a row were excellent, up to the latest that was rated, and which. Clauses: A-59; P-12."""
    subject = PersonStreak(person=person)
    return run_of(subject, load((await read.result(streaks, subject)).document))
