"""Access to archives: applied for in one's own name, decided by another, ended by time. T-62, T-63; R9; P-03."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from services.people.applications.decisions import ApproveArchiveAccess, RejectArchiveAccess, applications
from services.people.applications.disclosure import disclosed
from services.people.applications.events import (
    ArchiveAccessApproved,
    ArchiveAccessRejected,
    ArchiveAccessRequested,
    Investigation,
    Part,
)
from services.people.applications.projections import (
    Application,
    ApplicationAbout,
    Decision,
    applications_about,
    archive_applications,
)
from services.people.applications.rules import ArchiveRules
from services.people.persons.decisions import persons
from services.people.persons.events import Engagement, PersonRegistered
from services.vocabulary import PersonId
from shared.policy import load_policy
from shared.privacy import Name
from shared.testing import Given, given
from tests.people.recording import recorded, rows

HR, REVIEWER, LI, WANG = (PersonId(p) for p in ("p-hr", "p-reviewer", "p-li", "p-wang"))
NOON = datetime(2024, 5, 14, 4, tzinfo=UTC)
MAY_END = datetime(2024, 5, 31, 16, tzinfo=UTC)  # midnight in Shanghai after the last day
POLICY = Path(__file__).parents[2] / "services/people/policies/archive.yaml"
NOT_CONFIGURED = load_policy(ArchiveRules, POLICY.read_text())

REQUESTED = ArchiveAccessRequested(
    application="a1",
    applicant=REVIEWER,
    persons=(LI, WANG),
    parts=(Part.ATTENDANCE, Part.RESULTS),
    purpose="choice of a trainer for June",
    ends_on=date(2024, 5, 31),
)
APPROVED = ArchiveAccessApproved(application="a1", persons=(LI, WANG), approver=HR, valid_until=MAY_END)
REJECTED = ArchiveAccessRejected(application="a1", persons=(LI, WANG), approver=HR, reason="a list of courses suffices")
APPROVE = ApproveArchiveAccess(application="a1")
REJECT = RejectArchiveAccess(application="a1", reason="a list of courses suffices")


def registered(person: PersonId) -> Any:
    return persons.state(
        [
            PersonRegistered(
                person=person,
                name=Name("enc1"),
                categories=(),
                engagement=Engagement.EMPLOYEE,
                joined_on=date(2024, 1, 2),
            )
        ]
    )


def known(*history: Any, rules: ArchiveRules = NOT_CONFIGURED) -> Given[Any, Any, Any]:
    found = given(applications, *history).under(rules)
    for person in (REVIEWER, LI, WANG):
        found = found.seeing(persons, person, found=registered(person))
    return found


@pytest.mark.clause("T-62", "T-63", "R9")
def test_an_application_names_persons_parts_purpose_and_end() -> None:
    known().when(REQUESTED, by=REVIEWER, now=NOON).then(REQUESTED).when(REQUESTED, by=REVIEWER, now=NOON).then()


@pytest.mark.clause("T-63", "R9")
@pytest.mark.parametrize(
    ("field", "empty"), [("persons", []), ("parts", []), ("purpose", " "), ("ends_on", None), ("ends_on", "9999-12-31")]
)
def test_a_form_that_is_not_filled_in_is_no_application(field: str, empty: object) -> None:
    form = TypeAdapter(ArchiveAccessRequested).dump_python(REQUESTED, mode="json")
    assert TypeAdapter(ArchiveAccessRequested).validate_python(form) == REQUESTED
    for wrong in (form | {field: empty}, {name: v for name, v in form.items() if name != field}):
        with pytest.raises(ValidationError, match=field):
            TypeAdapter(ArchiveAccessRequested).validate_python(wrong)


def test_persons_and_parts_are_sets() -> None:
    doubled = replace(REQUESTED, persons=(WANG, LI, WANG), parts=(Part.RESULTS, Part.ATTENDANCE, Part.RESULTS))
    known().when(doubled, by=REVIEWER, now=NOON).then(REQUESTED).when(doubled, by=REVIEWER, now=NOON).then()


@pytest.mark.clause("T-62")
def test_only_people_inside_the_company_apply() -> None:
    stranger = known().seeing(persons, REVIEWER, found=None)
    stranger.when(REQUESTED, by=REVIEWER, now=NOON).refused("application.applicant_not_internal")


@pytest.mark.clause("T-63", "R9")
def test_nobody_applies_in_anothers_name() -> None:
    known().when(REQUESTED, by="p-secretary", now=NOON).refused("application.in_anothers_name", applicant=REVIEWER)
    known().when(REQUESTED, by="export-service", now=NOON).refused("application.in_anothers_name")


def test_an_application_names_registered_persons_and_an_end_that_lies_ahead() -> None:
    known().seeing(persons, WANG, found=None).when(REQUESTED, by=REVIEWER, now=NOON).refused(
        "person.unknown", persons=[WANG]
    )
    last_day = MAY_END - timedelta(seconds=1)
    known().when(REQUESTED, by=REVIEWER, now=last_day).then(REQUESTED)
    known().when(REQUESTED, by=REVIEWER, now=MAY_END).refused("application.over_already")


def test_an_id_is_for_one_application() -> None:
    other = replace(REQUESTED, purpose="something else")
    known(REQUESTED).when(other, by=REVIEWER, now=NOON).refused("application.exists_already")


@pytest.mark.clause("T-63", "R9", "P-03")
def test_an_approval_ends_with_the_last_day_that_the_application_names() -> None:
    assert NOT_CONFIGURED.approval_valid_hours is None
    known(REQUESTED).when(APPROVE, by=HR, now=NOON).then(APPROVED)


def configured(**values: object) -> ArchiveRules:
    text = POLICY.read_text()
    for name, v in values.items():
        text = text.replace(f"{name}:", f"{name}: {v}")
    return load_policy(ArchiveRules, text)


@pytest.mark.clause("T-63", "P-03")
def test_an_approval_ends_earlier_where_its_hours_are_configured() -> None:
    hours = known(REQUESTED, rules=configured(approval_valid_hours=48))
    hours.when(APPROVE, by=HR, now=NOON).then(replace(APPROVED, valid_until=NOON + timedelta(hours=48)))
    late = MAY_END - timedelta(hours=1)
    hours.when(APPROVE, by=HR, now=late).then(APPROVED)
    assert configured(approval_valid_hours=48).approval_valid_hours is not None
    with pytest.raises(ValueError, match="above 0"):
        configured(approval_valid_hours=0)


@pytest.mark.clause("T-63", "P-03")
def test_the_approvers_capacity_is_configurable() -> None:
    lead = known(REQUESTED, rules=configured(approver_capacity="company_leadership"))
    for command in (APPROVE, REJECT):
        lead.when(command, by=HR, capacity="hr", now=NOON).refused(
            "application.not_the_approver", capacity="company_leadership"
        )
    lead.when(APPROVE, by=HR, capacity="company_leadership", now=NOON).then(APPROVED)
    known(REQUESTED).when(APPROVE, by=HR, capacity="hr", now=NOON).then(APPROVED)


@pytest.mark.clause("T-63", "R9")
@pytest.mark.parametrize("command", [APPROVE, REJECT])
def test_the_approver_is_another_than_the_applicant(command: Any) -> None:
    known(REQUESTED).when(command, by=REVIEWER, now=NOON).refused("application.approver_is_applicant")


@pytest.mark.clause("T-63", "R9")
@pytest.mark.parametrize("command", [APPROVE, REJECT])
def test_nobody_decides_about_his_own_archive(command: Any) -> None:
    known(REQUESTED).when(command, by=LI, now=NOON).refused("application.approver_is_named")


@pytest.mark.clause("T-63", "R9")
def test_a_rejection_states_its_reason() -> None:
    known(REQUESTED).when(REJECT, by=HR, now=NOON).then(REJECTED).when(REJECT, by=HR, now=NOON).then()
    with pytest.raises(ValidationError, match="reason"):
        TypeAdapter(RejectArchiveAccess).validate_python({"application": "a1", "reason": ""})


def test_what_is_decided_stays_decided() -> None:
    known(REQUESTED, APPROVED).when(APPROVE, by=HR, now=NOON).then()
    known(REQUESTED, APPROVED).when(APPROVE, by="p-other", now=NOON).refused("application.decided_already")
    known(REQUESTED, APPROVED).when(REJECT, by=HR, now=NOON).refused("application.decided_already")
    known(REQUESTED, REJECTED).when(APPROVE, by=HR, now=NOON).refused("application.decided_already")


def test_nothing_is_approved_after_its_end_or_without_an_application() -> None:
    known(REQUESTED).when(APPROVE, by=HR, now=MAY_END).refused("application.over_already")
    known(REQUESTED).when(REJECT, by=HR, now=MAY_END).then(REJECTED)
    known().when(APPROVE, by=HR, now=NOON).refused("application.unknown")


def test_without_any_rules_nothing_is_decided() -> None:
    given(applications, REQUESTED).when(APPROVE, by=HR, now=NOON).refused("policy.not_configured")


DELAYED = replace(REQUESTED, investigation=Investigation(reason="suspected sale of marks", ends_on=date(2024, 7, 1)))


@pytest.mark.clause("T-63")
def test_approvers_list_what_waits_and_what_was_decided() -> None:
    waiting = Application(
        application="a1",
        applicant=REVIEWER,
        persons=(LI, WANG),
        parts=REQUESTED.parts,
        purpose=REQUESTED.purpose,
        ends_on=REQUESTED.ends_on,
    )
    facts = recorded([("a1", REQUESTED), ("a1", APPROVED)])
    assert rows(archive_applications, facts[:1]) == [waiting]
    assert rows(archive_applications, facts) == [
        replace(waiting, decision=Decision.APPROVED, approver=HR, valid_until=MAY_END)
    ]


@pytest.mark.clause("R9")
def test_each_person_sees_the_applications_about_himself_refused_ones_too() -> None:
    other = replace(REQUESTED, application="a2", persons=(WANG,))
    facts = recorded([("a1", REQUESTED), ("a2", other), ("a1", REJECTED)])
    about = {(row.person, row.application): row for row in rows(applications_about, facts)}
    assert about.keys() == {(LI, "a1"), (WANG, "a1"), (WANG, "a2")}
    assert about[LI, "a1"] == ApplicationAbout(
        person=LI,
        application="a1",
        applicant=REVIEWER,
        parts=REQUESTED.parts,
        purpose=REQUESTED.purpose,
        ends_on=REQUESTED.ends_on,
        decision=Decision.REJECTED,
        approver=HR,
        reason=REJECTED.reason,
    )
    assert about[WANG, "a2"].decision is Decision.OPEN


@pytest.mark.clause("R9")
def test_an_investigation_delays_with_reason_and_end_on_record_and_a_refusal_ends_the_delay() -> None:
    known().when(DELAYED, by=REVIEWER, now=NOON).then(DELAYED)
    facts = recorded([("a1", DELAYED), ("a1", APPROVED)])
    for row in [*rows(archive_applications, facts), *rows(applications_about, facts)]:
        assert (row.investigation, row.withheld_until) == ("suspected sale of marks", date(2024, 7, 1))
    refused = rows(applications_about, recorded([("a1", DELAYED), ("a1", REJECTED)]))
    assert [row.withheld_until for row in refused] == [None, None]
    with pytest.raises(ValidationError):
        TypeAdapter(Investigation).validate_python({"reason": "without an end"})


@pytest.mark.clause("R9")
def test_the_delay_holds_for_the_persons_alone_and_through_its_last_day() -> None:
    last = date(2024, 7, 1)
    assert not disclosed(LI, {LI, WANG}, last, today=last)
    assert disclosed(LI, {LI, WANG}, last, today=date(2024, 7, 2))
    assert disclosed(HR, {LI, WANG}, last, today=last)
    assert disclosed(LI, {LI, WANG}, None, today=last)


@pytest.mark.parametrize("log", [(APPROVED,), (REJECTED,), (REQUESTED, REQUESTED), (REQUESTED, REJECTED, APPROVED)])
def test_a_log_that_nobody_decided_is_an_error(log: Any) -> None:
    with pytest.raises(ValueError, match="of an application that is"):
        applications.state(log)
