"""Complaints that come as tickets: only those about the stream or its assistant are anybody's. A-61; C-35."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from services.performance.contracts import CustomerTicketOpened, TicketKind, TicketSubject
from services.performance.tickets.events import CustomerId
from services.supervision.complaints.decisions import FollowTicket, SettleComplaint, complaints
from services.supervision.complaints.events import ComplaintRecorded
from services.supervision.complaints.projections import Complaint, all_complaints
from services.supervision.complaints.reactions import customer_complaints
from services.supervision.streams.decisions import Ended, Live, streams
from services.supervision.streams.events import StreamEnded, StreamStarted
from services.supervision.violations.decisions import ExamineMonth, violations
from services.supervision.violations.events import ViolationRecorded
from services.supervision.violations.facts import monthly_figures, total
from services.vocabulary import PersonId, PersonMonth, StreamId
from shared.decider import Context
from shared.explanation import evaluate, find, load
from shared.privacy import Personal
from shared.testing import Given, given
from tests.supervision.hearing import heard, known, seeing_months
from tests.supervision.interleaving import World
from tests.supervision.organisation import (
    ASSISTANT,
    LI,
    MAY,
    NOON,
    POOR_PERFORMANCE,
    STUDIO,
    WANG,
    ended,
    figures,
    policies,
    review_opened,
)

TWO = ended("s1", li=ASSISTANT, hua=ASSISTANT, wang=type(ASSISTANT)("anchor"))
HUA = PersonId("hua")
ON_AIR = Live(told=StreamStarted(stream=TWO.stream, studio=STUDIO, started_at=NOON))
ABOUT_THE_STREAM = CustomerTicketOpened(
    ticket="t1",
    customer=CustomerId("shop:8842"),
    opened_at=NOON,
    kind=TicketKind.COMPLAINT,
    subject=TicketSubject.STREAM,
    reference=None,
    stream=TWO.stream,
    assistant=None,
    what=Personal("enc1:shop%3A8842:note:x"),
    receiver=PersonId("mei"),
)
ABOUT_HUA = replace(ABOUT_THE_STREAM, subject=TicketSubject.ASSISTANT, assistant=HUA)
ABOUT_AN_ORDER = replace(ABOUT_THE_STREAM, subject=TicketSubject.ORDER, stream=None, reference="o7")
A_QUESTION = replace(ABOUT_THE_STREAM, kind=TicketKind.INQUIRY)


def seen(*history: ComplaintRecorded, found: object = None) -> Given[Any, Any, Any]:
    return given(complaints, *history).seeing(streams, TWO.stream, found=found or Ended(told=TWO))


def followed(ticket: CustomerTicketOpened) -> FollowTicket:
    (command,) = customer_complaints(ticket, Context(now=NOON, actor="system"))
    assert isinstance(command, FollowTicket)
    return command


def recorded(number: int, *against: PersonId, assistant: PersonId | None = None) -> ComplaintRecorded:
    return ComplaintRecorded(
        complaint=f"t{number}",
        stream=TWO.stream,
        assistant=assistant,
        against=against,
        started_at=NOON if against else None,
        received_at=NOON,
    )


@pytest.mark.clause("C-35")
def test_a_complaint_counts_against_those_whom_its_subject_names() -> None:
    there = seen().when(followed(ABOUT_THE_STREAM)).then(recorded(1, LI, HUA))
    there.when(followed(ABOUT_THE_STREAM)).then()
    there.when(followed(ABOUT_HUA)).then(recorded(1, HUA, assistant=HUA))
    about_wang = replace(ABOUT_HUA, assistant=WANG)
    nobody = replace(recorded(1, assistant=WANG), started_at=NOON)
    there.when(followed(about_wang)).then(nobody)


@pytest.mark.clause("C-35")
def test_a_ticket_about_something_else_is_no_complaint_about_a_stream() -> None:
    withdrawn = replace(recorded(1, LI, HUA), against=(), withdrawn=True)
    for subject in (TicketSubject.ORDER, TicketSubject.PRODUCT, TicketSubject.OTHER):
        other = followed(replace(ABOUT_AN_ORDER, subject=subject))
        seen().when(other).then()
        seen(recorded(1, LI, HUA)).when(other).then(withdrawn).when(other).then()
    for kind in (TicketKind.INQUIRY, TicketKind.SUGGESTION):
        asked = followed(replace(ABOUT_THE_STREAM, kind=kind))
        seen().when(asked).then()
        there = seen(recorded(1, LI, HUA)).when(asked).then(withdrawn)
    there.when(followed(ABOUT_THE_STREAM)).then(recorded(1, LI, HUA))


@pytest.mark.clause("A-61", "C-35")
def test_one_that_comes_before_the_stream_ended_waits_for_its_roster() -> None:
    settle = SettleComplaint(complaint="t1", stream=TWO.stream)
    waiting = seen(found=ON_AIR).when(followed(ABOUT_THE_STREAM)).then(recorded(1))
    waiting.when(settle).then()
    seen(recorded(1)).when(settle).then(recorded(1, LI, HUA))
    seen().when(settle).then()
    seen(replace(recorded(1), withdrawn=True)).when(settle).then()
    seen(replace(recorded(1), stream=StreamId("s2"))).when(settle).then()


@pytest.mark.clause("A-61", "C-35")
@pytest.mark.parametrize("seed", range(20))
def test_neither_order_nor_repetition_shows_in_whose_a_complaint_is(seed: int) -> None:
    """Tickets of the same words, before and after the roster was told and corrected."""
    told: Sequence[tuple[str, Any]] = [
        ("stream/s1", ended("s1", li=ASSISTANT)),
        ("stream/s1", TWO),
        ("ticket/t1", ABOUT_AN_ORDER),
        ("ticket/t1", ABOUT_HUA),
        ("ticket/t2", replace(ABOUT_THE_STREAM, ticket="t2")),
        ("ticket/t2", replace(ABOUT_AN_ORDER, ticket="t2")),
        ("ticket/t3", replace(A_QUESTION, ticket="t3")),
        ("ticket/t4", replace(ABOUT_HUA, ticket="t4", stream=StreamId("never-ended"))),
    ]
    pace = Random(seed)
    world = World(policies(POOR_PERFORMANCE), pace)
    queues = {stream: [event for of, event in told if of == stream] for stream, _ in told}
    while left := [stream for stream, events in queues.items() if events]:
        stream = pace.choice(left)
        world.tell(stream, queues[stream].pop(0), NOON)
        if pace.random() < 0.5:
            world.run()
    world.run()
    found = {row.complaint: row for row in world.rows(all_complaints)}
    hers = Complaint(complaint="t1", stream=TWO.stream, assistant=HUA, month=MAY, against=(HUA,), received_at=NOON)
    assert found.pop("t1") == hers
    assert found.pop("t4") == replace(hers, complaint="t4", stream=StreamId("never-ended"), month=None, against=())
    assert found.pop("t2").withdrawn
    assert not found


@pytest.mark.clause("A-61", "C-35")
@pytest.mark.parametrize("roster", [TWO, ended("s1", hua=ASSISTANT), ended("s1", wang=type(ASSISTANT)("anchor"))])
def test_a_roster_that_is_corrected_moves_complaints_that_waited_for_none(roster: StreamEnded) -> None:
    corrected: Sequence[tuple[str, Any]] = [
        ("stream/s1", ended("s1", li=ASSISTANT)),
        ("ticket/t1", ABOUT_THE_STREAM),
        ("stream/s1", roster),
    ]
    world = World(policies(POOR_PERFORMANCE), Random(1))
    for stream, event in corrected:
        world.tell(stream, event, NOON)
        world.run()
    (row,) = world.rows(all_complaints)
    assert row.against == tuple(shift.person for shift in roster.crew if shift.post == ASSISTANT)


@pytest.mark.clause("A-61", "C-35")
def test_those_against_him_count_towards_many() -> None:
    """Ten are many: seven of the figures and three that came as tickets."""
    facts = [TWO, figures(complaints=7), review_opened(), *(recorded(n, LI) for n in range(3))]
    (event,) = (
        seeing_months(given(violations).under(POOR_PERFORMANCE), *facts)
        .when(ExamineMonth(person=LI, month=MAY), by="system")
        .events
    )
    assert isinstance(event, ViolationRecorded)
    assert event.explanation is not None
    assert evaluate(find(load(event.explanation["complaints"]), "complaints")) == 10
    against_hua = [*facts[:-1], recorded(2, HUA, assistant=HUA)]
    seeing_months(given(violations).under(POOR_PERFORMANCE), *against_hua).when(
        ExamineMonth(person=LI, month=MAY), by="system"
    ).then()


@pytest.mark.clause("C-35")
def test_a_complaint_that_was_about_an_order_after_all_counts_no_longer() -> None:
    withdrawn = replace(recorded(1, LI), against=(), withdrawn=True)
    events = [TWO, figures(), review_opened(), recorded(1, LI), withdrawn]
    subject = PersonMonth(person=LI, month=MAY)

    def count(*told: Any) -> int:
        return total(subject, known(monthly_figures, subject, heard(monthly_figures, *told))).complaints

    assert count(*events[:-1]) == 1
    assert count(*events) == 0
