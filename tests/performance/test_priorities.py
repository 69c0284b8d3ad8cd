"""Priority for being excellent several months in a row: granted by a rule, held, ended. A-59; R6, R7; P-12."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from services.objection import Correction, Outcome, Raised, Resolved, Withdrawn
from services.performance.contracts import (
    CareerPriorityEnded,
    CareerPriorityGranted,
    CareerPriorityHeld,
    Opportunity,
    ReviewObjectionRaised,
    ReviewObjectionResolved,
    ReviewObjectionWithdrawn,
    ScoreRestated,
)
from services.performance.main import service
from services.performance.priorities.decisions import DeterminePriority, priorities
from services.performance.priorities.facts import PersonMonths, months_completed
from services.performance.priorities.policies import PriorityRules
from services.performance.priorities.projections import PriorityRow, Standing, priority_register
from services.population import Population
from services.vocabulary import PersonId
from shared.event import Recorded
from shared.policy import Format, Policies, PolicyError, load_policies, load_policy
from shared.privacy import Personal
from shared.testing import Given, given
from tests.performance.month import A
from tests.performance.month import recorded as in_order
from tests.performance.test_periods import graded, month, restated

TEXT = """
kind: PriorityRules
issue: {policy: priority, version: 1}
clause: A-59
opportunities: [promotion, training]
months: 3
lasts_months: 6
"""
RULES = load_policy(PriorityRules, TEXT)
MINE = PersonMonths(person=A)
DETERMINE = DeterminePriority(person=A)
GOOD = [graded(number, True) for number in (4, 5, 6)]
SHIPS = Path(service.home) / "policies"


def facts(events: Sequence[Any]) -> list[Recorded[Any]]:
    """All that is said of a review stands on its stream; the id of each fact says how it came."""
    streams = [str(months_completed.about(event)) for event in events]
    return [
        Recorded(
            event=r.event,
            meta=msgspec.structs.replace(r.meta, stream=streams[i], version=streams[: i + 1].count(streams[i])),
        )
        for i, r in enumerate(in_order(events, months_completed.about))
    ]


def after(events: Sequence[Any], *history: Any, rules: PriorityRules = RULES) -> Given[Any, Any, Any]:
    known = months_completed.gathered(MINE, facts(events))
    return given(priorities, *history).under(rules).seeing(months_completed, MINE, found=known)


def said(events: Sequence[Any], *history: Any, rules: PriorityRules = RULES) -> list[Any]:
    """And no more of the same where it is asked again."""
    there = after(events, *history, rules=rules).when(DETERMINE, by="system")
    assert there.refusal is None, there.refusal
    after(events, *history, *there.events, rules=rules).when(DETERMINE, by="system").then()
    return list(there.events)


def granted(events: Sequence[Any], *history: Any, rules: PriorityRules = RULES) -> CareerPriorityGranted:
    (event,) = said(events, *history, rules=rules)
    assert isinstance(event, CareerPriorityGranted)
    return event


def worse(number: int) -> ScoreRestated:
    return replace(restated(month(number), "60"), excellent=False)


def objected(number: int, version: int = 1) -> ReviewObjectionRaised:
    told = Raised(person=A, version=version, named=(), reason=Personal("not so"), raised_on=date(2024, 7, 2))
    return ReviewObjectionRaised(subject=month(number), told=told)


def resolved(number: int, corrections: tuple[Correction, ...] = (), version: int = 1) -> ReviewObjectionResolved:
    told = Resolved(
        person=A,
        version=version,
        outcome=Outcome.UPHELD if corrections else Outcome.REJECTED,
        corrections=corrections,
        handler=PersonId("qi"),
        capacity="supervision_group",
        finding=Personal("seen"),
    )
    return ReviewObjectionResolved(subject=month(number), told=told)


@pytest.mark.clause("A-59", "P-12")
def test_three_excellent_months_in_a_row_give_priority() -> None:
    first = granted(GOOD)
    assert first.opportunities == (Opportunity.PROMOTION, Opportunity.TRAINING)
    assert (first.months, first.valid_until) == (("2024-04", "2024-05", "2024-06"), date(2024, 12, 31))
    assert (first.rules, first.clause) == ("priority:1", "A-59")
    assert len(set(first.results)) == 3
    assert said(GOOD[:2]) == []
    assert said([GOOD[0], graded(5, False), GOOD[2]]) == []
    without_end = granted(GOOD, rules=replace(RULES, lasts_months=None))
    assert without_end.valid_until is None


@pytest.mark.clause("A-59")
def test_a_month_that_is_not_rated_breaks_nothing_and_counts_for_nothing() -> None:
    assert said([GOOD[0], graded(5, None), GOOD[2]]) == []
    assert granted([graded(3, True), GOOD[0], graded(5, None), GOOD[2]]).months == ("2024-03", "2024-04", "2024-06")


@pytest.mark.clause("A-59")
def test_it_goes_on_with_the_run_and_outlasts_it_until_its_last_day() -> None:
    first = granted(GOOD)
    longer = granted([*GOOD, graded(7, True)], first)
    assert (longer.months[-1], longer.valid_until) == ("2024-07", date(2025, 1, 31))
    assert said([*GOOD, graded(7, False)], first) == []  # what it rests on is as it was
    assert said([*GOOD, graded(7, False), worse(5)], first)[0].months == first.months


@pytest.mark.clause("A-59", "R6")
def test_it_ends_where_the_run_is_restated_away() -> None:
    first = granted(GOOD)
    (end,) = said([*GOOD, worse(5)], first)
    assert isinstance(end, CareerPriorityEnded)
    assert end.months == first.months
    assert end.results != first.results
    again = granted([*GOOD, worse(5), replace(restated(month(5), "95", version=3))], first, end)
    assert again.months == first.months


@pytest.mark.clause("A-59", "R6")
def test_a_shorter_run_that_is_long_enough_still_gives_it() -> None:
    four = [graded(3, True), *GOOD]
    first = granted(four)
    assert granted([*four, worse(3)], first).months == ("2024-04", "2024-05", "2024-06")


@pytest.mark.clause("A-59", "R7")
@pytest.mark.parametrize("version", [1, 2])
def test_it_is_held_while_one_of_its_results_is_objected_to(version: int) -> None:
    first, open_ = granted(GOOD), [*GOOD, objected(5, version)]
    (held,) = said(open_, first)
    assert held == CareerPriorityHeld(person=A, held=True)
    assert said([*open_, worse(5)], first, held) == []  # nothing follows against him
    (released,) = said([*open_, resolved(5, version=version)], first, held)
    assert released == CareerPriorityHeld(person=A, held=False)
    withdrawn = ReviewObjectionWithdrawn(subject=month(5), told=Withdrawn(person=A, version=version))
    assert said([*open_, withdrawn], first, held) == [released]
    (end,) = said([*open_, worse(5), resolved(5, version=version)], first, held)
    assert isinstance(end, CareerPriorityEnded)


@pytest.mark.clause("A-59", "R7")
def test_what_is_objected_to_gives_nothing_yet() -> None:
    assert said([*GOOD, objected(6)]) == []
    assert granted([*GOOD, objected(6), resolved(6)]).months == tuple(one.subject.month for one in GOOD)
    first = granted(GOOD)
    assert said([*GOOD, graded(7, True), objected(7)], first) == []  # what stands rests on other months


@pytest.mark.clause("A-59", "P-12")
def test_what_is_not_configured_waits() -> None:
    """Once there is a run; the number is the organisation's."""
    open_ = replace(RULES, months=None)
    after(GOOD, rules=open_).when(DETERMINE).refused("policy.not_configured", setting="months")
    assert said([graded(6, False)], rules=open_) == []


@pytest.mark.clause("A-59", "P-12", "R7")
def test_what_stands_is_judged_although_the_latest_run_waits_for_its_rules() -> None:
    first = granted(GOOD)
    open_ = load_policy(
        PriorityRules, TEXT.replace("version: 1", "version: 2, effective_from: 2024-07-01").replace("months: 3\n", "")
    )
    july = [*GOOD, graded(7, True)]

    def there(events: Sequence[Any], *history: Any) -> Given[Any, Any, Any]:
        known = months_completed.gathered(MINE, facts(events))
        found = Given(priorities, (first, *history), policies=Policies().under(RULES, open_))
        return found.seeing(months_completed, MINE, found=known).when(DETERMINE, by="system")

    there(july).refused("policy.not_configured", setting="months")
    (end,) = there([*july, worse(5)]).events
    assert isinstance(end, CareerPriorityEnded)
    held, released = (CareerPriorityHeld(person=A, held=h) for h in (True, False))
    there([*july, objected(5)]).then(held)
    there([*july, objected(5), resolved(5)], held).then(released)


@pytest.mark.clause("A-59", "P-12")
def test_the_regulation_speaks_of_assistant_anchors_alone() -> None:
    """What ships: a policy for them, without the number; for everybody else there is nothing to wait for."""
    ships = load_policies(Format(kinds=tuple(service.policies), traits=Population), [SHIPS])
    anchor = Given(priorities, (), policies=ships).seeing(
        months_completed, MINE, found=months_completed.gathered(MINE, facts(GOOD))
    )
    anchor.when(DETERMINE, by="system").then()
    assistants = [replace(one, post="assistant_anchor") for one in GOOD]
    waiting = Given(priorities, (), policies=ships).seeing(
        months_completed, MINE, found=months_completed.gathered(MINE, facts(assistants))
    )
    waiting.when(DETERMINE, by="system").refused("policy.not_configured", setting="months")


def test_a_run_is_longer_than_a_month_and_whole() -> None:
    for wrong in ("months: 1", "months: 2.5"):
        with pytest.raises(PolicyError, match="months: a whole number, at least 2"):
            load_policy(PriorityRules, TEXT.replace("months: 3", wrong, 1))


@pytest.mark.clause("A-59", "R6")
def test_it_stands_by_the_rules_under_which_it_was_granted() -> None:
    first = granted(GOOD)
    stricter = load_policy(PriorityRules, TEXT.replace("version: 1", "version: 2").replace("months: 3", "months: 4", 1))
    both = Policies().under(RULES, stricter)
    known = months_completed.gathered(MINE, facts([*GOOD, graded(7, False)]))
    there = Given(priorities, (first,), policies=both).seeing(months_completed, MINE, found=known)
    there.when(DETERMINE, by="system").then()


@pytest.mark.clause("A-59")
def test_the_register_says_for_what_from_which_run_until_when() -> None:
    first = granted(GOOD)
    held, free = (CareerPriorityHeld(person=A, held=h) for h in (True, False))
    end = CareerPriorityEnded(person=A, months=first.months, results=("r1",))
    rows = [folded(first), folded(first, held), folded(first, held, free), folded(first, end)]
    assert [row.standing for row in rows] == [Standing.GRANTED, Standing.HELD, Standing.GRANTED, Standing.ENDED]
    assert (rows[0].months, rows[0].valid_until, rows[0].causes) == (first.months, first.valid_until, first.results)
    assert (rows[0].opportunities, rows[0].granted_on) == (first.opportunities, date(2024, 5, 14))
    assert rows[3].causes == ("r1",)


def folded(*events: Any) -> PriorityRow:
    rows: dict[tuple[Any, ...], Any] = {}
    for recorded in in_order(events, lambda event: "priority"):
        priority_register.apply(rows, recorded)
    (row,) = rows.values()
    return row  # type: ignore[no-any-return]


@settings(max_examples=60)
@for_all(st.data())
def test_neither_order_nor_repetition_of_arrival_shows(data: st.DataObject) -> None:
    there = facts([graded(3, True), *GOOD, objected(5), worse(3), resolved(5)])
    arrival = data.draw(st.permutations([*there, *data.draw(st.lists(st.sampled_from(there), max_size=4))]))
    found = months_completed.result(MINE, months_completed.gathered(MINE, arrival))
    assert found == months_completed.result(MINE, months_completed.gathered(MINE, there))


@settings(max_examples=80)
@for_all(st.data())
def test_whatever_is_heard_meanwhile_the_same_stands_in_the_end(data: st.DataObject) -> None:
    """Looked at after any of the facts, or after all: who has priority is the same, unless it outlasts its run."""
    numbers = range(3, 8)
    first = [graded(n, data.draw(st.sampled_from([True, True, True, False]))) for n in numbers]
    later = [worse(n) for n in data.draw(st.lists(st.sampled_from(numbers), unique=True, max_size=2))]
    contested = [objected(n) for n in data.draw(st.lists(st.sampled_from(numbers), unique=True, max_size=2))]
    events: list[Any] = [*first, *later, *contested]
    history: list[Any] = []
    for upto in range(1, len(events) + 1):
        if data.draw(st.booleans()) or upto == len(events):
            history += after(events[:upto], *history).when(DETERMINE, by="system").events
    ends = [resolved(int(o.subject.month[-2:])) for o in contested]
    history += after([*events, *ends], *history).when(DETERMINE, by="system").events
    at_once = said([*events, *ends])
    state = priorities.state(history)
    assert not state.held
    if at_once:
        assert state.granted == at_once[0]
    elif state.granted:  # an older run that nobody restated away
        fallen = {event.subject.month for event in later}
        excellent = {event.subject.month for event in first if event.excellent} - fallen
        assert set(state.granted.months) <= excellent
