"""Neither the order in which streams arrive nor repetition shows in what was decided. Guarantees G5 and G9."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from services.objection import Amended, ObjectionRules
from services.people.contracts import CategoriesChanged, Category
from services.supervision.awards.decisions import ApproveAward, awards
from services.supervision.awards.projections import Standing as AwardStanding
from services.supervision.awards.projections import all_awards
from services.supervision.penalties.decisions import penalties
from services.supervision.penalties.events import PenaltyKind, PenaltyObjectionResolved
from services.supervision.penalties.objections import RaiseObjection, ResolveObjection
from services.supervision.penalties.projections import Standing, all_penalties
from services.supervision.violations.decisions import violations
from services.supervision.violations.events import ViolationKind
from services.supervision.violations.projections import Stands, all_violations
from services.training.contracts import Attempt
from shared.policy import Policies, load_policy
from shared.privacy import Personal
from tests.supervision.interleaving import World
from tests.supervision.organisation import (
    AFTER_MAKE_UP,
    CONSEQUENCES,
    HR,
    IMPOSING,
    LI,
    POOR_PERFORMANCE,
    absence,
    absence_corrected,
    ended,
    figures,
    graded,
    policies,
    registered,
    regraded,
    review_opened,
    shipped,
)

Told = tuple[str, Any]
Outcome = tuple[Any, ...]


def training() -> Iterator[Told]:
    """Sessions: `laws` was excused later, `sales` stays, of `voice` he had no notice. Chains of exams: `laws` 55, 58,
    then 55 is corrected to 62; `goods` 57, 64; `voice` 95, corrected to 70; `safety` 92; `service` 55, 58, the first
    corrected to 62, the make-up to 57, the first to 54; `care` 93, corrected to 80 and to 94."""
    yield "attendance/laws", absence("laws")
    yield "attendance/laws", absence_corrected("laws")
    yield "attendance/sales", absence("sales")
    yield "attendance/voice", absence("voice", noticed=False)
    yield "exam/laws", graded("55")
    yield "exam/laws", graded("58", attempt=Attempt.MAKE_UP)
    yield "exam/laws", regraded("62")
    yield "exam/goods", graded("57", "goods")
    yield "exam/goods", graded("64", "goods", Attempt.MAKE_UP)
    yield "exam/voice", graded("95", "voice")
    yield "exam/voice", regraded("70", "voice")
    yield "exam/safety", graded("92", "safety")
    yield "exam/service", graded("55", "service")
    yield "exam/service", graded("58", "service", Attempt.MAKE_UP)
    yield "exam/service", regraded("62", "service")
    yield "exam/service", regraded("57", "service", Attempt.MAKE_UP)
    yield "exam/service", regraded("54", "service")
    yield "exam/care", graded("93", "care")
    yield "exam/care", regraded("80", "care")
    yield "exam/care", regraded("94", "care")


def live() -> Iterator[Told]:
    """10,000 viewers a stream until April; in May 9,000, corrected to 6,800."""
    for month, viewers in ((2, 9_500), (3, 10_000), (4, 10_500), (5, 9_000)):
        yield f"stream/s{month}", ended(f"s{month}", datetime(2024, month, 10, 4, tzinfo=UTC))
        yield f"stream/s{month}", figures(f"s{month}", viewers)
        yield f"review/{month}", review_opened(f"2024-0{month}")
    yield "stream/s5", figures("s5", 6_800)


def people(*categories: Category) -> Iterator[Told]:
    yield "person/li", registered(LI, *categories)
    yield "person/li", CategoriesChanged(person=LI, categories=(Category.OPERATIONS_GROUP,))


def told(*categories: Category) -> list[Told]:
    return [*people(*categories), *training(), *live()]


def world(under: Policies, facts: list[Told], pace: Random) -> World:
    made = World(under, pace)
    tell(made, facts)
    return made


def tell(made: World, facts: list[Told]) -> None:
    for stream, event in facts:
        made.tell(stream, event, datetime(2024, 9 if isinstance(event, CategoriesChanged) else 5, 2, tzinfo=UTC))
    made.run()


def outcome(made: World) -> Outcome:
    """What burdens or honours a person in the end, and for each training matter all that was ever proposed."""
    violations = {(v.kind, v.occasion) for v in made.rows(all_violations) if v.stands is Stands.RECORDED}
    penalties = made.rows(all_penalties)
    standing = {(p.offence, p.occasion, p.kind, p.standing) for p in penalties if p.standing is not Standing.REVERSED}
    from_training = [p for p in penalties if p.offence is not ViolationKind.POOR_PERFORMANCE]
    proposed = Counter((p.offence, p.occasion, p.kind, p.standing) for p in from_training)
    pending = {
        (a.item, a.period, frozenset(a.causes)) for a in made.rows(all_awards) if a.standing is AwardStanding.PENDING
    }
    return violations, standing, proposed, pending


paces = st.randoms(use_true_random=True)

ABSENCE, FAIL, POOR = (
    ViolationKind.UNEXCUSED_TRAINING_ABSENCE,
    ViolationKind.TRAINING_ASSESSMENT_FAILED,
    ViolationKind.POOR_PERFORMANCE,
)
BEARING = (AwardStanding.PENDING, AwardStanding.FINAL, AwardStanding.HELD)
CRITICISM, POINTS = PenaltyKind.CRITICISM, PenaltyKind.POINTS_DEDUCTION


@settings(max_examples=60, deadline=None)
@for_all(paces)
@pytest.mark.parametrize("rules", [CONSEQUENCES, IMPOSING, AFTER_MAKE_UP], ids=["propose", "impose", "after_make_up"])
def test_any_interleaving_and_repetition_decides_the_same(rules: Any, pace: Random) -> None:
    under = policies(rules, POOR_PERFORMANCE)
    violations, standing, proposed, pending = outcome(world(under, told(), pace))
    decided = Standing.FINAL if rules is IMPOSING else Standing.PENDING
    failed = set() if rules is AFTER_MAKE_UP else {(FAIL, "goods")}
    assert violations == {(ABSENCE, "sales"), (POOR, "2024-05"), (FAIL, "service")} | failed
    assert standing == {
        (ABSENCE, "sales", CRITICISM, decided),
        (POOR, "2024-05", POINTS, Standing.PENDING),
        (FAIL, "service", CRITICISM, Standing.PENDING),  # a correction turned against him: never imposed by a rule
        *((kind, occasion, CRITICISM, decided) for kind, occasion in failed),
    }
    assert proposed == {
        (ABSENCE, "laws", CRITICISM, Standing.REVERSED): 1,
        (ABSENCE, "sales", CRITICISM, decided): 1,
        (FAIL, "laws", CRITICISM, Standing.REVERSED): 1,
        (FAIL, "service", CRITICISM, Standing.REVERSED): 1,
        (FAIL, "service", CRITICISM, Standing.PENDING): 1,
        **{(kind, occasion, CRITICISM, decided): 1 for kind, occasion in failed},
    }
    (award,) = pending
    assert (award[0], award[1], {cause.fact for cause in award[2]}) == (
        "training_excellence",
        "2024-05",
        {"safety/first", "care/first"},
    )


@pytest.mark.clause("R8")
@settings(max_examples=60, deadline=None)
@for_all(paces)
def test_whenever_awards_are_approved_they_rest_in_the_end_on_what_is_excellent(pace: Random) -> None:
    """Proposed, granted or under review, by however many persons' words in between."""
    made = World(policies(POOR_PERFORMANCE), pace)
    approve = ApproveAward(person=LI, item="training_excellence", period="2024-05")
    for _ in range(3):
        made.ask(awards, approve, by=HR, capacity="hr")
    tell(made, told())
    rows = made.rows(all_awards)
    resting = [cause.fact for a in rows if a.standing in BEARING for cause in a.causes]
    assert sorted(resting) == ["care/first", "safety/first"]
    assert all(a.standing is AwardStanding.HELD for a in rows if a.granted_on and not a.causes)


@pytest.mark.clause("C-11")
@settings(max_examples=25, deadline=None)
@for_all(paces)
def test_nothing_is_left_of_what_his_regulation_does_not_know(pace: Random) -> None:
    """Whether who he is arrives before or after."""
    under = policies(IMPOSING, POOR_PERFORMANCE)
    violations, standing, proposed, _ = outcome(world(under, told(Category.E_COMMERCE), pace))
    assert violations == {(ABSENCE, "sales"), (POOR, "2024-05"), (FAIL, "goods"), (FAIL, "service")}
    assert standing == set()
    assert proposed == {
        (ABSENCE, "laws", CRITICISM, Standing.REVERSED): 1,
        (ABSENCE, "sales", CRITICISM, Standing.REVERSED): 1,
        (FAIL, "laws", CRITICISM, Standing.REVERSED): 1,
        (FAIL, "goods", CRITICISM, Standing.REVERSED): 1,
        (FAIL, "service", CRITICISM, Standing.REVERSED): 2,
    }


@settings(max_examples=25, deadline=None)
@for_all(paces)
def test_figures_that_were_corrected_in_his_favour_leave_no_case(pace: Random) -> None:
    facts = [*told(), ("stream/s5", figures("s5", 9_900))]
    violations, standing, _, _ = outcome(world(policies(POOR_PERFORMANCE), facts, pace))
    assert POOR not in {kind for kind, _ in violations}
    assert POOR not in {row[0] for row in standing}


@pytest.mark.clause("R7")
@settings(max_examples=40, deadline=None)
@for_all(paces)
def test_whenever_he_objects_and_is_upheld_nothing_is_left_of_it(pace: Random) -> None:
    """Before the penalty is imposed nothing can be objected to; after it, the absence is forgotten for good. What was
    told, and told again, of other matters stays as it is."""
    rules = load_policy(ObjectionRules, shipped("objections").replace("admitted: false", "admitted: true"))
    made = World(policies(IMPOSING, POOR_PERFORMANCE, rules), pace)
    about: dict[str, Any] = {"person": LI, "offence": ABSENCE, "occasion": "sales"}
    violation = violations.named(LI, ABSENCE, "sales")
    upheld = (Amended(fact=violation, field="stands", value="withdrawn"),)
    reason, finding = Personal("enc1:li:reason:x"), Personal("enc1:li:note:x")
    made.ask(penalties, RaiseObjection(**about, reason=reason), by=LI, capacity="assistant_anchor")
    resolve = ResolveObjection(**about, version=1, finding=finding, amended=upheld)
    for _ in range(2):
        made.ask(penalties, resolve, by=HR, capacity="hr")
    tell(made, told())
    found, standing, proposed, _ = outcome(made)
    stream = made.log[penalties.named(LI, ABSENCE, "sales")]
    resolved = [r for r in stream if isinstance(r.event, PenaltyObjectionResolved)]
    assert len(resolved) <= 1
    assert ((ABSENCE, "sales") in found) is (not resolved)
    assert ((ABSENCE, "sales", CRITICISM, Standing.FINAL) in standing) is (not resolved)
    assert sum(times for (kind, occasion, *_), times in proposed.items() if (kind, occasion) == (ABSENCE, "sales")) == 1
    assert not [row for row in standing if row[3] is Standing.HELD and resolved]
    assert (FAIL, "goods", CRITICISM, Standing.FINAL) in standing


def test_everything_once_more_changes_nothing() -> None:
    made = world(policies(POOR_PERFORMANCE), told(), Random(7))
    before = {stream: [r.event for r in events] for stream, events in made.log.items()}
    for given in made.given:
        made.given[given] = 0
    made.run()
    assert {stream: [r.event for r in events] for stream, events in made.log.items()} == before
    assert date(2024, 5, 31) in {v.occurred_on for v in made.rows(all_violations)}
