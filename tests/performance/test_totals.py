"""Totals of the organisation share each live stream by minutes: nothing counts twice. Rulings R5, R11."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from services.performance.scores.evidence import evidence_of
from services.performance.scores.measures import credited
from services.performance.scores.standard import Attribution
from services.performance.totals.projections import StreamFigures, stream_figures
from services.performance.totals.total import total
from services.supervision.contracts import StreamEnded
from services.vocabulary import Figure, Month, PersonMonth, PostId
from shared.explanation import evaluate
from tests.performance.month import BS_MAY, MAY, STUDIO, ended, figures, known, recorded
from tests.performance.test_projections import rows

MONTH = Month("2024-05")


def found(*events: Any) -> list[StreamFigures]:
    return rows(stream_figures, events)


def gmv_of(subject: PersonMonth, attribution: Attribution, *events: Any) -> Fraction:
    evidence = evidence_of(subject, known(recorded(events), subject))
    return sum((Fraction(str(evaluate(n))) for n in credited(Figure.GMV, attribution, evidence)), Fraction(0))


def crewed(stream: str, anchor: int, assistant: int) -> StreamEnded:
    told = ended(stream, a=anchor, b=assistant)
    return replace(told, crew=(told.crew[0], replace(told.crew[1], post=PostId("assistant_anchor"))))


@pytest.mark.clause("R5")
def test_the_organisation_counts_a_stream_once_whatever_each_person_is_credited_with() -> None:
    """Four hours, A three of them, B one, GMV 40,000: 30,000 and 10,000, together 40,000 and never 80,000."""
    events = (ended("s1", a=180, b=60), figures("s1", 0, gmv=4_000_000))
    whole = total(MONTH, STUDIO, found(*events))
    assert (whole.streams, whole.figures[Figure.GMV]) == (1, 4_000_000)
    by_minutes = [gmv_of(who, Attribution.BY_MINUTES, *events) for who in (MAY, BS_MAY)]
    assert by_minutes == [3_000_000, 1_000_000]
    assert sum(by_minutes) == whole.figures[Figure.GMV]
    assert sum(gmv_of(who, Attribution.FULL, *events) for who in (MAY, BS_MAY)) == 8_000_000


@pytest.mark.clause("R5")
@for_all(st.lists(st.tuples(st.integers(1, 600), st.integers(0, 600), st.integers(0, 10**8)), min_size=1, max_size=6))
def test_the_shares_of_the_posts_make_the_total(streams: list[tuple[int, int, int]]) -> None:
    events = [
        event
        for i, (a, b, gmv) in enumerate(streams)
        for event in (crewed(f"s{i}", a, b), figures(f"s{i}", 0, gmv=gmv))
    ]
    whole = total(MONTH, None, found(*events))
    assert whole.figures[Figure.GMV] == sum(gmv for _, _, gmv in streams)
    shares = sum(own[Figure.GMV] for own in whole.by_post.values())
    assert abs(shares - whole.figures[Figure.GMV]) <= Decimal("0.01") * len(whole.by_post)


@pytest.mark.clause("R11")
def test_what_is_too_long_is_in_no_total_and_what_has_no_figures_is_told() -> None:
    some = found(ended("s1", a=60), ended("s2", a=60, too_long=True), figures("s2", 0, gmv=100))
    whole = total(MONTH, None, some)
    assert (whole.streams, whole.too_long, whole.without_figures, whole.figures[Figure.GMV]) == (1, 1, 1, 0)


def test_figures_and_the_end_of_a_stream_may_come_in_any_order() -> None:
    events = (ended("s1", a=60), figures("s1", 0, gmv=100))
    assert found(*events) == found(*events[::-1])


def test_a_correction_is_the_last_word() -> None:
    (row,) = found(ended("s1", a=60), figures("s1", 0, gmv=100), figures("s1", 0, gmv=90))
    assert row.figures[Figure.GMV] == 90
