"""A penalty is proposed by a rule or a person, decided by people, and falls with its cause.

There is one penalty at a time for one violation. Clauses: A-60, A-61, S-45, T-66, T-67; C-11, C-12; rulings R2, R3, R7.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import NoReturn

from services.deciding import check_decider, numbered
from services.objection import ObjectionRules, Objections, Resolved, window_ends
from services.people.contracts import Engagement
from services.supervision.directory.projections import Member, members
from services.supervision.penalties.events import (
    Event,
    Mode,
    PenaltyHeld,
    PenaltyImposed,
    PenaltyKind,
    PenaltyObjectionEscalated,
    PenaltyObjectionRaised,
    PenaltyObjectionResolved,
    PenaltyObjectionWithdrawn,
    PenaltyProposed,
    PenaltyRejected,
    PenaltyRevoked,
    PenaltyWithdrawn,
)
from services.supervision.penalties.facts import Offence, populations
from services.supervision.penalties.objections import (
    EscalateObjection,
    Object,
    RaiseObjection,
    ResolveObjection,
    WithdrawObjection,
    object_to,
)
from services.supervision.penalties.rules import ConsequenceRules, Entry, PenaltyCatalogue, find
from services.supervision.violations.decisions import Standing, violations
from services.supervision.violations.events import ViolationKind, ViolationRecorded
from services.supervision.violations.rules import PoorPerformance
from services.vocabulary import Fen, Month, PersonId, Score, Text, first_day
from shared.decider import Context, Decider, Refused, Sight, look
from shared.value import value


@value
class ProposePenalty:
    """For a violation that stands: `offence` is its kind."""

    person: PersonId
    offence: ViolationKind
    occasion: str
    kind: PenaltyKind


@value
class ImposePenalty:
    """The one that is proposed for the violation."""

    person: PersonId
    offence: ViolationKind
    occasion: str


@value
class RejectPenalty:
    person: PersonId
    offence: ViolationKind
    occasion: str
    reason: Text


@value
class RevokePenalty:
    person: PersonId
    offence: ViolationKind
    occasion: str
    reason: Text


@value
class FollowViolation:
    """A violation was recorded: what do the rules propose?"""

    person: PersonId
    offence: ViolationKind
    occasion: str
    occurred_on: date
    ruled_on: date
    correction: bool


@value
class LiftPenalty:
    """The violation was withdrawn."""

    person: PersonId
    offence: ViolationKind
    occasion: str
    cause: Text


@value
class HoldPenalty:
    """What the violation rests on is objected to, or no longer: what a rule may impose, it does then."""

    person: PersonId
    offence: ViolationKind
    occasion: str


@value
class SettlePenalty:
    """What is known of the person of a proposal has changed."""

    person: PersonId
    offence: ViolationKind
    occasion: str


Command = (
    ProposePenalty | ImposePenalty | RejectPenalty | RevokePenalty | FollowViolation | LiftPenalty | HoldPenalty
    | SettlePenalty
    | RaiseObjection | ResolveObjection | WithdrawObjection | EscalateObjection
)  # fmt: skip


@value
class Unproposed:
    proposals: int = 0


@value
class Pending:
    told: PenaltyProposed
    proposals: int
    contested: bool = False  # what its violation rests on


@value
class Imposed:
    told: PenaltyImposed
    proposed: PenaltyProposed
    proposals: int
    objections: Objections = Objections()  # each penalty for a violation is a version of the result
    contested: bool = False

    @property
    def held(self) -> bool:
        """Nothing follows from it meanwhile (R7)."""
        return self.contested or self.objections.open

    @property
    def overturned(self) -> bool:
        """An objection to it was upheld: it falls as soon as its violation is withdrawn."""
        last = self.objections.to.get(self.proposals)
        return last is not None and isinstance(last.ended, Resolved) and bool(last.ended.corrections)


@value
class Closed:
    """Rejected, withdrawn or revoked: another may be proposed."""

    told: PenaltyRejected | PenaltyWithdrawn | PenaltyRevoked
    proposals: int


State = Unproposed | Pending | Imposed | Closed


def decide(command: Command, state: State, context: Context) -> Sequence[Event]:  # noqa: PLR0911 one for each command
    match command:
        case ProposePenalty():
            return propose(command, state, context)
        case ImposePenalty() | RejectPenalty() | RevokePenalty():
            return rule(command, state, context)
        case FollowViolation():
            return follow(command, state, context)
        case LiftPenalty():
            return lift(state, command.cause)
        case HoldPenalty():
            changed = held(state, contested(command, context))
            return [*changed, *settle(command, penalties.state(changed, state), context)]
        case SettlePenalty():
            return settle(command, state, context)
        case RaiseObjection() | ResolveObjection() | WithdrawObjection() | EscalateObjection():
            return objected(command, state, context)


def objected(command: Object, state: State, context: Context) -> Sequence[Event]:
    match state:
        case Imposed():
            rules = context.policy(ObjectionRules, on=state.proposed.ruled_on)
            said = object_to(command, state.told, state.proposed, state.proposals, state.objections, rules, context)
            return [*said, *holding(penalties.state(said, state))] if said and state.contested else said
        case _ if isinstance(command, EscalateObjection):
            return []  # the penalty fell meanwhile
        case _:
            raise Refused("penalty.not_imposed", next="what is only proposed, or fell, burdens nobody")


# By people


def propose(command: ProposePenalty, state: State, context: Context) -> list[Event]:
    told, member = standing(command, context).recorded, known_member(command.person, context)
    check_catalogue(command.kind, told, member, context)
    if command.kind is PenaltyKind.DISMISSAL:
        refuse_dismissal(member)
    match state:
        case Pending(told=PenaltyProposed(kind=command.kind, proposer=context.actor)):
            return []
        case Pending() | Imposed():
            raise Refused("penalty.one_at_a_time", kind=state.told.kind, next="decide on the one that is there first")
        case Unproposed() | Closed():
            made = proposal(command, state, told.occurred_on, context, command.kind, context.actor, told.ruled_on)
            return [made, *held(evolve(state, made), contested(command, context))]


UNRECORDED = ("person_heard", "union_notified")  # of R4's chain: nobody can record them here


def refuse_dismissal(member: Member) -> NoReturn:
    """No employment is ended here, and labour law's dismissal is for employees alone (A-63, R4)."""
    if member.engagement is not Engagement.EMPLOYEE:
        raise Refused(
            "penalty.no_employee",
            engagement=member.engagement,
            next="he cannot be dismissed: let whoever concluded his contract decide on it, outside of this register",
        )
    raise Refused(
        "penalty.dismissal_incomplete",
        missing=list(UNRECORDED),
        next="propose another penalty of the catalogue; hearing him and notifying the union is done and decided on "
        "by people, outside of this register",
    )


def standing(command: ProposePenalty | ImposePenalty, context: Context) -> Standing:
    violation = context.state(violations, command.person, command.offence, command.occasion)
    if not isinstance(violation, Standing):
        raise Refused("penalty.without_violation", next="record the violation first; one that was withdrawn is none")
    return violation


def known_member(person: PersonId, context: Context) -> Member:
    member = context.row(members, Member(person=person))
    if not member.registered:
        raise Refused("person.unknown", person=person, next="register the person, or try again in a moment")
    return member


def check_catalogue(kind: PenaltyKind, violation: ViolationRecorded, member: Member, context: Context) -> Entry:
    """Fines need the switch besides (R3). Raises Refused("penalty.outside_catalogue"), ("penalty.fines_are_off")."""
    entry = entry_for(kind, violation, member, context)
    if entry is None:
        raise Refused(
            "penalty.outside_catalogue",
            kind=kind,
            offence=violation.kind,
            categories=list(member.categories),
            next="propose what the regulation of his population knows for this violation",
        )
    if kind is PenaltyKind.FINE and context.policy(ConsequenceRules, on=violation.ruled_on).fines is None:
        raise Refused("penalty.fines_are_off", next="propose another penalty")
    return entry


def entry_for(kind: PenaltyKind, violation: ViolationRecorded, member: Member, context: Context) -> Entry | None:
    return find(catalogues(member, violation.ruled_on, context), kind, violation.kind, violation.severity)


def catalogues(member: Member, on: date, context: Context) -> Sequence[PenaltyCatalogue]:
    """Of his populations. Raises Refused("policy.not_configured") where none of them has any."""
    found, missing = list[PenaltyCatalogue](), None
    for traits in member.traits:
        try:
            found.append(context.policy(PenaltyCatalogue, on=on, **traits))
        except Refused as refused:
            missing = refused
    if not found and missing:
        raise missing
    return found


def rule(command: ImposePenalty | RejectPenalty | RevokePenalty, state: State, context: Context) -> list[Event]:
    """By somebody who is not the person concerned, and who decides in a capacity of his own (R3)."""
    check_decider("penalty", command.person, context)
    match command, state:
        case ImposePenalty(), Pending():
            return [impose(command, state.told, context)]
        case RejectPenalty(), Pending():
            return [reject(command, state.told, context)]
        case RevokePenalty(), Imposed():
            return [revoked(state.told, command.reason, context.actor, context.capacity)]
        case _ if repeated(command, state, context.actor):
            return []
        case _:
            raise Refused("penalty.out_of_turn", state=type(state).__name__.lower(), next="look at the register")


def repeated(command: ImposePenalty | RejectPenalty | RevokePenalty, state: State, decider: str) -> bool:
    match command, state:
        case ImposePenalty(), Imposed():
            return state.told.decider == decider
        case RejectPenalty(), Closed(told=PenaltyRejected() as told):
            return (told.decider, told.reason) == (decider, command.reason)
        case RevokePenalty(), Closed(told=PenaltyRevoked() as told):
            return (told.decider, told.cause) == (decider, command.reason)
        case _:
            return False


def check_not_the_proposer(proposed: PenaltyProposed, context: Context) -> None:
    rules = context.policy(ConsequenceRules, on=proposed.ruled_on)
    if rules.decider_differs and proposed.proposer == context.actor:
        raise Refused("penalty.by_the_proposer", next="somebody other than the proposer decides")


def impose(command: ImposePenalty, proposed: PenaltyProposed, context: Context) -> PenaltyImposed:
    check_not_the_proposer(proposed, context)
    violation = standing(command, context)
    member = known_member(command.person, context)
    entry = check_catalogue(proposed.kind, violation.recorded, member, context)
    if violation.attempts.contested:
        raise Refused("penalty.held", next="the exam is objected to: nothing follows until that is resolved")
    if command.offence is ViolationKind.POOR_PERFORMANCE and violation.caused is None:
        raise Refused("penalty.cause_not_recorded", next="a member of the group records what caused it first (A-61)")
    imposed = imposed_by(proposed, context.actor, context, context.capacity)
    match proposed.kind:
        case PenaltyKind.POINTS_DEDUCTION:
            return replace(imposed, points=configured_points(proposed, context))
        case PenaltyKind.FINE | PenaltyKind.BONUS_DEDUCTION:
            return replace(imposed, amount=configured_amount(entry))
        case _:
            return imposed


def imposed_by(proposed: PenaltyProposed, decider: str, context: Context, capacity: str = "") -> PenaltyImposed:
    rules = context.policy(ObjectionRules, on=proposed.ruled_on)
    return PenaltyImposed(
        penalty=proposed.penalty,
        person=proposed.person,
        violation=proposed.violation,
        kind=proposed.kind,
        decider=decider,
        month=proposed.month,
        capacity=capacity,
        objections_until=window_ends(context.today, rules),
        offence=proposed.offence,
        occasion=proposed.occasion,
    )


def configured_points(proposed: PenaltyProposed, context: Context) -> Score:
    points = proposed.points if proposed.points is not None else points_of(proposed.month, context)
    if points is None:
        raise Refused("policy.not_configured", policy="PoorPerformance", setting="points", next="set the points (P-14)")
    return points


def points_of(month: Month | None, context: Context) -> Score | None:
    rules = context.policy(PoorPerformance, on=first_day(month) if month else None)
    return rules.points.amount if rules.points else None


def configured_amount(entry: Entry) -> Fen:
    if entry.amount is None:
        raise Refused(
            "policy.not_configured", policy="PenaltyCatalogue", setting="amount", next="set the amount (P-13)"
        )
    return Fen(int(entry.amount.amount))


def reject(command: RejectPenalty, proposed: PenaltyProposed, context: Context) -> PenaltyRejected:
    check_not_the_proposer(proposed, context)
    return PenaltyRejected(
        penalty=proposed.penalty,
        person=proposed.person,
        decider=context.actor,
        reason=command.reason,
        capacity=context.capacity,
    )


# By rules


def follow(command: FollowViolation, state: State, context: Context) -> list[Event]:
    """A rule proposes without looking at the person; whether it imposes, or may propose at all, is settled when it is
    known whose rules he falls under. What a later fact turned against him is never imposed by a rule (R6)."""
    rules = context.policy(ConsequenceRules, on=command.ruled_on)
    consequence = rules.of(command.offence)
    if consequence is None or isinstance(state, Pending | Imposed):
        return []
    proposer = str(rules.issue)
    mode = Mode.PROPOSE if command.correction else consequence.mode
    proposed = proposal(command, state, command.occurred_on, context, consequence.penalty, proposer, command.ruled_on)
    made = replace(proposed, mode=mode)
    return [made, *held(evolve(state, made), contested(command, context))]


def proposal(
    command: ProposePenalty | FollowViolation,
    state: Unproposed | Closed,
    occurred_on: date,
    context: Context,
    kind: PenaltyKind,
    proposer: str,
    ruled_on: date,
) -> PenaltyProposed:
    violation = violations.named(command.person, command.offence, command.occasion)
    month = Month(f"{occurred_on:%Y-%m}") if kind in TOUCHING_A_MONTH else None
    return PenaltyProposed(
        penalty=numbered(violation, state.proposals + 1),
        person=command.person,
        violation=violation,
        kind=kind,
        proposer=proposer,
        points=points_of(month, context) if kind is PenaltyKind.POINTS_DEDUCTION else None,
        month=month,
        offence=command.offence,
        occasion=command.occasion,
        ruled_on=ruled_on,
    )


TOUCHING_A_MONTH = (PenaltyKind.POINTS_DEDUCTION, PenaltyKind.BONUS_DEDUCTION)


def lift(state: State, cause: str) -> list[Event]:
    match state:
        case Pending():
            return [PenaltyWithdrawn(penalty=state.told.penalty, person=state.told.person, cause=cause)]
        case Imposed():
            return [revoked(state.told, cause)]
        case Unproposed() | Closed():
            return []


def revoked(imposed: PenaltyImposed, cause: str, decider: str = "", capacity: str = "") -> PenaltyRevoked:
    return PenaltyRevoked(
        penalty=imposed.penalty,
        person=imposed.person,
        kind=imposed.kind,
        cause=cause,
        points=imposed.points,
        month=imposed.month,
        decider=decider,
        capacity=capacity,
        offence=imposed.offence,
        occasion=imposed.occasion,
    )


def contested(command: ProposePenalty | FollowViolation | HoldPenalty, context: Context) -> bool:
    return bool(context.state(violations, command.person, command.offence, command.occasion).attempts.contested)


def held(state: State, now: bool) -> list[Event]:
    match state:
        case Pending() | Imposed() if state.contested != now:
            return holding(replace(state, contested=now))
        case _:
            return []


def holding(state: State) -> list[Event]:
    """Said anew where an objection to the penalty itself was: whoever holds what follows needs one word alone."""
    match state:
        case Pending(told=told):
            return [holds(told, contested=state.contested, held=state.contested, imposed=False)]
        case Imposed(proposed=told):
            return [holds(told, contested=state.contested, held=state.held, imposed=True)]
        case _:
            return []


def holds(of: PenaltyProposed, *, contested: bool, held: bool, imposed: bool) -> PenaltyHeld:
    return PenaltyHeld(
        penalty=of.penalty,
        person=of.person,
        kind=of.kind,
        offence=of.offence,
        occasion=of.occasion,
        contested=contested,
        held=held,
        imposed=imposed,
        month=of.month,
    )


def settle(command: SettlePenalty | HoldPenalty, state: State, context: Context) -> list[Event]:
    """What a rule proposed or imposed falls where his regulation does not know it; what the rule may impose, it does.
    What a person proposed was held against the catalogue then."""
    if not isinstance(state, Pending | Imposed) or not rules_own(state):
        return []
    violation = context.state(violations, command.person, command.offence, command.occasion)
    member = populations(subject_of(command), context).member
    if not isinstance(violation, Standing) or not member.registered:
        return []
    if entry_for(state.told.kind, violation.recorded, member, context) is None:
        return lift(state, "the regulation of his population does not know this penalty")
    if isinstance(state, Pending) and state.told.mode is Mode.IMPOSE and not violation.attempts.contested:
        return [imposed_by(state.told, state.told.proposer, context)]
    return []


def rules_own(state: Pending | Imposed) -> bool:
    """Proposed by a rule, and not decided on by a person."""
    match state:
        case Pending():
            return state.told.mode is not None
        case Imposed():
            return state.proposed.mode is Mode.IMPOSE and state.told.decider == state.proposed.proposer


def subject_of(command: SettlePenalty | HoldPenalty) -> Offence:
    return Offence(person=command.person, offence=command.offence, occasion=command.occasion)


def evolve(state: State, event: Event) -> State:
    match event:
        case PenaltyProposed() if isinstance(state, Unproposed | Closed):
            return Pending(told=event, proposals=state.proposals + 1)
        case PenaltyImposed() if isinstance(state, Pending):
            return Imposed(told=event, proposed=state.told, proposals=state.proposals, contested=state.contested)
        case PenaltyHeld() if isinstance(state, Pending | Imposed):
            return replace(state, contested=event.contested)
        case PenaltyRejected() | PenaltyWithdrawn() if isinstance(state, Pending):
            return Closed(told=event, proposals=state.proposals)
        case PenaltyRevoked() if isinstance(state, Imposed):
            return Closed(told=event, proposals=state.proposals)
        case (
            PenaltyObjectionRaised()
            | PenaltyObjectionEscalated()
            | PenaltyObjectionResolved()
            | PenaltyObjectionWithdrawn()
        ) if isinstance(state, Imposed):
            return replace(state, objections=state.objections.then(event.told))
        case _:
            raise ValueError(f"{type(event).__name__} of a penalty that is {type(state).__name__.lower()}")


def sees(command: Command) -> list[Sight]:
    violation = look(violations, command.person, command.offence, command.occasion)
    match command:
        case ProposePenalty() | ImposePenalty():
            return [violation, look(members, Member(person=command.person))]
        case FollowViolation():
            return [violation]
        case SettlePenalty() | HoldPenalty():
            return [violation, look(populations, subject_of(command))]
        case _:
            return []


penalties: Decider[Command, State, Event] = Decider(
    name="penalty",
    key=lambda command: (command.person, command.offence, command.occasion),
    initial=Unproposed,
    decide=decide,
    evolve=evolve,
    sees=sees,
)
