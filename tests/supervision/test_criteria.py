"""What an organisation asks for an award in its own words, over facts that have names; checked at load. C-18."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from services.performance.contracts import ReviewCompleted, ScoreRestated
from services.supervision.awards.decisions import ApproveAward, awards, months
from services.supervision.awards.events import AwardGranted, AwardProposed, Cause, Ground
from services.supervision.awards.items import AwardItems
from services.supervision.awards.merits import merits
from services.supervision.awards.projections import all_awards
from services.supervision.complaints.events import ComplaintRecorded
from services.training.contracts import Attempt
from services.vocabulary import Month, PersonMonth, StreamId
from shared.event import Recorded
from shared.explanation import load, render, rules, verify
from shared.policy import PolicyError, load_policy
from shared.testing import given
from tests.supervision.folding import folded
from tests.supervision.hearing import heard, known
from tests.supervision.organisation import ASSISTANT, HR, LI, NOON, STUDIO, WANG, graded, regraded

CRITERION = "excellent_months >= 2 && score >= 88 && complaints == 0"
CATALOGUE = f"""kind: AwardItems
issue: {{policy: award_items, version: 3}}
items:
  - name: best_of_the_quarter
    title: 季度之星
    clause: S-50
    needs: [merit]
    criterion: {{cel: "{CRITERION}"}}
    rewards: [commendation]
"""
ITEMS = load_policy(AwardItems, CATALOGUE)
JULY = datetime(2024, 7, 2, 1, tzinfo=UTC)
APPROVE = ApproveAward(person=LI, item="best_of_the_quarter", period="2024-Q2")
PROPOSED = AwardProposed(
    award="award",
    person=LI,
    item=APPROVE.item,
    period=APPROVE.period,
    causes=(Cause(ground=Ground.MERIT, fact="three good months"),),
    proposer=WANG,
    ruled_on=date(2024, 6, 30),
)


def result(month: str, score: str | None) -> ReviewCompleted:
    points = Decimal(score) if score else None
    return ReviewCompleted(
        subject=PersonMonth(person=LI, month=Month(month)),
        post=ASSISTANT,
        studio=STUDIO,
        version=1,
        score=points,
        grade="A" if points and points >= 90 else "B",
        excellent=points is not None and points >= 90,
    )


def restated(of: ReviewCompleted, score: str) -> ScoreRestated:
    return ScoreRestated(
        subject=of.subject,
        version=2,
        score=Decimal(score),
        grade="A" if Decimal(score) >= 90 else "B",
        excellent=Decimal(score) >= 90,
        difference=None,
        causes=(),
        used=(),
        explanation={},
    )


def complaint(*, withdrawn: bool = False) -> ComplaintRecorded:
    return ComplaintRecorded(
        complaint="c1",
        stream=StreamId("s1"),
        assistant=LI,
        against=() if withdrawn else (LI,),
        started_at=NOON,
        received_at=NOON,
        withdrawn=withdrawn,
    )


APRIL, MAY, JUNE = result("2024-04", None), result("2024-05", "91.00"), result("2024-06", "90.00")
QUARTER = (APRIL, MAY, JUNE)


def proposal(facts: Sequence[Any], items: AwardItems = ITEMS, proposed: AwardProposed = PROPOSED) -> Any:
    recorded = [
        Recorded(
            event=r.event,
            meta=msgspec.structs.replace(r.meta, stream="/".join(merits.about(r.event)), version=r.meta.position),
        )
        for r in heard(merits, *facts)
    ]
    found = given(awards, proposed).under(items)
    for subject in months(LI, proposed.period):
        found = found.seeing(merits, subject, found=known(merits, subject, recorded))
    return found


def asking(criterion: str) -> AwardItems:
    return load_policy(AwardItems, CATALOGUE.replace(CRITERION, criterion))


@pytest.mark.clause("C-18")
def test_what_meets_the_criterion_is_granted_and_explains_itself() -> None:
    """A month that is not rated counts for nothing."""
    _, granted = proposal(QUARTER).when(APPROVE, by=HR, capacity="hr", now=JULY).events
    assert isinstance(granted, AwardGranted)
    assert granted.explanation is not None
    assert verify(granted.explanation, stated=lambda policy, version: rules(ITEMS)) == []
    text = render(load(granted.explanation))
    assert "best_of_the_quarter = met" in text
    assert "score = 90.5" in text
    assert "(rule award_items v3 S-50)" in text
    (row,) = folded(all_awards, PROPOSED, granted)
    assert row.explanation == granted.explanation


@pytest.mark.clause("C-18")
@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ((APRIL, MAY, result("2024-06", "80.00")), {"complaints": "0", "excellent_months": "1", "score": "85.5"}),
        ((*QUARTER, restated(MAY, "89.00")), {"complaints": "0", "excellent_months": "1", "score": "89.5"}),
        ((*QUARTER, complaint()), {"complaints": "1", "excellent_months": "2", "score": "90.5"}),
    ],
    ids=["one excellent month", "restated since", "a complaint"],
)
def test_what_does_not_meet_it_is_not_approved(facts: tuple[Any, ...], shown: dict[str, str]) -> None:
    outcome = proposal(facts).when(APPROVE, by=HR, capacity="hr", now=JULY)
    outcome.refused("award.criterion_not_met", criterion=CRITERION, shown=shown)


@pytest.mark.clause("C-35")
def test_a_complaint_that_was_none_does_not_count() -> None:
    outcome = proposal((*QUARTER, complaint(), complaint(withdrawn=True))).when(APPROVE, by=HR, capacity="hr", now=JULY)
    assert outcome.refusal is None


def test_before_the_period_is_over_or_its_results_are_there_nothing_is_approved() -> None:
    early = datetime(2024, 6, 30, 15, 59, tzinfo=UTC)
    proposal(QUARTER).when(APPROVE, by=HR, capacity="hr", now=early).refused(
        "award.period_open", until=date(2024, 6, 30)
    )
    for nothing in ((), (APRIL,), (restated(MAY, "99"),)):
        proposal(nothing).when(APPROVE, by=HR, capacity="hr", now=JULY).refused("award.criterion_open")


@pytest.mark.clause("R1", "T-64")
def test_excellent_exams_are_counted_by_their_first_attempts_unless_the_item_says_otherwise() -> None:
    exams = (graded("95"), graded("91", "sales"), graded("97", "voice", Attempt.MAKE_UP), regraded("80", "sales"))
    may = replace(PROPOSED, period="2024-05")
    approve = replace(APPROVE, period="2024-05")
    one, two = asking("excellent_exams == 1"), asking("excellent_exams == 2")
    assert proposal(exams, one, may).when(approve, by=HR, capacity="hr", now=JULY).refusal is None
    counted = replace(two, items=(replace(two.items[0], make_ups_count=True),))
    assert proposal(exams, counted, may).when(approve, by=HR, capacity="hr", now=JULY).refusal is None


@pytest.mark.parametrize(
    ("period", "first", "count"), [("2024", "2024-01", 12), ("2024-Q2", "2024-04", 3), ("2024-05", "2024-05", 1)]
)
def test_the_months_of_a_period(period: str, first: str, count: int) -> None:
    found = months(LI, period)
    assert (found[0].month, len(found)) == (first, count)


@pytest.mark.clause("C-18")
@pytest.mark.parametrize(
    ("criterion", "said"),
    [
        ("sales > 3", "there is no input sales, only complaints, excellent_exams, excellent_months"),
        ("score == 'A'", "score is a number and 'A' a word"),
        ("score + 1 > 3", "does not know what begins at"),
        ("score", "a criterion is yes or no; this is a number"),
        ("score >", "this is no expression"),
    ],
)
def test_a_criterion_that_asks_for_what_is_not_there_is_refused_with_its_line(criterion: str, said: str) -> None:
    with pytest.raises(PolicyError, match=f"^policy:8: items.best_of_the_quarter.criterion.*{said}"):
        asking(criterion)
