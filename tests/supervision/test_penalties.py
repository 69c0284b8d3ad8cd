from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from services.people.contracts import CategoriesChanged, Category, Engagement, EngagementChanged, PersonAssignedToPost
from services.supervision.directory.projections import Member, members
from services.supervision.penalties.decisions import (
    Command,
    ImposePenalty,
    ProposePenalty,
    RejectPenalty,
    RevokePenalty,
    State,
    penalties,
)
from services.supervision.penalties.events import (
    Event,
    Mode,
    PenaltyHeld,
    PenaltyImposed,
    PenaltyKind,
    PenaltyProposed,
    PenaltyRejected,
    PenaltyRevoked,
    PenaltyWithdrawn,
)
from services.supervision.penalties.facts import Offence, populations, ruled
from services.supervision.penalties.projections import Standing, all_penalties
from services.supervision.penalties.reactions import penalty_settlements, violation_consequences
from services.supervision.penalties.rules import PenaltyCatalogue
from services.supervision.violations.decisions import Attempts, Withdrawn, violations
from services.supervision.violations.decisions import Standing as Stands
from services.supervision.violations.events import (
    Severity,
    ViolationKind,
    ViolationRecorded,
    ViolationWithdrawn,
)
from services.supervision.violations.rules import PoorPerformance
from services.training.contracts import Attempt
from services.vocabulary import Fen, Month
from shared.decider import Context
from shared.event import Recorded
from shared.policy import Document, Issue, Policies, load_policy
from shared.testing import Given, given
from tests.supervision.folding import folded
from tests.supervision.hearing import heard, known
from tests.supervision.organisation import (
    ANCHOR,
    ASSISTANT,
    ASSISTANTS,
    HR,
    IMPOSING,
    LI,
    MAY,
    NOON,
    POOR,
    POOR_PERFORMANCE,
    POOR_PERFORMANCE_OPEN,
    SHIPPED,
    STUDIO,
    ZHAO,
    consequence_rules,
    member,
    policies,
    registered,
    shipped,
)
from tests.supervision.test_violations import ABSENT, CAUSED, EXCUSED, FAILED, POOR_MAY, RECORDED_LATE

RULE = "consequence_rules:1"
GROUP = "supervision_group"
ANY = "penalty"  # of whichever id


def proposed(violation: ViolationRecorded, kind: PenaltyKind, by: str = RULE, **more: Any) -> PenaltyProposed:
    return PenaltyProposed(
        penalty=ANY,
        person=LI,
        violation=violations.named(LI, violation.kind, violation.occasion),
        kind=kind,
        proposer=by,
        offence=violation.kind,
        occasion=violation.occasion,
        ruled_on=violation.ruled_on,
        mode=more.pop("mode", Mode.PROPOSE if by == RULE else None),
        **more,
    )


CRITICISM = proposed(ABSENT, PenaltyKind.CRITICISM)
POINTS = proposed(POOR_MAY, PenaltyKind.POINTS_DEDUCTION, points=Decimal("2.5"), month=MAY)
WARNING = proposed(RECORDED_LATE, PenaltyKind.WARNING, by=ZHAO)


def imposed(what: PenaltyProposed, by: str = HR, capacity: str = "hr", **more: Any) -> PenaltyImposed:
    return PenaltyImposed(
        penalty=ANY,
        person=LI,
        violation=what.violation,
        kind=what.kind,
        decider=by,
        points=what.points,
        month=what.month,
        capacity=capacity,
        **of(what),
        **more,
    )


def of(what: PenaltyProposed) -> dict[str, Any]:
    """For which violation."""
    return {"offence": what.offence, "occasion": what.occasion}


def about(
    violation: ViolationRecorded,
    *history: Event,
    under: Policies = SHIPPED,
    who: Member | None = None,
    stands: object = None,
) -> Given[Command, State, Event]:
    return (
        replace(given(penalties, *history), policies=under)
        .seeing(violations, LI, violation.kind, violation.occasion, found=stands or Stands(recorded=violation))
        .seeing(members, Member(person=LI), found=who or member())
    )


def follow(violation: ViolationRecorded | ViolationWithdrawn) -> Command:
    (command,) = violation_consequences(violation, Context(now=NOON, actor="system"))
    return command


def imposing(violation: ViolationRecorded) -> ImposePenalty:
    return ImposePenalty(person=LI, offence=violation.kind, occasion=violation.occasion)


def proposing(violation: ViolationRecorded, kind: PenaltyKind) -> ProposePenalty:
    return ProposePenalty(person=LI, offence=violation.kind, occasion=violation.occasion, kind=kind)


def same(event: Event, expected: Event) -> bool:
    """But for the id."""
    return replace(event, penalty=ANY) == expected


# What a rule does


@pytest.mark.clause("T-66", "T-67", "R3")
@pytest.mark.parametrize("violation", [ABSENT, FAILED])
def test_a_rule_proposes_criticism_for_absence_and_for_failing(violation: ViolationRecorded) -> None:
    """Propose is the default; for a rule's proposal the proposer is the policy."""
    for under in (SHIPPED, policies(POOR_PERFORMANCE)):
        (event,) = about(violation, under=under).when(follow(violation), by="system").events
        assert same(event, proposed(violation, PenaltyKind.CRITICISM))


@pytest.mark.clause("A-61")
def test_a_rule_proposes_points_for_poor_performance() -> None:
    under = policies(POOR_PERFORMANCE)
    (event,) = about(POOR_MAY, under=under).when(follow(POOR_MAY), by="system").events
    assert same(event, POINTS)
    (event,) = about(POOR_MAY).when(follow(POOR_MAY), by="system").events
    assert same(event, replace(POINTS, points=None))


def test_no_rule_follows_from_what_the_regulation_leaves_to_people() -> None:
    about(RECORDED_LATE).when(follow(RECORDED_LATE), by="system").then()


def test_a_violation_that_is_told_again_makes_no_second_proposal() -> None:
    about(ABSENT, CRITICISM).when(follow(ABSENT), by="system").then()
    about(ABSENT, CRITICISM, imposed(CRITICISM)).when(follow(ABSENT), by="system").then()


@pytest.mark.clause("T-66", "R2")
def test_a_withdrawn_violation_takes_the_proposal_along() -> None:
    gone = PenaltyWithdrawn(penalty=ANY, person=LI, cause=EXCUSED.cause)
    about(ABSENT, CRITICISM).when(follow(EXCUSED), by="system").then(gone).when(follow(EXCUSED), by="system").then()
    about(ABSENT).when(follow(EXCUSED), by="system").then()


@pytest.mark.clause("T-66", "R2")
def test_and_what_was_imposed() -> None:
    """Revoked; both stay readable."""
    gone = PenaltyRevoked(penalty=ANY, person=LI, kind=PenaltyKind.CRITICISM, cause=EXCUSED.cause, **of(CRITICISM))
    about(ABSENT, CRITICISM, imposed(CRITICISM)).when(follow(EXCUSED), by="system").then(gone)
    deducted = imposed(POINTS)
    withdrawn = ViolationWithdrawn(person=LI, kind=POOR_MAY.kind, occasion=MAY, cause="corrected")
    about(POOR_MAY, POINTS, deducted).when(follow(withdrawn), by="system").then(
        PenaltyRevoked(
            penalty=ANY,
            person=LI,
            kind=PenaltyKind.POINTS_DEDUCTION,
            cause="corrected",
            points=Decimal("2.5"),
            month=MAY,
            **of(POINTS),
        )
    )


def test_a_violation_recorded_anew_is_proposed_anew_under_an_id_of_its_own() -> None:
    (first,) = about(ABSENT).when(follow(ABSENT), by="system").events
    gone = PenaltyWithdrawn(penalty=first.penalty, person=LI, cause=EXCUSED.cause)
    (second,) = about(ABSENT, first, gone).when(follow(ABSENT), by="system").events
    (other,) = about(FAILED).when(follow(FAILED), by="system").events
    assert len({event.penalty for event in (first, second, other)}) == 3
    assert replace(first, penalty=second.penalty) == second


def settling(violation: ViolationRecorded) -> Command:
    subject = Offence(person=LI, offence=violation.kind, occasion=violation.occasion)
    (command,) = penalty_settlements(subject, Context(now=NOON, actor="system"))
    return command


def settled(
    what: PenaltyProposed,
    *told: Any,
    history: tuple[Event, ...] = (),
    under: Policies = SHIPPED,
    stands: object = None,
    violation: ViolationRecorded = ABSENT,
) -> Given[Command, State, Event]:
    subject = Offence(person=LI, offence=violation.kind, occasion=violation.occasion)
    found = known(populations, subject, heard(populations, what, *told))
    return about(violation, what, *history, under=under, stands=stands).seeing(populations, subject, found=found)


RULED_IMPOSING = replace(CRITICISM, mode=Mode.IMPOSE)


@pytest.mark.clause("T-66", "T-67", "R3")
def test_a_rule_may_impose_criticism_once_it_knows_whose_rules_he_falls_under() -> None:
    under = policies(IMPOSING)
    (event,) = about(ABSENT, under=under).when(follow(ABSENT), by="system").events
    assert same(event, RULED_IMPOSING)
    settled(RULED_IMPOSING, under=under).when(settling(ABSENT), by="system").then()
    by_rule = imposed(RULED_IMPOSING, by=RULE, capacity="")
    waited = settled(RULED_IMPOSING, registered(), under=under)
    waited.when(settling(ABSENT), by="system").then(by_rule).when(settling(ABSENT), by="system").then()


@pytest.mark.clause("R6")
def test_what_a_correction_turned_against_him_is_only_proposed() -> None:
    corrected = replace(ABSENT, correction=True)
    (event,) = about(corrected, under=policies(IMPOSING)).when(follow(corrected), by="system").events
    assert same(event, CRITICISM)


@pytest.mark.clause("C-11")
def test_what_a_rule_proposes_falls_where_his_regulation_does_not_know_it() -> None:
    gone = PenaltyWithdrawn(penalty=ANY, person=LI, cause="the regulation of his population does not know this penalty")
    e_commerce = registered(LI, Category.E_COMMERCE)
    settled(CRITICISM, e_commerce).when(settling(ABSENT), by="system").then(gone)
    settled(RULED_IMPOSING, e_commerce, under=policies(IMPOSING)).when(settling(ABSENT), by="system").then(gone)
    settled(CRITICISM, registered()).when(settling(ABSENT), by="system").then()


@pytest.mark.clause("C-11")
def test_a_late_word_of_who_he_was_revokes_what_a_rule_imposed_and_nothing_that_a_person_did() -> None:
    e_commerce = registered(LI, Category.E_COMMERCE)
    by_rule = (imposed(RULED_IMPOSING, by=RULE, capacity=""),)
    (event,) = settled(RULED_IMPOSING, e_commerce, history=by_rule).when(settling(ABSENT), by="system").events
    assert isinstance(event, PenaltyRevoked)
    by_chen = (imposed(RULED_IMPOSING),)
    settled(RULED_IMPOSING, e_commerce, history=by_chen).when(settling(ABSENT), by="system").then()
    by_person = replace(CRITICISM, proposer=ZHAO, mode=None)
    settled(by_person, e_commerce).when(settling(ABSENT), by="system").then()


def test_a_proposal_whose_violation_has_gone_is_left_to_its_withdrawal() -> None:
    gone = Withdrawn(told=EXCUSED)
    under = policies(IMPOSING)
    settled(RULED_IMPOSING, registered(), stands=gone, under=under).when(settling(ABSENT), by="system").then()


@pytest.mark.clause("C-42")
def test_he_is_judged_as_he_was_on_the_day_whose_rules_apply() -> None:
    subject = Offence(person=LI, offence=ABSENT.kind, occasion=ABSENT.occasion)
    joined = replace(registered(LI, Category.E_COMMERCE), joined_on=date(2024, 1, 1))
    changed = CategoriesChanged(person=LI, categories=(Category.LIVE_MARKETING,))
    assigned = PersonAssignedToPost(
        person=LI, post=ASSISTANT, unit=STUDIO, studio=STUDIO, effective_on=date(2024, 5, 1)
    )
    moved = replace(assigned, post=ANCHOR, effective_on=date(2024, 6, 1))
    intern = EngagementChanged(person=LI, engagement=Engagement.INTERN, effective_on=date(2024, 5, 14))

    def on(day: date) -> Member:
        said = heard(populations, replace(CRITICISM, ruled_on=day), joined, changed, assigned, moved, intern)
        versioned = [
            Recorded(event=r.event, meta=msgspec.structs.replace(r.meta, version=i)) for i, r in enumerate(said)
        ]
        return ruled(subject, known(populations, subject, versioned)).member

    assert on(date(2024, 5, 13)).categories == (Category.E_COMMERCE,)
    assert on(date(2024, 5, 14)).categories == (Category.LIVE_MARKETING,)
    assert (on(date(2024, 5, 14)).post, on(date(2024, 6, 1)).post) == (ASSISTANT, ANCHOR)
    assert on(date(2024, 5, 14)).engagement is Engagement.INTERN
    assert on(date(2023, 5, 1)).categories == (Category.LIVE_MARKETING,)  # nothing was told of him until then


# What people do


@pytest.mark.clause("T-66", "T-67", "R3")
def test_a_named_person_imposes_in_his_capacity() -> None:
    about(ABSENT, CRITICISM).when(imposing(ABSENT), by=HR, capacity="hr").then(imposed(CRITICISM)).when(
        imposing(ABSENT), by=HR, capacity="hr"
    ).then()


@pytest.mark.clause("R3")
def test_the_subject_never_decides() -> None:
    reject = RejectPenalty(person=LI, offence=ABSENT.kind, occasion="laws", reason="I was there")
    revoke = RevokePenalty(person=LI, offence=ABSENT.kind, occasion="laws", reason="I was there")
    for command in (imposing(ABSENT), reject, revoke):
        about(ABSENT, CRITICISM).when(command, by=LI, capacity=GROUP).refused("penalty.by_the_subject")


@pytest.mark.clause("R3")
@pytest.mark.parametrize("capacity", ["", "system"])
def test_no_machine_decides_in_a_persons_place(capacity: str) -> None:
    about(ABSENT, CRITICISM).when(imposing(ABSENT), by="importer", capacity=capacity).refused(
        "penalty.without_capacity"
    )


@pytest.mark.clause("R3")
def test_an_organisation_may_ask_that_somebody_other_than_the_proposer_decides() -> None:
    apart = policies(consequence_rules(**{"decider_differs: false": "decider_differs: true"}))
    by_proposer = about(RECORDED_LATE, WARNING, under=apart).when(imposing(RECORDED_LATE), by=ZHAO, capacity=GROUP)
    by_proposer.refused("penalty.by_the_proposer")
    reject = RejectPenalty(person=LI, offence=ViolationKind.LATE, occasion="2024-05-14", reason="an error")
    about(RECORDED_LATE, WARNING, under=apart).when(reject, by=ZHAO, capacity=GROUP).refused("penalty.by_the_proposer")
    assert about(RECORDED_LATE, WARNING, under=apart).when(imposing(RECORDED_LATE), by=HR, capacity="hr").events
    assert about(RECORDED_LATE, WARNING).when(imposing(RECORDED_LATE), by=ZHAO, capacity=GROUP).events


def changed_in_june(before: Policies, *bodies: Any) -> Policies:
    """These are the next versions of theirs from 1 June on."""
    later = [
        replace(document, issue=replace(document.issue, version=9, effective_from=date(2024, 6, 1)))
        for body in bodies
        for document in policies(body).of(type(body))
    ]
    return replace(before, documents=(*before.documents, *later))


@pytest.mark.clause("R3", "A-61")
def test_the_rules_of_the_day_that_counts_hold_whatever_they_became_since() -> None:
    apart = changed_in_june(SHIPPED, consequence_rules(**{"decider_differs: false": "decider_differs: true"}))
    assert about(RECORDED_LATE, WARNING, under=apart).when(imposing(RECORDED_LATE), by=ZHAO, capacity=GROUP).events
    dearer = load_policy(PoorPerformance, POOR.replace("points: 2.5", "points: 9"))
    under = changed_in_june(policies(POOR_PERFORMANCE), dearer)
    (event,) = about(POOR_MAY, under=under).when(follow(POOR_MAY), by="system").events
    assert same(event, POINTS)
    caused = Stands(recorded=POOR_MAY, caused=CAUSED)
    for told in (POINTS, replace(POINTS, points=None)):
        there = about(POOR_MAY, told, under=under, stands=caused)
        (event,) = there.when(imposing(POOR_MAY), by=HR, capacity="hr").events
        assert isinstance(event, PenaltyImposed)
        assert event.points == Decimal("2.5")
    (event,) = about(ABSENT, under=changed_in_june(SHIPPED, IMPOSING)).when(follow(ABSENT), by="system").events
    assert same(event, CRITICISM)
    there = about(POOR_MAY, POINTS, under=policies(dearer), stands=caused)
    there.when(imposing(POOR_MAY), by=HR, capacity="hr").then(imposed(POINTS))


def test_rejected_revoked_and_proposed_anew() -> None:
    reject = RejectPenalty(person=LI, offence=ABSENT.kind, occasion="laws", reason="he was on his way")
    rejected = PenaltyRejected(penalty=ANY, person=LI, decider=HR, reason="he was on his way", capacity="hr")
    refusing = about(ABSENT, CRITICISM).when(reject, by=HR, capacity="hr").then(rejected)
    refusing.when(reject, by=HR, capacity="hr").then()
    refusing.when(imposing(ABSENT), by=HR, capacity="hr").refused("penalty.out_of_turn", state="closed")
    revoke = RevokePenalty(person=LI, offence=ABSENT.kind, occasion="laws", reason="too hard")
    revoked = PenaltyRevoked(
        penalty=ANY, person=LI, kind=PenaltyKind.CRITICISM, cause="too hard", decider=HR, capacity="hr", **of(CRITICISM)
    )
    revoking = about(ABSENT, CRITICISM, imposed(CRITICISM)).when(revoke, by=HR, capacity="hr").then(revoked)
    revoking.when(revoke, by=HR, capacity="hr").then()
    about(ABSENT).when(revoke, by=HR, capacity="hr").refused("penalty.out_of_turn", state="unproposed")
    about(ABSENT).when(imposing(ABSENT), by=HR, capacity="hr").refused("penalty.out_of_turn")
    (again,) = revoking.when(proposing(ABSENT, PenaltyKind.CRITICISM), by=ZHAO, capacity=GROUP).events
    assert isinstance(again, PenaltyProposed)


@pytest.mark.clause("A-61", "R3")
def test_a_person_proposes_the_points_that_are_configured_for_the_month() -> None:
    propose = proposing(POOR_MAY, PenaltyKind.POINTS_DEDUCTION)
    by_zhao = replace(POINTS, proposer=ZHAO, mode=None)
    (event,) = about(POOR_MAY, under=policies(POOR_PERFORMANCE)).when(propose, by=ZHAO, capacity=GROUP).events
    assert same(event, by_zhao)
    (event,) = about(POOR_MAY).when(propose, by=ZHAO, capacity=GROUP).events
    assert same(event, replace(by_zhao, points=None))


@pytest.mark.clause("R7")
@pytest.mark.parametrize(("kind", "month"), [(PenaltyKind.CRITICISM, None), (PenaltyKind.BONUS_DEDUCTION, MAY)])
def test_what_a_person_proposes_while_the_exam_is_objected_to_is_held_at_once(
    kind: PenaltyKind, month: Month | None
) -> None:
    contested = Stands(recorded=FAILED, attempts=Attempts(contested=frozenset({(Attempt.FIRST, 1)})))
    made, held = about(FAILED, stands=contested).when(proposing(FAILED, kind), by=ZHAO, capacity=GROUP).events
    assert isinstance(made, PenaltyProposed)
    assert same(made, proposed(FAILED, kind, by=ZHAO, month=month))
    assert held == PenaltyHeld(
        penalty=made.penalty,
        person=LI,
        kind=kind,
        contested=True,
        held=True,
        imposed=False,
        month=month,
        **of(made),
    )


@pytest.mark.clause("A-60")
def test_a_breach_of_discipline_is_warned() -> None:
    (event,) = about(RECORDED_LATE).when(proposing(RECORDED_LATE, PenaltyKind.WARNING), by=ZHAO).events
    assert same(event, WARNING)
    about(RECORDED_LATE, WARNING).when(proposing(RECORDED_LATE, PenaltyKind.WARNING), by=ZHAO).then()
    about(RECORDED_LATE, WARNING).when(proposing(RECORDED_LATE, PenaltyKind.WARNING), by=HR).refused(
        "penalty.one_at_a_time", kind=PenaltyKind.WARNING
    )
    about(RECORDED_LATE, WARNING).when(imposing(RECORDED_LATE), by=HR, capacity="hr").then(imposed(WARNING))


@pytest.mark.clause("A-60", "P-13")
def test_by_severity_where_the_organisation_says_what_each_severity_means() -> None:
    severe = shipped("penalties_assistant_anchor").replace("severities: [], clause", "severities: [serious], clause")
    assert severe != shipped("penalties_assistant_anchor")
    under = SHIPPED.under(load_policy(PenaltyCatalogue, severe))
    warn = proposing(RECORDED_LATE, PenaltyKind.WARNING)
    about(RECORDED_LATE, under=under).when(warn, by=ZHAO).refused("penalty.outside_catalogue")
    serious = replace(RECORDED_LATE, severity=Severity.SERIOUS)
    assert about(serious, under=under).when(warn, by=ZHAO).events


@pytest.mark.clause("A-60", "C-12", "R3")
def test_a_fine_is_refused_unless_the_jurisdictions_switch_is_on() -> None:
    fine = proposing(RECORDED_LATE, PenaltyKind.FINE)
    about(RECORDED_LATE).when(fine, by=ZHAO).refused("penalty.fines_are_off")
    allowed = consequence_rules(**{"fines:  # off": "fines: {source: 'Act 7, section 3'}  # off"})
    on = policies(allowed)
    (event,) = about(RECORDED_LATE, under=on).when(fine, by=ZHAO).events
    fined = proposed(RECORDED_LATE, PenaltyKind.FINE, by=ZHAO)
    assert same(event, fined)
    impose = imposing(RECORDED_LATE)
    about(RECORDED_LATE, fined, under=on).when(impose, by=HR, capacity="hr").refused(
        "policy.not_configured", setting="amount"
    )
    amount = load_policy(PenaltyCatalogue, shipped("penalties_assistant_anchor").replace("amount:\n", "amount: 5000\n"))
    priced = on.under(amount)
    paid = imposed(fined, amount=Fen(5000))
    about(RECORDED_LATE, fined, under=priced).when(impose, by=HR, capacity="hr").then(paid)
    about(RECORDED_LATE, fined).when(impose, by=HR, capacity="hr").refused("penalty.fines_are_off")
    since_june = changed_in_june(SHIPPED, allowed)
    about(RECORDED_LATE, under=since_june).when(fine, by=ZHAO).refused("penalty.fines_are_off")


@pytest.mark.clause("C-12")
def test_the_switch_cites_its_source() -> None:
    with pytest.raises(ValueError, match="source"):
        consequence_rules(**{"fines:  # off": "fines: {source: ''}  # off"})


DISMISS = proposing(RECORDED_LATE, PenaltyKind.DISMISSAL)


@pytest.mark.clause("S-45", "C-12")
def test_the_live_teams_catalogue_names_dismissal_and_a_proposal_is_told_what_its_legal_path_lacks() -> None:
    named = load_policy(PenaltyCatalogue, shipped("penalties_live_team")).penalties
    assert [entry.kind for entry in named] == ["bonus_deduction", "demotion", "dismissal"]
    outcome = about(RECORDED_LATE, who=member(LI, Category.LIVE_TEAM)).when(DISMISS, by=ZHAO)
    outcome.refused("penalty.dismissal_incomplete", missing=["person_heard", "union_notified"])
    assert outcome.refusal is not None
    assert "another penalty" in str(outcome.refusal.told()["next"])


@pytest.mark.clause("S-45")
@pytest.mark.parametrize("engagement", [e for e in Engagement if e is not Engagement.EMPLOYEE])
def test_whoever_is_no_employee_is_not_dismissed(engagement: Engagement) -> None:
    other = replace(member(LI, Category.LIVE_TEAM), engagement=engagement)
    about(RECORDED_LATE, who=other).when(DISMISS, by=ZHAO).refused("penalty.no_employee", engagement=engagement)


def test_no_rule_proposes_dismissal() -> None:
    with pytest.raises(ValueError, match="no rule proposes dismissal"):
        consequence_rules(**{"penalty: points_deduction, clause": "penalty: dismissal, clause"})


@pytest.mark.clause("S-45")
@pytest.mark.parametrize("kind", [PenaltyKind.BONUS_DEDUCTION, PenaltyKind.DEMOTION])
def test_the_live_team_knows_bonus_deduction_and_demotion_decided_by_people(kind: PenaltyKind) -> None:
    on_team = member(LI, Category.LIVE_TEAM)
    (event,) = about(RECORDED_LATE, who=on_team).when(proposing(RECORDED_LATE, kind), by=ZHAO).events
    assert isinstance(event, PenaltyProposed)
    assert event.month == (MAY if kind is PenaltyKind.BONUS_DEDUCTION else None)
    priced = shipped("penalties_live_team").replace("kind: bonus_deduction", "kind: bonus_deduction, amount: 20000")
    under = SHIPPED.under(load_policy(PenaltyCatalogue, priced))
    decided = about(RECORDED_LATE, event, who=on_team, under=under)
    (taken,) = decided.when(imposing(RECORDED_LATE), by=HR, capacity="hr").events
    assert isinstance(taken, PenaltyImposed)
    assert (taken.kind, taken.decider) == (kind, HR)
    assert taken.amount == (Fen(20_000) if kind is PenaltyKind.BONUS_DEDUCTION else None)
    if kind is PenaltyKind.BONUS_DEDUCTION:  # without an amount nothing could be deducted
        unpriced = about(RECORDED_LATE, event, who=on_team).when(imposing(RECORDED_LATE), by=HR, capacity="hr")
        unpriced.refused("policy.not_configured", setting="amount")


@pytest.mark.clause("R3")
@pytest.mark.parametrize("kind", ["bonus_deduction", "demotion", "warning", "fine", "points_deduction", "dismissal"])
def test_no_rule_imposes_more_than_criticism(kind: str) -> None:
    with pytest.raises(ValueError, match="may impose criticism alone"):
        consequence_rules(**{"penalty: points_deduction, clause": f"penalty: {kind}, mode: impose, clause"})


@pytest.mark.clause("C-11", "P-05")
@pytest.mark.parametrize(
    ("category", "kind"),
    [
        (Category.LIVE_MARKETING, PenaltyKind.WARNING),
        (Category.LIVE_TEAM, PenaltyKind.WARNING),
        (Category.ASSISTANT_ANCHOR, PenaltyKind.DEMOTION),
        (Category.ASSISTANT_ANCHOR, PenaltyKind.DISMISSAL),
        (Category.OPERATIONS_GROUP, PenaltyKind.WARNING),
        (Category.E_COMMERCE, PenaltyKind.CRITICISM),
    ],
)
def test_a_kind_outside_the_populations_catalogue_is_refused(category: Category, kind: PenaltyKind) -> None:
    outcome = about(RECORDED_LATE, who=member(LI, category)).when(proposing(RECORDED_LATE, kind), by=ZHAO)
    outcome.refused("penalty.outside_catalogue", kind=kind, offence=RECORDED_LATE.kind, categories=[category])


@pytest.mark.clause("C-11", "R3")
def test_a_catalogue_is_the_one_of_the_day_and_one_of_his_populations_is_enough() -> None:
    warn = proposing(RECORDED_LATE, PenaltyKind.WARNING)
    dismantled = load_policy(
        PenaltyCatalogue, "kind: PenaltyCatalogue\nissue: {policy: assistants, version: 1}\npenalties: []"
    )
    (ours,) = (d for d in SHIPPED.documents if d.body == ASSISTANTS)
    later = replace(ours, body=dismantled, issue=replace(ours.issue, version=9, effective_from=date(2024, 6, 1)))
    since_june = replace(SHIPPED, documents=(*SHIPPED.documents, later))
    assert about(RECORDED_LATE, under=since_june).when(warn, by=ZHAO).events
    june = replace(RECORDED_LATE, ruled_on=date(2024, 6, 1))
    about(june, under=since_june).when(warn, by=ZHAO).refused("penalty.outside_catalogue")
    alone = [d for d in SHIPPED.documents if d is ours or not isinstance(d.body, PenaltyCatalogue)]
    assert about(RECORDED_LATE, under=replace(SHIPPED, documents=tuple(alone))).when(warn, by=ZHAO).events


@pytest.mark.clause("C-11")
def test_a_catalogue_is_held_against_the_kind_of_violation_too() -> None:
    criticise = proposing(RECORDED_LATE, PenaltyKind.CRITICISM)
    about(RECORDED_LATE).when(criticise, by=ZHAO).refused("penalty.outside_catalogue")


def test_a_catalogue_may_be_a_posts_own() -> None:
    body = load_policy(
        PenaltyCatalogue,
        "kind: PenaltyCatalogue\nissue: {policy: anchors, version: 1}\npenalties: [{kind: warning, clause: house}]",
    )
    own = Document(
        body=body,
        issue=Issue(policy="anchors", version=1),
        population={"post": [ANCHOR], "category": [Category.LIVE_TEAM]},
    )
    under = replace(SHIPPED, documents=(*SHIPPED.documents, own))
    warn = proposing(RECORDED_LATE, PenaltyKind.WARNING)
    anchor = replace(member(LI, Category.LIVE_TEAM), post=ANCHOR)
    assert about(RECORDED_LATE, under=under, who=anchor).when(warn, by=ZHAO).events
    about(RECORDED_LATE, under=under, who=replace(anchor, post=ASSISTANT)).when(warn, by=ZHAO).refused(
        "penalty.outside_catalogue"
    )


def test_where_no_catalogue_is_configured_nothing_can_be_proposed() -> None:
    none = Policies(documents=tuple(d for d in SHIPPED.documents if not isinstance(d.body, PenaltyCatalogue)))
    warn = proposing(RECORDED_LATE, PenaltyKind.WARNING)
    about(RECORDED_LATE, under=none).when(warn, by=ZHAO).refused("policy.not_configured")


def test_there_is_no_penalty_without_a_standing_violation_of_a_known_person() -> None:
    gone = Withdrawn(told=EXCUSED)
    criticise = proposing(ABSENT, PenaltyKind.CRITICISM)
    about(ABSENT, stands=gone).when(criticise, by=ZHAO).refused("penalty.without_violation")
    about(ABSENT, CRITICISM, stands=gone).when(imposing(ABSENT), by=HR, capacity="hr").refused(
        "penalty.without_violation"
    )
    about(ABSENT, who=Member(person=LI)).when(criticise, by=ZHAO).refused("person.unknown")


@pytest.mark.clause("A-61", "R3")
def test_points_are_deducted_only_once_the_group_has_recorded_what_caused_it() -> None:
    under = policies(POOR_PERFORMANCE)
    about(POOR_MAY, POINTS, under=under).when(imposing(POOR_MAY), by=HR, capacity="hr").refused(
        "penalty.cause_not_recorded"
    )
    caused = Stands(recorded=POOR_MAY, caused=CAUSED)
    deducted = about(POOR_MAY, POINTS, under=under, stands=caused).when(imposing(POOR_MAY), by=HR, capacity="hr")
    deducted.then(imposed(POINTS))
    (event,) = deducted.events
    assert isinstance(event, PenaltyImposed)
    assert (event.points, event.month) == (Decimal("2.5"), MAY)


@pytest.mark.clause("A-61", "P-14")
def test_without_configured_points_none_are_deducted() -> None:
    caused = Stands(recorded=POOR_MAY, caused=CAUSED)
    unset = replace(POINTS, points=None)
    unconfigured = about(POOR_MAY, unset, under=policies(POOR_PERFORMANCE_OPEN), stands=caused)
    unconfigured.when(imposing(POOR_MAY), by=HR, capacity="hr").refused("policy.not_configured", setting="points")
    configured = about(POOR_MAY, unset, under=policies(POOR_PERFORMANCE), stands=caused)
    configured.when(imposing(POOR_MAY), by=HR, capacity="hr").then(imposed(POINTS))


GONE = PenaltyWithdrawn(penalty=ANY, person=LI, cause=EXCUSED.cause)
LIFTED = PenaltyRevoked(penalty=ANY, person=LI, kind=PenaltyKind.CRITICISM, cause=EXCUSED.cause)


@pytest.mark.parametrize(
    "history",
    [
        (imposed(CRITICISM),),
        (CRITICISM, CRITICISM),
        (CRITICISM, LIFTED),
        (CRITICISM, GONE, GONE),
        (CRITICISM, imposed(CRITICISM), GONE),
        (CRITICISM, imposed(CRITICISM), CRITICISM),
    ],
)
def test_what_cannot_have_happened_is_no_history(history: tuple[Event, ...]) -> None:
    with pytest.raises(ValueError, match="of a penalty that is"):
        penalties.state(history)


# What is shown


@pytest.mark.clause("R3")
def test_the_register_shows_pending_final_rejected_and_reversed_apart_with_cause_and_decider() -> None:

    def row(*events: Event) -> Any:
        (found,) = folded(all_penalties, *events)
        return found

    pending = row(CRITICISM)
    assert (pending.standing, pending.proposer, pending.decider) == (Standing.PENDING, RULE, "")
    assert (pending.offence, pending.occasion, pending.violation) == (ABSENT.kind, "laws", CRITICISM.violation)
    final = row(CRITICISM, imposed(CRITICISM))
    assert (final.standing, final.decider, final.capacity) == (Standing.FINAL, HR, "hr")
    assert final.imposed_under == ("a_policy:1",)
    rejected = PenaltyRejected(penalty=ANY, person=LI, decider=HR, reason="an error", capacity="hr")
    assert (row(CRITICISM, rejected).standing, row(CRITICISM, rejected).decided_for) == (
        Standing.REJECTED,
        "an error",
    )
    withdrawn = row(CRITICISM, PenaltyWithdrawn(penalty=ANY, person=LI, cause="excused"))
    assert (withdrawn.standing, withdrawn.decided_for, withdrawn.decider) == (Standing.REVERSED, "excused", "")
    revoked = PenaltyRevoked(penalty=ANY, person=LI, kind=PenaltyKind.CRITICISM, cause="excused")
    reversed_ = row(CRITICISM, imposed(CRITICISM), revoked)
    assert (reversed_.standing, reversed_.decider, reversed_.decided_for) == (Standing.REVERSED, HR, "excused")


def test_the_directory_takes_the_later_date_whichever_was_told_first() -> None:
    first = PersonAssignedToPost(person=LI, post=ASSISTANT, unit=STUDIO, studio=STUDIO, effective_on=date(2024, 5, 1))
    later = replace(first, post=ANCHOR, effective_on=date(2024, 6, 1))
    intern = EngagementChanged(person=LI, engagement=Engagement.INTERN, effective_on=date(2024, 6, 1))
    before = replace(intern, engagement=Engagement.COOPERATION, effective_on=date(2023, 6, 1))
    (row,) = folded(members, registered(), later, first, intern, before)
    assert (row.registered, row.post, row.engagement) == (True, ANCHOR, Engagement.INTERN)
    assert {traits["category"] for traits in row.traits} == set(row.categories)
