"""A version comes into force by due process, and who has taken note of it is on record. A-64 to A-67; R4."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.people.persons.decisions import persons
from services.people.persons.events import Category, Engagement, PersonRegistered
from services.people.regulations.decisions import (
    AcknowledgeRegulation,
    PublishRegulation,
    Regulation,
    SubmitRegulationFeedback,
    acknowledgements,
    feedback,
    regulations,
)
from services.people.regulations.events import (
    RegulationAcknowledged,
    RegulationAdopted,
    RegulationConsulted,
    RegulationDrafted,
    RegulationFeedbackSubmitted,
    RegulationInterpreted,
    RegulationKind,
    RegulationPublished,
    RegulationSuperseded,
)
from services.people.regulations.projections import (
    Acknowledgement,
    Consultation,
    Interpretation,
    RegulationVersion,
    Stage,
    regulation_acknowledgements,
    regulation_feedback,
    regulation_register,
)
from services.vocabulary import PersonId
from shared.privacy import Name
from shared.testing import Given, given
from tests.people.recording import MORNING, recorded, rows

ID, ONE, TWO = "bonus", "1" * 64, "2" * 64
NOW, TODAY = datetime(2024, 5, 2, 2, tzinfo=UTC), date(2024, 5, 2)
LATER = date(2024, 6, 1)
LI = PersonId("li")
LIVE = (Category.LIVE_TEAM,)

DRAFTED = RegulationDrafted(
    regulation=ID,
    version=1,
    kind=RegulationKind.POLICY,
    title="Bonus",
    sha256=ONE,
    changes="Bands from 60.",
    population=LIVE,
    policy="bonus:1",
)
CONSULTED = RegulationConsulted(
    regulation=ID,
    version=1,
    sha256=ONE,
    with_whom=("the staff's representatives", "the union"),
    held_on=date(2024, 4, 20),
    outcome="Agreed, with a lower first band.",
    report="3 of 40 change their grade.",
)
ADOPTED = RegulationAdopted(
    regulation=ID, version=1, sha256=ONE, adopted_by="the department", adopted_on=date(2024, 4, 28)
)
PUBLISH = PublishRegulation(regulation=ID, version=1, sha256=ONE)
PUBLISHED = RegulationPublished(
    regulation=ID,
    version=1,
    kind=RegulationKind.POLICY,
    title="Bonus",
    sha256=ONE,
    published_on=TODAY,
    effective_on=TODAY,
    population=LIVE,
    policy="bonus:1",
)
IN_FORCE = (DRAFTED, CONSULTED, ADOPTED, PUBLISHED)
SECOND = (
    replace(DRAFTED, version=2, sha256=TWO),
    replace(CONSULTED, version=2, sha256=TWO),
    replace(ADOPTED, version=2, sha256=TWO),
)


def regulation(*history: Any) -> Given[Any, Regulation, Any]:
    return given(regulations, *history)


@pytest.mark.clause("A-65", "A-66")
def test_a_version_is_drafted_consulted_adopted_and_published() -> None:
    at = regulation().when(DRAFTED, now=NOW).then(DRAFTED).when(CONSULTED, now=NOW).then(CONSULTED)
    at = at.when(ADOPTED, now=NOW).then(ADOPTED).when(PUBLISH, now=NOW).then(PUBLISHED)
    for again in (CONSULTED, ADOPTED):
        regulation(*IN_FORCE[:3]).when(again, now=NOW).then()
    at.when(PUBLISH, now=NOW).then()


@pytest.mark.clause("R4")
def test_no_step_of_the_due_process_is_left_out() -> None:
    regulation().when(CONSULTED, now=NOW).refused("regulation.not_drafted")
    regulation(DRAFTED).when(ADOPTED, now=NOW).refused("regulation.not_consulted")
    regulation(DRAFTED).when(PUBLISH, now=NOW).refused("regulation.not_adopted")
    regulation(DRAFTED, CONSULTED).when(PUBLISH, now=NOW).refused("regulation.not_adopted")
    regulation().when(PUBLISH, now=NOW).refused("regulation.not_drafted")


@pytest.mark.clause("R4")
def test_what_was_consulted_and_adopted_is_the_text_that_is_published() -> None:
    changed = replace(DRAFTED, sha256=TWO)
    at = regulation(DRAFTED, CONSULTED).when(changed, now=NOW).then(changed)
    at.when(replace(ADOPTED, sha256=TWO), now=NOW).refused("regulation.not_consulted")
    at.when(ADOPTED, now=NOW).refused("regulation.another_text", drafted=TWO)
    regulation(DRAFTED, CONSULTED, ADOPTED).when(changed, now=NOW).refused("regulation.adopted_already")
    other = replace(PUBLISH, sha256=TWO)
    regulation(DRAFTED, CONSULTED, ADOPTED).when(other, now=NOW).refused("regulation.another_text")
    regulation(*IN_FORCE).when(other, now=NOW).refused("regulation.published_already")


def test_what_has_not_happened_yet_is_not_recorded() -> None:
    regulation(DRAFTED).when(replace(CONSULTED, held_on=LATER), now=NOW).refused("regulation.not_yet")
    regulation(DRAFTED, CONSULTED).when(replace(ADOPTED, adopted_on=LATER), now=NOW).refused("regulation.not_yet")
    before = replace(ADOPTED, adopted_on=date(2024, 4, 1))
    regulation(DRAFTED, CONSULTED).when(before, now=NOW).refused("regulation.adopted_before_consultation")
    late = replace(CONSULTED, outcome="More.")
    regulation(DRAFTED, CONSULTED, ADOPTED).when(late, now=NOW).refused("regulation.adopted_already")
    other = replace(ADOPTED, adopted_by="somebody else")
    regulation(DRAFTED, CONSULTED, ADOPTED).when(other, now=NOW).refused("regulation.adopted_already")


@pytest.mark.clause("A-66")
def test_it_takes_effect_on_the_day_of_publication_or_later() -> None:
    ready = regulation(DRAFTED, CONSULTED, ADOPTED)
    ready.when(replace(PUBLISH, effective_on=LATER), now=NOW).then(replace(PUBLISHED, effective_on=LATER))
    back = replace(PUBLISH, effective_on=date(2024, 5, 1))
    ready.when(back, now=NOW).refused("regulation.effective_before_publication")


@pytest.mark.clause("A-65")
def test_the_next_version_supersedes_the_one_before_and_none_is_skipped() -> None:
    gone = RegulationSuperseded(regulation=ID, version=1, superseded_by=2, superseded_on=LATER)
    published = replace(PUBLISHED, version=2, sha256=TWO, effective_on=LATER)
    publish = replace(PUBLISH, version=2, sha256=TWO, effective_on=LATER)
    at = regulation(*IN_FORCE, *SECOND).when(publish, now=NOW).then(published, gone)
    third = replace(DRAFTED, version=4)
    at.when(third, now=NOW).refused("regulation.version_out_of_turn", version=3)
    regulation(*IN_FORCE).when(DRAFTED, now=NOW).refused("regulation.version_out_of_turn", version=2)


@pytest.mark.clause("A-64")
def test_a_published_clause_is_interpreted() -> None:
    said = RegulationInterpreted(regulation=ID, version=1, clause="2", interpretation="Net of tax.")
    regulation(DRAFTED).when(said, now=NOW).refused("regulation.not_published")
    regulation(*IN_FORCE).when(said, now=NOW).then(said).when(said, now=NOW).then()


def test_a_log_that_nobody_decided_is_an_error() -> None:
    with pytest.raises(ValueError, match="of which nothing is drafted"):
        regulations.state([ADOPTED])


REGISTERED = PersonRegistered(
    person=LI, name=Name("enc1"), categories=LIVE, engagement=Engagement.EMPLOYEE, joined_on=date(2024, 1, 2)
)
READ = AcknowledgeRegulation(regulation=ID, version=1, person=LI)
NOTED = RegulationAcknowledged(regulation=ID, version=1, person=LI, acknowledged_at=NOW)


def reader(*history: Any, state: Regulation | None = None) -> Given[Any, Any, Any]:
    found = regulations.state(IN_FORCE) if state is None else state
    at = given(acknowledgements, *history).seeing(regulations, ID, found=found)
    return at.seeing(persons, LI, found=persons.state([REGISTERED]))


@pytest.mark.clause("A-66", "R4")
def test_a_person_takes_note_of_a_published_version_once() -> None:
    reader().when(READ, by=LI, now=NOW).then(NOTED).when(READ, by=LI, now=NOW).then()
    reader(state=regulations.state(IN_FORCE[:3])).when(READ, by=LI).refused("regulation.not_published")
    reader().seeing(persons, LI, found=None).when(READ, by=LI).refused("person.unknown")


@pytest.mark.clause("R4")
def test_another_records_it_with_its_evidence_alone() -> None:
    reader().when(READ, by="hr", now=NOW).refused("regulation.acknowledged_by_another")
    signed = replace(READ, evidence="sheet 14")
    reader().when(signed, by="hr", now=NOW).then(replace(NOTED, evidence="sheet 14"))


SUBMIT = SubmitRegulationFeedback(feedback="f1", regulation=ID, person=LI, text=Name("enc1:t"), clause="2")
SAID = RegulationFeedbackSubmitted(feedback="f1", regulation=ID, person=LI, text=Name("enc1:t"), clause="2")


@pytest.mark.clause("A-67")
def test_everybody_tells_problems_in_his_own_name() -> None:
    at = given(feedback).seeing(regulations, ID, found=regulations.state(IN_FORCE))
    at.when(SUBMIT, by=LI).then(SAID).when(SUBMIT, by=LI).then()
    at.when(SUBMIT, by="hr").refused("regulation.feedback_in_anothers_name")
    unpublished = at.seeing(regulations, ID, found=Regulation())
    unpublished.when(SUBMIT, by=LI).refused("regulation.not_published")
    known = given(feedback, SAID).seeing(regulations, ID, found=regulations.state(IN_FORCE))
    known.when(replace(SUBMIT, clause="3"), by=LI).refused("regulation.feedback_exists_already")


@pytest.mark.clause("A-64", "A-65", "A-66")
def test_the_register_shows_each_version_with_its_stage_and_its_consultations() -> None:
    said = RegulationInterpreted(regulation=ID, version=1, clause="2", interpretation="Net of tax.")
    gone = RegulationSuperseded(regulation=ID, version=1, superseded_by=2, superseded_on=LATER)
    history = [("regulation/bonus", event) for event in (*IN_FORCE, said, gone, SECOND[0])]
    facts = recorded(history, actor="qi", happened=[MORNING] * len(history))
    first, second = rows(regulation_register, facts)
    assert first == RegulationVersion(
        regulation=ID,
        version=1,
        stage=Stage.SUPERSEDED,
        kind=RegulationKind.POLICY,
        title="Bonus",
        changes="Bands from 60.",
        policy="bonus:1",
        sha256=ONE,
        population=LIVE,
        drafted_by="qi",
        drafted_at=MORNING,
        consultations=(
            Consultation(
                with_whom=CONSULTED.with_whom,
                held_on=CONSULTED.held_on,
                outcome=CONSULTED.outcome,
                report=CONSULTED.report,
            ),
        ),
        adopted_by="the department",
        adopted_on=ADOPTED.adopted_on,
        published_on=TODAY,
        effective_on=TODAY,
        superseded_by=2,
        superseded_on=LATER,
        interpretations=(Interpretation(clause="2", interpretation="Net of tax.", by="qi", at=MORNING),),
    )
    assert (second.version, second.stage) == (2, Stage.DRAFTED)
    stages = [rows(regulation_register, facts[: n + 1])[0].stage for n in range(4)]
    assert stages == [Stage.DRAFTED, Stage.CONSULTED, Stage.ADOPTED, Stage.PUBLISHED]


def test_a_draft_that_is_changed_loses_what_was_said_of_the_text_before() -> None:
    again = replace(DRAFTED, sha256=TWO)
    facts = recorded([("r", e) for e in (DRAFTED, CONSULTED, again)])
    (row,) = rows(regulation_register, facts)
    assert (row.stage, row.sha256, row.consultations) == (Stage.DRAFTED, TWO, ())


def test_acknowledgements_and_feedback_are_listed() -> None:
    facts = recorded([("a", NOTED), ("f", SAID)])
    assert rows(regulation_acknowledgements, facts) == [
        Acknowledgement(regulation=ID, version=1, person=LI, acknowledged_at=NOW)
    ]
    (told,) = rows(regulation_feedback, facts)
    assert (told.feedback, told.person, told.clause, told.text) == ("f1", LI, "2", "enc1:t")
