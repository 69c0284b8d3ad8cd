from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from services.supervision.streams.decisions import (
    Command,
    CorrectFigures,
    EndStream,
    ScheduleStream,
    StartStream,
    State,
    streams,
)
from services.supervision.streams.events import Event, Shift, StreamEnded, StreamScheduled, StreamStarted
from services.supervision.streams.projections import Phase, Stream, all_streams
from services.supervision.streams.rules import StreamRules
from services.vocabulary import Figure, Month, StreamId
from shared.policy import load_policy
from shared.testing import Given, given
from tests.supervision.folding import folded
from tests.supervision.organisation import (
    ANCHOR,
    ASSISTANT,
    LI,
    NO_LIMIT,
    NOON,
    STUDIO,
    TWELVE_HOURS,
    WANG,
    ended,
    figures,
    shipped,
)

S1 = StreamId("s1")
SCHEDULE = ScheduleStream(stream=S1, studio=STUDIO, starts_at=NOON)
START = StartStream(stream=S1, studio=STUDIO, started_at=NOON)
SCHEDULED = StreamScheduled(stream=S1, studio=STUDIO, starts_at=NOON)
STARTED = StreamStarted(stream=S1, studio=STUDIO, started_at=NOON)
ENDED = ended()


def ending(hours: float = 2, *crew: Shift, stream: str = "s1") -> EndStream:
    lasted = timedelta(hours=hours)
    return EndStream(
        stream=StreamId(stream),
        studio=STUDIO,
        started_at=NOON,
        ended_at=NOON + lasted,
        crew=crew or ended(hours=int(hours)).crew,
    )


def on(minutes: int, person: str = "li") -> Shift:
    return Shift(person=type(LI)(person), post=ASSISTANT, minutes=minutes)


def unlimited(*history: Event) -> Given[Command, State, Event]:
    return given(streams, *history).under(NO_LIMIT)


def test_a_stream_is_scheduled_started_and_ended_with_its_crew() -> None:
    unlimited().when(SCHEDULE).then(SCHEDULED).when(START).then(STARTED).when(ending()).then(ENDED)


def test_a_repeat_changes_nothing() -> None:
    unlimited(SCHEDULED).when(SCHEDULE).then()
    unlimited(SCHEDULED, STARTED).when(START).then()
    unlimited(ENDED).when(ending()).then()
    unlimited(ENDED, figures()).when(figures()).then()


def test_a_stream_that_has_not_started_may_be_moved() -> None:
    later = replace(SCHEDULED, starts_at=NOON + timedelta(days=1))
    unlimited(SCHEDULED).when(replace(SCHEDULE, starts_at=later.starts_at)).then(later)
    unlimited(STARTED).when(SCHEDULE).refused("stream.out_of_turn")
    unlimited(STARTED).when(replace(START, started_at=NOON + timedelta(hours=1))).refused("stream.started_already")
    unlimited(ENDED).when(START).refused("stream.out_of_turn")


def test_ending_it_again_corrects_the_roster_and_keeps_the_figures() -> None:
    alone = ending(2, on(120))
    corrected = replace(ENDED, crew=alone.crew)
    unlimited(ENDED, figures()).when(alone).then(corrected).when(figures()).then()


def test_it_ends_after_it_started() -> None:
    unlimited().when(replace(ending(), ended_at=NOON)).refused("stream.ends_before_start")


def test_somebody_was_on() -> None:
    unlimited().when(replace(ending(), crew=())).refused("stream.without_crew")


def test_nobody_is_on_for_longer_than_the_stream_lasted() -> None:
    unlimited().when(ending(2, on(121))).refused("stream.shift_too_long", minutes=120)
    unlimited().when(ending(2, on(70), replace(on(51), post=ANCHOR))).refused(
        "stream.shift_too_long", persons={LI: 121}
    )
    two_hours_and_a_second = replace(ending(2, on(121)), ended_at=NOON + timedelta(hours=2, seconds=1))
    assert unlimited().when(two_hours_and_a_second).refusal is None
    assert unlimited().when(ending(2, on(120), on(120, "wang"))).refusal is None


@pytest.mark.clause("R11")
def test_a_stream_over_the_organisations_limit_is_kept_and_flagged_and_may_be_without_crew() -> None:
    given(streams).under(TWELVE_HOURS).when(ending(12)).then(ended(hours=12))
    too_long = replace(ending(13), crew=())
    given(streams).under(TWELVE_HOURS).when(too_long).then(replace(ended(hours=13, too_long=True), crew=()))
    second = replace(ending(12), ended_at=NOON + timedelta(hours=12, seconds=1))
    (event,) = given(streams).under(TWELVE_HOURS).when(second).events
    assert isinstance(event, StreamEnded)
    assert event.too_long


@pytest.mark.clause("R11")
def test_without_a_limit_no_stream_is_flagged() -> None:
    """Unset is not configured, never twelve hours."""
    unlimited().when(ending(300)).then(ended(hours=300))
    assert load_policy(StreamRules, shipped("stream_rules")).max_hours is None


def test_figures_follow_the_end_and_may_be_corrected() -> None:
    unlimited(STARTED).when(figures()).refused("stream.not_ended")
    unlimited(ENDED, figures()).when(figures(viewers=900)).then(figures(viewers=900))
    unlimited(ENDED).when(replace(figures(), satisfied=21)).refused("metrics.more_satisfied_than_asked", ratings=20)


@pytest.mark.parametrize("wrong", [{"minutes": -1}, {"started_at": "2024-05-14T12:00:00"}, {"crew": None}])
def test_what_is_no_stream_is_refused_at_the_edge(wrong: dict[str, object]) -> None:
    shift = {"person": "li", "post": "anchor", "minutes": wrong.get("minutes", 5)}
    body = {
        "stream": "s1",
        "studio": "studio",
        "started_at": wrong.get("started_at", "2024-05-14T12:00:00Z"),
        "ended_at": "2024-05-14T13:00:00Z",
        "crew": wrong.get("crew", [shift]),
    }
    with pytest.raises(ValidationError):
        TypeAdapter(EndStream).validate_python(body)


@pytest.mark.clause("R7")
def test_an_upheld_objection_corrects_the_figure_that_it_names() -> None:
    there = unlimited(ENDED, figures(complaints=8))
    fewer = CorrectFigures(stream=ENDED.stream, now={Figure.COMPLAINTS: 3})
    there.when(fewer).then(figures(complaints=3)).when(fewer).then()
    satisfied = CorrectFigures(stream=ENDED.stream, now={Figure.SATISFIED: 21})
    there.when(satisfied).refused("metrics.more_satisfied_than_asked")
    together = CorrectFigures(stream=ENDED.stream, now={Figure.SATISFIED: 21, Figure.RATINGS: 30})
    there.when(together).then(replace(figures(complaints=8), satisfied=21, ratings=30))
    unlimited(ENDED).when(fewer).refused("stream.not_ended")


@pytest.mark.parametrize("history", [(figures(),), (STARTED, figures()), (ENDED, STARTED), (STARTED, SCHEDULED)])
def test_what_cannot_have_happened_is_no_history(history: tuple[Event, ...]) -> None:
    with pytest.raises(ValueError, match="of a stream that is"):
        streams.state(history)


def test_the_list_of_streams_knows_the_month_in_shanghai() -> None:
    late = datetime(2024, 5, 31, 16, 30, tzinfo=UTC)  # half past midnight on 1 June
    rows = folded(all_streams, SCHEDULED, STARTED, ended(started_at=late), figures(viewers=900, complaints=3))
    (row,) = rows
    assert isinstance(row, Stream)
    assert (row.month, row.phase, row.studio) == (Month("2024-06"), Phase.ENDED, STUDIO)
    assert (row.viewers, row.complaints, row.too_long) == (900, 3, False)
    assert {shift.person for shift in row.crew} == {LI, WANG}
