"""The forms that precede the scoring: the self-review, and the superior's. Clauses: O-103, O-104."""

from dataclasses import replace
from typing import Any

import pytest

from services.performance.contracts import ReviewScored, SelfReviewSubmitted, SuperiorReviewSubmitted
from services.performance.reviews.decisions import ScoreReview, SubmitSelfReview, SubmitSuperiorReview
from services.performance.reviews.events import Event
from services.performance.reviews.projections import Forms, forms, reviews_by_month
from services.vocabulary import PersonId
from shared.privacy import Personal
from shared.testing import Given
from tests.performance.month import MAY, MAY_IS_OVER, NOON, STANDARD, A, opened
from tests.performance.test_reviews import INTERVIEW, JUNE_6, SHORT, review, scored
from tests.supervision.folding import folded

SELF = SubmitSelfReview(
    person=A,
    month=MAY.month,
    achievements=Personal("twelve topics"),
    shortcomings=Personal("late with two"),
    improvements=Personal("plan on Mondays"),
)
SUPERIOR = SubmitSuperiorReview(person=A, month=MAY.month, evaluation=Personal("steady, and seen daily"))
SCORE = ScoreReview(subject=MAY)


def filled(command: SubmitSelfReview = SELF) -> SelfReviewSubmitted:
    return SelfReviewSubmitted(
        person=A,
        month=MAY.month,
        achievements=command.achievements,
        shortcomings=command.shortcomings,
        improvements=command.improvements,
    )


def judged(without: str | None = None) -> SuperiorReviewSubmitted:
    return SuperiorReviewSubmitted(
        person=A,
        month=MAY.month,
        reviewer=PersonId("boss"),
        capacity="ops_supervisor",
        evaluation=SUPERIOR.evaluation,
        without_self_review=without,
    )


def of_operations(*history: Event) -> Given[Any, Any, Any]:
    """Regulation 001."""
    return review(*history, under=(STANDARD, INTERVIEW))


@pytest.mark.clause("O-103", "O-104")
def test_self_review_then_the_superiors_then_the_scoring() -> None:
    there = of_operations(opened())
    there.when(SCORE, now=MAY_IS_OVER).refused("review.superior_review_first", clause="O-105")
    there.when(SUPERIOR, by="boss", now=JUNE_6).refused("review.self_review_first")
    reviewed_himself = there.when(SELF, by=A, now=JUNE_6).then(filled())
    both = reviewed_himself.when(SUPERIOR, by="boss", capacity="ops_supervisor", now=JUNE_6).then(judged())
    (event,) = both.when(SCORE, by="boss", now=JUNE_6).events
    assert isinstance(event, ReviewScored)


@pytest.mark.clause("O-103")
def test_the_self_review_is_his_own_and_follows_the_cycle() -> None:
    there = of_operations(opened())
    there.when(SELF, by=A, now=NOON).refused("review.month_not_over")
    there.when(SELF, by="boss", now=JUNE_6).refused("review.by_another")
    there.when(SELF, by="importer", capacity="system", now=JUNE_6).then(filled())
    of_operations().when(SELF, by=A, now=JUNE_6).refused("review.not_open")
    said = of_operations(opened(), filled())
    said.when(SELF, by=A, now=JUNE_6).then()
    other = replace(SELF, shortcomings=Personal("late with three"))
    said.when(other, by=A, now=JUNE_6).then(filled(other))
    closed = of_operations(opened(), filled(), judged(), scored())
    closed.when(SELF, by=A, now=JUNE_6).then()
    closed.when(other, by=A, now=JUNE_6).refused("review.already_scored")


@pytest.mark.clause("O-104", "S-42")
def test_a_missing_self_review_stops_nobody_who_says_why() -> None:
    why = replace(SUPERIOR, without_self_review="ill for six weeks")
    there = of_operations(opened())
    there.when(why, by=A, now=JUNE_6).refused("review.by_the_subject")
    there.when(why, by="boss", capacity="ops_supervisor", now=JUNE_6).then(judged("ill for six weeks"))


@pytest.mark.clause("R10")
def test_the_short_form_asks_for_neither() -> None:
    (event,) = review(opened(), under=(STANDARD, SHORT)).when(SCORE, now=MAY_IS_OVER).events
    assert isinstance(event, ReviewScored)
    review(opened(), under=(STANDARD, SHORT)).when(SUPERIOR, by="boss", capacity="ops_supervisor", now=JUNE_6).then(
        judged()
    )


def test_what_both_wrote_is_read_together() -> None:
    (row,) = folded(forms, filled(), judged())
    assert row == Forms(
        person=A,
        month=MAY.month,
        achievements=SELF.achievements,
        shortcomings=SELF.shortcomings,
        improvements=SELF.improvements,
        reviewer=PersonId("boss"),
        evaluation=SUPERIOR.evaluation,
    )
    (shown,) = folded(reviews_by_month, opened(), filled(), judged())
    assert shown.self_reviewed_on is not None
    assert shown.superior_reviewed_on is not None
