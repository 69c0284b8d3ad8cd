"""Bonuses over HTTP. Amounts are in fen."""

from collections.abc import Mapping
from typing import Any

from fastapi.responses import PlainTextResponse, Response

from services.answering import TEXT, Accepts, wants_text
from services.performance.bonuses.decisions import DecideBonusReduction, RecordBonusPaid, bonuses
from services.performance.bonuses.events import Standing
from services.performance.bonuses.projections import BonusRow, BonusVersion, bonus_versions, bonuses_by_month
from services.performance.scores.disclosure import Words, as_document, as_text
from services.vocabulary import Fen, Month, PersonId
from shared.access import requires
from shared.value import value
from shared.web import Accepted, Actor, Handle, Page, Paging, Read, Router

router = Router(prefix="/bonuses", tags=["bonuses"])


@router.post("/pay", status_code=202, dependencies=[requires("bonus.pay")])
async def pay(command: RecordBonusPaid, handle: Handle) -> Accepted:
    """Record that a bonus was paid; what is paid is never taken back by machine. Clauses: O-108, E-63."""
    return await handle(bonuses, command)


@router.post("/decide-reduction", status_code=202, dependencies=[requires("bonus.decide")])
async def decide_reduction(command: DecideBonusReduction, handle: Handle) -> Accepted:
    """Decide whether a lower amount stands after a restatement; never about oneself. Clauses: O-108, S-45."""
    return await handle(bonuses, command)


@router.get("", dependencies=[requires("bonus.list")])
async def listed(
    read: Read, paging: Paging, month: Month | None = None, standing: Standing | None = None
) -> Page[BonusRow]:
    """Where the bonuses stand, by month and by what becomes of a difference. Clauses: O-108, O-109, E-63."""
    return await read.page(bonuses_by_month, paging, month=month, standing=standing)


@router.get("/{person}/{month}", dependencies=[requires("bonus.read")])
async def one(person: PersonId, month: Month, read: Read) -> BonusRow:
    """Where one person's bonus stands. Clauses: O-108, O-109, E-63."""
    return await read(bonuses_by_month, BonusRow(person=person, month=month))


@router.get("/{person}/{month}/versions", dependencies=[requires("bonus.read")])
async def versions(person: PersonId, month: Month, read: Read, paging: Paging) -> Page[BonusVersion]:
    """Every version with its difference, the month in which it takes effect, and its causes. Clauses: O-108, O-109."""
    return await read.page(bonus_versions, paging, person=person, month=month)


@value
class BonusTold:
    person: PersonId
    month: Month
    version: int
    amount: Fen
    document: Mapping[str, Any]


@router.get(
    "/{person}/{month}/explanation", dependencies=[requires("bonus.read")], response_model=BonusTold, responses=TEXT
)
async def explanation(
    *,
    person: PersonId,
    month: Month,
    read: Read,
    who: Actor,
    version: int | None = None,
    words: Words,
    accept: Accepts = "",
) -> BonusTold | Response:
    """Why a bonus is what it is, down to the result, the scheme and its clause. Clauses: O-108, O-109, E-63."""
    if version is None:
        version = (await read(bonuses_by_month, BonusRow(person=person, month=month))).version
    found = await read(bonus_versions, BonusVersion(person=person, month=month, version=version))
    if wants_text(accept):
        return PlainTextResponse(as_text(found.document, who.person, person, words))
    document = as_document(found.document, who.person, person)
    return BonusTold(person=person, month=month, version=version, amount=found.amount, document=document)
