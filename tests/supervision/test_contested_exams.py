"""While the mark of an exam is objected to, what follows from its fail is held, and falls where it is upheld. R7."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.objection import Correction, Outcome, Raised, Resolved, Withdrawn
from services.performance.reviews.adjustments import HoldAdjustment
from services.performance.reviews.reactions import points_deduction
from services.supervision.directory.projections import Member, members
from services.supervision.penalties.decisions import (
    Command,
    HoldPenalty,
    ImposePenalty,
    SettlePenalty,
    State,
    penalties,
)
from services.supervision.penalties.events import (
    Event,
    PenaltyHeld,
    PenaltyImposed,
    PenaltyKind,
    PenaltyObjectionResolved,
    PenaltyProposed,
    PenaltyRevoked,
)
from services.supervision.penalties.facts import Offence, populations
from services.supervision.penalties.objections import RaiseObjection, ResolveObjection
from services.supervision.penalties.projections import Standing, all_penalties
from services.supervision.penalties.reactions import violation_consequences
from services.supervision.violations.decisions import violations
from services.supervision.violations.events import ViolationKind
from services.supervision.violations.reactions import failed_exams
from services.training.contracts import (
    Attempt,
    ExamObjectionRaised,
    ExamObjectionResolved,
    ExamObjectionWithdrawn,
)
from services.vocabulary import CourseId, Month, PersonId, PersonMonth, SessionId
from shared.decider import Context
from shared.privacy import Personal
from shared.testing import Given, given
from tests.supervision.folding import folded
from tests.supervision.hearing import heard, known
from tests.supervision.organisation import (
    AFTER_MAKE_UP,
    HR,
    IMPOSING,
    LI,
    NOON,
    graded,
    member,
    policies,
    registered,
    regraded,
)
from tests.supervision.test_objections import OPEN_ENDED

WHICH: dict[str, Any] = {"person": LI, "offence": ViolationKind.TRAINING_ASSESSMENT_FAILED, "occasion": "laws"}
IMPOSE = ImposePenalty(**WHICH)
SYSTEM = Context(now=NOON, actor="system")
REASON, FINDING = Personal("the last page was not read"), Personal("it was not")


def exam(kind: type, word: Any, attempt: Attempt = Attempt.FIRST) -> Any:
    return kind(
        person=LI,
        session=SessionId("laws"),
        course=CourseId("laws"),
        attempt=attempt,
        began_on=date(2024, 5, 20),
        told=word,
    )


def raised(version: int = 1) -> Raised:
    return Raised(person=LI, version=version, named=(), reason=REASON, raised_on=date(2024, 5, 22))


def resolved(*corrections: Correction) -> Resolved:
    return Resolved(
        person=LI,
        version=1,
        outcome=Outcome.UPHELD if corrections else Outcome.REJECTED,
        corrections=corrections,
        handler=PersonId("admin"),
        capacity="training_admin",
        finding=FINDING,
    )


def li_settles() -> SettlePenalty:
    return SettlePenalty(**WHICH)


FACT = Correction(fact="exam/li/laws/first", about=("exam", "laws", "laws", "first"), field="score", was="55", now="62")
RAISED = exam(ExamObjectionRaised, raised())
REJECTED = exam(ExamObjectionResolved, resolved())
UPHELD = (regraded("62"), exam(ExamObjectionResolved, resolved(FACT)))  # in this order training says it
WITHDRAWN = exam(ExamObjectionWithdrawn, Withdrawn(person=LI, version=1))


class Supervision:
    """A violation and its penalty, as the reactions bring them about."""

    def __init__(self, *rules: object) -> None:
        self.under = policies(OPEN_ENDED, *rules)
        self.violation: list[Any] = []
        self.penalty: list[Event] = []

    def hears(self, *facts: Any) -> "Supervision":
        for fact in facts:
            for judged in failed_exams(fact, SYSTEM):
                told = replace(given(violations, *self.violation), policies=self.under).when(judged, by="system")
                assert told.refusal is None
                self.violation += told.events
                for event in told.events:
                    self.follows(event)
        return self

    def follows(self, event: Any) -> None:
        for command in (
            violation_consequences(event, SYSTEM) if isinstance(event, violation_consequences.events) else ()
        ):
            self.does(command)

    def there(self) -> Given[Command, State, Event]:
        subject = Offence(**WHICH)
        people = known(populations, subject, heard(populations, *self.of(PenaltyProposed), registered()))
        return (
            replace(given(penalties, *self.penalty), policies=self.under)
            .seeing(violations, *WHICH.values(), found=violations.state(self.violation))
            .seeing(members, Member(person=LI), found=member())
            .seeing(populations, subject, found=people)
        )

    def does(self, command: Command, by: str = "system", capacity: str = "") -> None:
        told = self.there().when(command, by=by, capacity=capacity)
        assert told.refusal is None, told.refusal
        self.penalty += told.events

    def of(self, kind: type) -> Sequence[Any]:
        return [event for event in self.penalty if isinstance(event, kind)]

    @property
    def register(self) -> Any:
        return folded(all_penalties, *self.penalty)[0]


@pytest.mark.clause("R7", "R3", "T-67")
def test_a_rule_imposes_nothing_while_the_mark_is_objected_to() -> None:
    li = Supervision(IMPOSING).hears(graded("55"), RAISED)
    proposed, held = li.penalty
    assert isinstance(proposed, PenaltyProposed)
    assert held == PenaltyHeld(
        penalty=proposed.penalty,
        kind=PenaltyKind.CRITICISM,
        contested=True,
        held=True,
        imposed=False,
        month=None,
        **WHICH,
    )
    assert (li.register.standing, li.register.contested) == (Standing.HELD, True)
    li.there().when(IMPOSE, by=HR, capacity="hr").refused("penalty.held")
    li.hears(RAISED)  # told twice
    assert len(li.penalty) == 2
    li.hears(REJECTED)
    assert [type(event) for event in li.penalty[2:]] == [PenaltyHeld, PenaltyImposed]
    assert (li.register.standing, li.register.contested) == (Standing.FINAL, False)


@pytest.mark.clause("R7", "R3", "T-67")
def test_what_was_imposed_is_held_until_the_objection_ends() -> None:
    li = Supervision(IMPOSING).hears(graded("55"))
    li.does(li_settles())
    assert li.register.standing is Standing.FINAL
    assert li.hears(RAISED).register.standing is Standing.HELD
    assert li.hears(WITHDRAWN).register.standing is Standing.FINAL


@pytest.mark.clause("R7", "R3")
def test_what_was_imposed_before_the_end_of_the_objection_was_heard_is_let_go_when_it_is() -> None:
    """The violation is read where it stands, the word that nothing holds the penalty comes by the log."""
    li = Supervision().hears(graded("55"), RAISED)
    settled = violations.state([*li.violation, *Supervision().hears(graded("55"), RAISED, WITHDRAWN).violation[-1:]])
    ahead = li.there().seeing(violations, *WHICH.values(), found=settled)
    (imposed,) = ahead.when(IMPOSE, by=HR, capacity="hr").events
    (let_go,) = replace(ahead, history=(*ahead.history, imposed)).when(HoldPenalty(**WHICH), by="system").events
    assert isinstance(let_go, PenaltyHeld)
    assert (let_go.held, let_go.imposed) == (False, True)
    never_held = Supervision().hears(graded("55"))
    never_held.does(IMPOSE, by=HR, capacity="hr")
    never_held.there().when(HoldPenalty(**WHICH), by="system").then()


@pytest.mark.clause("R7", "R1", "T-67")
def test_upheld_the_violation_and_its_penalty_fall() -> None:
    li = Supervision(IMPOSING).hears(graded("55"))
    li.does(li_settles())
    li.hears(RAISED, *UPHELD)
    assert isinstance(li.penalty[-1], PenaltyRevoked)
    assert li.register.standing is Standing.REVERSED


@pytest.mark.clause("R7", "R1", "C-13")
def test_the_first_fail_alone_decides_or_both() -> None:
    make_up = exam(ExamObjectionRaised, raised(), Attempt.MAKE_UP)
    failed_twice = (graded("55"), graded("58", attempt=Attempt.MAKE_UP))
    assert Supervision().hears(*failed_twice, make_up).of(PenaltyHeld) == []
    li = Supervision(AFTER_MAKE_UP).hears(*failed_twice, make_up)
    assert [held.held for held in li.of(PenaltyHeld)] == [True]
    before = Supervision(AFTER_MAKE_UP).hears(graded("55"), RAISED, failed_twice[1])  # objected to before it counted
    assert before.register.standing is Standing.HELD
    both = before.hears(make_up, WITHDRAWN)
    assert both.register.standing is Standing.HELD
    assert (
        both.hears(exam(ExamObjectionWithdrawn, WITHDRAWN.told, Attempt.MAKE_UP)).register.standing is Standing.PENDING
    )


@pytest.mark.clause("R7")
def test_an_objection_to_the_penalty_itself_holds_it_as_well() -> None:
    """What follows waits for both."""
    li = Supervision(IMPOSING).hears(graded("55"))
    li.does(li_settles())
    li.does(RaiseObjection(**WHICH, reason=REASON), by=LI)
    li.hears(RAISED, WITHDRAWN)
    assert [(held.contested, held.held) for held in li.of(PenaltyHeld)] == [(True, True), (False, True)]
    assert li.register.standing is Standing.HELD
    li.hears(exam(ExamObjectionRaised, raised(2)))
    li.does(ResolveObjection(**WHICH, version=1, finding=FINDING, amended=()), by=HR, capacity="hr")
    assert [type(event) for event in li.penalty[-2:]] == [PenaltyObjectionResolved, PenaltyHeld]
    assert li.register.standing is Standing.HELD


@pytest.mark.clause("R7")
def test_points_that_it_took_are_held_in_the_score() -> None:
    may = PersonMonth(person=LI, month=Month("2024-05"))
    held = PenaltyHeld(
        penalty="p7",
        kind=PenaltyKind.POINTS_DEDUCTION,
        contested=True,
        held=True,
        imposed=True,
        month=may.month,
        **WHICH,
    )
    holding = HoldAdjustment(subject=may, adjustment="penalty/p7", held=True)
    assert points_deduction(held, SYSTEM) == [holding]
    assert points_deduction(replace(held, held=False), SYSTEM) == [replace(holding, held=False)]
    assert points_deduction(replace(held, imposed=False), SYSTEM) == []  # nothing was deducted yet
