"""What the files hold, real ones and generated ones alike; ruling R11."""

import csv
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cli.demo.generator import FULL, REAL, SMALL, Size, generate
from cli.demo.inputs import PEOPLE, QUIZ, STREAMERS, STREAMS, Unusable, read_input
from cli.demo.inputs.people import read_people
from cli.demo.inputs.quiz import read_quiz
from cli.demo.inputs.streamers import read_streamers
from cli.demo.inputs.streams import StreamRow, read_streams
from cli.demo.inputs.tables import TableError
from tests.demo.conftest import Found

SHANGHAI = ZoneInfo("Asia/Shanghai")


def month(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m}"


def at_once(streams: list[StreamRow]) -> int:
    """The most that run at one moment, by counting those that run when one starts."""
    spans = sorted((s.started_at, s.ended_at) for s in streams)
    most, running = 0, list[datetime]()
    for start, end in spans:
        running = [e for e in running if e > start] + [end]
        most = max(most, len(running))
    return most


@pytest.mark.clause("R11")
def test_the_anomalies_of_the_streams(found: Found) -> None:
    """R11: repeats, streams over twelve hours, month ends, months that differ between UTC and Shanghai, peaks."""
    rows, expected = found.input.streams, found.expected
    streams = list({row.stream: row for row in rows}.values())
    scored = [s for s in streams if s.ended_at - s.started_at <= timedelta(hours=12)]
    assert (len(rows), len(streams)) == (expected.rows, expected.distinct)
    assert len(streams) - len(scored) == expected.too_long
    assert sum(month(s.started_at, SHANGHAI) != month(s.ended_at, SHANGHAI) for s in streams) == expected.crossing
    differ = sum(month(s.started_at, SHANGHAI) != month(s.started_at, ZoneInfo("UTC")) for s in streams)
    assert differ == expected.other_month
    assert at_once(streams) == expected.peak
    assert at_once(scored) == expected.peak_scored


@pytest.mark.clause("R11")
def test_repeats_say_the_same(found: Found) -> None:
    by_id = Counter(row.stream for row in found.input.streams)
    repeated = {stream for stream, times in by_id.items() if times > 1}
    assert repeated
    assert len({(r.stream, r.started_at, r.ended_at) for r in found.input.streams}) == len(by_id)


def test_some_streams_never_end(found: Found) -> None:
    assert any(row.ended_at - row.started_at > timedelta(days=30) for row in found.input.streams)


def test_the_proportions_of_the_people(found: Found) -> None:
    departments = Counter(person.department for person in found.input.people)
    assert {"Managers", "S/W Dept", "Marketing Dept", "Sales Dept", "Hr Dept"} <= set(departments)
    assert len({person.company for person in found.input.people}) == 3
    late = sum(person.joined_on is not None and f"{person.joined_on}" == "2024-05-22" for person in found.input.people)
    undated = sum(person.joined_on is None for person in found.input.people)
    whole = len(found.input.people)
    assert 0.2 < late / whole < 0.6
    assert 0.2 < undated / whole < 0.6


def test_the_quiz_has_one_excellent_five_good_and_four_fails(found: Found) -> None:
    scores = [attempt.score for attempt in found.input.quiz]
    assert len(scores) == 10
    assert sum(score >= 90 for score in scores) == 1
    assert sum(75 <= score < 90 for score in scores) == 5
    assert sum(score < 60 for score in scores) == 4
    assert all(score == score.quantize(Decimal("0.01")) for score in scores)


def test_a_seed_makes_the_same_files_and_another_one_others(tmp_path: Path) -> None:
    expected = [generate(tmp_path / name, seed, SMALL) for name, seed in (("a", 3), ("b", 3), ("c", 4))]
    assert expected[0] == expected[1]
    for file in (PEOPLE, QUIZ, STREAMERS, STREAMS):
        a, b, c = ((tmp_path / name / file).read_bytes() for name in "abc")
        assert a == b
        assert a != c


@pytest.mark.parametrize("seed", range(5))
def test_what_is_planned_holds_for_every_seed(tmp_path: Path, seed: int) -> None:
    expected = generate(tmp_path, seed, SMALL)
    found = read_input(tmp_path)
    scored = [row for row in {row.stream: row for row in found.streams}.values() if row.seconds <= 12 * 3600]
    assert expected.peak_scored == SMALL.peak == at_once(scored)
    assert len(scored) == expected.distinct - expected.too_long


def test_the_generator_keeps_the_real_proportions(tmp_path: Path) -> None:
    expected = generate(tmp_path, 1, Size(people=FULL.people, rows=FULL.rows, streamers=40, peak=FULL.peak))
    assert (expected.rows, expected.distinct, expected.too_long) == (REAL.rows, REAL.distinct, REAL.too_long)
    assert (expected.crossing, expected.other_month) == (REAL.crossing, REAL.other_month)
    assert expected.peak_scored == REAL.peak_scored
    minutes = sorted(row.seconds / 60 for row in read_streams(tmp_path / STREAMS))
    assert 570 < minutes[len(minutes) // 2] < 690  # the real median is 10.5 hours


# Errors name the place


def rewritten(path: Path, change: dict[int, dict[int, str]]) -> Path:
    """The same file with cells replaced: line (from 1) → column (from 0) → text."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    for line, cells in change.items():
        for column, text in cells.items():
            rows[line - 1][column] = text
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    generate(tmp_path, 1, SMALL)
    return tmp_path


def test_errors_of_the_streams(folder: Path) -> None:
    path = rewritten(folder / STREAMS, {3: {1: "yesterday"}, 4: {1: "2024-05-01T00:00:00"}, 5: {3: "1"}})
    with pytest.raises(TableError) as raised:
        read_streams(path)
    text = str(raised.value)
    assert "row 3, column actualStartTime: 'yesterday' is no moment" in text
    assert "row 4, column actualStartTime: '2024-05-01T00:00:00' does not say its time zone" in text
    assert "row 5, column duration_in_minutes: says 1, start and end are" in text


def test_a_stream_that_ends_before_it_starts(folder: Path) -> None:
    path = rewritten(folder / STREAMS, {2: {2: "2001-01-01T00:00:00Z"}})
    with pytest.raises(TableError, match="row 2, column actualEndTime: is not after the start"):
        read_streams(path)


def test_errors_of_the_people(folder: Path) -> None:
    path = rewritten(folder / PEOPLE, {2: {9: "22.05.2024"}, 3: {0: ""}})
    with pytest.raises(TableError) as raised:
        read_people(path)
    assert "row 2, column date_joining: '22.05.2024' is no date" in str(raised.value)
    assert "row 3, column badge: is empty" in str(raised.value)
    first = "KB000"
    with pytest.raises(TableError, match="KB000 stands there twice"):
        read_people(rewritten(path, {2: {9: ""}, 3: {0: first}}))


def test_errors_of_the_quiz_and_the_streamers(folder: Path) -> None:
    with pytest.raises(TableError, match=r"row 2, column summarks: says 7.5, the marks sum to"):
        read_quiz(rewritten(folder / QUIZ, {2: {8: "7.5"}}))
    with pytest.raises(TableError, match=r"row 2, column slots.1.mark: 3 is not between 0 and 1"):
        read_quiz(rewritten(folder / QUIZ, {2: {1: "3"}}))
    with pytest.raises(TableError, match="row 1, column stream time: 0 is not above 0"):
        read_streamers(rewritten(folder / STREAMERS, {1: {2: "0"}}))


def test_a_file_that_is_not_there_or_lacks_a_column(folder: Path) -> None:
    (folder / QUIZ).unlink()
    with pytest.raises(Unusable, match=r"exam-results.csv cannot be used:\n  file: No such file"):
        read_input(folder)
    (folder / STREAMS).write_text("videoId,start,end\n")
    with pytest.raises(TableError, match="the header has no actualStartTime, actualEndTime, duration_in_minutes"):
        read_streams(folder / STREAMS)


def test_moments_are_utc(folder: Path) -> None:
    assert all(row.started_at.tzinfo is UTC for row in read_streams(folder / STREAMS))


def test_all_wrong_cells_of_all_files_are_named_and_why_nothing_is_taken(folder: Path) -> None:
    rewritten(folder / PEOPLE, {2: {0: "", 9: "22.05.2024"}})
    rewritten(folder / STREAMS, {line: {1: "yesterday", 2: "today"} for line in range(2, 40)})
    with pytest.raises(Unusable) as raised:
        read_input(folder)
    text = str(raised.value)
    assert text.count("row 2, column badge") == text.count("row 2, column date_joining") == 1
    assert text.count("is no moment such as") == 2 * 38
    assert "Nothing was imported: who is on air when" in text
