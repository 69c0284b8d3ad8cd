"""Customers' tickets: received, handled, fed back, followed up. Clauses: S-29, S-30, E-28; C-35."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from services.performance.tickets.decisions import (
    FeedBackTicket,
    FollowUpTicket,
    Open,
    OpenCustomerTicket,
    ReopenTicket,
    ResolveCustomerTicket,
    State,
    Step,
    tickets,
)
from services.performance.tickets.events import (
    CustomerId,
    CustomerTicketFedBack,
    CustomerTicketFollowedUp,
    CustomerTicketOpened,
    CustomerTicketReopened,
    CustomerTicketResolved,
    Event,
    TicketKind,
    TicketSubject,
)
from services.performance.tickets.projections import HandlerFigures, Status, Ticket, all_tickets, figures
from services.vocabulary import Month, PersonId, StreamId, UnitId
from shared.privacy import ERASED, Personal, owned
from shared.testing import given
from tests.http.serving import SERVICES, Served, in_memory, naming, served
from tests.performance.test_projections import rows

MAY = Month("2024-05")
MORNING = datetime(2024, 5, 14, 1, tzinfo=UTC)
NOON = MORNING + timedelta(hours=3)
SU, MEI, LI = PersonId("su"), PersonId("mei"), PersonId("li")  # of customer service both; an assistant anchor
BY_SERVICE: dict[str, Any] = {"by": MEI, "capacity": "live_customer_service", "now": NOON}
ID: dict[str, Any] = {"ticket": "t1", "customer": CustomerId("shop:8842")}


def said(text: str) -> Personal:
    return Personal(f"enc1:shop%3A8842:note:{text}")


COMPLAINT = OpenCustomerTicket(
    kind=TicketKind.COMPLAINT,
    subject=TicketSubject.ASSISTANT,
    stream=StreamId("s1"),
    assistant=LI,
    what=said("rude"),
    **ID,
)
OPENED = CustomerTicketOpened(
    opened_at=MORNING,
    kind=TicketKind.COMPLAINT,
    subject=TicketSubject.ASSISTANT,
    reference=None,
    stream=StreamId("s1"),
    assistant=LI,
    what=said("rude"),
    receiver=SU,
    **ID,
)
ORDER = replace(
    COMPLAINT, subject=TicketSubject.ORDER, reference="o7", stream=None, assistant=None, what=said("too late")
)
RESOLVE = ResolveCustomerTicket(solution=said("an apology"), **ID)
RESOLVED = CustomerTicketResolved(
    opened_at=MORNING, solution=said("an apology"), satisfaction=None, handler=MEI, resolved_at=NOON, **ID
)
FEED_BACK = FeedBackTicket(unit=UnitId("east"), opinion=said("speak slowly"), **ID)
FED_BACK = CustomerTicketFedBack(opened_at=MORNING, unit=UnitId("east"), opinion=said("speak slowly"), **ID)
FOLLOW_UP = FollowUpTicket(need=said("a call"), **ID)
FOLLOWED_UP = CustomerTicketFollowedUp(opened_at=MORNING, need=said("a call"), followed_up_at=NOON, **ID)
REOPEN = ReopenTicket(reason=said("none came"), **ID)
REOPENED = CustomerTicketReopened(opened_at=MORNING, reason=said("none came"), **ID)


def stage_of(found: State) -> str:
    if found is None or isinstance(found, Open):
        return "open" if found else "none"
    return "followed_up" if found.followed_up else "fed_back" if found.fed_back else "resolved"


@pytest.mark.clause("S-29", "E-28")
def test_a_complaint_goes_from_receiving_to_following_up() -> None:
    opened = given(tickets).when(COMPLAINT, by=SU, now=MORNING).then(OPENED)
    resolved = opened.when(RESOLVE, **BY_SERVICE).then(RESOLVED)
    fed_back = resolved.when(FEED_BACK, **BY_SERVICE).then(FED_BACK)
    fed_back.when(FOLLOW_UP, **BY_SERVICE).then(FOLLOWED_UP)


@pytest.mark.clause("S-29")
def test_no_step_comes_before_the_one_that_it_follows() -> None:
    for step in (RESOLVE, REOPEN, FEED_BACK, FOLLOW_UP):
        given(tickets).when(step, **BY_SERVICE).refused("ticket.unknown")
    opened = given(tickets, OPENED)
    opened.when(FEED_BACK, **BY_SERVICE).refused("ticket.not_resolved", clause="S-29")
    opened.when(RESOLVE, by=MEI, now=MORNING - timedelta(minutes=1)).refused("ticket.not_open_yet")
    resolved = given(tickets, OPENED, RESOLVED)
    resolved.when(FOLLOW_UP, **BY_SERVICE).refused("ticket.not_fed_back", clause="S-29")
    given(tickets, replace(OPENED, kind=TicketKind.INQUIRY), RESOLVED).when(FOLLOW_UP, **BY_SERVICE).then(FOLLOWED_UP)
    suggestion = replace(OPENED, kind=TicketKind.SUGGESTION)
    given(tickets, suggestion, RESOLVED).when(FOLLOW_UP, **BY_SERVICE).refused("ticket.not_fed_back")


@pytest.mark.clause("S-30", "C-35")
@pytest.mark.parametrize("kind", TicketKind)
@pytest.mark.parametrize("subject", TicketSubject)
def test_inquiries_complaints_and_suggestions_about_whatever_it_is(kind: TicketKind, subject: TicketSubject) -> None:
    stream = StreamId("s1") if subject in (TicketSubject.STREAM, TicketSubject.ASSISTANT) else None
    assistant = LI if subject is TicketSubject.ASSISTANT else None
    command = replace(COMPLAINT, kind=kind, subject=subject, stream=stream, assistant=assistant)
    (event,) = given(tickets).when(command, by=SU, now=MORNING).events
    assert event == replace(OPENED, kind=kind, subject=subject, stream=stream, assistant=assistant)
    for wrong in ({"stream": None if stream else StreamId("s1")}, {"assistant": None if assistant else LI}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            replace(command, **wrong)


def test_who_resolved_it_and_when_stays_when_the_customer_rates_later() -> None:
    rated = replace(RESOLVE, satisfaction=2)
    late: dict[str, Any] = {"by": SU, "now": NOON + timedelta(days=3)}
    for history in ((OPENED, RESOLVED), (OPENED, RESOLVED, FED_BACK, FOLLOWED_UP)):
        there = given(tickets, *history).when(rated, **late).then(replace(RESOLVED, satisfaction=2))
        there.when(rated, **late).then()
    anew = replace(RESOLVED, handler=SU, resolved_at=late["now"])
    reopened = given(tickets, OPENED, RESOLVED).when(REOPEN, by=SU, now=NOON).then(REOPENED)
    reopened.when(RESOLVE, **late).then(anew)
    done = given(tickets, OPENED, RESOLVED, FED_BACK, FOLLOWED_UP)
    done.when(REOPEN, by=SU, now=NOON).refused("ticket.followed_up")


def test_an_opinion_goes_to_each_unit_that_it_concerns() -> None:
    there = given(tickets, OPENED, RESOLVED, FED_BACK)
    west = replace(FED_BACK, unit=UnitId("west"))
    there = there.when(replace(FEED_BACK, unit=UnitId("west")), **BY_SERVICE).then(west)
    there.when(FEED_BACK, **BY_SERVICE).then()


@pytest.mark.clause("C-35")
def test_what_it_is_about_is_corrected_but_not_by_whom_it_complains_of() -> None:
    about_the_order = replace(
        OPENED, subject=TicketSubject.ORDER, reference="o7", stream=None, assistant=None, what=said("too late")
    )
    given(tickets, OPENED).when(ORDER, by=MEI, now=NOON).then(about_the_order)
    given(tickets).when(COMPLAINT, by=LI, now=NOON).refused("ticket.by_the_subject")
    given(tickets, OPENED).when(ORDER, by=LI, now=NOON).refused("ticket.by_the_subject")


@pytest.mark.clause("C-35")
@pytest.mark.parametrize("step", [RESOLVE, REOPEN, FEED_BACK, FOLLOW_UP])
def test_nobody_handles_what_is_said_of_himself(step: Step) -> None:
    given(tickets, OPENED, RESOLVED, FED_BACK).when(step, by=LI, now=NOON).refused("ticket.by_the_subject")


# Who the customer is


@pytest.mark.parametrize("reference", ["李梅", "Mei Li", "mei@example.com", "13812345678", "shop:", "shop:a b"])
def test_a_customer_is_named_by_a_reference_alone(reference: str) -> None:
    form = TypeAdapter(OpenCustomerTicket)
    body = {"ticket": "t1", "customer": "shop:8842", "kind": "inquiry", "subject": "other", "what": "?"}
    assert form.validate_python(body)
    for wrong in (reference, "tel:13812345678", "tel:8613812345678"):
        with pytest.raises(ValidationError, match=r"customer|telephone"):
            form.validate_python(body | {"customer": wrong})


def test_every_word_of_a_customer_is_sealed_under_him() -> None:
    """So a step names the ticket's own customer."""
    for event in (OPENED, RESOLVED, REOPENED, FED_BACK, FOLLOWED_UP):
        assert [owner for owner, _ in owned(event)] == [("shop:8842", "note")]
    for step in (ORDER, RESOLVE, FEED_BACK, FOLLOW_UP, REOPEN):
        other = replace(step, customer=CustomerId("shop:1"))
        given(tickets, OPENED, RESOLVED).when(other, **BY_SERVICE).refused("ticket.of_another_customer")


# The board


def row(*events: Event) -> Ticket:
    (found,) = rows(all_tickets, events)
    return found


def test_a_row_says_how_the_ticket_stands() -> None:
    assert (row(OPENED).status, row(OPENED).handler, row(OPENED).month) == (Status.OPEN, None, MAY)
    resolved = row(OPENED, RESOLVED)
    assert (resolved.status, resolved.handler, resolved.minutes) == (Status.RESOLVED, MEI, 180)
    rated = replace(RESOLVED, satisfaction=5)
    reopened = row(OPENED, rated, FED_BACK, REOPENED)
    blank = {f.name: getattr(row(OPENED), f.name) for f in fields(Ticket)} | {"reopened": 1}
    assert {f.name: getattr(reopened, f.name) for f in fields(Ticket)} == blank
    fed_back = row(OPENED, RESOLVED, FED_BACK, replace(FED_BACK, unit=UnitId("west")), rated)
    assert (fed_back.status, fed_back.units, fed_back.satisfaction) == (Status.FED_BACK, ("east", "west"), 5)
    done = row(OPENED, RESOLVED, FED_BACK, FOLLOWED_UP, rated, FED_BACK)
    assert (done.status, done.followed_up_at) == (Status.FOLLOWED_UP, NOON)
    assert row(OPENED, RESOLVED, replace(OPENED, assistant=None)).status is Status.RESOLVED


def test_what_a_month_comes_to_for_whoever_receives_and_handles() -> None:
    """Opened in the month by the one, resolved in it by the other; the last of the four in June."""
    june = datetime(2024, 5, 31, 16, tzinfo=UTC)  # midnight in Shanghai

    def ticket(name: str, minutes: int, stars: int | None, opened_at: datetime = MORNING) -> Ticket:
        resolved_at = opened_at + timedelta(minutes=minutes)
        return row(
            replace(OPENED, ticket=name, opened_at=opened_at),
            replace(RESOLVED, ticket=name, opened_at=opened_at, resolved_at=resolved_at, satisfaction=stars),
        )

    found = [
        ticket("1", 10, 5),
        ticket("2", 21, 3),
        ticket("3", 90, None),
        ticket("4", 60, 4, june - timedelta(hours=1)),
    ]
    su = HandlerFigures(handler=SU, month=MAY, opened=4, resolved=0, median_minutes=None, answers=0, satisfied=0)
    mei = replace(su, handler=MEI, opened=0, resolved=3, median_minutes=Decimal(21), answers=2, satisfied=1)
    assert figures(MAY, found) == (mei, su)
    (of_june,) = figures(Month("2024-06"), found)
    assert of_june == replace(mei, month=Month("2024-06"), resolved=1, median_minutes=Decimal(60), answers=1)


@asynccontextmanager
async def customer_service() -> AsyncIterator[Served]:
    """Tickets t1 to t5, a minute apart; t2 and t4 are resolved."""
    async with served(await in_memory(SERVICES["performance"])) as there:
        for n in range(1, 6):
            body = {"ticket": f"t{n}", "customer": f"shop:{n}"}
            kind = "inquiry" if n > 3 else "suggestion"
            opened = {**body, "kind": kind, "subject": "other", "what": f"word {n}"}
            await told(there, "open", opened, MORNING + timedelta(minutes=n))
            if n in (2, 4):
                await told(there, "resolve", {**body, "solution": "done", "satisfaction": n}, NOON)
        await there.caught_up()
        yield there


async def told(there: Served, step: str, body: dict[str, Any], at: datetime) -> None:
    headers = {**naming("mei", "system"), "Kaibo-Occurred-At": at.isoformat()}
    answer = await there.http.post(f"/tickets/{step}", json=body, headers=headers)
    assert answer.status_code == 202, answer.json()


async def board(there: Served, limit: int = 100, **wanted: str) -> Sequence[str]:
    """All of it, page by page."""
    found: list[str] = []
    after = ""
    while True:
        asked = {"limit": limit, "after": after, **wanted}
        headers = naming("mei", "live_customer_service")
        page = (await there.http.get("/tickets", params=asked, headers=headers)).json()
        assert len(page["items"]) <= limit
        found += [item["ticket"] for item in page["items"]]
        if page["next"] is None:
            return found
        after = page["next"]


@pytest.mark.clause("S-29", "S-30")
async def test_the_board_shows_the_open_ones_first_by_age() -> None:
    async with customer_service() as there:
        for limit in (1, 2, 3, 4, 5, 100):
            assert await board(there, limit) == ["t1", "t3", "t5", "t2", "t4"]
        assert await board(there, 1, status="resolved") == ["t2", "t4"]
        assert await board(there, 1, kind="suggestion") == ["t1", "t3", "t2"]
        assert await board(there, handler="mei", month="2024-05", subject="other") == ["t2", "t4"]
        assert await board(there, month="2024-06") == []
        answer = await there.http.get("/tickets/figures/2024-05", headers=naming("zhao", "appraiser"))
        (mei,) = answer.json()["items"]
        assert (mei["opened"], mei["resolved"], mei["median_minutes"], mei["satisfied"]) == (5, 2, "177", 1)


async def test_a_customer_who_asks_for_it_is_forgotten() -> None:
    async with customer_service() as there:
        words = naming("mei", "live_customer_service")
        assert (await there.http.get("/tickets/t2", headers=words)).json()["what"] == "word 2"
        hr = naming("chen", "hr")
        answer = await there.http.post("/tickets/erase-customer", json={"customer": "shop:2"}, headers=hr)
        assert answer.status_code == 202
        await there.caught_up()
        forgotten, other = [(await there.http.get(f"/tickets/{t}", headers=words)).json() for t in ("t2", "t1")]
        assert (forgotten["what"], forgotten["solution"], forgotten["minutes"]) == (ERASED, ERASED, 178)
        assert other["what"] == "word 1"
        body = {"ticket": "t2", "customer": "shop:2", "reason": "still late"}
        answer = await there.http.post("/tickets/reopen", json=body, headers=words)
        assert (answer.status_code, answer.json()["title"]) == (409, "person.erased")
