"""Objections to penalties: what follows is held; upheld, the violation that it names is withdrawn. C-09; ruling R7."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.objection import Amended, Correction, Escalated, ObjectionRules, Outcome, Raised, Resolved
from services.objection import Standing as Objected
from services.supervision.penalties.decisions import LiftPenalty, RevokePenalty
from services.supervision.penalties.events import (
    PenaltyKind,
    PenaltyObjectionEscalated,
    PenaltyObjectionRaised,
    PenaltyObjectionResolved,
)
from services.supervision.penalties.objections import (
    EscalateObjection,
    RaiseObjection,
    ResolveObjection,
    WithdrawObjection,
)
from services.supervision.penalties.projections import Standing, all_penalties, penalty_objections
from services.supervision.penalties.reactions import answer_due, escalate
from services.supervision.violations.decisions import DropViolation, JudgeAbsence, violations
from services.supervision.violations.reactions import drop_violation
from services.vocabulary import PersonId
from shared.policy import load_policy
from shared.privacy import Personal
from shared.testing import given
from tests.supervision.folding import folded
from tests.supervision.organisation import HR, LI, ZHAO, policies, shipped
from tests.supervision.test_penalties import CRITICISM, about, changed_in_june, imposed, imposing
from tests.supervision.test_violations import ABSENT

ADMITTED = shipped("objections").replace("admitted: false", "admitted: true")
OPEN_ENDED = load_policy(ObjectionRules, ADMITTED)
FIVE_DAYS = load_policy(
    ObjectionRules,
    ADMITTED.replace("window_days:", "window_days: 5").replace("answer_days:", "answer_days: 3")
    + "handler_differs: true\n",
)
JUNE_4 = datetime(2024, 6, 4, 2, tzinfo=UTC)
REASON, FINDING = Personal("I was ill, and had said so"), Personal("he had")
RAISE = RaiseObjection(person=LI, offence=ABSENT.kind, occasion=ABSENT.occasion, reason=REASON)
NAMED = Amended(fact=CRITICISM.violation, field="stands", value="withdrawn")
RESOLVE = ResolveObjection(
    person=LI, offence=ABSENT.kind, occasion=ABSENT.occasion, version=1, finding=FINDING, amended=(NAMED,)
)
CORRECTION = Correction(
    fact=CRITICISM.violation,
    about=("violation", ABSENT.kind, ABSENT.occasion),
    field="stands",
    was="recorded",
    now="withdrawn",
)


def of(word: Any, kind: type) -> Any:
    return kind(
        penalty=CRITICISM.penalty,
        person=LI,
        offence=CRITICISM.offence,
        occasion=CRITICISM.occasion,
        kind=CRITICISM.kind,
        month=CRITICISM.month,
        told=word,
    )


def raised(answer_by: date | None = None) -> PenaltyObjectionRaised:
    word = Raised(person=LI, version=1, named=(), reason=REASON, raised_on=date(2024, 6, 4), answer_by=answer_by)
    made: PenaltyObjectionRaised = of(word, PenaltyObjectionRaised)
    return made


def resolved(*corrections: Correction, by: PersonId = HR) -> PenaltyObjectionResolved:
    word = Resolved(
        person=LI,
        version=1,
        outcome=Outcome.UPHELD if corrections else Outcome.REJECTED,
        corrections=corrections,
        handler=by,
        capacity="hr",
        finding=FINDING,
    )
    made: PenaltyObjectionResolved = of(word, PenaltyObjectionResolved)
    return made


def there(*history: Any, rules: ObjectionRules = OPEN_ENDED) -> Any:
    found = about(ABSENT, CRITICISM, imposed(CRITICISM), *history)
    return replace(found, policies=policies(rules))


@pytest.mark.clause("R7", "C-09")
def test_where_the_regulation_is_silent_none_is_admitted() -> None:
    silent = about(ABSENT, CRITICISM, imposed(CRITICISM))
    silent.when(RAISE, by=LI, now=JUNE_4).refused("objection.not_admitted")
    admitted_later = replace(silent, policies=changed_in_june(silent.policies, OPEN_ENDED))
    admitted_later.when(RAISE, by=LI, now=JUNE_4).refused("objection.not_admitted")


@pytest.mark.clause("R7")
def test_an_upheld_objection_withdraws_the_violation_and_the_penalty_falls_with_it() -> None:
    open_ = there().when(RAISE, by=LI, now=JUNE_4).then(raised())
    upheld = open_.when(RESOLVE, by=HR, capacity="hr", now=JUNE_4).then(resolved(CORRECTION))
    upheld.when(RESOLVE, by=HR, capacity="hr", now=JUNE_4).then()
    (drop,) = drop_violation(resolved(CORRECTION))
    assert drop == DropViolation(person=LI, kind=ABSENT.kind, occasion=ABSENT.occasion, handler=HR)
    assert list(drop_violation(resolved())) == []
    (withdrawn,) = given(violations, ABSENT).when(drop, by="system").events
    judged = JudgeAbsence(
        person=LI,
        session=type(ABSENT.occasion)(ABSENT.occasion),  # type: ignore[arg-type]
        held_on=date(2024, 5, 14),
        excused=False,
        noticed=True,
        corrected=False,
    )
    gone = given(violations, ABSENT, withdrawn)
    gone.when(judged, by="system").then()  # the facts that told it do not bring it back
    gone.when(drop, by="system").then()
    lift = LiftPenalty(person=LI, offence=ABSENT.kind, occasion=ABSENT.occasion, cause="withdrawn")
    (fallen,) = upheld.when(lift, by="system").events
    assert fallen.kind is PenaltyKind.CRITICISM


@pytest.mark.clause("R7", "R3")
def test_while_it_is_open_the_register_shows_it_held() -> None:
    def row(*events: Any) -> Any:
        return folded(all_penalties, replace(CRITICISM, penalty="p"), *events)[0]

    def named(event: Any) -> Any:
        return replace(event, penalty="p")

    taken = named(imposed(CRITICISM))
    held = row(taken, named(raised()))
    assert (held.standing, held.objection) == (Standing.HELD, Objected.OPEN)
    rejected = row(taken, named(raised()), named(resolved()))
    assert (rejected.standing, rejected.objection) == (Standing.FINAL, Objected.REJECTED)
    upheld = row(taken, named(raised()), named(resolved(CORRECTION)))
    assert (upheld.standing, upheld.objection) == (Standing.HELD, Objected.UPHELD)  # until it has fallen
    (shown,) = folded(penalty_objections, named(raised()), named(resolved(CORRECTION)))
    assert (shown.standing, shown.corrections, shown.handler) == (Objected.UPHELD, (CORRECTION,), HR)


@pytest.mark.clause("R7", "P-18")
def test_the_window_opens_when_it_is_imposed() -> None:
    until = date(2024, 6, 8)
    windowed = about(ABSENT, CRITICISM, replace(imposed(CRITICISM), objections_until=until))
    windowed = replace(windowed, policies=policies(FIVE_DAYS))
    (event,) = windowed.when(RAISE, by=LI, now=datetime(2024, 6, 8, 15, 59, tzinfo=UTC)).events
    assert isinstance(event, PenaltyObjectionRaised)
    assert event.told.answer_by == date(2024, 6, 11)
    late = datetime(2024, 6, 8, 16, tzinfo=UTC)
    windowed.when(RAISE, by=LI, now=late).refused("objection.window_closed", ended_on=until)
    pending = replace(about(ABSENT, CRITICISM), policies=changed_in_june(policies(FIVE_DAYS), OPEN_ENDED))
    imposing_it = pending.when(imposing(ABSENT), by=HR, capacity="hr", now=datetime(2024, 6, 2, 16, tzinfo=UTC))
    imposing_it.then(replace(imposed(CRITICISM), objections_until=until))


@pytest.mark.clause("R7")
def test_overdue_escalates_and_stays_open() -> None:
    due = raised(answer_by=date(2024, 6, 7))
    assert answer_due(due) == datetime(2024, 6, 7, 16, tzinfo=UTC)
    (command,) = escalate(due)
    assert isinstance(command, EscalateObjection)
    word = Escalated(person=LI, version=1, answer_by=date(2024, 6, 7))
    late = there(due).when(command, by="system").then(of(word, PenaltyObjectionEscalated))
    late.when(command, by="system").then()
    late.when(RESOLVE, by=HR, capacity="hr", now=JUNE_4).then(resolved(CORRECTION))
    revoke = RevokePenalty(person=LI, offence=ABSENT.kind, occasion=ABSENT.occasion, reason="too hard")
    (fallen,) = there(due).when(revoke, by=HR, capacity="hr").events
    replace(there(due), history=(*there(due).history, fallen)).when(command, by="system").then()


@pytest.mark.clause("R7")
def test_a_penalty_is_objected_to_once_by_the_person_himself() -> None:
    there().when(RAISE, by=ZHAO, capacity="hr", now=JUNE_4).refused("objection.by_another")
    open_ = there(raised())
    open_.when(replace(RAISE, reason=Personal("once more")), by=LI).refused("objection.once_a_version")
    open_.when(RESOLVE, by=LI, capacity="hr").refused("objection.by_the_subject")
    open_.when(replace(RESOLVE, amended=()), by=HR, capacity="hr").then(resolved())
    differs = there(raised(), rules=FIVE_DAYS)  # HR imposed it
    differs.when(RESOLVE, by=HR, capacity="hr").refused("objection.by_the_evaluator")
    withdraw = WithdrawObjection(person=LI, offence=ABSENT.kind, occasion=ABSENT.occasion, version=1)
    (event,) = open_.when(withdraw, by=LI).events
    assert event.told.version == 1
    about(ABSENT, CRITICISM).when(RAISE, by=LI).refused("penalty.not_imposed")


def test_only_its_violation_may_be_named() -> None:
    open_ = there(raised())

    def resolving(**changes: str) -> Any:
        amended = (replace(NAMED, **changes),)
        return open_.when(replace(RESOLVE, amended=amended), by=HR, capacity="hr")

    resolving(field="points").refused("objection.not_a_fact")
    resolving(fact="violation/li/late/s1").refused("objection.not_a_fact")
    resolving(value="recorded").refused("objection.corrects_nothing")
    resolving(value="forgotten").refused("objection.no_such_value")
