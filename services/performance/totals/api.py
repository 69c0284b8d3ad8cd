"""Totals of live streams over HTTP."""

from services.performance.totals.projections import StreamFigures, stream_figures
from services.performance.totals.total import Totals, total
from services.vocabulary import Month, UnitId
from shared.access import requires
from shared.web import Paged, Read, Router

router = Router(prefix="/totals", tags=["totals"])
PAGE = 500


@router.get("/{month}", dependencies=[requires("total.read")])
async def totals(month: Month, read: Read, studio: UnitId | None = None) -> Totals:
    """What the live streams of a month came to, in the organisation or one studio, and by post: always by minutes.
    Clauses: S-33 to S-36, S-38; ruling R5."""
    rows: list[StreamFigures] = []
    after = ""
    while True:
        page = await read.page(stream_figures, Paged(after=after, limit=PAGE), month=month, studio=studio)
        rows += page.items
        if page.next is None:
            return total(month, studio, rows)
        after = page.next
