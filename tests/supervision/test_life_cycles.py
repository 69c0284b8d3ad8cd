"""Which step leads where, and from where it is refused. Rulings R3, R7, R8; clauses A-60, A-62."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.objection import Withdrawn
from services.supervision.awards.decisions import (
    Awards,
    ConfirmAward,
    RejectAward,
    RevokeAward,
)
from services.supervision.awards.events import (
    AwardCauseReversed,
    AwardConfirmed,
    AwardRejected,
    AwardRevoked,
    AwardWithdrawn,
    Ground,
)
from services.supervision.awards.reactions import excellent_exams
from services.supervision.penalties.decisions import LiftPenalty, RejectPenalty, RevokePenalty
from services.supervision.penalties.events import (
    PenaltyKind,
    PenaltyObjectionWithdrawn,
    PenaltyRejected,
    PenaltyRevoked,
    PenaltyWithdrawn,
)
from services.supervision.penalties.objections import RaiseObjection, WithdrawObjection
from services.supervision.rectifications.decisions import (
    LiftRectification,
    RequireRectification,
    ReturnRectificationPlan,
    VerifyRectification,
)
from services.supervision.rectifications.events import (
    RectificationLifted,
    RectificationPlanReturned,
    RectificationRefused,
)
from services.supervision.streams.decisions import ScheduleStream, StartStream, streams
from services.supervision.violations.decisions import DropViolation, RecordCause, WithdrawViolation, violations
from services.supervision.violations.events import ViolationWithdrawn
from shared.decider import Context
from shared.privacy import Personal
from shared.testing import given
from tests.arrows import arrows, drawn, step
from tests.supervision.organisation import HR, LI, MAY, NO_LIMIT, NOON, STUDIO, ZHAO, ended, figures, regraded
from tests.supervision.test_awards import APPROVED, GRANTED, PROPOSED, REVIEWED, approving, exam, proposing, under
from tests.supervision.test_objections import RAISE, RESOLVE, raised, resolved, there
from tests.supervision.test_objections import of as said
from tests.supervision.test_penalties import CRITICISM, about, imposed, imposing, of
from tests.supervision.test_penalties import proposing as proposing_penalty
from tests.supervision.test_rectifications import (
    ACCEPT,
    ACCEPTED,
    COMPLETE,
    DONE,
    FINDING,
    PLANNED,
    REFUSAL,
    REQUIRED,
    SUBMIT,
    WHICH,
    case,
    verified,
)
from tests.supervision.test_streams import S1, SCHEDULED, STARTED, ending
from tests.supervision.test_violations import ABSENT, CAUSED, LATE, POOR_MAY, RECORDED_LATE

BY_HR: dict[str, Any] = {"by": HR, "capacity": "hr"}
BY_GROUP: dict[str, Any] = {"by": ZHAO, "capacity": "supervision_group"}
BY_LI: dict[str, Any] = {"by": LI, "capacity": "assistant_anchor"}


def kind(state: Any) -> str:
    return type(state).__name__.lower()


@pytest.mark.clause("A-60")
def test_a_violation() -> None:
    late: dict[str, Any] = {"person": LI, "kind": LATE.kind, "occasion": LATE.occasion}
    gone = ViolationWithdrawn(**late, cause="he was on time", recorder=HR)
    states = {
        "notrecorded": given(violations),
        "standing": given(violations, RECORDED_LATE),
        "withdrawn": given(violations, RECORDED_LATE, gone),
    }
    steps = {
        "record": step(LATE, **BY_GROUP),
        "withdraw": step(WithdrawViolation(**late, cause="an error"), **BY_HR),
        "drop": step(DropViolation(**late, handler=HR), by="system"),
    }
    assert arrows(states, steps, kind) == drawn(
        """
                     record    withdraw   drop
        notrecorded  standing  -          .
        standing     .         withdrawn  withdrawn
        withdrawn    standing  -          .
        """
    )


@pytest.mark.clause("A-61")
def test_the_cause_of_poor_performance_is_recorded_while_it_stands() -> None:
    finding = step(RecordCause(person=LI, month=MAY, finding=Personal("enc1:li:note:y")), **BY_GROUP)
    gone = ViolationWithdrawn(person=LI, kind=POOR_MAY.kind, occasion=MAY, cause="corrected")
    assert [finding(given(violations, *history)).refusal is None for history in ((POOR_MAY,), (POOR_MAY, CAUSED))] == [
        True
    ] * 2
    for history in ((), (POOR_MAY, gone), (POOR_MAY, CAUSED, gone)):
        finding(given(violations, *history)).refused("violation.not_standing")


@pytest.mark.clause("R3")
def test_a_penalty() -> None:
    criticism = imposed(CRITICISM)
    cause: dict[str, Any] = {"penalty": "penalty", "person": LI}
    rejected = PenaltyRejected(**cause, decider=HR, reason="no", capacity="hr")
    withdrawn = PenaltyWithdrawn(**cause, cause="excused")
    revoked = PenaltyRevoked(**cause, kind=PenaltyKind.CRITICISM, cause="too hard", **of(CRITICISM))
    absent: dict[str, Any] = {"person": LI, "offence": ABSENT.kind, "occasion": ABSENT.occasion}
    states = {
        "unproposed": about(ABSENT),
        "pending": about(ABSENT, CRITICISM),
        "imposed": about(ABSENT, CRITICISM, criticism),
        "closed": about(ABSENT, CRITICISM, rejected),
    }
    steps = {
        "propose": step(proposing_penalty(ABSENT, PenaltyKind.CRITICISM), **BY_GROUP),
        "impose": step(imposing(ABSENT), by="qi", capacity="hr"),
        "reject": step(RejectPenalty(**absent, reason="he was ill"), **BY_HR),
        "revoke": step(RevokePenalty(**absent, reason="he was ill"), **BY_HR),
        "lift": step(LiftPenalty(**absent, cause="withdrawn"), by="system"),
        "object": step(RaiseObjection(**absent, reason=Personal("no")), **BY_LI),
    }
    table = """
                    propose  impose   reject  revoke  lift    object
        unproposed  pending  -        -       -       .       -
        pending     -        imposed  closed  -       closed  -
        imposed     -        -        -       closed  closed  -
        closed      pending  -        -       -       .       -
        """
    assert arrows(states, steps, kind) == drawn(table)
    for end in ((withdrawn,), (criticism, revoked)):  # however it was closed
        states["closed"] = about(ABSENT, CRITICISM, *end)
        assert arrows(states, steps, kind) == drawn(table)


@pytest.mark.clause("R7")
def test_an_objection() -> None:
    taken_back = said(Withdrawn(person=LI, version=1), PenaltyObjectionWithdrawn)
    states = {
        "none": there(),
        "open": there(raised()),
        "rejected": there(raised(), resolved()),
        "withdrawn": there(raised(), taken_back),
    }
    again = replace(RAISE, reason=Personal("once more"))
    absent: dict[str, Any] = {"person": LI, "offence": ABSENT.kind, "occasion": ABSENT.occasion}
    steps = {
        "raise": step(again, **BY_LI),
        "reject": step(replace(RESOLVE, amended=(), finding=Personal("nothing new")), **BY_HR),
        "withdraw": step(WithdrawObjection(**absent, version=1), **BY_LI),
    }
    assert arrows(states, steps, objection) == drawn(
        """
                   raise  reject    withdraw
        none       open   -         -
        open       -      rejected  withdrawn
        rejected   -      -         -
        withdrawn  -      -         .
        """
    )
    steps["reject"](states["rejected"]).refused("objection.ended_already", version=1)
    steps["reject"](states["withdrawn"]).refused("objection.ended_already", version=1)
    steps["withdraw"](states["rejected"]).refused("objection.resolved_already")


def objection(state: Any) -> str:
    found = state.objections.to.get(1)
    if found is None:
        return "none"
    if found.ended is None:
        return "open"
    return "withdrawn" if isinstance(found.ended, Withdrawn) else str(found.ended.outcome)


@pytest.mark.clause("A-62")
def test_a_rectification() -> None:
    refused = RectificationRefused(**WHICH, recorder=HR, capacity="hr", evidence=("minutes of 3 June",))
    returned = RectificationPlanReturned(**WHICH, reviewer=ZHAO, capacity="supervision_group", opinions=FINDING)
    lifted = RectificationLifted(**WHICH, cause="corrected")
    done = (REQUIRED, PLANNED, ACCEPTED, DONE)
    states = {
        "none": case(),
        "required": case(REQUIRED),
        "submitted": case(REQUIRED, PLANNED),
        "returned": case(REQUIRED, PLANNED, returned),
        "accepted": case(*done[:3]),
        "completed": case(*done),
        "effective": case(*done, verified(True)),
        "refused": case(REQUIRED, refused),
        "lifted": case(REQUIRED, lifted),
    }
    steps = {
        "require": step(RequireRectification(**WHICH, penalty="p2"), by="system"),
        "submit": step(replace(SUBMIT, measures=SUBMIT.measures * 2), **BY_LI),
        "return": step(ReturnRectificationPlan(**WHICH, opinions=Personal("too late")), **BY_HR),
        "accept": step(ACCEPT, **BY_HR),
        "complete": step(replace(COMPLETE, evidence=("s9",)), **BY_LI),
        "verify": step(VerifyRectification(**WHICH, effective=True, finding=Personal("seen")), **BY_GROUP),
        "fail": step(VerifyRectification(**WHICH, effective=False, finding=FINDING), **BY_GROUP),
        "refuse": step(replace(REFUSAL, evidence=("minutes of 9 June",)), **BY_HR),
        "lift": step(LiftRectification(**WHICH, cause="withdrawn"), by="system"),
    }
    assert arrows(states, steps, lambda found: str(found.stage) if found else "none") == drawn(
        """
                   require   submit     return    accept    complete   verify     fail      refuse   lift
        none       required  -          -         -         -          -          -         -        .
        required   .         submitted  -         -         -          -          -         refused  lifted
        submitted  .         -          returned  accepted  -          -          -         -        lifted
        returned   .         submitted  -         -         -          -          -         refused  lifted
        accepted   .         -          -         -         completed  -          -         refused  lifted
        completed  .         -          -         -         -          effective  required  -        lifted
        effective  .         -          -         -         -          -          -         -        .
        refused    .         submitted  -         -         -          -          -         -        lifted
        lifted     required  -          -         -         -          -          -         -        .
        """
    )


@pytest.mark.clause("R8")
def test_an_award() -> None:
    rejected = AwardRejected(award="award", person=LI, decider=HR, capacity="hr", reason="no budget")
    confirmed = AwardConfirmed(award="award", person=LI, decider=HR, capacity="hr", reason="our error")
    revoked = AwardRevoked(award="award", person=LI, decider=HR, capacity="hr", reason="his error")
    withdrawn = (
        AwardCauseReversed(award="award", person=LI, cause=exam("laws")),
        AwardWithdrawn(award="award", person=LI),
    )
    granted = (PROPOSED, APPROVED, GRANTED)
    excellence: dict[str, Any] = {"person": LI, "item": "training_excellence", "period": "2024-05"}
    states = {
        "none": under(),
        "open": under(PROPOSED),
        "granted": under(*granted),
        "under_review": under(*granted, REVIEWED),
        "closed": under(PROPOSED, rejected),
    }
    (regrading,) = excellent_exams(regraded("70"), Context(now=NOON, actor="system"))
    more = proposing("training_excellence", Ground.EXCELLENT_EXAM)
    steps = {
        "propose": step(more, **BY_GROUP),
        "approve": step(approving(), by="qi", capacity="hr"),
        "reject": step(RejectAward(**excellence, reason="no"), **BY_GROUP),
        "confirm": step(ConfirmAward(**excellence, award="award", reason="ours"), **BY_GROUP),
        "revoke": step(RevokeAward(**excellence, award="award", reason="his"), **BY_GROUP),
        "regrade": step(regrading, by="system"),
    }
    table = """
                      propose  approve  reject  confirm  revoke  regrade
        none          open     -        -       -        -       .
        open          open     granted  closed  -        -       closed
        granted       open     -        -       -        -       under_review
        under_review  open     -        -       granted  closed  .
        closed        open     -        -       -        -       .
        """
    assert arrows(states, steps, award) == drawn(table)
    for end in (withdrawn, (APPROVED, GRANTED, REVIEWED, revoked)):
        states["closed"] = under(PROPOSED, *end)
        assert arrows(states, steps, award) == drawn(table)
    for name in ("confirm", "revoke"):  # a review ends once
        steps[name](under(*granted, REVIEWED, confirmed)).refused("award.not_under_review", stage="granted")


def award(state: Awards) -> str:
    return str(state.all[-1].stage) if state.all else "none"


def test_a_stream() -> None:
    later = NOON + timedelta(hours=1)
    states = {
        "unknown": given(streams).under(NO_LIMIT),
        "scheduled": given(streams, SCHEDULED).under(NO_LIMIT),
        "live": given(streams, STARTED).under(NO_LIMIT),
        "ended": given(streams, ended()).under(NO_LIMIT),
    }
    steps = {
        "schedule": step(ScheduleStream(stream=S1, studio=STUDIO, starts_at=later)),
        "start": step(StartStream(stream=S1, studio=STUDIO, started_at=later)),
        "end": step(ending(3)),
        "measure": step(figures()),
    }
    assert arrows(states, steps, kind) == drawn(
        """
                   schedule   start  end    measure
        unknown    scheduled  live   ended  -
        scheduled  scheduled  live   ended  -
        live       -          -      ended  -
        ended      -          -      ended  ended
        """
    )
