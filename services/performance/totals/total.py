"""Totals of a studio or of the organisation: each live stream once, shared among its crew by minutes. Ruling R5."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction

from services.performance.reviews.results import hundredths
from services.performance.totals.projections import StreamFigures
from services.vocabulary import Figure, Month, PostId, UnitId
from shared.value import value


@value
class Totals:
    """`by_post` are the shares of whoever was on under that post, to two places; they make the total together but for
    streams on which nobody was."""

    month: Month
    studio: UnitId | None  # none: the organisation
    streams: int
    too_long: int  # over `stream.max_hours`: in no total (R11)
    without_figures: int
    figures: Mapping[Figure, int]
    by_post: Mapping[PostId, Mapping[Figure, Decimal]]


def total(month: Month, studio: UnitId | None, rows: Iterable[StreamFigures]) -> Totals:
    ended = list(rows)
    counted = [row for row in ended if not row.too_long]
    shares: dict[PostId, dict[Figure, Fraction]] = defaultdict(lambda: dict.fromkeys(Figure, Fraction(0)))
    for row in counted:
        on = sum(shift.minutes for shift in row.crew)
        for shift in row.crew if on else ():
            own = shares[shift.post]
            for name, amount in row.figures.items():
                own[name] += Fraction(amount * shift.minutes, on)
    return Totals(
        month=month,
        studio=studio,
        streams=len(counted),
        too_long=len(ended) - len(counted),
        without_figures=sum(not row.figures for row in counted),
        figures={name: sum(row.figures.get(name, 0) for row in counted) for name in Figure},
        by_post={post: {name: hundredths(v) for name, v in own.items()} for post, own in sorted(shares.items())},
    )
