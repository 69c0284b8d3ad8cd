from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from pydantic import TypeAdapter, ValidationError

from services.objection import Correction, Outcome, Resolved
from services.performance.contracts import ReviewObjectionResolved
from services.supervision.observations.decisions import Command, CorrectMark, ObserveStream, observations
from services.supervision.observations.events import StreamObserved
from services.supervision.observations.projections import all_observations, observers
from services.supervision.observations.reactions import correct_marks
from services.supervision.observations.rules import ObservationRules
from services.supervision.streams.decisions import CorrectFigures, Ended, Live, streams
from services.supervision.streams.events import StreamStarted
from services.supervision.streams.reactions import correct_figures
from services.training.exams.reactions import correct_marks as correct_exams
from services.vocabulary import Criterion, Figure, PersonId, PersonMonth, StreamId
from shared.policy import load_policy
from shared.privacy import Personal
from shared.testing import Given, given
from tests.supervision.folding import folded
from tests.supervision.organisation import HR, LI, MAY, NOON, STUDIO, WANG, ZHAO, ended, shipped

TEXT = shipped("observation_rules")
RULES = load_policy(ObservationRules, TEXT)
S1 = StreamId("s1")
OBSERVE = ObserveStream(
    observation="17",
    stream=S1,
    person=LI,
    observed_at=NOON + timedelta(minutes=30),
    language=Decimal(80),
    interaction=Decimal(90),
    product_accuracy=Decimal(70),
    emergency_handling=Decimal(30),
)
OBSERVED = StreamObserved(
    observation="17",
    stream=S1,
    person=LI,
    observer=ZHAO,
    capacity="supervision_group",
    observed_at=OBSERVE.observed_at,
    started_at=NOON,
    language=Decimal(80),
    interaction=Decimal(90),
    product_accuracy=Decimal(70),
    emergency_handling=Decimal(30),
    conflict=False,
)


def seen(*history: StreamObserved, found: object = None) -> Given[Command, StreamObserved | None, StreamObserved]:
    stream = found or Ended(told=ended())
    return given(observations, *history).under(RULES).seeing(streams, S1, found=stream)


@pytest.mark.clause("A-26")
def test_a_member_of_the_group_records_what_he_saw_while_the_stream_ran() -> None:
    seen().when(OBSERVE, by=ZHAO, capacity="supervision_group").then(OBSERVED)
    before = replace(OBSERVE, observed_at=NOON - timedelta(minutes=1))
    seen().when(before, by=ZHAO).refused("observation.outside_the_stream")
    after = replace(OBSERVE, observed_at=NOON + timedelta(hours=2, minutes=1))
    seen().when(after, by=ZHAO).refused("observation.outside_the_stream")


@pytest.mark.clause("A-27")
@pytest.mark.parametrize("criterion", ["language", "interaction", "product_accuracy", "emergency_handling"])
def test_each_of_the_four_criteria_is_marked(criterion: str) -> None:
    body = {
        "observation": "17",
        "stream": "s1",
        "person": "li",
        "observed_at": "2024-05-14T04:30:00Z",
        "language": 80,
        "interaction": 90,
        "product_accuracy": 70,
        "emergency_handling": 30,
    }
    command = TypeAdapter(ObserveStream)
    assert command.validate_python(body) == OBSERVE
    with pytest.raises(ValidationError):
        command.validate_python({name: mark for name, mark in body.items() if name != criterion})
    for outside in (-1, 101, None):
        with pytest.raises(ValidationError):
            command.validate_python(body | {criterion: outside})


@pytest.mark.clause("A-51")
def test_nobody_observes_himself() -> None:
    seen().when(OBSERVE, by=LI, capacity="supervision_group").refused("observation.of_himself")


@pytest.mark.clause("A-51", "C-44")
def test_who_was_on_the_stream_himself_is_flagged() -> None:
    flagged = replace(OBSERVED, observer=WANG, capacity="senior_anchor", conflict=True)
    seen().when(OBSERVE, by=WANG, capacity="senior_anchor").then(flagged)


@pytest.mark.clause("A-51", "C-44")
def test_an_organisation_may_allow_or_forbid_it() -> None:
    allowing = load_policy(ObservationRules, TEXT.replace("same_stream: flag", "same_stream: allow"))
    unflagged = replace(OBSERVED, observer=WANG, capacity="senior_anchor")
    seen().under(allowing).when(OBSERVE, by=WANG, capacity="senior_anchor").then(unflagged)
    forbidding = load_policy(ObservationRules, TEXT.replace("same_stream: flag", "same_stream: forbid"))
    seen().under(forbidding).when(OBSERVE, by=WANG).refused("observation.conflict")
    assert seen().under(forbidding).when(OBSERVE, by=ZHAO).refusal is None


def test_the_person_was_on_that_stream() -> None:
    seen().when(replace(OBSERVE, person=PersonId("sun")), by=ZHAO).refused("observation.not_on_stream")


def test_a_stream_without_its_roster_cannot_tell_who_was_on() -> None:
    live = Live(told=StreamStarted(stream=S1, studio=STUDIO, started_at=NOON))
    seen(found=live).when(OBSERVE, by=ZHAO).refused("stream.not_ended")


@pytest.mark.clause("A-51")
def test_an_observation_is_corrected_by_its_observer_alone() -> None:
    corrected = replace(OBSERVE, emergency_handling=Decimal(80))
    by_zhao = seen(OBSERVED).when(corrected, by=ZHAO, capacity="supervision_group")
    by_zhao.then(replace(OBSERVED, emergency_handling=Decimal(80)))
    seen(OBSERVED).when(OBSERVE, by=ZHAO, capacity="supervision_group").then()
    seen(OBSERVED).when(corrected, by=PersonId("sun")).refused("observation.by_another")
    seen(OBSERVED).when(replace(OBSERVE, person=WANG), by=ZHAO).refused("observation.of_another")


def test_only_an_importing_account_names_the_observer() -> None:
    named = replace(OBSERVE, observer=ZHAO, capacity="supervision_group")
    seen().when(named, by="importer", capacity="system").then(OBSERVED)
    seen().when(named, by=WANG, capacity="senior_anchor").refused("observation.for_another")
    seen().when(replace(named, observer=LI), by="importer", capacity="system").refused("observation.of_himself")


@pytest.mark.clause("R5")
def test_the_log_of_a_person_shows_capacity_and_conflict_and_not_the_observer() -> None:
    corrected = replace(OBSERVED, emergency_handling=Decimal(80))
    (row,) = folded(all_observations, OBSERVED, corrected)
    assert (row.person, row.capacity, row.conflict, row.emergency_handling) == (LI, "supervision_group", False, 80)
    assert (row.month, row.corrections) == ("2024-05", 1)
    assert not hasattr(row, "observer")
    (row,) = folded(observers, OBSERVED)
    assert (row.observer, row.person) == (ZHAO, LI)


@pytest.mark.clause("R7", "A-39")
def test_an_upheld_objection_corrects_the_mark_that_it_names() -> None:
    """Emergency handling 3 → 8; what the observer says again does not take it back."""
    before = replace(OBSERVED, emergency_handling=Decimal(3))
    correct = CorrectMark(observation="17", criterion=Criterion.EMERGENCY_HANDLING, mark=Decimal(8))
    after = replace(before, emergency_handling=Decimal(8), settled=True)
    there = seen(before).when(correct, by="system").then(after)
    there.when(correct, by="system").then()
    said_again = replace(OBSERVE, emergency_handling=Decimal(3))
    there.when(said_again, by=ZHAO, capacity="supervision_group").refused("observation.settled")
    seen().when(correct, by="system").refused("observation.unknown")


@pytest.mark.clause("R7")
def test_the_resolution_of_an_objection_travels_to_the_marks_that_it_names() -> None:
    def corrected(about: tuple[str, ...], field: str) -> Correction:
        return Correction(fact="e1", about=about, field=field, was="3", now="8")

    word = Resolved(
        person=LI,
        version=1,
        outcome=Outcome.UPHELD,
        corrections=(
            corrected(("observation", "17"), "emergency_handling"),
            corrected(("figures", "s1"), "satisfied"),
            corrected(("figures", "s1"), "ratings"),
            corrected(("exam", "laws", "law", "first"), "score"),
        ),
        handler=HR,
        capacity="hr",
        finding=Personal("the recording shows it"),
    )
    resolved = ReviewObjectionResolved(subject=PersonMonth(person=LI, month=MAY), told=word)
    assert list(correct_marks(resolved)) == [
        CorrectMark(observation="17", criterion=Criterion.EMERGENCY_HANDLING, mark=Decimal(8))
    ]
    assert list(correct_figures(resolved)) == [CorrectFigures(stream=S1, now={Figure.SATISFIED: 8, Figure.RATINGS: 8})]
    (regrade,) = correct_exams(resolved)
    assert (regrade.session, regrade.course, regrade.attempt, regrade.score) == ("laws", "law", "first", Decimal(8))
