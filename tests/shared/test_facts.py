"""What is known of a subject: the last word about a thing, and all that was said about it.."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any, assert_type

import msgspec
import pytest

from shared.event import Meta, Recorded
from shared.facts import Known
from shared.value import value

NOON = datetime(2024, 5, 14, 4, tzinfo=UTC)


@value
class Weighed:
    parcel: str
    by: str
    grams: int


@value
class WeighedAgain:
    parcel: str
    by: str
    grams: int


@value
class Stamped:
    parcel: str
    by: str


Event = Weighed | WeighedAgain | Stamped


def said(event: Event, version: int, minutes: int, stream: str = "") -> Recorded[Event]:
    """In this version of its parcel's stream, so many minutes after noon."""
    of = stream or f"parcel/{event.parcel}"
    return Recorded(
        event=event,
        meta=Meta(
            id=f"{of}/{version}",
            service="test",
            stream=of,
            version=version,
            position=version,
            occurred_at=NOON + timedelta(minutes=minutes),
            recorded_at=NOON,
            actor="somebody",
        ),
    )


def known(*facts: Recorded[Event], concerns: Callable[[Event], bool] = lambda event: event.by == "ann") -> Known[Event]:
    return Known(facts, lambda event: event.parcel, concerns)


FIRST = said(Weighed(parcel="p", by="ann", grams=100), 1, minutes=0)
AGAIN = said(WeighedAgain(parcel="p", by="ann", grams=90), 2, minutes=-60)  # told late of what happened before
STAMP = said(Stamped(parcel="p", by="bob"), 3, minutes=5)
THIRD = said(Weighed(parcel="p", by="ann", grams=80), 4, minutes=-30)
OTHER = said(WeighedAgain(parcel="q", by="ann", grams=7), 1, minutes=0)


def test_the_last_word_of_several_kinds_is_the_one_that_was_said_last_whichever_kind_it_is() -> None:
    for arrival in permutations([FIRST, AGAIN, STAMP, THIRD, OTHER]):
        here = known(*arrival)
        assert here.last(Weighed, WeighedAgain) == {"p": THIRD, "q": OTHER}
        assert here.last(WeighedAgain) == {"p": AGAIN, "q": OTHER}
    assert known(FIRST, AGAIN).last(Weighed, WeighedAgain) == {"p": AGAIN}


def test_a_last_word_that_concerns_another_leaves_nothing() -> None:
    assert known(FIRST, AGAIN, STAMP).last(Weighed, Stamped) == {}


def test_all_words_about_a_thing_stand_in_the_order_in_which_they_were_said() -> None:
    for arrival in permutations([FIRST, AGAIN, STAMP, THIRD, THIRD]):
        here = known(*arrival)
        assert here.words(Weighed, WeighedAgain) == {"p": [FIRST, AGAIN, THIRD]}
        every: dict[Any, list[Recorded[Event]]] = here.words(Weighed, WeighedAgain, Stamped)
        assert every == here.words() == {"p": [FIRST, AGAIN, STAMP, THIRD]}


def test_one_stream_speaks_of_a_thing() -> None:
    elsewhere = Recorded(event=AGAIN.event, meta=msgspec.structs.replace(AGAIN.meta, stream="another", id="another/2"))
    both = known(FIRST, elsewhere)
    assert both.last(Weighed) == {"p": FIRST}
    for ask in (both.last, both.words):
        with pytest.raises(ValueError, match=r"another and parcel/p both speak of p"):
            ask(Weighed, WeighedAgain)


def test_what_is_known_keeps_its_types() -> None:
    assert_type(known(FIRST).last(Weighed).popitem()[1], Recorded[Weighed])
    assert_type(known(FIRST).words(Weighed, Stamped).popitem()[1][0].event, Weighed | Stamped)
