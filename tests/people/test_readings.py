"""Every reading of an archive: refused unless approved, in time, and named; always on record. T-63; R9."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from services.people.applications.decisions import applications
from services.people.applications.events import Part
from services.people.readings.decisions import ConsultArchive, readings
from services.people.readings.events import ArchiveConsulted
from services.people.readings.projections import Reading, archive_readings
from services.vocabulary import PersonId
from shared.testing import Given, given
from tests.people.recording import recorded, rows
from tests.people.test_applications import (
    APPROVED,
    DELAYED,
    HR,
    LI,
    MAY_END,
    NOON,
    REJECTED,
    REQUESTED,
    REVIEWER,
)

READ = ConsultArchive(person=LI, parts=(Part.RESULTS,), application="a1")
CONSULTED = ArchiveConsulted(person=LI, reading=1, reader=REVIEWER, parts=(Part.RESULTS,), application="a1")
OWN = ConsultArchive(person=LI, parts=tuple(Part))


def under(*application: Any, history: tuple[ArchiveConsulted, ...] = ()) -> Given[Any, Any, Any]:
    return given(readings, *history).seeing(applications, "a1", found=applications.state(application))


@pytest.mark.clause("T-63", "R9")
def test_the_applicant_reads_what_was_approved_and_every_reading_is_a_fact_of_its_own() -> None:
    again = replace(CONSULTED, reading=2)
    approved = under(REQUESTED, APPROVED)
    approved.when(READ, by=REVIEWER, now=NOON).then(CONSULTED).when(READ, by=REVIEWER, now=NOON).then(again)


@pytest.mark.clause("T-63", "R9")
@pytest.mark.parametrize("application", [(), (REQUESTED,), (REQUESTED, REJECTED)])
def test_without_an_approval_nothing_is_read(application: tuple[Any, ...]) -> None:
    under(*application).when(READ, by=REVIEWER, now=NOON).refused("archive.not_approved", application="a1")


@pytest.mark.clause("T-63", "R9")
@pytest.mark.parametrize("reader", [HR, "export-service", "system"])
@pytest.mark.parametrize("capacity", ["hr", "training_admin", "auditor", "system"])
def test_whatever_the_capacity_another_archive_needs_an_application(reader: str, capacity: str) -> None:
    without = replace(READ, application=None)
    given(readings).when(without, by=reader, capacity=capacity, now=NOON).refused("archive.application_required")
    approved = under(REQUESTED, APPROVED)
    approved.when(READ, by=reader, capacity=capacity, now=NOON).refused("archive.reader_is_not_the_applicant")


@pytest.mark.clause("T-63", "R9", "P-03")
def test_an_approval_is_time_boxed() -> None:
    approved = under(REQUESTED, APPROVED)
    approved.when(READ, by=REVIEWER, now=MAY_END - timedelta(microseconds=1)).then(CONSULTED)
    approved.when(READ, by=REVIEWER, now=MAY_END).refused("archive.approval_expired", valid_until=MAY_END)


@pytest.mark.clause("T-63", "R9")
def test_only_named_persons_and_parts_are_read() -> None:
    approved = under(REQUESTED, APPROVED)
    zhao = replace(READ, person=PersonId("p-zhao"))
    approved.when(zhao, by=REVIEWER, now=NOON).refused("archive.person_not_named", person="p-zhao")
    more = replace(READ, parts=(Part.RESULTS, Part.SESSIONS))
    approved.when(more, by=REVIEWER, now=NOON).refused("archive.part_not_named", parts=[Part.SESSIONS])


@pytest.mark.clause("R9")
def test_the_person_reads_his_own_archive_without_application_and_that_is_a_reading_too() -> None:
    own = ArchiveConsulted(person=LI, reading=1, reader=LI, parts=tuple(sorted(Part)))
    given(readings).when(OWN, by=LI, now=NOON).then(own)


@pytest.mark.clause("R9")
def test_the_person_sees_who_read_what_by_which_application_and_when() -> None:
    own = ArchiveConsulted(person=LI, reading=1, reader=LI, parts=tuple(sorted(Part)))
    facts = recorded([("li", CONSULTED), ("li", own)])
    assert rows(archive_readings, facts) == [
        Reading(
            person=LI,
            application="a1",
            reading=1,
            reader=REVIEWER,
            parts=(Part.RESULTS,),
            read_at=facts[0].meta.occurred_at,
        ),
        Reading(
            person=LI,
            application="",
            reading=1,
            reader=LI,
            parts=tuple(sorted(Part)),
            read_at=facts[1].meta.occurred_at,
        ),
    ]


@pytest.mark.clause("R9")
def test_what_an_investigation_delays_is_recorded_at_once() -> None:
    delayed = under(DELAYED, APPROVED).when(READ, by=REVIEWER, now=NOON)
    delayed.then(replace(CONSULTED, withheld_until=date(2024, 7, 1)))
