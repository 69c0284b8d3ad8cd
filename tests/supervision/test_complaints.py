"""Complaints with their subject: only those about the stream or its assistant are anybody's. A-61; C-35."""

from dataclasses import replace
from typing import Any

import pytest

from services.supervision.complaints.decisions import RecordComplaint, complaints
from services.supervision.complaints.events import ComplaintRecorded, ComplaintSubject
from services.supervision.streams.decisions import Ended, Live, streams
from services.supervision.streams.events import StreamStarted
from services.supervision.violations.decisions import ExamineMonth, violations
from services.supervision.violations.events import ViolationRecorded
from services.supervision.violations.facts import monthly_figures, total
from services.vocabulary import PersonId, PersonMonth
from shared.explanation import evaluate, load
from shared.testing import Given, given
from tests.supervision.hearing import heard, known, seeing_months
from tests.supervision.organisation import (
    ASSISTANT,
    LI,
    MAY,
    NOON,
    POOR_PERFORMANCE,
    STUDIO,
    WANG,
    ZHAO,
    ended,
    figures,
    review_opened,
)

TWO = ended("s1", li=ASSISTANT, hua=ASSISTANT, wang=type(ASSISTANT)("anchor"))
HUA = PersonId("hua")
ABOUT_THE_STREAM = RecordComplaint(
    complaint="c1",
    subject=ComplaintSubject.STREAM,
    stream=TWO.stream,
    received_at=NOON,
    what="rude to a viewer",
)


def seen(*history: ComplaintRecorded, found: object = None) -> Given[Any, Any, Any]:
    return given(complaints, *history).seeing(streams, TWO.stream, found=found or Ended(told=TWO))


def recorded(number: int, *against: PersonId, subject: ComplaintSubject = ComplaintSubject.STREAM) -> ComplaintRecorded:
    return ComplaintRecorded(
        complaint=f"c{number}",
        subject=subject,
        stream=TWO.stream if against else None,
        against=against,
        started_at=NOON if against else None,
        received_at=NOON,
        what="rude to a viewer",
    )


@pytest.mark.clause("C-35")
def test_a_complaint_counts_against_those_whom_its_subject_names() -> None:
    there = seen().when(ABOUT_THE_STREAM, by=ZHAO).then(recorded(1, LI, HUA))
    there.when(ABOUT_THE_STREAM, by=ZHAO).then()
    about_hua = replace(ABOUT_THE_STREAM, subject=ComplaintSubject.ASSISTANT, assistant=HUA)
    there.when(about_hua, by=ZHAO).then(recorded(1, HUA, subject=ComplaintSubject.ASSISTANT))
    for subject in (ComplaintSubject.ORDER, ComplaintSubject.PRODUCT, ComplaintSubject.OTHER):
        order = replace(ABOUT_THE_STREAM, subject=subject, stream=None)
        there.when(order, by=ZHAO).then(recorded(1, subject=subject))
    none = replace(ABOUT_THE_STREAM, withdrawn=True)
    (event,) = there.when(none, by=ZHAO).events
    assert (event.against, event.withdrawn) == ((), True)


def test_it_names_a_stream_that_has_ended_and_somebody_who_assisted() -> None:
    seen().when(replace(ABOUT_THE_STREAM, stream=None), by=ZHAO).refused("complaint.without_stream")
    about_wang = replace(ABOUT_THE_STREAM, subject=ComplaintSubject.ASSISTANT, assistant=WANG)
    seen().when(about_wang, by=ZHAO).refused("complaint.not_on_stream")
    live = Live(told=StreamStarted(stream=TWO.stream, studio=STUDIO, started_at=NOON))
    seen(found=live).when(ABOUT_THE_STREAM, by=ZHAO).refused("stream.not_ended")
    about_himself = replace(ABOUT_THE_STREAM, subject=ComplaintSubject.ASSISTANT, assistant=HUA)
    seen().when(about_himself, by=HUA).refused("complaint.by_the_subject")


@pytest.mark.clause("A-61", "C-35")
def test_those_against_him_count_towards_many() -> None:
    """Ten are many: seven of the figures and three that were brought."""
    facts = [TWO, figures(complaints=7), review_opened(), *(recorded(n, LI) for n in range(3))]
    (event,) = (
        seeing_months(given(violations).under(POOR_PERFORMANCE), *facts)
        .when(ExamineMonth(person=LI, month=MAY), by="system")
        .events
    )
    assert isinstance(event, ViolationRecorded)
    assert event.explanation is not None
    assert evaluate(load(event.explanation["complaints"])) == 10
    about_an_order = [*facts[:-1], recorded(2, subject=ComplaintSubject.ORDER)]
    seeing_months(given(violations).under(POOR_PERFORMANCE), *about_an_order).when(
        ExamineMonth(person=LI, month=MAY), by="system"
    ).then()


@pytest.mark.clause("C-35")
def test_a_complaint_that_was_about_an_order_after_all_counts_no_longer() -> None:
    events = [TWO, figures(), review_opened(), recorded(1, LI), recorded(1, subject=ComplaintSubject.ORDER)]
    subject = PersonMonth(person=LI, month=MAY)

    def count(*told: Any) -> int:
        return total(subject, known(monthly_figures, subject, heard(monthly_figures, *told))).complaints

    assert count(*events[:-1]) == 1
    assert count(*events) == 0
