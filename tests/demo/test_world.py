"""The organisation that is made of the input: who is there, who is on air when, who is trained, what is told."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.demo.chance import Chance
from cli.demo.generator import SMALL, generate
from cli.demo.inputs import read_input
from cli.demo.inputs.people import PersonRow
from cli.demo.inputs.streams import StreamRow
from cli.demo.world.lines import OF_GENERATOR, Line, Origin
from cli.demo.world.organisation import ANCHOR, ASSISTANT, HR, Organisation, organise
from cli.demo.world.people_lines import people_lines
from cli.demo.world.rosters import Stream, Understaffed, rostered
from cli.demo.world.telling import lines
from cli.demo.world.training import BANDS, Presence, passed
from cli.demo.world.verdict import Verdict
from cli.demo.world.world import RATED, World, make_world, month
from tests.demo.conftest import SEED, STAFF, Found

# Organisation


def test_companies_become_studios_and_posts_are_filled(found: Found, world: World) -> None:
    studios = world.organisation.studios
    assert {studio.name for studio in studios} == {row.company for row in found.input.people}
    assert sum(len(studio.anchors) for studio in studios) == found.staff
    assert sum(len(studio.assistants) for studio in studios) == found.staff
    for studio in studios:
        assert len(studio.anchors) == len(studio.assistants)
        assert studio.supervisors
        assert len(studio.hr) >= 2


def test_everybody_of_the_file_is_there_and_the_rest_is_generated(found: Found, world: World) -> None:
    persons = world.organisation.persons
    of_files = [person for person in persons if person.in_files]
    assert Counter(person.name for person in of_files) == Counter(
        f"{row.first_name} {row.last_name}" for row in found.input.people
    )
    assert {person.origin for person in of_files} == {found.origins.people}
    assert {person.origin for person in persons if not person.in_files} == {Origin.GENERATED}


def test_an_id_is_no_badge_and_is_nobody_elses(found: Found, world: World) -> None:
    ids = [person.id for person in world.organisation.persons]
    assert len(set(ids)) == len(ids)
    assert not any(row.badge in identity for row in found.input.people for identity in ids)
    other = organise(found.input.people, found.staff, Chance(seed=SEED + 1), Origin.GENERATED)
    assert not {person.id for person in other.persons} & set(ids)


def test_whoever_is_on_air_joined_before_may(world: World) -> None:
    on_air = [p for p in world.organisation.persons if p.post in (ANCHOR, ASSISTANT)]
    assert all(person.joined_on < date(2024, 4, 1) for person in on_air)
    assert any(person.joining_generated for person in on_air)


def test_nobody_reports_to_himself(world: World) -> None:
    ids = {person.id for person in world.organisation.persons}
    for person in world.organisation.persons:
        assert person.reports_to is None or person.reports_to in ids - {person.id}


# On air


def test_every_distinct_stream_is_there_once_as_its_clock_says(found: Found, world: World) -> None:
    clock = {row.stream: (row.started_at, row.ended_at) for row in found.input.streams}
    assert {s.id: (s.started_at, s.ended_at) for s in world.streams} == clock
    assert len(world.streams) == found.expected.distinct
    assert sum(world.repeats.values()) == found.expected.rows - found.expected.distinct


def test_too_long_streams_are_kept_without_crew_and_all_others_have_one(found: Found, world: World) -> None:
    assert sum(stream.too_long for stream in world.streams) == found.expected.too_long
    posts = {person.id: (person.post, person.studio) for person in world.organisation.persons}
    for stream in world.streams:
        held = Counter(shift.post for shift in stream.crew)
        assert not held if stream.too_long else {1, 2} >= set(held.values()) and set(held) == {ANCHOR, ASSISTANT}
        for shift in stream.crew:
            assert posts[shift.person] == (shift.post, stream.studio)
            assert shift.minutes > 0
        for post in held:
            assert sum(shift.minutes for shift in stream.crew if shift.post == post) == stream.minutes


def test_nobody_is_in_two_streams_at_once(world: World) -> None:
    check_nobody_twice(world.streams)


def check_nobody_twice(streams: Sequence[Stream]) -> None:
    spans: dict[str, list[tuple[datetime, datetime]]] = {}
    for stream in streams:
        for shift in stream.crew:
            spans.setdefault(shift.person, []).append((stream.started_at, stream.ended_at))
    for own in spans.values():
        assert all(end <= start for (_, end), (start, _) in pairwise(sorted(own)))


NOON = datetime(2024, 5, 1, 4, tzinfo=UTC)


def crowd(company: str = "One") -> list[PersonRow]:
    return [
        PersonRow(badge="b", first_name="A", last_name="B", gender="female", company=company, department="Managers")
    ]


@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 719)), max_size=60))
def test_as_many_people_as_streams_at_once_suffice(spans: list[tuple[int, int]]) -> None:
    """The greedy needs no more people than streams at once, and says so where there are fewer."""
    rows = [
        StreamRow(
            stream=f"s{number}",
            started_at=NOON + timedelta(minutes=start),
            ended_at=NOON + timedelta(minutes=start + minutes),
        )
        for number, (start, minutes) in enumerate(spans)
    ]
    most = max((sum(a <= s < a + m for a, m in spans) for s, _ in spans), default=0)
    chance = Chance(seed=1)
    streams, _ = rostered(rows, organise(crowd(), most, chance, Origin.GENERATED), chance)
    check_nobody_twice(streams)
    assert all(stream.crew for stream in streams)
    if most > 1:
        with pytest.raises(Understaffed, match=f"{most} streams at once"):
            rostered(rows, organise(crowd(), most - 1, chance, Origin.GENERATED), chance)


def test_work_is_spread_evenly(found: Found, world: World) -> None:
    streams = Counter(shift.person for stream in world.streams for shift in stream.crew)
    assert len(streams) == 2 * found.staff
    assert max(streams.values()) <= 2 * min(streams.values()) + 5


def test_two_share_the_time_of_some_streams(world: World) -> None:
    assert any(len(stream.crew) > 2 for stream in world.streams)


# What is generated about them


def test_figures_are_plausible(world: World) -> None:
    assert set(world.figures) == {stream.id for stream in world.streams}
    for figures in world.figures.values():
        assert 0 <= figures.buyers <= figures.clicks <= figures.viewers
        assert 0 <= figures.satisfied <= figures.ratings <= figures.buyers
        assert min(figures.complaints, figures.other_complaints, figures.new_followers, figures.gmv) >= 0


def test_observers_belong_to_the_group_and_were_not_on_air(world: World) -> None:
    streams = {stream.id: stream for stream in world.streams}
    on_air: dict[str, list[Stream]] = {}
    for stream in world.streams:
        for shift in stream.crew:
            on_air.setdefault(shift.person, []).append(stream)
    assert 0.5 < len({o.stream for o in world.observations}) / sum(bool(s.crew) for s in world.streams) < 0.6
    for o in world.observations:
        stream = streams[o.stream]
        assert o.person in {shift.person for shift in stream.crew}
        assert stream.started_at <= o.observed_at <= stream.ended_at
        assert len(o.marks) == 4
        assert all(0 <= mark <= 100 for mark in o.marks)
        others = on_air.get(o.observer, [])
        assert not any(s.started_at < stream.ended_at and s.ended_at > stream.started_at for s in others)


def test_sessions_and_the_own_stream_of_who_is_away(world: World) -> None:
    on_air: dict[str, list[Stream]] = {}
    for stream in world.streams:
        for shift in stream.crew:
            on_air.setdefault(shift.person, []).append(stream)
    for session in world.sessions:
        for person, presence in session.presence.items():
            live = (
                any(s.started_at < session.ends_at and s.ended_at > session.starts_at for s in on_air[person])
                if (person in on_air)
                else False
            )
            assert (presence is Presence.OWN_STREAM) == live
        assert {exam.person for exam in session.exams} == set(session.with_presence(Presence.SIGNED_IN))


def test_the_quiz_is_one_sessions_exam_with_four_make_ups(found: Found, world: World) -> None:
    (quiz,) = [session for session in world.sessions if session.id == "platform-rules-1"]
    assert sorted(exam.score for exam in quiz.exams) == sorted(attempt.score for attempt in found.input.quiz)
    assert {exam.origin for exam in quiz.exams} == {found.origins.real}
    assert sum(exam.make_up_on is not None for exam in quiz.exams) == 4
    for exam in quiz.exams:
        assert (exam.make_up_on is None) == (exam.score >= BANDS["passing"])


def test_training_again_is_a_later_session_for_who_failed_the_make_up(world: World) -> None:
    sessions = {session.id: session for session in world.sessions}
    for session in world.sessions:
        for exam in session.exams:
            if exam.retrains:
                failed = sessions[exam.retrains]
                assert (failed.course, failed.ends_at < session.starts_at) == (session.course, True)
                (before,) = [e for e in failed.exams if e.person == exam.person]
                assert before.make_up_score is not None
                assert not passed(before.make_up_score)


def test_the_heroine(found: Found, world: World) -> None:
    """One failed exam with its make-up passed, and one absence without excuse, both in May."""
    hers = [exam for session in world.sessions for exam in session.exams if exam.person == world.heroine.person.id]
    (failed,) = [exam for exam in hers if not passed(exam.score)]
    assert (failed.origin, failed.held_on.month) == (found.origins.real, 5)
    assert failed.make_up_score is not None
    assert passed(failed.make_up_score)
    (missed,) = [s for s in world.sessions if s.presence.get(world.heroine.person.id) is Presence.NONE]
    assert missed.id == world.heroine.absent_from
    assert month_of(missed.starts_at) == "2024-05"


def test_disputes_come_to_every_end_and_the_heroine_is_right(world: World) -> None:
    by_id = {observation.id: observation for observation in world.observations}
    assert {dispute.verdict for dispute in world.disputes} == set(Verdict)
    assert (world.disputes[0].person, world.disputes[0].month) == (world.heroine.person.id, RATED[0])
    for dispute in world.disputes:
        assert by_id[dispute.observation].person == dispute.person
        slipped = by_id[dispute.observation].marks != dispute.marks
        assert slipped == (dispute.verdict is Verdict.YES)


def test_whoever_objects_was_told_before_and_is_within_the_window(told: list[Line]) -> None:
    """R7: the window opens with the recorded feedback; nobody completes what is objected to (O-107)."""
    told_at = {(x.body["person"], x.body["month"]): x.occurred_at for x in told if x.command == "RecordFeedback"}
    objections = {(x.body["person"], x.body["month"]): x for x in told if x.command == "RaiseObjection"}
    assert objections
    for subject, line in objections.items():
        assert line.actor == subject[0]
        assert timedelta(0) < line.occurred_at - told_at[subject] <= timedelta(days=3)
    done = {(x.body["subject"]["person"], x.body["subject"]["month"]) for x in told if x.command == "CompleteReview"}
    assert not done & set(objections)


def test_complaints_come_after_their_stream_and_name_who_assisted_on_it(world: World) -> None:
    streams = {stream.id: stream for stream in world.streams}
    assert sum(complaint.assistant == world.troubled[0] for complaint in world.complaints) >= 2
    for complaint in world.complaints:
        assert (complaint.stream is not None) == (complaint.subject in ("stream", "assistant"))
        if complaint.stream:
            stream = streams[complaint.stream]
            assert stream.ended_at < complaint.received_at
            assert complaint.assistant in {None, *(shift.person for shift in stream.crew if shift.post == ASSISTANT)}


def month_of(moment: datetime) -> str:
    return f"{(moment + timedelta(hours=8)):%Y-%m}"


def test_a_stream_belongs_to_the_month_of_its_start_in_shanghai(world: World) -> None:
    assert all(month(stream) == month_of(stream.started_at) for stream in world.streams)


# Lines


def test_a_seed_tells_the_same_and_another_one_otherwise(tmp_path: Path) -> None:
    generate(tmp_path, SEED, SMALL)
    found = read_input(tmp_path)

    def said(seed: int) -> bytes:
        made = make_world(found, seed=seed, staff=STAFF["small"], origins=OF_GENERATOR)
        return b"".join(line.wire() for line in lines(made))

    assert said(SEED) == said(SEED)
    assert said(SEED + 1) != said(SEED)


def test_keys_are_given_once(told: list[Line]) -> None:
    keys = Counter((line.service, line.actor, line.key) for line in told)
    assert set(keys.values()) == {1}


def test_no_line_tells_a_badge(found: Found, told: list[Line]) -> None:
    words = set(re.findall(rb'"([^"]*)"', b"".join(line.wire() for line in told)))
    assert not words & {row.badge.encode() for row in found.input.people}


def test_offices_are_filled_with_people_of_the_studio(world: World) -> None:
    by_id = world.organisation.by_id
    roles = [line.body for line in people_lines(world.organisation) if line.command == "RoleGranted"]
    assert {role["capacity"] for role in roles} >= {"supervision_group", "training_admin", "archive_approver"}
    for role in roles:
        assert by_id[role["person"]].studio == role["scope"]
    assert all(by_id[r["person"]].post == HR for r in roles if r["capacity"] == "archive_approver")


def test_an_organisation_of_one_company_is_filled_up() -> None:
    made: Organisation = organise(crowd(), 5, Chance(seed=1), Origin.FICTIONAL)
    (studio,) = made.studios
    assert (len(studio.anchors), len(studio.assistants), len(studio.hr), len(studio.supervisors)) == (5, 5, 2, 1)
