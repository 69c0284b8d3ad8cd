"""What a store means: the same for the one in memory and the one on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import msgspec
import pytest

from shared.memory import MemoryStore
from shared.postgres import open_store
from shared.store import (
    EVERYWHERE,
    TAIL_BYTES,
    Answer,
    Checkpoint,
    Group,
    Moved,
    NewDue,
    NewResult,
    Once,
    Parked,
    Store,
    Unknown,
    Work,
)
from tests.conformance.stores import (
    NOON,
    TOPIC,
    TOPICS,
    Count,
    Grade,
    Part,
    PersonId,
    Wide,
    about,
    archive,
    counts,
    group,
    new,
    wides,
)

HERE, THERE = (TOPIC, 0), (TOPIC, 1)


@pytest.fixture
def memory_store() -> Store:
    return MemoryStore(TOPICS)


@pytest.fixture
async def postgres_store(database: str) -> AsyncIterator[Store]:
    opened = await open_store(database, TOPICS, size=5)
    await opened.prepare([counts, wides, archive])
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture(params=["memory_store", "postgres_store"])
def store(request: pytest.FixtureRequest) -> Store:
    found: Store = request.getfixturevalue(request.param)
    return found


async def outcomes(store: Store, *groups: Group) -> list[str]:
    return [a.outcome for a in await store.append(groups)]


class TestAppend:
    async def test_versions_count_from_one_and_positions_have_no_gap(self, store: Store) -> None:
        assert await store.append([group("a", events=2), group("b")]) == [
            Answer(outcome="stored", position=2),
            Answer(outcome="stored", position=3),
        ]
        assert await outcomes(store, group("a", 1), group("b", 1)) == ["stale", "stored"]
        assert await outcomes(store, group("a", 2, events=3)) == ["stored"]
        log = await store.tail(0, 100)
        assert [(e.position, e.stream, e.version) for e in log] == [
            (1, "a", 1),
            (2, "a", 2),
            (3, "b", 1),
            (4, "b", 2),
            (5, "a", 3),
            (6, "a", 4),
            (7, "a", 5),
        ]

    async def test_an_event_comes_back_as_it_was_given(self, store: Store) -> None:
        given = msgspec.structs.replace(
            new(), occurred_at=datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=timezone(timedelta(hours=8)))
        )
        before = datetime.now(UTC) - timedelta(seconds=5)
        await store.append([msgspec.structs.replace(group("a"), events=(given,))])
        (found,) = await store.tail(0, 100)
        for name in ("id", "type", "schema", "occurred_at", "data", "meta"):
            assert getattr(found, name) == getattr(given, name)
        assert (found.topic, found.partition) == (TOPIC, 1)
        assert before < found.recorded_at < datetime.now(UTC) + timedelta(seconds=5)
        assert found.occurred_at.utcoffset() == timedelta(0)

    async def test_what_looks_like_the_syntax_of_a_value_is_kept_as_it_is(self, store: Store) -> None:
        strange = [
            '{"a",b}',
            "(1,,)",
            "NULL",
            "\\N",
            "'; drop table events; --",
            'a"\\\n\t{}',
            "",
            " ",
            "$1::text",
            "🙂",
        ]
        each = [
            msgspec.structs.replace(
                group(text, events=0, once=[Once(key=f"k{text}", digest=text.encode(), outcome=text)]),
                events=tuple(msgspec.structs.replace(new(), type=text, data=text.encode()) for _ in range(i % 3)),
                guards=((f"none{text}", 0),),
            )
            for i, text in enumerate(strange)
        ]
        huge = msgspec.structs.replace(group("huge"), events=(msgspec.structs.replace(new(), data=bytes(2_000_000)),))
        assert await outcomes(store, *each, huge) == ["stored"] * (len(each) + 1)
        log = await store.tail(0, 100)
        assert [(e.stream, e.version, e.type, e.data) for e in log[:-1]] == [
            (text, n + 1, text, text.encode()) for i, text in enumerate(strange) for n in range(i % 3)
        ]
        assert (log[-1].stream, len(log[-1].data)) == ("huge", 2_000_000)
        kept = await store.kept([f"k{text}" for text in strange])
        assert {k: (v.stream, v.digest, v.outcome) for k, v in kept.items()} == {
            f"k{text}": (text, text.encode(), text) for text in strange
        }

    async def test_a_group_whose_stream_moved_is_left_out_whole(self, store: Store) -> None:
        await store.append([group("a", events=2)])
        assert await store.append([group("a", 1, events=3), group("b", events=2)]) == [
            Answer(outcome="stale", position=2),
            Answer(outcome="stored", position=4),
        ]
        assert await outcomes(store, group("a", 3)) == ["stale"]
        assert [e.stream for e in await store.tail(0, 100)] == ["a", "a", "b", "b"]

    async def test_a_group_whose_decision_saw_a_stream_that_moved_is_stale(self, store: Store) -> None:
        await store.append([group("session", events=2)])
        assert await outcomes(store, group("exam", guards=[("session", 1)])) == ["stale"]
        assert await outcomes(store, group("exam", guards=[("session", 2), ("other", 1)])) == ["stale"]
        assert await outcomes(store, group("exam", guards=[("session", 2), ("other", 0)])) == ["stored"]

    async def test_under_a_key_it_happens_once(self, store: Store) -> None:
        key = Once(key="k", digest=b"d", version=1, outcome="stored")
        assert await outcomes(store, group("a", once=[key])) == ["stored"]
        assert await outcomes(store, group("b", once=[Once(key="other"), key]), group("c")) == ["taken", "stored"]
        assert await outcomes(store, group("a", 0, once=[key])) == ["taken"]
        kept = await store.kept(["k", "other", "none"])
        assert set(kept) == {"k"}
        found = kept["k"]
        assert (found.digest, found.stream, found.version, found.position) == (b"d", "a", 1, 1)
        assert found.outcome == "stored"

    async def test_a_stale_group_leaves_no_key(self, store: Store) -> None:
        assert await outcomes(store, group("a", 5, once=[Once(key="k")])) == ["stale"]
        assert await store.kept(["k"]) == {}
        assert await store.kept([]) == {}

    async def test_a_key_may_stand_without_an_event(self, store: Store) -> None:
        refused = Once(key="k", version=0, outcome="refused:exam.out_of_turn")
        assert await store.append([group("a", events=0, once=[refused])]) == [Answer(outcome="stored", position=None)]
        assert (await store.kept(["k"]))["k"].outcome == "refused:exam.out_of_turn"
        assert (await store.kept(["k"]))["k"].position == 0
        assert await store.maximum() == 0

    async def test_keys_that_are_old_enough_are_forgotten(self, store: Store) -> None:
        await store.append([group("a", once=[Once(key="http:1"), Once(key="line:1")])])
        assert await store.forget(timedelta(days=7)) == 0
        assert await store.forget(timedelta(seconds=-1)) == 1
        assert set(await store.kept(["http:1", "line:1"])) == {"line:1"}

    async def test_a_stream_stands_in_one_group(self, store: Store) -> None:
        with pytest.raises(Exception, match="one group per stream"):
            await store.append([group("a"), group("b"), group("a", 1)])
        assert await store.maximum() == 0

    async def test_nothing_is_a_call_too(self, store: Store) -> None:
        assert await store.append([]) == []

    async def test_five_hundred_groups_in_one_call(self, store: Store) -> None:
        answers = await store.append([group(f"s{i}", events=1 + i % 3) for i in range(500)])
        expected, position = [], 0
        for i in range(500):
            position += 1 + i % 3
            expected.append(Answer(outcome="stored", position=position))
        assert answers == expected
        assert await store.maximum() == position


class TestLog:
    async def test_a_stream_s_history_is_in_order_of_version(self, store: Store) -> None:
        await store.append([group("a", events=2), group("b")])
        await store.append([group("a", 2)])
        found = await store.history(["a", "none", "b"])
        assert {stream: [e.version for e in events] for stream, events in found.items()} == {
            "a": [1, 2, 3],
            "none": [],
            "b": [1],
        }
        assert await store.history([]) == {}

    async def test_the_tail_goes_on_after_a_position(self, store: Store) -> None:
        await store.append([group(f"s{i}") for i in range(5)])
        assert [e.position for e in await store.tail(0, 2)] == [1, 2]
        assert [e.position for e in await store.tail(2, 10)] == [3, 4, 5]
        assert await store.tail(5, 10) == []
        assert await store.maximum() == 5

    async def test_an_empty_log(self, store: Store) -> None:
        assert (await store.maximum(), await store.tail(0, 10), await store.cursors()) == (0, [], {})
        assert await store.topics() == TOPICS
        assert len(store.log) >= 32

    async def test_who_waits_is_woken(self, store: Store) -> None:
        await store.wait("log", 0.001)
        waiting = asyncio.create_task(store.wait("log", 60))
        await asyncio.sleep(0)
        await store.append([group("a")])
        await asyncio.wait_for(waiting, 30)
        waiting = asyncio.create_task(store.wait("due", 60))
        async with store.work() as work:
            await work.add_due([due()])
        await asyncio.wait_for(waiting, 30)

    async def test_two_that_wait_share_what_wakes_them(self, database: str) -> None:
        """Three connections: one is at work, one listens for both, one is free."""
        store = await open_store(database, TOPICS, size=3)
        try:
            async with store.work():
                await asyncio.gather(store.wait("log", 0.001), store.wait("due", 0.001))
                assert await asyncio.wait_for(store.maximum(), 10) == 0
        finally:
            await store.close()


class TestCursors:
    async def test_they_move_together_or_not_at_all(self, store: Store) -> None:
        await store.move_cursors({HERE: (0, 3), THERE: (0, 4)})
        with pytest.raises(Moved):
            await store.move_cursors({HERE: (3, 5), THERE: (3, 6)})
        assert await store.cursors() == {HERE: 3, THERE: 4}
        await store.move_cursors({HERE: (3, 5)})
        assert await store.cursors() == {HERE: 5, THERE: 4}

    async def test_from_the_beginning_only_once(self, store: Store) -> None:
        await store.move_cursors({HERE: (0, 3)})
        with pytest.raises(Moved):
            await store.move_cursors({HERE: (0, 3)})
        with pytest.raises(Moved):
            await store.move_cursors({THERE: (1, 3)})
        assert await store.cursors() == {HERE: 3}


def at(offset: int, log: str = "l") -> Checkpoint:
    return Checkpoint(log=log, offset=offset, position=10 + offset)


class TestCheckpoints:
    async def test_compare_and_set(self, store: Store) -> None:
        async with store.work() as work:
            await work.checkpoint("reader/1", {HERE: None}, {HERE: at(4), THERE: at(0)})
        assert await store.checkpoints("reader/1") == {HERE: at(4), THERE: at(0)}
        assert await store.checkpoints("reader/2") == {}
        async with store.work() as work:
            await work.checkpoint("reader/1", {HERE: at(4)}, {HERE: at(9)})
        assert await store.checkpoints("reader/1") == {HERE: at(9), THERE: at(0)}

    @pytest.mark.parametrize("before", [None, at(3), at(4, log="another"), at(5)])
    async def test_a_zombie_is_fenced_and_writes_nothing(self, store: Store, before: Checkpoint | None) -> None:
        async with store.work() as work:
            await work.checkpoint("reader/1", {}, {HERE: at(4)})

        async def zombie() -> None:
            async with store.work() as work:
                await work.put_rows(counts, [Count(word="a", times=1)])
                await work.gather(archive, [about("t", "s")])
                await work.add_due([due()])
                await work.checkpoint("reader/1", {HERE: before}, {HERE: at(9)})

        with pytest.raises(Moved):
            await zombie()
        assert await store.checkpoints("reader/1") == {HERE: at(4)}
        assert await store.rows(counts, [("a",)]) == []
        assert await store.known(archive, ["s"]) == {"s": []}
        assert await store.next_due(REACTIONS) is None

    async def test_what_does_not_concern_a_reader_is_passed_over(self, store: Store) -> None:
        async with store.work() as work:
            await work.checkpoint("reader/1", {}, {HERE: at(4)})
        await store.pass_over("reader/1", {HERE: at(4)}, {HERE: at(9), THERE: at(0)})
        assert await store.checkpoints("reader/1") == {HERE: at(9), THERE: at(0)}
        with pytest.raises(Moved):
            await store.pass_over("reader/1", {HERE: at(4)}, {HERE: at(7)})
        assert await store.checkpoints("reader/1") == {HERE: at(9), THERE: at(0)}

    async def test_an_error_leaves_nothing(self, store: Store) -> None:
        async def breaks() -> None:
            async with store.work() as work:
                await work.put_rows(counts, [Count(word="a", times=1)])
                await work.checkpoint("reader/1", {}, {HERE: at(1)})
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await breaks()
        assert await store.rows(counts, [("a",)]) == []
        assert await store.checkpoints("reader/1") == {}

    async def test_of_two_that_start_one_goes_on(self, store: Store) -> None:
        async def starts() -> None:
            async with store.work() as slow:
                await slow.rows(counts, [("a",)])
                async with store.work() as fast:
                    await fast.checkpoint("reader/1", {}, {HERE: at(1)})
                await slow.checkpoint("reader/1", {}, {HERE: at(2)})

        with pytest.raises(Moved):
            await starts()
        assert await store.checkpoints("reader/1") == {HERE: at(1)}


PART = Part(name="观看", points=Decimal("12.50"), on=date(2024, 2, 29), at=NOON, grade=Grade.BAD)
FULL = Wide(
    person=PersonId("李"),
    held_on=date(2026, 1, 9),
    grade=Grade.GOOD,
    passed=True,
    attempts=2**62,
    score=Decimal("89.990"),
    share=Decimal("0.333333333333333333333333"),
    at=datetime(2026, 1, 9, 20, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8))),
    note="说“好”, 'it''s' \\ {} \n 🙂",
    worst=Grade.BAD,
    part=PART,
    parts=(PART, replace(PART, grade=None)),
    days=(date(2026, 1, 1), date(9999, 12, 31)),
    by_month={"2026-02": Decimal("1.10"), "2026-01": Decimal(-3)},
)
PLAIN = Wide(person=PersonId("b"), held_on=date(2026, 1, 9), grade=Grade.BAD)


class TestRows:
    @pytest.mark.parametrize("row", [FULL, PLAIN], ids=["full", "plain"])
    async def test_every_type_comes_back(self, store: Store, row: Wide) -> None:
        async with store.work() as work:
            await work.put_rows(wides, [row])
        (found,) = await store.rows(wides, [wides.identity(row)])
        assert found == row
        assert str(found.score) == str(row.score)
        assert type(found.grade) is Grade
        assert hash(found.part) == hash(row.part)

    async def test_the_last_one_put_stands(self, store: Store) -> None:
        async with store.work() as work:
            await work.put_rows(counts, [Count(word="a", times=1), Count(word="b", times=5)])
        async with store.work() as work:
            assert sorted(await work.rows(counts, [("a",), ("none",)]), key=counts.identity) == [
                Count(word="a", times=1)
            ]
            await work.put_rows(counts, [Count(word="a", times=2)])
            assert await work.rows(counts, [("a",)]) == [Count(word="a", times=2)]
            assert await store.rows(counts, [("a",)]) == [Count(word="a", times=1)]
        found = await store.rows(counts, [("a",), ("b",)])
        assert sorted(found, key=counts.identity) == [Count(word="a", times=2), Count(word="b", times=5)]

    async def test_nothing_is_a_batch_too(self, store: Store) -> None:
        async with store.work() as work:
            await work.put_rows(counts, [])
            assert await work.rows(counts, []) == []
        assert await store.rows(counts, []) == []

    async def test_of_two_that_write_a_row_the_first_to_commit_wins(self, store: Store) -> None:
        async with store.work() as work:
            await work.put_rows(counts, [Count(word="a", times=1)])

        async def adds() -> None:
            async with store.work() as slow:
                (row,) = await slow.rows(counts, [("a",)])
                async with store.work() as fast:
                    await fast.put_rows(counts, [Count(word="a", times=10)])
                await slow.put_rows(counts, [Count(word="a", times=row.times + 1)])

        with pytest.raises(Moved):
            await adds()
        assert await store.rows(counts, [("a",)]) == [Count(word="a", times=10)]

    async def test_two_that_make_the_same_row_meet(self, store: Store) -> None:
        async def makes() -> None:
            async with store.work() as slow:
                assert await slow.rows(counts, [("a",)]) == []
                async with store.work() as fast:
                    await fast.put_rows(counts, [Count(word="a", times=10)])
                await slow.put_rows(counts, [Count(word="a", times=1)])

        with pytest.raises(Moved):
            await makes()
        assert await store.rows(counts, [("a",)]) == [Count(word="a", times=10)]

    async def test_who_writes_other_rows_is_not_in_the_way(self, store: Store) -> None:
        async with store.work() as slow:
            await slow.rows(counts, [("a",)])
            async with store.work() as fast:
                await fast.put_rows(counts, [Count(word="b", times=10)])
            await slow.put_rows(counts, [Count(word="a", times=1)])
        assert len(await store.rows(counts, [("a",), ("b",)])) == 2


class TestPages:
    @pytest.fixture
    async def rows(self, store: Store) -> list[Wide]:
        """In order of the key, each with another one of its parts."""
        rows = [
            replace(PLAIN, person=PersonId(person), held_on=day, grade=grade, passed=grade is Grade.GOOD, part=part)
            for person, part in (("Z", None), ("a", PART), ("b/ä", PART), ("李", None))
            for day in (date(2026, 1, 9), date(2026, 1, 10))
            for grade in (Grade.BAD, Grade.GOOD)
        ]
        async with store.work() as work:
            await work.put_rows(wides, rows[::-1])
        return rows

    async def test_pages_follow_the_key_and_leave_nothing_out(self, store: Store, rows: list[Wide]) -> None:
        found: list[Wide] = []
        while page := await store.page(wides, {}, wides.identity(found[-1]) if found else None, 3):
            assert len(page) <= 3
            found += page
        assert found == rows

    async def test_filters_are_equality(self, store: Store, rows: list[Wide]) -> None:
        good = [row for row in rows if row.passed]
        assert await store.page(wides, {"passed": True}, None, 100) == good
        assert await store.page(wides, {"passed": True}, wides.identity(good[2]), 2) == good[3:5]
        assert await store.page(wides, {"person": "a", "grade": Grade.GOOD}, None, 100) == [
            row for row in rows if row.person == "a" and row.grade is Grade.GOOD
        ]
        assert await store.page(wides, {"held_on": date(2026, 1, 10)}, None, 100) == [
            row for row in rows if row.held_on == date(2026, 1, 10)
        ]
        assert await store.page(wides, {"part": PART}, None, 100) == [row for row in rows if row.part]
        assert await store.page(wides, {"person": "none"}, None, 100) == []

    async def test_a_filter_by_no_column_is_an_error(self, store: Store) -> None:
        with pytest.raises(KeyError):
            await store.page(wides, {"1=1; drop table events; --": 1}, None, 100)


class TestFacts:
    async def test_a_subject_knows_every_event_of_every_thing_that_ever_named_it(self, store: Store) -> None:
        first, silent, other = about("t", "li", "wang"), about("t"), about("u", "wang")
        async with store.work() as work:
            await work.gather(archive, [silent, first])
        async with store.work() as work:
            await work.gather(archive, [other])
            known = await work.facts(archive, ["li", "wang", "none"])
        ids = {subject: {h.id for h in held} for subject, held in known.items()}
        assert ids == {
            "li": {first.held.id, silent.held.id},
            "wang": {first.held.id, silent.held.id, other.held.id},
            "none": set(),
        }
        assert first.held in known["li"]
        assert {
            s: {h.id for h in held} for s, held in (await store.known(archive, ["li", "wang", "none"])).items()
        } == ids

    async def test_the_same_again_changes_nothing(self, store: Store) -> None:
        for _ in range(2):
            async with store.work() as work:
                one = about("t", "li", identity="01920000-0000-7000-8000-000000000001")
                await work.gather(archive, [one, one])
        assert len((await store.known(archive, ["li"]))["li"]) == 1

    async def test_every_subject_of_a_touched_thing_is_dirty_until_it_is_settled(self, store: Store) -> None:
        async with store.work() as work:
            await work.gather(archive, [about("t", "li", "wang"), about("u", "chen")])
            assert await work.dirty(archive, 2) == ["chen", "li"]
        async with store.work() as work:
            assert await work.dirty(archive, 10) == ["wang"]
            assert await work.dirty(archive, 10) == []
        async with store.work() as work:
            await work.gather(archive, [about("t")])
        async with store.work() as work:
            assert sorted(await work.dirty(archive, 10)) == ["li", "wang"]

    async def test_what_is_not_settled_stays_dirty(self, store: Store) -> None:
        async with store.work() as work:
            await work.gather(archive, [about("t", "li")])

        async def breaks() -> None:
            async with store.work() as work:
                assert await work.dirty(archive, 10) == ["li"]
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await breaks()
        async with store.work() as work:
            assert await work.dirty(archive, 10) == ["li"]

    async def test_only_another_document_or_error_is_a_change(self, store: Store) -> None:
        def results(*found: tuple[str, bytes, str, str]) -> list[NewResult]:
            return [NewResult(subject=s, document=d, used=(used,), error=e) for s, d, used, e in found]

        async with store.work() as work:
            first = results(("li", b"1", "e1", ""), ("wang", b"1", "e1", ""), ("chen", b"", "e1", "missing"))
            assert sorted(await work.put_results(archive, first)) == ["chen", "li", "wang"]
        async with store.work() as work:
            again = results(("li", b"1", "e2", ""), ("wang", b"2", "e1", ""), ("chen", b"", "e1", "missing"))
            assert await work.put_results(archive, again) == ["wang"]
        async with store.work() as work:
            assert await work.put_results(archive, results(("chen", b"", "e1", "not configured"))) == ["chen"]
            assert await work.put_results(archive, []) == []
        assert list(await store.results(archive, "", 2)) == ["chen", "li"]
        (after,) = (await store.results(archive, "li", 2)).items()
        assert after == ("wang", await store.result(archive, "wang"))
        found = await store.result(archive, "li")
        assert found is not None
        assert (found.document, found.used, found.error) == (1, ("e2",), "")
        found = await store.result(archive, "chen")
        assert found is not None
        assert (found.document, found.used, found.error) == (None, ("e1",), "not configured")
        assert await store.result(archive, "none") is None

    async def test_a_result_is_a_document_with_its_facts_and_its_moment(self, store: Store) -> None:
        before = datetime.now(UTC) - timedelta(seconds=5)
        used = ("e1", "e2", '"quoted", \\ {braced}')
        async with store.work() as work:
            document = '{"单位":[1,2.50,null,true]}'.encode()
            await work.put_results(archive, [NewResult(subject="li", document=document, used=used)])
        found = await store.result(archive, "li")
        assert found is not None
        assert (found.document, found.used) == ({"单位": [1, 2.5, None, True]}, used)
        assert before < found.computed_at < datetime.now(UTC) + timedelta(seconds=5)


class TestFactsOfTwoWorkers:
    """Whatever two workers do at once, every subject ends dirty or with a result of all that is known about it."""

    async def results(self, store: Store) -> dict[str, set[str]]:
        """Which facts each result rests on, after everything is settled."""
        async with store.work() as work:
            await self.settle(work)
        found = {subject: await store.result(archive, subject) for subject in ("li", "wang")}
        return {subject: set(result.used) for subject, result in found.items() if result}

    async def settle(self, work: Work) -> None:
        subjects = await work.dirty(archive, 100)
        known = await work.facts(archive, subjects)
        used = {subject: tuple(sorted(held.id for held in known[subject])) for subject in subjects}
        # One document for all: nothing but the conflict itself tells one transaction of the other.
        await work.put_results(archive, [NewResult(subject=s, document=b"1", used=used[s]) for s in subjects])

    async def test_a_fact_comes_while_its_subject_is_settled(self, store: Store) -> None:
        first, second = about("t", "li"), about("t", "li")
        async with store.work() as work:
            await work.gather(archive, [first])

        async def settles() -> None:
            async with store.work() as slow:
                await slow.facts(archive, ["li"])
                async with store.work() as fast:
                    await fast.gather(archive, [second])
                await self.settle(slow)

        with suppress(Moved):
            await settles()
        assert await self.results(store) == {"li": {first.held.id, second.held.id}}

    async def test_a_subject_is_settled_while_a_fact_comes(self, store: Store) -> None:
        first, second = about("t", "li"), about("t", "li")
        async with store.work() as work:
            await work.gather(archive, [first])

        async def gathers(meanwhile: bool) -> None:
            async with store.work() as slow:
                await slow.rows(counts, [("begin",)])
                if meanwhile:
                    async with store.work() as fast:
                        await self.settle(fast)
                await slow.gather(archive, [second])

        await met(gathers)
        assert await self.results(store) == {"li": {first.held.id, second.held.id}}

    async def test_a_subject_is_settled_before_the_fact_is_there_for_all(self, store: Store) -> None:
        first, second = about("t", "li"), about("t", "li")
        async with store.work() as work:
            await work.gather(archive, [first])

        async def gathers(meanwhile: bool) -> None:
            async with store.work() as slow:
                await slow.gather(archive, [second])
                if meanwhile:
                    async with store.work() as fast:
                        await self.settle(fast)

        await met(gathers)
        assert await self.results(store) == {"li": {first.held.id, second.held.id}}

    @pytest.mark.parametrize("known", [False, True])
    async def test_a_thing_is_named_while_another_event_of_it_comes(self, store: Store, known: bool) -> None:
        """One event names nobody, the other one names li: whichever commits last must make li dirty."""
        before, figure, roster = about("t"), about("t"), about("t", "li")
        async with store.work() as work:
            await work.gather(archive, [before] if known else [])

        async def gathers(meanwhile: bool) -> None:
            async with store.work() as slow:
                await slow.rows(counts, [("begin",)])
                if meanwhile:
                    async with store.work() as fast:
                        await fast.gather(archive, [roster])
                        await self.settle(fast)
                await slow.gather(archive, [figure])

        await met(gathers)
        ids = {figure.held.id, roster.held.id} | ({before.held.id} if known else set())
        assert await self.results(store) == {"li": ids}

    async def test_two_things_of_one_subject_are_settled_at_once(self, store: Store) -> None:
        known, first, second = about("s", "li"), about("t", "li"), about("u", "li")
        async with store.work() as work:
            await work.gather(archive, [known])
            await self.settle(work)

        async def gathers(meanwhile: bool) -> None:
            async with store.work() as slow:
                await slow.rows(counts, [("begin",)])
                if meanwhile:
                    async with store.work() as fast:
                        await fast.gather(archive, [first])
                        await self.settle(fast)
                await slow.gather(archive, [second])
                await self.settle(slow)

        await met(gathers)
        assert await self.results(store) == {"li": {known.held.id, first.held.id, second.held.id}}

    async def test_two_that_fail_alike_are_settled_at_once(self, store: Store) -> None:
        """An error says nothing of its facts, so the result of the first one is the one that stood before."""
        unknown = NewResult(subject="li", document=b"", used=(), error="missing")
        first, second = about("t", "li"), about("u", "li")
        async with store.work() as work:
            await work.put_results(archive, [unknown])

        async def gathers(meanwhile: bool) -> None:
            async with store.work() as slow:
                await slow.rows(counts, [("begin",)])
                if meanwhile:
                    async with store.work() as fast:
                        await fast.gather(archive, [first])
                        await fast.dirty(archive, 100)
                        await fast.put_results(archive, [unknown])
                await slow.gather(archive, [second])
                await self.settle(slow)

        await met(gathers)
        assert await self.results(store) == {"li": {first.held.id, second.held.id}}


async def met(gathers: Callable[[bool], Awaitable[None]]) -> None:
    """With another one meanwhile; and again alone, where that was in the way."""
    try:
        await gathers(True)
    except Moved:
        await gathers(False)


REACTIONS = ["r", "other"]


def due(
    at: datetime | None = NOON, stream: str = "s", reaction: str = "r", trigger: bytes = b"{}", scope: str = ""
) -> NewDue:
    return NewDue(reaction=reaction, at=at, stream=stream, trigger=trigger, scope=scope)


async def test_a_page_of_the_log_is_bounded_by_bytes_too(store: Store) -> None:
    large = msgspec.structs.replace(new(), data=b" " * (TAIL_BYTES * 2 // 3))
    await store.append([msgspec.structs.replace(group("s"), events=(large, large, large, new()))])
    assert [s.position for s in await store.tail(0, 100)] == [1, 2]
    assert [s.position for s in await store.tail(2, 100)] == [3, 4]
    assert [s.position for s in await store.tail(0, 1)] == [1]


class TestDue:
    async def add(self, store: Store, *rows: NewDue) -> None:
        async with store.work() as work:
            await work.add_due(rows)

    async def test_by_moment_then_in_the_order_they_were_left(self, store: Store) -> None:
        later = NOON + timedelta(seconds=1)
        await self.add(store, due(later, trigger=b"1"), due(trigger=b"2"), due(trigger=b"3"))
        await self.add(store, due(later + timedelta(days=1), trigger=b"4"), due(trigger=b"5"))
        assert [d.trigger for d in await store.due(later, 100, REACTIONS)] == [b"2", b"3", b"5", b"1"]
        assert [d.trigger for d in await store.due(NOON, 8, REACTIONS)] == [b"2", b"3"]
        assert await store.due(NOON - timedelta(microseconds=1), 100, REACTIONS) == []
        assert await store.next_due(REACTIONS) == NOON

    async def test_what_is_due_at_once_comes_as_it_was_left_and_starves_no_deadline(self, store: Store) -> None:
        rows = [due(None, trigger=b"%d" % n) for n in range(8)]
        await self.add(store, *rows, *(due(NOON, trigger=b"at%d" % n) for n in range(5)))
        found = [d.trigger for d in await store.due(NOON, 8, REACTIONS)]
        assert found == [b"at0", b"at1", b"0", b"1", b"2", b"3", b"4", b"5"]
        taken = await store.due(NOON, 100, REACTIONS)
        await store.settle_due([d.id for d in taken if d.at], {})
        assert await store.next_due(REACTIONS) == taken[5].made

    async def test_what_waits_for_a_policy_is_due_again_when_it_is_taken_up(self, store: Store) -> None:
        await self.add(store, due(trigger=b"1"), due(trigger=b"2"), due(None, reaction="other", trigger=b"3"))
        first, _, third = await store.due(NOON, 100, REACTIONS)
        await store.settle_due([], {}, {first.id: "Tariff", third.id: "Tariff"})
        assert [d.trigger for d in await store.due(NOON, 100, REACTIONS)] == [b"2"]  # it holds nobody back
        assert await store.take_up(["r"]) == 1
        assert [d.trigger for d in await store.due(NOON, 100, REACTIONS)] == [b"1", b"2"]

    async def test_what_is_done_goes(self, store: Store) -> None:
        await self.add(store, due(trigger=b"1"), due(trigger=b"2"))
        first, second = await store.due(NOON, 100, REACTIONS)
        assert (first.reaction, first.at, first.stream, first.failed) == ("r", NOON, "s", "")
        await store.settle_due([first.id], {})
        assert await store.due(NOON, 100, REACTIONS) == [second]
        await store.settle_due([first.id, second.id], {})
        assert await store.next_due(REACTIONS) is None

    async def test_a_failed_one_holds_back_the_later_ones_of_its_stream(self, store: Store) -> None:
        await self.add(store, due(trigger=b"1"), due(trigger=b"2"), due(trigger=b"3"))
        await self.add(store, due(stream="other", trigger=b"4"), due(reaction="other", trigger=b"5"))
        rows = {d.trigger: d.id for d in await store.due(NOON, 100, REACTIONS)}
        await store.settle_due([], {rows[b"2"]: "no such post"})
        assert [d.trigger for d in await store.due(NOON, 100, REACTIONS)] == [b"1", b"4", b"5"]

    async def test_nobody_is_woken_for_what_is_held_back(self, store: Store) -> None:
        later = NOON + timedelta(days=1)
        await self.add(store, due(trigger=b"1"), due(trigger=b"2"), due(later, stream="other"))
        first = (await store.due(NOON, 1, REACTIONS))[0]
        await store.settle_due([], {first.id: "no such post"})
        assert await store.next_due(REACTIONS) == later

    async def test_rows_of_reactions_that_are_not_deployed_here_wait(self, store: Store) -> None:
        await self.add(store, due(reaction="newer"), due(NOON + timedelta(days=1)))
        assert await store.due(NOON, 100, REACTIONS) == []
        assert await store.next_due(REACTIONS) == NOON + timedelta(days=1)
        assert len(await store.due(NOON, 100, ["newer"])) == 1

    async def test_failed_without_a_word_is_failed(self, store: Store) -> None:
        await self.add(store, due())
        await store.settle_due([], {(await store.due(NOON, 1, REACTIONS))[0].id: ""})
        assert await store.due(NOON, 1, REACTIONS) == []

    async def test_a_text_that_cannot_be_kept_is_told_without_it(self, store: Store) -> None:
        await self.add(store, due())
        await store.settle_due([], {(await store.due(NOON, 1, REACTIONS))[0].id: "NUL\0 and half \ud800"})
        assert await store.due(NOON, 1, REACTIONS) == []


class TestImports:
    """Deadlines of a scope are held until its import is complete and read."""

    async def fill(self, store: Store) -> None:
        async with store.work() as work:
            await work.add_due(
                [
                    due(trigger=b"held", scope="studio/1"),
                    due(trigger=b"free", scope="studio/2"),
                    due(None, trigger=b"at once", scope="studio/1"),
                ]
            )
            await work.checkpoint("a/1", {}, {HERE: Checkpoint(log="l", offset=4, position=5)})
            await work.checkpoint("b", {}, {HERE: Checkpoint(log="l", offset=4, position=7)})

    async def held(self, store: Store) -> bool:
        return b"held" not in [d.trigger for d in await store.due(NOON, 100, REACTIONS)]

    async def test_until_all_readers_have_passed_its_positions(self, store: Store) -> None:
        await self.fill(store)
        opened = await store.start_import("2024", "studio/1", "li")
        assert await store.start_import("2024", "studio/9", "wang") == opened
        assert [d.trigger for d in await store.due(NOON, 100, REACTIONS)] == [b"free", b"at once"]
        assert await store.release(["a/1", "b"]) == []
        await store.complete_import("2024", {HERE: 6})
        assert await store.release(["a/1", "b"]) == []  # something is due at once
        await store.settle_due([(await store.due(NOON, 100, REACTIONS))[-1].id], {})
        assert await store.release(["a/1", "b"]) == []  # a/1 stands before it
        assert await self.held(store)
        async with store.work() as work:
            before = await store.checkpoints("a/1")
            await work.checkpoint("a/1", {HERE: before[HERE]}, {HERE: Checkpoint(log="l", offset=5, position=6)})
        assert await store.release(["a/1", "b"]) == ["2024"]
        assert not await self.held(store)
        (found,) = await store.imports()
        assert (found.scope, found.started_by, found.released_at is not None) == ("studio/1", "li", True)

    async def test_a_partition_that_a_reader_never_saw_is_not_passed(self, store: Store) -> None:
        await self.fill(store)
        await store.settle_due([(await store.due(NOON, 100, REACTIONS))[-1].id], {})
        await store.start_import("2024", EVERYWHERE, "li")
        assert await store.next_due(REACTIONS) is None
        await store.complete_import("2024", {(HERE[0], 3): 1})
        assert await store.release(["b"]) == []
        await store.start_import("other", EVERYWHERE, "li")
        await store.complete_import("other", {("kaibo.elsewhere.events", 0): 9})
        assert await store.release(["b"]) == ["other"]  # nobody here reads that topic

    async def test_an_operator_ends_one_that_was_left_open(self, store: Store) -> None:
        await self.fill(store)
        await store.start_import("2024", EVERYWHERE, "li")
        assert await self.held(store)
        ended = await store.end_import("2024", "wang", "the importer is gone")
        assert (ended.ended_by, ended.reason) == ("wang", "the importer is gone")
        assert not await self.held(store)
        assert await store.complete_import("2024", {HERE: 99}) == ended
        for ask in (store.complete_import("none", {}), store.end_import("none", "li", "")):
            with pytest.raises(Unknown):
                await ask


def parked(position: int, stream: str = "s", error: str = "", reader: str = "reader/1") -> Parked:
    return Parked(
        reader=reader, partition=HERE, position=position, stream=stream, record=b"r%d" % position, error=error
    )


class TestParked:
    async def test_two_that_take_up_one_meet(self, store: Store) -> None:
        async with store.work() as work:
            await work.park([parked(1), parked(2)])
        async with store.work() as work:
            await work.unpark([parked(1)], discard=True)
        for discard in (False, True):
            with pytest.raises(Moved):
                async with store.work() as work:
                    await work.unpark([parked(1)], discard=discard)
        async with store.work() as work:
            assert await work.discarded("reader") == [b"r1"]
            assert await work.discarded("other") == []

    async def put(self, store: Store, *waiting: Parked) -> None:
        async with store.work() as work:
            await work.park(waiting)

    async def read(self, store: Store) -> list[Parked]:
        async with store.work() as work:
            return await work.parked("reader/1")

    async def test_they_come_back_in_order_of_position(self, store: Store) -> None:
        waiting = [parked(2, error="boom"), parked(10), parked(3, stream="other", error="bang")]
        await self.put(store, *waiting[::-1], parked(1, reader="reader/2"))
        assert await self.read(store) == [waiting[0], waiting[2], waiting[1]]

    async def test_parked_again_it_has_the_new_error(self, store: Store) -> None:
        await self.put(store, parked(2, error="boom"))
        await self.put(store, parked(2, error="bang"))
        assert await self.read(store) == [parked(2, error="bang")]

    @pytest.mark.parametrize("discard", [True, False])
    async def test_what_is_unparked_goes_and_may_come_again(self, store: Store, discard: bool) -> None:
        await self.put(store, parked(2, error="boom"), parked(3))
        for _ in range(2):
            async with store.work() as work:
                await work.unpark([parked(2)], discard=discard)
            assert await self.read(store) == [parked(3)]
            await self.put(store, parked(2))


class TestPersonKeys:
    async def test_the_first_key_stays(self, store: Store) -> None:
        await store.add_person_keys({("li", "name"): b"1", ("li", "note"): b"2"})
        await store.add_person_keys({("li", "name"): b"3", ("wang", "name"): b"4"})
        assert await store.person_keys([("li", "name"), ("li", "note"), ("wang", "name"), ("li", "reason")]) == {
            ("li", "name"): b"1",
            ("li", "note"): b"2",
            ("wang", "name"): b"4",
        }
        assert await store.person_keys([]) == {}

    async def test_who_is_erased_has_no_key_and_gets_none(self, store: Store) -> None:
        await store.add_person_keys({("li", "name"): b"1", ("wang", "name"): b"2"})
        async with store.work() as work:
            await work.erase(["li", "zhao"])
        await store.add_person_keys({("li", "note"): b"3", ("li", "name"): b"4", ("zhao", "name"): b"5"})
        owners = [("li", "name"), ("li", "note"), ("wang", "name"), ("zhao", "name")]
        assert await store.person_keys(owners) == {("li", "name"): None, ("wang", "name"): b"2"}
        async with store.work() as work:
            await work.erase(["li"])

    async def test_a_key_that_is_added_while_somebody_is_erased_does_not_stay(self, store: Store) -> None:
        await a_key_added_meanwhile_does_not_stay(store)


async def a_key_added_meanwhile_does_not_stay(store: Store) -> None:
    for adding in (True, False):
        try:
            async with store.work() as work:
                await work.parked("erasure")  # what it sees is settled here
                if adding:
                    await store.add_person_keys({("li", "note"): b"1"})
                await work.erase(["li"])
        except Moved:
            continue
        break
    assert await store.person_keys([("li", "note")]) in ({}, {("li", "note"): None})
