"""Rectification: required by a deduction, planned by the person, accepted, done, verified, or refused. A-62."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from services.objection import Objections
from services.supervision.penalties.decisions import Closed, Imposed, Unproposed, penalties, revoked
from services.supervision.penalties.events import PenaltyRevoked
from services.supervision.rectifications.decisions import (
    AcceptRectificationPlan,
    CompleteRectification,
    PlannedMeasure,
    RecordRectificationRefusal,
    RequireRectification,
    ReturnRectificationPlan,
    Stage,
    SubmitRectificationPlan,
    VerifyRectification,
    rectifications,
)
from services.supervision.rectifications.events import (
    Event,
    Measure,
    RectificationCompleted,
    RectificationLifted,
    RectificationPlanAccepted,
    RectificationPlanReturned,
    RectificationPlanSubmitted,
    RectificationRefused,
    RectificationRequired,
    RectificationVerified,
)
from services.supervision.rectifications.projections import all_rectifications
from services.supervision.rectifications.reactions import require
from services.supervision.rectifications.rules import RectificationRules
from shared.policy import load_policy
from shared.privacy import Personal
from shared.testing import Given, given
from tests.supervision.folding import folded
from tests.supervision.organisation import HR, LI, MAY, ZHAO, policies, shipped
from tests.supervision.test_objections import CORRECTION, JUNE_4, raised, resolved
from tests.supervision.test_penalties import CRITICISM, POINTS, imposed
from tests.supervision.test_violations import POOR_MAY

WHICH: dict[str, Any] = {"person": LI, "offence": POOR_MAY.kind, "occasion": MAY}
TEN_DAYS = load_policy(RectificationRules, shipped("rectification").replace("plan_due_days:", "plan_due_days: 10"))
REQUIRED = RectificationRequired(**WHICH, penalty="p1", round=1)
STANDS = Imposed(told=replace(imposed(POINTS), penalty="p1"), proposed=POINTS, proposals=1)
MEASURES = (Measure(what="rehearse the product points", due_on=date(2024, 6, 20)),)
PLANNED = RectificationPlanSubmitted(**WHICH, measures=MEASURES)
ACCEPTED = RectificationPlanAccepted(**WHICH, reviewer=ZHAO, capacity="supervision_group")
DONE = RectificationCompleted(**WHICH, evidence=("s7",))
SUBMIT = SubmitRectificationPlan(
    **WHICH, measures=(PlannedMeasure(what="rehearse the product points", due_on=date(2024, 6, 20)),)
)
ACCEPT, COMPLETE = AcceptRectificationPlan(**WHICH), CompleteRectification(**WHICH, evidence=("s7",))
REFUSAL = RecordRectificationRefusal(**WHICH, evidence=("minutes of 3 June",))
FINDING = Personal("seen on three streams")


def case(*history: Event, objected: bool = False) -> Given[Any, Any, Any]:
    objections = Objections().then(raised().told) if objected else Objections()
    penalty = replace(STANDS, objections=objections)
    return replace(given(rectifications, *history), policies=policies()).seeing(
        penalties, LI, POOR_MAY.kind, MAY, found=penalty if history else Unproposed()
    )


def verified(effective: bool) -> RectificationVerified:
    return RectificationVerified(
        **WHICH, effective=effective, verifier=ZHAO, capacity="supervision_group", finding=FINDING
    )


@pytest.mark.clause("A-62")
def test_a_deduction_of_points_requires_it_and_takes_it_along() -> None:
    told = replace(imposed(POINTS), penalty="p1")
    (command,) = require(told)
    assert command == RequireRectification(**WHICH, penalty="p1")
    there = case().when(command, by="system").then(REQUIRED)
    there.when(command, by="system").then()
    assert list(require(imposed(CRITICISM))) == []
    fallen = PenaltyRevoked(penalty="p1", kind=told.kind, cause="corrected", **WHICH)
    (lift,) = require(fallen)
    lifted = there.when(lift, by="system").then(RectificationLifted(**WHICH, cause="corrected"))
    lifted.when(lift, by="system").then()
    lifted.when(command, by="system").then()
    again = RequireRectification(**WHICH, penalty="p2")
    lifted.when(again, by="system").then(replace(REQUIRED, penalty="p2"))
    dated = replace(case(), policies=policies(TEN_DAYS))
    (event,) = dated.when(command, by="system", now=JUNE_4).events
    assert event.plan_due_on == date(2024, 6, 14)


@pytest.mark.clause("A-62", "C-10")
def test_plan_acceptance_completion_verification() -> None:
    there = case(REQUIRED).when(SUBMIT, by=LI).then(PLANNED)
    there.when(SUBMIT, by=LI).then()
    accepted = there.when(ACCEPT, by=ZHAO, capacity="supervision_group").then(ACCEPTED)
    done = accepted.when(COMPLETE, by=LI).then(DONE)
    verify = VerifyRectification(**WHICH, effective=True, finding=FINDING)
    ended = done.when(verify, by=ZHAO, capacity="supervision_group").then(verified(True))
    ended.when(verify, by=ZHAO, capacity="supervision_group").then()
    ended.when(SUBMIT, by=LI).refused("rectification.out_of_turn", stage="effective")


@pytest.mark.clause("A-62", "C-10")
def test_a_plan_has_measures_and_each_its_day() -> None:
    measure = {"what": "rehearse the product points", "due_on": "2024-06-20"}
    body = {"person": "li", "offence": "poor_performance", "occasion": "2024-05", "measures": [measure]}
    form = TypeAdapter(SubmitRectificationPlan)
    assert form.validate_python(body) == SUBMIT
    undated, empty = {"what": measure["what"]}, {**measure, "what": " "}
    for wrong in ([], [undated], [measure, {**undated, "due_on": None}], [empty]):
        with pytest.raises(ValidationError, match="measures"):
            form.validate_python(body | {"measures": wrong})


@pytest.mark.clause("A-62")
def test_what_was_not_effective_is_required_again() -> None:
    verify = VerifyRectification(**WHICH, effective=False, finding=FINDING)
    there = case(REQUIRED, PLANNED, ACCEPTED, DONE)
    again = there.when(verify, by=ZHAO, capacity="supervision_group").then(verified(False), replace(REQUIRED, round=2))
    again.when(SUBMIT, by=LI).then(PLANNED)


@pytest.mark.clause("A-62")
def test_a_returned_plan_is_submitted_anew() -> None:
    opinions = Personal("too vague")
    returned = RectificationPlanReturned(**WHICH, reviewer=ZHAO, capacity="supervision_group", opinions=opinions)
    there = case(REQUIRED, PLANNED)
    back = there.when(ReturnRectificationPlan(**WHICH, opinions=opinions), by=ZHAO, capacity="supervision_group").then(
        returned
    )
    back.when(ACCEPT, by=ZHAO, capacity="supervision_group").refused("rectification.out_of_turn", stage="returned")
    back.when(SUBMIT, by=LI).then(PLANNED)


@pytest.mark.clause("A-62", "R7")
def test_a_refusal_is_recorded_with_evidence_but_not_while_the_penalty_is_objected_to() -> None:
    refused = RectificationRefused(**WHICH, recorder=HR, capacity="hr", evidence=("minutes of 3 June",))
    case(REQUIRED, objected=True).when(REFUSAL, by=HR, capacity="hr").refused("rectification.held")
    there = case(REQUIRED).when(REFUSAL, by=HR, capacity="hr").then(refused)
    there.when(REFUSAL, by=HR, capacity="hr").then()
    there.when(SUBMIT, by=LI).then(PLANNED)  # it is not too late
    (row,) = folded(all_rectifications, REQUIRED, refused, PLANNED)
    assert (row.stage, row.refusals, row.measures) == (Stage.SUBMITTED, 1, MEASURES)


@pytest.mark.clause("A-62", "R7")
def test_nobody_refuses_what_he_no_longer_owes() -> None:
    """The penalty fell, its objection is upheld and it is about to fall, or it is another."""
    there = case(REQUIRED)
    overturned = replace(STANDS, objections=Objections().then(raised().told).then(resolved(CORRECTION).told))
    fallen = Closed(told=revoked(STANDS.told, "withdrawn"), proposals=1)
    another = replace(STANDS, told=replace(STANDS.told, penalty="p2"))
    for penalty in (overturned, fallen, another, Unproposed()):
        found = there.seeing(penalties, LI, POOR_MAY.kind, MAY, found=penalty)
        found.when(REFUSAL, by=HR, capacity="hr").refused("rectification.not_owed")
    rejected = replace(STANDS, objections=Objections().then(raised().told).then(resolved().told))
    answered = there.seeing(penalties, LI, POOR_MAY.kind, MAY, found=rejected).when(REFUSAL, by=HR, capacity="hr")
    assert answered.refusal is None


@pytest.mark.clause("A-62", "R3")
def test_the_plan_is_his_own_and_nobody_verifies_himself() -> None:
    case(REQUIRED).when(SUBMIT, by=ZHAO, capacity="supervision_group").refused("rectification.by_another")
    for command in (ACCEPT, REFUSAL, VerifyRectification(**WHICH, effective=True, finding=FINDING)):
        case(REQUIRED, PLANNED).when(command, by=LI, capacity="hr").refused("rectification.by_the_subject")
        case(REQUIRED).when(command, by="importer", capacity="system").refused("rectification.without_capacity")
    case().when(SUBMIT, by=LI).refused("rectification.out_of_turn", stage="not required")
